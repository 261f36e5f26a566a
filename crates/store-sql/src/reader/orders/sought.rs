//! What is looked for, by which indexes.

use super::sql::{Kind, Sql};
use crate::error::from_orm;
use domain::{
    id::{CancellationId, RefundId},
    order::bare_email,
};
use ports::{OrderFilter, StoreError, name_words};
use sea_orm::DatabaseConnection;

/// One condition: orders fit that are found by any of these.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sought {
    pub orders: Vec<String>,
    pub emails: Vec<String>,
    pub products: Vec<String>,
    /// Each with all of its words; the first of them leads.
    pub names: Vec<Vec<String>>,
}

/// Orders that an id leads to at most: ids are somebody's own, but nothing keeps two orders from
/// naming the same payment.
const MOST_OF_AN_ID: usize = 1_000;

impl Sought {
    /// The conditions of a filter, each with the orders that its ids name.
    pub async fn all(
        database: &DatabaseConnection,
        store: &str,
        filter: &OrderFilter,
    ) -> Result<Vec<Self>, StoreError> {
        let mut all = Vec::new();
        if !filter.search.is_empty() {
            let terms = filter.search.iter().map(|term| term.trim());
            let terms: Vec<&str> = terms.filter(|term| !term.is_empty()).collect();
            let names = terms.iter().map(|term| name_words(term));
            all.push(Self {
                orders: named(database, store, &terms).await?,
                emails: terms.iter().map(|term| bare_email(term)).collect(),
                products: terms.iter().map(|term| (*term).to_owned()).collect(),
                names: names.filter(|words| !words.is_empty()).collect(),
            });
        }
        if let Some(id) = &filter.external_order_id {
            let orders = accepted_as(database, store, id).await?;
            all.push(Self { orders, ..Self::default() });
        }
        if let Some(email) = &filter.buyer_email {
            all.push(Self { emails: vec![bare_email(email)], ..Self::default() });
        }
        if let Some(code) = &filter.product_code {
            all.push(Self { products: vec![code.clone()], ..Self::default() });
        }
        Ok(all)
    }

    /// It can find nothing.
    pub fn is_empty(&self) -> bool {
        let Self { orders, emails, products, names } = self;
        orders.is_empty() && emails.is_empty() && products.is_empty() && names.is_empty()
    }

    /// It finds orders by nothing but their ids.
    pub fn is_of_ids(&self) -> bool {
        let Self { orders: _, emails, products, names } = self;
        emails.is_empty() && products.is_empty() && names.is_empty()
    }

    /// Whether what leads to an order says already that it fits.
    pub fn leads_straight(&self) -> bool {
        self.names.iter().all(|words| words.len() == 1)
    }

    /// What looking at one order comes to.
    pub fn look_ups(&self) -> usize {
        let words: usize = self.names.iter().map(Vec::len).sum();
        usize::from(!self.emails.is_empty()) + self.products.len() + words
    }

    /// Keys that lead to orders.
    pub fn keys(&self) -> usize {
        1 + self.emails.len() + self.products.len() + self.names.len()
    }

    /// Whether the order of a row `w` fits.
    pub fn condition(&self, sql: &mut Sql) -> String {
        let mut any = Vec::new();
        if !self.orders.is_empty() {
            let orders = sql.list(self.orders.iter().cloned());
            any.push(sql.any("w.order_id", orders, Kind::Text));
        }
        if !self.emails.is_empty() {
            let emails = sql.list(self.emails.iter().cloned());
            let is_theirs = sql.any("o.buyer_email", emails, Kind::Text);
            any.push(format!(
                "(SELECT 1 FROM orders o WHERE o.store_id = $1 AND o.order_id = w.order_id \
                 AND {is_theirs}) IS NOT NULL"
            ));
        }
        if !self.products.is_empty() {
            let codes = sql.list(self.products.iter().cloned());
            let has_one = sql.any("p.product_code", codes, Kind::Text);
            any.push(format!(
                "(SELECT 1 FROM order_products p WHERE p.store_id = $1 AND {has_one} \
                 AND p.created_at = w.created_at AND p.order_id = w.order_id LIMIT 1) IS NOT NULL"
            ));
        }
        for words in &self.names {
            let list = sql.list(words.iter().cloned());
            let is_one = sql.any("n.word", list, Kind::Text);
            any.push(format!(
                "(SELECT COUNT(*) FROM order_names n WHERE n.store_id = $1 AND {is_one} \
                 AND n.created_at = w.created_at AND n.order_id = w.order_id) = {}",
                words.len()
            ));
        }
        format!("({})", any.join(" OR "))
    }
}

/// The orders that any of these ids belong to, whatever they are ids of.
async fn named(
    database: &DatabaseConnection,
    store: &str,
    terms: &[&str],
) -> Result<Vec<String>, StoreError> {
    let mut sql = Sql::of(database, store);
    let texts = sql.list(terms.iter().map(|term| (*term).to_owned()));
    // A number is looked for as it is written: 017 is no refund's.
    let numbers = terms.iter().filter_map(|term| {
        let number = term.parse::<i64>().ok().map(|number| number.to_string());
        number.filter(|number| number == term)
    });
    let numbers = sql.list(numbers);
    let refunds = terms.iter().filter_map(|term| term.parse::<RefundId>().ok());
    let refunds = sql.list(refunds.map(|id| id.as_uuid().simple().to_string()));
    let cancellations = terms.iter().filter_map(|term| term.parse::<CancellationId>().ok());
    let cancellations = sql.list(cancellations.map(|id| id.as_uuid().simple().to_string()));
    let ways = [
        ("orders", "order_id", texts, Kind::Text),
        ("orders", "external_order_id", texts, Kind::Text),
        ("orders", "external_order_number", texts, Kind::Text),
        ("orders", "cart_id", texts, Kind::Text),
        ("tenders", "reference", texts, Kind::Text),
        ("refunds", "external_reference", texts, Kind::Text),
        ("refunds", "refund_number", numbers, Kind::Number),
        ("refunds", "refund_id", refunds, Kind::Uuid),
        ("cancellations", "cancellation_id", cancellations, Kind::Uuid),
    ];
    let ways = ways.map(|(table, column, list, kind)| way(&sql, (table, column), list, kind));
    sql.text = ways.join(" UNION ");
    ids(sql, database).await
}

async fn accepted_as(
    database: &DatabaseConnection,
    store: &str,
    id: &str,
) -> Result<Vec<String>, StoreError> {
    let mut sql = Sql::of(database, store);
    let texts = sql.list([id.to_owned()].into_iter());
    sql.text = way(&sql, ("orders", "external_order_id"), texts, Kind::Text);
    ids(sql, database).await
}

fn way(sql: &Sql, (table, column): (&str, &str), list: super::sql::Given, kind: Kind) -> String {
    let named = sql.any(&format!("t.{column}"), list, kind);
    format!(
        "SELECT order_id FROM (SELECT t.order_id FROM {table} t WHERE t.store_id = $1 \
         AND {named} AND t.{column} IS NOT NULL LIMIT {MOST_OF_AN_ID}) AS {column}_of_{table}"
    )
}

async fn ids(sql: Sql, database: &DatabaseConnection) -> Result<Vec<String>, StoreError> {
    let rows = sql.rows(database).await?;
    rows.iter().map(|row| row.try_get_by_index(0).map_err(from_orm)).collect()
}
