//! Going through orders in the sequence of a list, some at a time.

use super::{
    origin,
    sought::Sought,
    sql::{Kind, Sql, sequence},
    to_page,
};
use crate::{column::micros, error::from_orm};
use ports::{OrderFilter, OrderOrigin, OrderSort, Page, StoreError};
use sea_orm::DatabaseConnection;

/// Entries of indexes that one page may look at.
const LOOKS: usize = 8_000;
/// Places of the first step at least, and of each at most.
const STEP: (usize, usize) = (256, 4_096);

/// Always true; the index by time is only for those who say so. It comes last: SQLite begins where
/// the first condition says.
const ANY_TIME: &str = "t.created_at > -9000000000000000000";

pub(super) struct Range {
    pub from: Option<i64>,
    pub before: Option<i64>,
    pub after: Option<(i64, String)>,
    pub sort: OrderSort,
}

/// Where a range begins, in its own direction.
pub(super) enum Beginning<'r> {
    Since(i64),
    Before(i64),
    /// After this place.
    After(i64, &'r str),
}

impl Range {
    pub fn of(filter: &OrderFilter, sort: OrderSort, after: Option<&OrderOrigin>) -> Self {
        Self {
            from: filter.created_from.map(micros),
            before: filter.created_before.map(micros),
            after: after.map(|place| (micros(place.created_at), place.order_id.to_string())),
            sort,
        }
    }

    /// A place that is within the dates says more than they do.
    pub fn begins(&self) -> Option<Beginning<'_>> {
        let after = self.after.as_ref().map(|(at, id)| (*at, id.as_str()));
        let is_within = |(at, _): &(i64, &str)| match self.sort {
            OrderSort::NewestFirst => self.before.is_none_or(|before| *at < before),
            OrderSort::OldestFirst => self.from.is_none_or(|from| *at >= from),
        };
        match (after.filter(is_within), self.sort) {
            (Some((at, id)), _) => Some(Beginning::After(at, id)),
            (None, OrderSort::NewestFirst) => self.before.map(Beginning::Before),
            (None, OrderSort::OldestFirst) => self.from.map(Beginning::Since),
        }
    }
}

/// What leads.
pub(super) enum By {
    Time,
    /// Numbers of states.
    Values(Vec<i64>),
    Sought(Sought),
}

pub(super) struct Walk<'d> {
    pub database: &'d DatabaseConnection,
    pub store: &'d str,
    pub by: By,
    /// An order has to have a bit of each.
    pub masks: Vec<i64>,
    /// An order has to be found by each.
    pub sought: Vec<Sought>,
}

/// A place in a list, as columns hold it.
type Place = (i64, String);

