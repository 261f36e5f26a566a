//! Rules against fraud, as data.

mod rule;

use crate::{ListError, ListSource, file, watched::Watched};
use async_trait::async_trait;
use domain::{
    order::{Order, Personal, bare_email},
    screening::Finding,
};
use ports::{Opinion, Reader, Screening, ScreeningError, Subject};
use rule::{Rule, Rules, Velocity};
use std::{sync::Arc, time::Duration};

const DEMO: &str = include_str!("../lists/fraud-rules.toml");

/// Rules by which an order is clear, is for a person to look at, or is fraud.
///
/// A rule holds if every condition that it has holds; the worst outcome of those that hold counts.
/// A condition about a person of whom nothing is known does not hold.
pub struct FraudRules {
    rules: Arc<Watched<Rules>>,
    reader: Arc<dyn Reader>,
}

impl FraudRules {
    /// Reads the rules; `reader` counts a buyer's orders.
    ///
    /// # Errors
    ///
    /// Every fault of the file.
    pub fn open(source: ListSource, reader: Arc<dyn Reader>) -> Result<Self, ListError> {
        let rules = Watched::open(vec![source], |sources| {
            let [source] = sources else { return Ok(Rules::default()) };
            rule::read(&file::text(source, DEMO)?).map_err(|it| ListError::wrong(source, it))
        })?;
        Ok(Self { rules: Arc::new(rules), reader })
    }

    /// Follows the file, in the background.
    #[must_use]
    pub fn looking_every(self, pause: Duration) -> Self {
        self.rules.keep_fresh(pause);
        self
    }

    /// Follows the file now.
    pub fn look(&self) -> bool {
        self.rules.look()
    }

    async fn fires(
        &self,
        rule: &Rule,
        order: &Order,
        personal: Option<&Personal>,
    ) -> Result<Option<Finding>, ScreeningError> {
        let mut said = Vec::new();
        if let Some(least) = &rule.amount_over {
            let Some(total) = total_in(order, &least.currency) else { return Ok(None) };
            if total <= least.amount {
                return Ok(None);
            }
            said.push(format!("{total} {} is over {}", least.currency, least.amount));
        }
        if !rule.destinations.is_empty() {
            if !rule.destinations.contains(&order.destination_country) {
                return Ok(None);
            }
            said.push(format!("it goes to {}", order.destination_country));
        }
        if !rule.tender_methods.is_empty() {
            let paid = order.tenders.iter().find(|it| rule.tender_methods.contains(&it.method));
            let Some(paid) = paid else { return Ok(None) };
            said.push(format!("tender {} pays it", paid.tender_id));
        }
        if rule.countries_differ {
            let Some((billed, shipped)) = countries(order, personal) else { return Ok(None) };
            if billed == shipped {
                return Ok(None);
            }
            said.push(format!("billed in {billed} and sent to {shipped}"));
        }
        let email = personal.map(|it| bare_email(&it.buyer.email));
        let email = email.as_deref().filter(|email| !email.is_empty());
        if !rule.email_domains.is_empty() {
            let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
            let listed = domain.and_then(|it| rule.listed_domain(it));
            let Some(listed) = listed else { return Ok(None) };
            said.push(format!("the e-mail's domain {listed} is listed"));
        }
        if let Some(Velocity { orders, within_hours }) = rule.velocity {
            let Some(email) = email else { return Ok(None) };
            // However late it is looked at, and however often: it is the same window.
            let until = order.created_at;
            let made = until - time::Duration::hours(within_hours.into())..=until;
            let most = orders.saturating_add(1);
            let count = self.reader.count_orders_of(&order.store_id, email, made, most).await;
            let count = count
                .map_err(|error| ScreeningError::new("orders cannot be counted").because(error))?;
            if count <= orders {
                return Ok(None);
            }
            said.push(format!("more than {orders} orders of this buyer in {within_hours} hours"));
        }
        Ok(Some(Finding::new(&rule.name, said.join(", "))))
    }
}

#[async_trait]
impl Screening for FraudRules {
    async fn check(&self, subject: Subject<'_>) -> Result<Opinion, ScreeningError> {
        let rules = self.rules.current();
        let mut found = Vec::new();
        for rule in &rules.rules {
            if let Some(finding) = self.fires(rule, subject.order, subject.personal).await? {
                found.push((rule.outcome, finding));
            }
        }
        Ok(Opinion::of(found))
    }
}

/// What the order comes to in a currency of its own two.
fn total_in(order: &Order, currency: &str) -> Option<domain::Amount> {
    let total = order.totals().ok()?;
    if order.customer_currency.code() == currency {
        return Some(total.customer);
    }
    (order.merchant_currency.code() == currency).then_some(total.merchant)
}

/// Where it is billed and where it goes; nothing if there is no billing address.
fn countries<'c>(order: &'c Order, personal: Option<&'c Personal>) -> Option<(&'c str, &'c str)> {
    let personal = personal?;
    let named = |country: &'c str| Some(country).filter(|country| !country.is_empty());
    let billed = personal.billing_address.as_ref().and_then(|it| named(&it.country))?;
    let shipped = personal.shipping_address.as_ref().and_then(|it| named(&it.country));
    Some((billed, shipped.unwrap_or(&order.destination_country)))
}
