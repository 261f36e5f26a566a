//! The rows by which orders are found.

use super::{Builder, each, key};
use crate::commit::rows::{OrderRow, Rows};

const INSERT_PRODUCTS: &str = "INSERT INTO order_products (store_id, order_id, product_code, \
    created_at) SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3 FROM {rows}";
const INSERT_NAMES: &str = "INSERT INTO order_names (store_id, order_id, word, created_at) \
    SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3 FROM {rows}";
const INSERT_FACETS: &str = "INSERT INTO order_facets (store_id, order_id, created_at, facets) \
    SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3 FROM {rows}";
const UPDATE_FACETS: &str = "UPDATE order_facets SET facets = x.value ->> 2 FROM {rows} \
    WHERE order_facets.store_id = x.value ->> 0 AND order_facets.order_id = x.value ->> 1 \
    AND order_facets.facets <> x.value ->> 2";

impl<'a> Builder<'a> {
    pub(super) fn finding(&mut self) {
        let products = |rows: &'a Rows| each(rows, |order| order.products.as_slice());
        let names = |rows: &'a Rows| each(rows, |order| order.names.as_slice());
        self.write(INSERT_PRODUCTS, products, |_, _, (order, code)| {
            let (store, id) = key(order);
            (store, id, code, order.created_at)
        });
        self.write(INSERT_NAMES, names, |_, _, (order, word)| {
            let (store, id) = key(order);
            (store, id, word, order.created_at)
        });
        let some = |new: bool| {
            move |rows: &'a Rows| -> Vec<&'a OrderRow> {
                rows.orders.iter().filter(|order| order.is_new() == new).collect()
            }
        };
        self.write(INSERT_FACETS, some(true), |_, _, order| {
            let (store, id) = key(order);
            (store, id, order.created_at, order.facets)
        });
        self.write(UPDATE_FACETS, some(false), |_, _, order| {
            let (store, id) = key(order);
            (store, id, order.facets)
        });
    }
}
