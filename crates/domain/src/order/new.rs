//! What checkout hands over, and what makes it an order.

use super::{
    ExternalIds, Fact, Line, Order, OrderState, Quantities, Tender, TenderMethod, TenderState,
};
use crate::{
    Amount, Currency, Pair, Reason, Rejection,
    amount::{AmountError, allocate},
    id::{OrderId, StoreId, TenderId},
    rejection::Violations,
    screening::{Screened, Screening},
};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// An order as checkout describes it: every amount already has its currency's precision.
#[derive(Debug, Clone)]
pub struct NewOrder {
    pub order_id: OrderId,
    pub cart_id: Option<String>,
    pub customer_currency: Currency,
    pub merchant_currency: Currency,
    pub destination_country: String,
    pub language: Option<String>,
    pub lines: Vec<NewLine>,
    pub shipping: Pair,
    pub duties: Pair,
    pub tenders: Vec<NewTender>,
}

#[derive(Debug, Clone)]
pub struct NewLine {
    pub cart_item_id: String,
    pub product_code: Option<String>,
    pub secondary_product_code: Option<String>,
    pub name: Option<String>,
    pub hs_code: Option<String>,
    pub quantity: u32,
    pub total: Pair,
    /// Given for every line or for none.
    pub duties: Option<Pair>,
}

#[derive(Debug, Clone)]
pub struct NewTender {
    pub tender_id: TenderId,
    pub method: TenderMethod,
    pub provider: String,
    pub provider_reference: String,
    pub amount: Amount,
    pub state: TenderState,
}

impl NewOrder {
    /// Checks that the order adds up in both currencies and makes it the first fact. Which checks
    /// it has to pass is settled here: what its store changes later is for later orders.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidFields`] with every field at fault.
    pub fn receive(
        self,
        store_id: StoreId,
        screening: &Screening,
        now: OffsetDateTime,
    ) -> Result<Fact, Rejection> {
        let mut wrong = Violations::default();
        self.check_lines(&mut wrong);
        self.check_tenders(&mut wrong);
        self.check_sums(&mut wrong).unwrap_or_else(|error| wrong.push("order", error));
        wrong.into_result(Reason::InvalidFields)?;

        let duties = self.duties_per_line();
        let lines = self.lines.into_iter().zip(duties);
        let mut order = Order {
            store_id,
            order_id: self.order_id,
            cart_id: self.cart_id,
            customer_currency: self.customer_currency,
            merchant_currency: self.merchant_currency,
            destination_country: self.destination_country,
            language: self.language,
            lines: lines.map(|(line, duties)| line.with_duties(duties)).collect(),
            shipping: self.shipping,
            duties: self.duties,
            tenders: self.tenders.into_iter().map(Tender::from).collect(),
            state: OrderState::Received,
            screening: Vec::new(),
            handover: None,
            external: None::<ExternalIds>,
            shipments: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            cancellations: Vec::new(),
            cancelled_from: None,
            personal_data_erased: false,
            published: 0,
            revision: 0,
            created_at: now,
            updated_at: now,
        };
        order.screening = screening.wanted(&order).into_iter().map(Screened::pending).collect();
        Ok(Fact::OrderReceived { order: Box::new(order) })
    }

    fn check_lines(&self, wrong: &mut Violations) {
        if self.lines.is_empty() || self.lines.len() > Order::MAX_LINES {
            wrong.push("order.lines", format!("must be 1 to {} lines", Order::MAX_LINES));
        }
        let mut seen = BTreeSet::new();
        for (index, line) in self.lines.iter().enumerate() {
            let field = |name: &str| format!("order.lines[{index}].{name}");
            if !seen.insert(&line.cart_item_id) {
                wrong.push(field("cart_item_id"), "must be unique within the order");
            }
            if line.quantity == 0 {
                wrong.push(field("quantity"), "must be at least 1");
            }
            free_for_both(wrong, &field("total"), line.total);
        }
        free_for_both(wrong, "order.shipping", self.shipping);
        free_for_both(wrong, "order.duties", self.duties);
    }

