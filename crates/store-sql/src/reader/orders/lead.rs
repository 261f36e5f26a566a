//! Which index leads through a list.

use super::{
    sought::Sought,
    sql::{Kind, Sql},
    walk::{By, Range},
};
use crate::error::from_orm;
use ports::StoreError;
use sea_orm::DatabaseConnection;

/// How far is counted: what comes to less is walked through to its end, if need be.
const RARE: usize = 1_500;
/// Entries that a page may read by the values of its states.
const BY_VALUES: usize = 8_000;

/// What leads, and what is left to be looked at.
pub(super) struct Lead {
    pub by: By,
    /// What orders have to be found by, too.
    pub sought: Vec<Sought>,
    /// Whatever it leads to is in the wanted states.
    pub states_are_led_by: bool,
    /// Places that it leads to, if they are few.
    pub at_most: Option<usize>,
}

/// `None` if nothing can be found.
pub(super) async fn choose(
    database: &DatabaseConnection,
    store: &str,
    masks: &[i64],
    mut sought: Vec<Sought>,
    range: &Range,
    size: u32,
) -> Result<Option<Lead>, StoreError> {
    let by_time =
        Lead { by: By::Time, sought: Vec::new(), states_are_led_by: false, at_most: None };
    if sought.iter().any(Sought::is_empty) {
        return Ok(None);
    }
    // An id leads to so few orders that nothing else has to be counted.
    if let Some(place) = sought.iter().position(Sought::is_of_ids) {
        let by = sought.swap_remove(place);
        let at_most = Some(by.orders.len());
        return Ok(Some(Lead { by: By::Sought(by), sought, at_most, ..by_time }));
    }
    let values = if masks.is_empty() { Vec::new() } else { values(database, store, masks).await? };
    if values.is_empty() && !masks.is_empty() {
        return Ok(None);
    }
    if sought.is_empty() {
        let page = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        if masks.is_empty() || values.len().saturating_mul(page) > BY_VALUES {
            return Ok(Some(by_time));
        }
        return Ok(Some(Lead { by: By::Values(values), states_are_led_by: true, ..by_time }));
    }
    if masks.is_empty() && sought.len() == 1 && sought.iter().all(Sought::leads_straight) {
        return Ok(sought.pop().map(|it| Lead { by: By::Sought(it), ..by_time }));
    }
    let (of_states, of_sought) = count(database, store, &values, &mut sought, range).await?;
    // If nothing is rare, what was looked for leads rather than a state.
    let rarest = of_sought.iter().enumerate().min_by_key(|(_, count)| **count);
    let by_states = of_states.filter(|states| rarest.is_none_or(|(_, count)| states < count));
    let rare = |count: usize| (count < RARE).then_some(count);
    if let Some(count) = by_states {
        let by = By::Values(values);
        return Ok(Some(Lead { by, sought, states_are_led_by: true, at_most: rare(count) }));
    }
    let Some((place, count)) = rarest else { return Ok(Some(by_time)) };
    let at_most = rare(*count);
    let by = sought.swap_remove(place);
    Ok(Some(Lead { by: By::Sought(by), sought, at_most, ..by_time }))
}

/// The numbers of the states that occur in the store and are wanted: from each to the next by the
/// index, over however many orders are in between.
async fn values(
    database: &DatabaseConnection,
    store: &str,
    masks: &[i64],
) -> Result<Vec<i64>, StoreError> {
    const EACH: &str = "WITH RECURSIVE each (facets) AS (\
        SELECT (SELECT f.facets FROM order_facets f WHERE f.store_id = $1 \
        ORDER BY f.facets LIMIT 1) \
        UNION ALL SELECT (SELECT f.facets FROM order_facets f WHERE f.store_id = $1 \
        AND f.facets > e.facets ORDER BY f.facets LIMIT 1) FROM each e \
        WHERE e.facets IS NOT NULL) \
        SELECT facets FROM each WHERE facets IS NOT NULL";
    let mut sql = Sql::of(database, store);
    sql.text.push_str(EACH);
    let rows = sql.rows(database).await?;
    let all = rows.iter().map(|row| row.try_get_by_index::<i64>(0).map_err(from_orm));
    let all: Vec<i64> = all.collect::<Result<_, _>>()?;
    let is_wanted = |value: &i64| masks.iter().all(|mask| value & mask != 0);
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// How many orders are in the wanted states, and how many each condition leads to, up to a bound. Of
/// each name the rarest word is put first.
async fn count(
    database: &DatabaseConnection,
    store: &str,
    values: &[i64],
    sought: &mut [Sought],
    range: &Range,
) -> Result<(Option<usize>, Vec<usize>), StoreError> {
    let mut sql = Sql::of(database, store);
    let mut counts = Counts::default();
    if !values.is_empty() {
        let list = (sql.list(values.iter().map(ToString::to_string)), Kind::Number);
        counts.add(&mut sql, ("order_facets", "facets"), list, range, RARE);
    }
    let words = |it: &Sought| it.names.iter().map(Vec::len).sum::<usize>();
    let all_words: usize = sought.iter().map(words).sum();
    for it in sought.iter() {
        let emails = (sql.list(it.emails.iter().cloned()), Kind::Text);
        counts.add(&mut sql, ("orders", "buyer_email"), emails, range, RARE);
        let codes = (sql.list(it.products.iter().cloned()), Kind::Text);
        counts.add(&mut sql, ("order_products", "product_code"), codes, range, RARE);
        for word in it.names.iter().flatten() {
            let word = (sql.list([word.clone()].into_iter()), Kind::Text);
            counts.add(&mut sql, ("order_names", "word"), word, range, RARE / all_words);
        }
    }
    let mut counted = counts.read(sql, database).await?.into_iter();
    let mut next = || counted.next().unwrap_or(RARE);
    let of_states = (!values.is_empty()).then(&mut next);
    let mut of_sought = Vec::new();
    for it in sought {
        let mut count = it.orders.len() + next() + next();
        for name in &mut it.names {
            let mut words: Vec<_> = name.drain(..).map(|word| (next(), word)).collect();
            // Of words that are as common as far as was counted, a long one is rarer.
            words.sort_by_key(|(count, word)| (*count, usize::MAX - word.len()));
            let rarest = words.first().map_or(0, |(count, _)| *count);
            count += if rarest < RARE / all_words { rarest } else { RARE };
            name.extend(words.into_iter().map(|(_, word)| word));
        }
        of_sought.push(count.min(RARE));
    }
    Ok((of_states, of_sought))
}

/// Counts that one statement answers, in their sequence.
#[derive(Default)]
struct Counts(Vec<String>);

impl Counts {
    fn add(
        &mut self,
        sql: &mut Sql,
        what: (&str, &str),
        list: (super::sql::Given, Kind),
        range: &Range,
        at_most: usize,
    ) {
        let some = sql.some(what, list, range, at_most);
        self.0.push(format!("(SELECT COUNT(*) FROM ({some}) AS counted)"));
    }

    async fn read(
        self,
        mut sql: Sql,
        database: &DatabaseConnection,
    ) -> Result<Vec<usize>, StoreError> {
        let count = self.0.len();
        sql.text = format!("SELECT {}", self.0.join(", "));
        let rows = sql.rows(database).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let read = |place| row.try_get_by_index::<i64>(place).map_err(from_orm);
        let counts = (0..count).map(|place| Ok(usize::try_from(read(place)?).unwrap_or_default()));
        counts.collect()
    }
}
