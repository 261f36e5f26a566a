//! Refusals that more than one step answers.

use super::Planner;
use crate::{Amount, Reason, Rejection};

/// Lines named in the metadata of a refusal: answers travel in headers, which have to stay small.
const MAX_LISTED: usize = 20;

impl Planner<'_> {
    /// `AMOUNT_EXCEEDS_REFUNDABLE` with what is left per line, component and tender.
    pub(in crate::refund) fn exceeds(
        &self,
        field: impl Into<String>,
        what: &str,
        asked: Amount,
        left: Amount,
    ) -> Rejection {
        let decimals = self.customer_decimals();
        let text = |amount: Amount| amount.to_text(decimals);
        let currency = self.order.customer_currency;
        let message = format!(
            "{} {currency} asked of {what}, {} {currency} is left",
            text(asked),
            text(left)
        );
        let rejection = Rejection::new(Reason::AmountExceedsRefundable, message)
            .at(field)
            .with("asked", text(asked))
            .with("left", text(left));
        self.with_what_is_left(rejection)
    }

    /// Adds what is left per line, component and tender, in the customer currency.
    pub(in crate::refund) fn with_what_is_left(&self, rejection: Rejection) -> Rejection {
        let text = |amount: Amount| amount.to_text(self.customer_decimals());
        let mut rejection = rejection
            .with("left_total", text(self.left.total.customer))
            .with("left_shipping", text(self.left.shipping.customer))
            .with("left_duties", text(self.left.duties.customer));
        for line in self.left.lines.iter().take(MAX_LISTED) {
            let key = format!("left_line_{}", line.cart_item_id);
            rejection = rejection.with(key, text(line.amount.customer));
        }
        for tender in &self.left.tenders {
            let key = format!("left_tender_{}", tender.tender_id);
            rejection = rejection.with(key, text(tender.left));
            if tender.disputed.is_positive() {
                let key = format!("disputed_tender_{}", tender.tender_id);
                rejection = rejection.with(key, text(tender.disputed));
            }
        }
        rejection
    }
}

pub(in crate::refund) fn mismatch(
    field: impl Into<String>,
    what: &str,
    computed: Amount,
    declared: Amount,
) -> Rejection {
    let text = format!("{what} {computed}, {declared} was declared");
    Rejection::new(Reason::AmountMismatch, text)
        .at(field)
        .with("declared", declared)
        .with("computed", computed)
}

pub(super) fn nothing_asked() -> Rejection {
    Rejection::new(
        Reason::EmptyRefund,
        "products, shipping, duties and goodwill come to 0 and no piece is returned",
    )
}
