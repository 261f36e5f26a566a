//! The one statement that reads all tables together, sorted by order.
//!
//! Each table is a part of it, which the database sorts by itself or reads in the sequence of its
//! key; the parts are merged. So no table is looked up order by order, and none has to fit into
//! memory.

pub(super) const ORDER: i64 = 0;
pub(super) const STORE: i64 = 1;
pub(super) const FACT: i64 = 2;
pub(super) const ENTRY: i64 = 3;
pub(super) const WAITING: i64 = 4;
pub(super) const TENDER: i64 = 5;
pub(super) const REFUND: i64 = 6;
pub(super) const CANCELLATION: i64 = 7;
pub(super) const CANCELLED_PRODUCT: i64 = 8;
pub(super) const PRODUCT: i64 = 9;
pub(super) const FACETS: i64 = 10;
pub(super) const NAME: i64 = 11;

/// What a part has of the columns that all have; the others are empty.
struct Part {
    tag: i64,
    /// How the table is called in faults.
    table: &'static str,
    from: &'static str,
    store: &'static str,
    order: &'static str,
    place: &'static str,
    id: Option<&'static str>,
    numbers: &'static [&'static str],
    texts: &'static [&'static str],
    document: Option<&'static str>,
}

const NUMBERS: usize = 4;
const TEXTS: usize = 6;

const NOTHING: Part = Part {
    tag: 0,
    table: "",
    from: "",
    store: "store_id",
    order: "order_id",
    place: "0",
    id: None,
    numbers: &[],
    texts: &[],
    document: None,
};

const PARTS: [Part; 12] = [
    Part {
        tag: ORDER,
        table: "orders",
        from: "orders",
        numbers: &["version", "created_at", "captured", "returned"],
        texts: &[
            "state",
            "external_order_id",
            "external_order_number",
            "cart_id",
            "buyer_email",
            "personal",
        ],
        document: Some("doc"),
        ..NOTHING
    },
    Part {
        tag: STORE,
        table: "stores",
        from: "stores",
        order: "''",
        numbers: &["version"],
        ..NOTHING
    },
    Part {
        tag: FACT,
        table: "facts",
        from: "facts",
        place: "place",
        id: Some("event_id"),
        numbers: &["sequence", "occurred_at"],
        texts: &["kind", "actor_kind", "actor_id", "traceparent"],
        document: Some("body"),
        ..NOTHING
    },
    Part {
        tag: ENTRY,
        table: "event_log",
        from: "event_log",
        place: "place",
        numbers: &["entry"],
        ..NOTHING
    },
    Part { tag: WAITING, table: "outbox", from: "outbox", place: "place", ..NOTHING },
    Part {
        tag: TENDER,
        table: "tenders",
        from: "tenders",
        numbers: &["captured", "returned", "authorized", "released"],
        texts: &["tender_id", "provider", "reference"],
        ..NOTHING
    },
    Part {
        tag: REFUND,
        table: "refunds",
        from: "refunds",
        id: Some("refund_id"),
        numbers: &["refund_number", "place", "created_at"],
        texts: &["state", "external_reference"],
        ..NOTHING
    },
    Part {
        tag: CANCELLATION,
        table: "cancellations",
        from: "cancellations",
        id: Some("cancellation_id"),
        numbers: &["created_at", "accepted_at", "completed_at"],
        texts: &["state", "requested_by", "reason", "customer_reason"],
        ..NOTHING
    },
    // Its order is known by the cancellation alone.
    Part {
        tag: CANCELLED_PRODUCT,
        table: "cancellation_products",
        from: "cancellation_products p LEFT JOIN cancellations c ON c.store_id = p.store_id \
               AND c.cancellation_id = p.cancellation_id",
        store: "p.store_id",
        order: "COALESCE(c.order_id, '')",
        id: Some("p.cancellation_id"),
        texts: &["p.product_code"],
        ..NOTHING
    },
    Part {
        tag: PRODUCT,
        table: "order_products",
        from: "order_products",
        numbers: &["created_at"],
        texts: &["product_code"],
        ..NOTHING
    },
    Part {
        tag: FACETS,
        table: "order_facets",
        from: "order_facets",
        numbers: &["facets", "created_at"],
        ..NOTHING
    },
    Part {
        tag: NAME,
        table: "order_names",
        from: "order_names",
        numbers: &["created_at"],
        texts: &["word"],
        ..NOTHING
    },
];

/// How the table of a part is called.
pub(super) fn table(part: i64) -> &'static str {
    PARTS.iter().find(|known| known.tag == part).map_or("", |known| known.table)
}

/// Columns: store, order, part, place, id, numbers, texts, document. Only PostgreSQL has an outbox.
pub(in crate::audit) fn sql(store: Option<&str>, postgres: bool) -> String {
    let parts = PARTS.iter().filter(|part| postgres || part.tag != WAITING);
    let parts: Vec<String> = parts.map(|part| part.select(store.is_some())).collect();
    // By their places: the names of the columns are those of the first part.
    format!("{} ORDER BY 1, 2, 3, 4", parts.join(" UNION ALL "))
}

impl Part {
    fn select(&self, of_one_store: bool) -> String {
        let Self { tag, from, store, order, place, .. } = self;
        let mut columns = vec![
            (*store).to_owned(),
            format!("{order} AS order_id"),
            format!("CAST({tag} AS BIGINT) AS part"),
            format!("CAST({place} AS BIGINT) AS place"),
            given(self.id, "UUID"),
        ];
        columns.extend((0..NUMBERS).map(|place| given(self.numbers.get(place).copied(), "BIGINT")));
        columns.extend((0..TEXTS).map(|place| given(self.texts.get(place).copied(), "TEXT")));
        columns.push(given(self.document, "TEXT"));
        let which = if of_one_store { format!(" WHERE {store} = $1") } else { String::new() };
        format!("SELECT {} FROM {from}{which}", columns.join(", "))
    }
}

fn given(column: Option<&str>, kind: &str) -> String {
    column.map_or_else(|| format!("CAST(NULL AS {kind})"), str::to_owned)
}