impl Walk<'_> {
    /// One page, which is short if it has looked at enough. `at_most`: places that there are, if they
    /// are few.
    pub async fn page(
        &self,
        mut range: Range,
        size: u32,
        at_most: Option<usize>,
    ) -> Result<Page<OrderOrigin, OrderOrigin>, StoreError> {
        let wanted = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let (of_step, of_place) = (self.keys(at_most), self.look_ups());
        let mut step = match (of_place, at_most) {
            (0, _) => wanted,
            (_, Some(places)) => places + 1,
            _ => STEP.0.max(2 * wanted),
        };
        let mut left = LOOKS;
        let mut found = Vec::new();
        loop {
            if of_place > 0 {
                step = step.min(left / (of_step + of_place)).max(1);
            }
            let (fitting, last) = self.step(&range, step).await?;
            for (at, id) in fitting {
                found.push(origin(at, &id)?);
            }
            let Some(last) = last.filter(|_| found.len() < wanted) else { break };
            left = left.saturating_sub(step * (of_step + of_place));
            if left < of_step + of_place {
                return Ok(Page { items: found, next: Some(origin(last.0, &last.1)?) });
            }
            range.after = Some(last);
            step = (step * 4).min(STEP.1);
        }
        Ok(to_page(found, size, OrderOrigin::clone))
    }

    /// The fitting ones of the next places, and the last of the places if there may be more.
    async fn step(
        &self,
        range: &Range,
        places: usize,
    ) -> Result<(Vec<Place>, Option<Place>), StoreError> {
        let mut sql = Sql::of(self.database, self.store);
        let places = i64::try_from(places).unwrap_or(i64::MAX);
        let limit = sql.value(places);
        let to_last = sql.value(places - 1);
        let led = self.led(&mut sql, range, &limit);
        let fits = self.fits(&mut sql);
        let (order, last) = (sequence("u", range.sort), sequence("w", range.sort));
        sql.text = format!(
            "WITH walked AS MATERIALIZED (SELECT u.created_at, u.order_id FROM ({led}) AS u \
             GROUP BY u.created_at, u.order_id ORDER BY {order} LIMIT {limit}) \
             SELECT w.created_at, w.order_id, 1 FROM walked w WHERE {fits} \
             UNION ALL SELECT l.created_at, l.order_id, 0 FROM (SELECT w.created_at, w.order_id \
             FROM walked w ORDER BY {last} LIMIT 1 OFFSET {to_last}) AS l"
        );
        let (mut found, mut last) = (Vec::new(), None);
        for row in sql.rows(self.database).await? {
            let place: Place = (
                row.try_get_by_index(0).map_err(from_orm)?,
                row.try_get_by_index(1).map_err(from_orm)?,
            );
            let fits = row.try_get_by_index::<i32>(2).map_err(from_orm)? == 1;
            if fits { found.push(place) } else { last = Some(place) }
        }
        match range.sort {
            OrderSort::NewestFirst => found.sort_unstable_by(|one, other| other.cmp(one)),
            OrderSort::OldestFirst => found.sort_unstable(),
        }
        Ok((found, last))
    }

    fn led(&self, sql: &mut Sql, range: &Range, limit: &str) -> String {
        match &self.by {
            By::Time => {
                let (within, order) = (sql.within("t", range), sequence("t", range.sort));
                format!(
                    "SELECT t.created_at, t.order_id FROM orders t WHERE t.store_id = $1 \
                    {within} AND {ANY_TIME} ORDER BY {order} LIMIT {limit}"
                )
            }
            By::Values(values) => {
                let list = sql.list(values.iter().map(ToString::to_string));
                sql.firsts(("order_facets", "facets"), (list, Kind::Number), range, limit)
            }
            By::Sought(sought) => led_by(sought, sql, range, limit),
        }
    }

    /// Whether an order `w` is wanted. Each part is a value that a single look-up answers: whatever
    /// the database takes the numbers for, it cannot go through a table instead.
    fn fits(&self, sql: &mut Sql) -> String {
        let mut all = Vec::new();
        if !self.masks.is_empty() {
            let masks: Vec<_> = self.masks.iter().map(|mask| sql.value(*mask)).collect();
            let bits = masks.iter().map(|mask| format!("(f.facets & {mask}) <> 0"));
            let bits = bits.collect::<Vec<_>>().join(" AND ");
            all.push(format!(
                "(SELECT {bits} FROM order_facets f WHERE f.store_id = $1 \
                 AND f.order_id = w.order_id)"
            ));
        }
        all.extend(self.looked_at().map(|sought| sought.condition(sql)));
        if all.is_empty() { "1 = 1".to_owned() } else { all.join(" AND ") }
    }

    /// What one further place of a step costs, beside what is looked up of it.
    fn keys(&self, at_most: Option<usize>) -> usize {
        match &self.by {
            By::Time => 1,
            // Where they lead to few, it is few of all of them together.
            By::Values(_) if at_most.is_some() => 1,
            By::Values(values) => values.len(),
            By::Sought(sought) => sought.keys(),
        }
    }

    /// Look-ups for each place.
    fn look_ups(&self) -> usize {
        let sought: usize = self.looked_at().map(Sought::look_ups).sum();
        usize::from(!self.masks.is_empty()) + sought
    }

    /// By what each order still has to be found: also by what leads, if that does not say it all.
    fn looked_at(&self) -> impl Iterator<Item = &Sought> {
        let itself = match &self.by {
            By::Sought(sought) if !sought.leads_straight() => Some(sought),
            _ => None,
        };
        self.sought.iter().chain(itself)
    }
}

/// The places that whatever is looked for leads to.
fn led_by(sought: &Sought, sql: &mut Sql, range: &Range, limit: &str) -> String {
    let Sought { orders, emails, products, names } = sought;
    let mut ways = Vec::new();
    if !orders.is_empty() {
        let list = sql.list(orders.iter().cloned());
        let (named, within) = (sql.any("t.order_id", list, Kind::Text), sql.within("t", range));
        ways.push(format!(
            "SELECT t.created_at, t.order_id FROM order_facets t \
             WHERE t.store_id = $1 AND {named}{within}"
        ));
    }
    let leading = names.iter().filter_map(|words| words.first().cloned()).collect();
    for (table, column, keys) in [
        ("orders", "buyer_email", emails),
        ("order_products", "product_code", products),
        ("order_names", "word", &leading),
    ] {
        if !keys.is_empty() {
            let list = (sql.list(keys.iter().cloned()), Kind::Text);
            ways.push(sql.firsts((table, column), list, range, limit));
        }
    }
    ways.join(" UNION ALL ")
}