    fn check_tenders(&self, wrong: &mut Violations) {
        if self.tenders.len() > Order::MAX_TENDERS {
            wrong.push("order.tenders", format!("must be at most {}", Order::MAX_TENDERS));
        }
        let mut seen = BTreeSet::new();
        for (index, tender) in self.tenders.iter().enumerate() {
            if !seen.insert(&tender.tender_id) {
                let field = format!("order.tenders[{index}].tender_id");
                wrong.push(field, "must be unique within the order");
            }
        }
    }

    fn check_sums(&self, wrong: &mut Violations) -> Result<(), AmountError> {
        let lines = Pair::sum(self.lines.iter().map(|line| line.total))?;
        let total = lines.plus(self.shipping)?.plus(self.duties)?;
        if total.customer > Amount::MAX || total.merchant > Amount::MAX {
            wrong.push("order", format!("must come to at most {}", Amount::MAX));
        }
        let paid = Amount::sum(self.tenders.iter().map(|tender| tender.amount))?;
        if paid != total.customer {
            let text = format!(
                "must add up to lines, shipping and duties: tenders are {paid}, the order is {} {}",
                total.customer, self.customer_currency
            );
            wrong.push("order.tenders", text);
        }
        let given: Vec<Pair> = self.lines.iter().filter_map(|line| line.duties).collect();
        if given.is_empty() {
            return Ok(());
        }
        let sum = Pair::sum(given.iter().copied())?;
        if given.len() != self.lines.len() {
            wrong.push("order.lines", "must give duties for every line or for none");
        } else if sum != self.duties {
            let text = format!(
                "must be the sum of the lines' duties in both currencies: lines have {} and {}, \
                 the order {} and {}",
                sum.customer, sum.merchant, self.duties.customer, self.duties.merchant
            );
            wrong.push("order.duties", text);
        }
        Ok(())
    }

    /// As given, or spread by customer value, largest remainder, ties to the earlier line.
    fn duties_per_line(&self) -> Vec<Pair> {
        if let Some(given) = self.lines.iter().map(|line| line.duties).collect() {
            return given;
        }
        let weights: Vec<Amount> = self.lines.iter().map(|line| line.total.customer).collect();
        let spread = |total, currency: Currency| allocate(total, &weights, currency.exponent());
        let customer = spread(self.duties.customer, self.customer_currency);
        let merchant = spread(self.duties.merchant, self.merchant_currency);
        customer.into_iter().zip(merchant).map(|(c, m)| Pair::new(c, m)).collect()
    }
}

/// A refund is converted by the pair itself, so what is free for the customer must be free for
/// the merchant: there would be no way to return the rest.
fn free_for_both(wrong: &mut Violations, field: &str, pair: Pair) {
    if pair.customer.is_zero() && !pair.merchant.is_zero() {
        wrong.push(format!("{field}.merchant"), "must be 0 where the customer amount is 0");
    }
}

impl NewLine {
    fn with_duties(self, duties: Pair) -> Line {
        Line {
            cart_item_id: self.cart_item_id,
            product_code: self.product_code,
            secondary_product_code: self.secondary_product_code,
            name: self.name,
            hs_code: self.hs_code,
            quantity: self.quantity,
            total: self.total,
            duties,
            quantities: Quantities::default(),
        }
    }
}

impl From<NewTender> for Tender {
    fn from(new: NewTender) -> Self {
        let (authorized, captured) = match new.state {
            TenderState::Captured => (new.amount, new.amount),
            TenderState::Authorized => (new.amount, Amount::ZERO),
            TenderState::Pending | TenderState::Failed => (Amount::ZERO, Amount::ZERO),
        };
        Self {
            tender_id: new.tender_id,
            method: new.method,
            provider: new.provider,
            provider_reference: new.provider_reference,
            amount: new.amount,
            authorized,
            captured,
            state: new.state,
            recovered: None,
        }
    }
}
