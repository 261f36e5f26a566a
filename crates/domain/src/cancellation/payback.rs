//! What a cancellation pays back: the refund that is made in the step that accepts it.

use super::{Cancellation, Charges, NewRefundIds, RequestPolicy, money};
use crate::{
    Actor, Amount, Reason, Rejection,
    order::{CreateRefund, Fact, Order},
    refund::{self, Derivation, LegKind, ProductRequest, Refund, RefundReason, RefundRequest},
    rejection::Violations,
};
use time::OffsetDateTime;

/// Everything that paying back needs to know.
pub(super) struct Payback<'a> {
    pub ids: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: &'a Actor,
    /// Whose refund it is: above the store's limit another manager has to approve it.
    pub asked_by: &'a Actor,
    pub policy: &'a RequestPolicy,
}

/// How much of what was open a cancellation takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every piece of the order is cancelled now.
    Everything,
    /// None is open any more, but some were shipped.
    LastOpen,
    Part,
}

/// A part can be cancelled only of what is paid, and by payments that can be given back in part.
pub(super) fn in_part(order: &Order) -> Result<(), Rejection> {
    let text = if let Some(tender) = order.tenders.iter().find(|it| it.is_awaited()) {
        format!("payment {} is still awaited: cancel the whole order", tender.tender_id)
    } else if let Some(tender) = order.tenders.iter().find(|it| !it.method.refunds_in_part()) {
        format!(
            "payment {} cannot be given back in part: cancel the whole order, everything that is \
             left of it",
            tender.tender_id
        )
    } else {
        return Ok(());
    };
    Err(Rejection::new(Reason::PartialNotSupported, text).with("state", order.state.name()))
}

/// A fee, too, makes a part of what would have gone back whole.
pub(super) fn in_one_piece(
    order: &Order,
    charges: &Charges,
    refund: &Refund,
) -> Result<(), Rejection> {
    if charges.fee.is_none_or(|fee| fee.is_zero()) {
        return Ok(());
    }
    let left = order.books_for_cancelling()?.refundable(order)?;
    for (tender, left) in order.tenders.iter().zip(&left.tenders) {
        let all = left.left.plus(left.uncaptured)?;
        let legs = refund.legs.iter().filter(|leg| leg.tender_id == tender.tender_id);
        let back = Amount::sum(legs.map(|leg| leg.amount))?;
        if !tender.method.refunds_in_part() && back != all {
            let text = format!(
                "{} of payment {} would go back, which can be given back only as the {} that is \
                 left of it: cancel the whole order without a fee",
                money(order, back),
                tender.tender_id,
                money(order, all)
            );
            return Err(Rejection::new(Reason::PartialNotSupported, text)
                .with("tender_id", &tender.tender_id)
                .with("asked", back)
                .with("left", all));
        }
    }
    Ok(())
}

/// Everything that is left where the last piece goes; else the pieces, their duties, and what
/// was asked for beside them.
pub(super) fn make_refund(
    order: &Order,
    cancellation: &Cancellation,
    payback: &Payback<'_>,
    extent: Extent,
) -> Result<Option<(Refund, Vec<Derivation>)>, Rejection> {
    let Charges { shipping_refund, shipping_amount, fee } = &cancellation.charges;
    let whole = extent == Extent::Everything;
    // Shipping goes back with the last open piece, whatever was asked for.
    let last = extent != Extent::Part;
    if let Some(asked) = shipping_amount.filter(|_| last) {
        enough_shipping(order, asked)?;
    }
    let products = cancellation.lines.iter().map(|line| ProductRequest {
        cart_item_id: Some(order.lines[line.line].cart_item_id.clone()),
        refund_quantity: Some(line.quantity.into()),
        ..ProductRequest::default()
    });
    let given = cancellation.reason.as_ref().or(cancellation.customer_reason.as_ref());
    let request = RefundRequest {
        full_refund: whole,
        products: if whole { Vec::new() } else { products.collect() },
        products_duties_refund: true,
        shipping_refund: *shipping_refund || last,
        shipping_amount: shipping_amount.filter(|_| !last),
        reason: given
            .map(|given| RefundReason { code: Some(given.reason.name().to_owned()), name: None }),
        method: cancellation.refund_method,
        ..RefundRequest::default()
    };
    let create = CreateRefund {
        refund_id: payback.ids.refund_id,
        number: payback.ids.number,
        at: payback.at,
        by: payback.asked_by.clone(),
        order_version: payback.ids.order_version,
        policy: payback.policy.refund.clone(),
        request,
    };
    refund::of_cancellation(order, &create, *fee)
}

fn enough_shipping(order: &Order, asked: rust_decimal::Decimal) -> Result<(), Rejection> {
    let decimals = order.customer_currency.exponent();
    let left = order.books_for_cancelling()?.refundable(order)?.shipping.customer;
    match Amount::from_decimal(asked, decimals) {
        Ok(asked) if asked > left => {
            let text = format!(
                "{} of shipping asked, {} is left",
                money(order, asked),
                money(order, left)
            );
            Err(Rejection::new(Reason::AmountExceedsRefundable, text)
                .at("shipping_amount")
                .with("asked", asked)
                .with("left", left))
        }
        _ => Ok(()),
    }
}

/// Amounts that a customer or the merchant names with a cancellation, before any of it is
/// computed.
pub(super) fn check_charges(order: &Order, charges: &Charges) -> Result<(), Rejection> {
    let decimals = order.customer_currency.exponent();
    let mut wrong = Violations::default();
    for (field, value) in [("shipping_amount", charges.shipping_amount), ("fee", charges.fee)] {
        if let Some(value) = value {
            wrong.check(field, Amount::from_decimal(value, decimals));
        }
    }
    wrong.into_result(Reason::InvalidAmount)
}

/// Points and store credit of this system, and nothing else: restored, or never taken.
pub(super) fn is_own_value(order: &Order, refund: &Refund) -> bool {
    refund.legs.iter().all(|leg| {
        let tender = order.tender(&leg.tender_id);
        matches!(leg.kind, LegKind::Restore | LegKind::Release)
            && leg.provider == refund::LEDGER
            && tender.is_some_and(|tender| tender.method.is_points_or_credit())
    })
}

/// The restored legs of a refund that is over in the step that makes it.
pub(super) fn restored(refund: &Refund) -> Vec<Fact> {
    let refund_id = refund.refund_id;
    let mut facts: Vec<Fact> = Vec::with_capacity(2 * refund.legs.len() + 1);
    for leg in &refund.legs {
        let (leg_id, reference) = (leg.leg_id.clone(), refund::own_reference(&leg.leg_id));
        facts.push(Fact::LegSettled { refund_id, leg_id, reference });
        if leg.kind == LegKind::Restore {
            let (leg_id, tender_id) = (leg.leg_id.clone(), leg.tender_id.clone());
            let amount = leg.amount;
            facts.push(Fact::PointsRestored { refund_id, leg_id, tender_id, amount });
        }
    }
    facts.extend([Fact::RefundSucceeded { refund_id }, Fact::RefundNotice { refund_id }]);
    facts
}
