//! The rows by which orders are found.

use super::Builder;

impl Builder<'_> {
    pub(super) fn found_by_codes_and_names(&mut self) {
        if let Some(source) = self.orders(|order| order.products.iter()) {
            let rows = source
                .text("store_id", |_, (order, _)| order.key.store_id.as_str())
                .text("product_code", |_, (_, code)| code.as_str())
                .number("created_at", |_, (order, _)| order.created_at)
                .text("order_id", |_, (order, _)| order.key.order_id.as_str())
                .done();
            self.parts.push(format!(
                "products AS (INSERT INTO order_products (store_id, product_code, created_at, \
                 order_id) SELECT store_id, product_code, created_at, order_id FROM {rows})"
            ));
        }
        if let Some(source) = self.orders(|order| order.names.iter()) {
            let rows = source
                .text("store_id", |_, (order, _)| order.key.store_id.as_str())
                .text("word", |_, (_, word)| word.as_str())
                .number("created_at", |_, (order, _)| order.created_at)
                .text("order_id", |_, (order, _)| order.key.order_id.as_str())
                .done();
            self.parts.push(format!(
                "names AS (INSERT INTO order_names (store_id, word, created_at, order_id) \
                 SELECT store_id, word, created_at, order_id FROM {rows})"
            ));
        }
    }

    pub(super) fn facets(&mut self) {
        for new in [true, false] {
            let Some(source) =
                self.orders(|order| (order.is_new() == new).then_some(()).into_iter())
            else {
                continue;
            };
            let rows = source
                .text("store_id", |_, (order, ())| order.key.store_id.as_str())
                .text("order_id", |_, (order, ())| order.key.order_id.as_str())
                .number("created_at", |_, (order, ())| order.created_at)
                .number("facets", |_, (order, ())| order.facets)
                .done();
            let guard = self.guard;
            self.parts.push(if new {
                format!(
                    "new_facets AS (INSERT INTO order_facets (store_id, order_id, created_at, \
                     facets) SELECT store_id, order_id, created_at, facets FROM {rows})"
                )
            } else {
                format!(
                    "changed_facets AS (UPDATE order_facets f SET facets = x.facets \
                     FROM {rows}{guard} AND f.store_id = x.store_id \
                     AND f.order_id = x.order_id AND f.facets <> x.facets)"
                )
            });
        }
    }
}
