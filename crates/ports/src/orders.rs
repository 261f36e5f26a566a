//! Which orders a list shows.

mod names;

pub use names::{MAX_NAME_WORDS, name_words, person_words};

use domain::{
    cancellation::CancellationState,
    id::OrderId,
    order::{HandoverState, Line, Order, OrderState, Personal, bare_email},
    refund::RefundState,
    screening::CheckState,
};
use time::OffsetDateTime;

/// Every condition that is given has to hold; of several values in one, any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    pub states: Vec<OrderState>,
    /// Where its screening stands as a whole; an order without checks is in none of them.
    pub screening: Vec<CheckState>,
    /// One that is not handed over at all is `NotApplicable`.
    pub handover: Vec<HandoverState>,
    /// It has a cancellation in one of them.
    pub cancellations: Vec<CancellationState>,
    /// It has a refund in one of them.
    pub refunds: Vec<RefundState>,
    /// Any of the ids that are the order's or belong to it, the buyer's e-mail, words of the
    /// buyer's or the recipient's name, or the code of a product. Each is looked for as all of
    /// these.
    pub search: Vec<String>,
    pub external_order_id: Option<String>,
    /// Exact, without regard to case and to blanks around it.
    pub buyer_email: Option<String>,
    /// The first or the secondary code of any line.
    pub product_code: Option<String>,
    /// Inclusive.
    pub created_from: Option<OffsetDateTime>,
    /// Exclusive.
    pub created_before: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrderSort {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// Where an order stands in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderOrigin {
    pub created_at: OffsetDateTime,
    pub order_id: OrderId,
}

impl OrderFilter {
    /// Conditions that a list may be given together; a time from and a time before are one.
    pub const MAX_TOGETHER: usize = 5;
    /// Values that one condition may have.
    pub const MAX_VALUES: usize = 10;

    /// How many conditions are given.
    pub fn count(&self) -> usize {
        let Self {
            states,
            screening,
            handover,
            cancellations,
            refunds,
            search,
            external_order_id,
            buyer_email,
            product_code,
            created_from,
            created_before,
        } = self;
        let given = [
            !states.is_empty(),
            !screening.is_empty(),
            !handover.is_empty(),
            !cancellations.is_empty(),
            !refunds.is_empty(),
            !search.is_empty(),
            external_order_id.is_some(),
            buyer_email.is_some(),
            product_code.is_some(),
            created_from.is_some() || created_before.is_some(),
        ];
        given.into_iter().filter(|given| *given).count()
    }

    /// Whether a list with these conditions shows the order. Times are compared as they are stored,
    /// to the microsecond.
    pub fn fits(&self, order: &Order, personal: Option<&Personal>) -> bool {
        let Self {
            states,
            screening,
            handover,
            cancellations,
            refunds,
            search,
            external_order_id,
            buyer_email,
            product_code,
            created_from,
            created_before,
        } = self;
        let created = micros(order.created_at);
        let external = order.external.as_ref().map(|external| external.id.as_str());
        let email = personal.map(|personal| bare_email(&personal.buyer.email));
        let is_any = |wanted: &[CheckState], state| wanted.contains(&state);
        (states.is_empty() || states.contains(&order.state))
            && (screening.is_empty()
                || order.screening_state().is_some_and(|state| is_any(screening, state)))
            && (handover.is_empty() || handover.contains(&order.handover_state()))
            && (cancellations.is_empty()
                || order.cancellations.iter().any(|it| cancellations.contains(&it.state)))
            && (refunds.is_empty() || order.refunds.iter().any(|it| refunds.contains(&it.state)))
            && (search.is_empty() || search.iter().any(|term| finds(term, order, personal)))
            && external_order_id.as_deref().is_none_or(|wanted| external == Some(wanted))
            && buyer_email.as_ref().is_none_or(|wanted| email == Some(bare_email(wanted)))
            && product_code.as_deref().is_none_or(|wanted| has_product(order, wanted))
            && created_from.is_none_or(|from| micros(from) <= created)
            && created_before.is_none_or(|before| created < micros(before))
    }
}

/// Whether what somebody looks for is the order's in any way. Blanks around it say nothing.
fn finds(term: &str, order: &Order, personal: Option<&Personal>) -> bool {
    let term = term.trim();
    let words = name_words(term);
    let of_person = personal.map(person_words).unwrap_or_default();
    let email = personal.map(|personal| bare_email(&personal.buyer.email));
    is_called(order, term)
        || has_product(order, term)
        || (!term.is_empty() && email == Some(bare_email(term)))
        || (!words.is_empty() && words.iter().all(|word| of_person.contains(word)))
}

/// By its own ids, the merchant's, the payment providers', or those of its refunds and
/// cancellations.
fn is_called(order: &Order, term: &str) -> bool {
    let external = order.external.as_ref();
    let own = [Some(order.order_id.as_str()), order.cart_id.as_deref()];
    let merchants = [external.map(|it| it.id.as_str()), external.map(|it| it.number.as_str())];
    let references = order.tenders.iter().map(|it| it.provider_reference.as_str());
    let mut texts = own.into_iter().chain(merchants).flatten().chain(references);
    !term.is_empty()
        && (texts.any(|text| text == term)
            || order.refunds.iter().any(|refund| {
                refund.external_reference.as_deref() == Some(term)
                    || refund.refund_id.to_string() == term
                    || refund.number.to_string() == term
            })
            || order.cancellations.iter().any(|it| it.cancellation_id.to_string() == term))
}

fn has_product(order: &Order, wanted: &str) -> bool {
    let is_wanted = |code: &Option<String>| code.as_deref() == Some(wanted);
    let has_code =
        |line: &Line| is_wanted(&line.product_code) || is_wanted(&line.secondary_product_code);
    order.lines.iter().any(has_code)
}

fn micros(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos().div_euclid(1_000)
}
