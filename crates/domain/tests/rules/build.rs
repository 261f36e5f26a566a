//! What the tests start from: one plain order, and short ways to ask for a refund of it.

use domain::{
    Actor, ActorKind, Amount, Currencies, Currency, Pair, Reason, Rejection,
    amount::parse_decimal,
    id::{LegId, RefundId},
    order::{
        Command, CreateRefund, DisputeReport, DisputeState, Fact, Handover, HandoverState, NewLine,
        NewOrder, NewTender, Order, Refundable, TenderMethod, TenderState,
    },
    refund::{
        ComponentKind, LegFailure, LegMismatch, LegOutcome, Plan, ProductRequest, Refund,
        RefundPolicy, RefundReason, RefundRequest, quote,
    },
    screening::Screening,
    store::TenderOrder,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;
use uuid::Uuid;

pub fn currency(code: &str) -> Currency {
    Currencies::iso().get(code).unwrap()
}

pub fn decimal(text: &str) -> Decimal {
    parse_decimal(text).unwrap()
}

/// Negative ones are read as well: a deducted component is.
pub fn amount(text: &str) -> Amount {
    match text.strip_prefix('-') {
        Some(positive) => amount(positive).negated(),
        None => Amount::from_decimal(decimal(text), 4).unwrap(),
    }
}

pub fn pair(customer: &str, merchant: &str) -> Pair {
    Pair::new(amount(customer), amount(merchant))
}

pub fn line(cart_item_id: &str, quantity: u32, total: Pair) -> NewLine {
    NewLine {
        cart_item_id: cart_item_id.into(),
        product_code: Some(format!("SKU-{cart_item_id}")),
        secondary_product_code: None,
        name: None,
        hs_code: None,
        quantity,
        total,
        duties: None,
    }
}

/// A captured tender.
pub fn tender(tender_id: &str, method: TenderMethod, amount: Amount) -> NewTender {
    NewTender {
        tender_id: tender_id.parse().unwrap(),
        method,
        provider: "sandbox".into(),
        provider_reference: format!("payment-{tender_id}"),
        amount,
        state: TenderState::Captured,
    }
}

/// Three shirts for 60.00 and two pairs of socks for 10.00, 8.00 shipping, 7.00 duties (6.00 and
/// 1.00 by line): 85.00 in GBP, 102.00 in EUR, paid with one card.
pub fn checkout() -> NewOrder {
    NewOrder {
        order_id: "GE1".parse().unwrap(),
        cart_id: None,
        customer_currency: currency("GBP"),
        merchant_currency: currency("EUR"),
        destination_country: "GB".into(),
        language: None,
        lines: vec![
            line("shirt", 3, pair("60.00", "72.00")),
            line("socks", 2, pair("10.00", "12.00")),
        ],
        shipping: pair("8.00", "9.60"),
        duties: pair("7.00", "8.40"),
        tenders: vec![tender("card", TenderMethod::Card, amount("85.00"))],
    }
}

/// The order of [`checkout`] with other lines, no charges, and one card that paid it.
pub fn checkout_of(lines: Vec<NewLine>) -> NewOrder {
    let paid = Pair::sum(lines.iter().map(|line| line.total)).unwrap().customer;
    NewOrder {
        lines,
        shipping: Pair::ZERO,
        duties: Pair::ZERO,
        tenders: vec![tender("card", TenderMethod::Card, paid)],
        ..checkout()
    }
}

pub fn received(order: NewOrder) -> Order {
    let fact = order
        .receive("demo".parse().unwrap(), &Screening::default(), OffsetDateTime::UNIX_EPOCH)
        .unwrap();
    let Fact::OrderReceived { order } = fact else { panic!("an order is received") };
    *order
}

pub fn ready(order: NewOrder) -> Order {
    received(order).evolve(&Fact::OrderReady)
}

/// One whose shop could not be given it.
pub fn exhausted(order: Order) -> Order {
    let handover = Handover { state: HandoverState::Exhausted, ..Handover::queued() };
    Order { handover: Some(handover), ..order }
}

pub fn merchant() -> Actor {
    Actor::new(ActorKind::Merchant, "manager-1")
}

/// A store that has switched everything on.
pub fn policy() -> RefundPolicy {
    RefundPolicy {
        settings_version: 1,
        appeasements: true,
        prepaid_returns: true,
        tender_order: TenderOrder::NonCashFirst,
        approval_limit: None,
        may_charge_platform: false,
    }
}

pub fn create_with(order: &Order, policy: RefundPolicy, request: RefundRequest) -> CreateRefund {
    CreateRefund {
        refund_id: RefundId::from_uuid(Uuid::from_u128(order.refunds.len() as u128 + 1)),
        number: 1,
        at: OffsetDateTime::UNIX_EPOCH,
        by: merchant(),
        order_version: 1,
        policy,
        request,
    }
}

pub fn plan_with(
    order: &Order,
    policy: RefundPolicy,
    request: RefundRequest,
) -> Result<Plan, Rejection> {
    quote(order, &create_with(order, policy, request))
}

pub fn plan(order: &Order, request: RefundRequest) -> Plan {
    plan_with(order, policy(), request).unwrap()
}

pub fn refusal(order: &Order, request: RefundRequest) -> Rejection {
    plan_with(order, policy(), request).unwrap_err()
}

pub fn reason(order: &Order, request: RefundRequest) -> Reason {
    refusal(order, request).reason
}

/// Creates the refund and gives back the order after it.
pub fn refunded_with(order: Order, policy: RefundPolicy, request: RefundRequest) -> Order {
    let create = create_with(&order, policy, request);
    decided(order, Command::CreateRefund(Box::new(create)))
}

pub fn refunded(order: Order, request: RefundRequest) -> Order {
    refunded_with(order, policy(), request)
}

/// The order after a command that must not be refused.
pub fn decided(order: Order, command: Command) -> Order {
    let facts = order.decide(command).unwrap();
    facts.iter().fold(order, Order::evolve)
}

pub fn last(order: &Order) -> &Refund {
    order.refunds.last().unwrap()
}

pub fn full() -> RefundRequest {
    RefundRequest { full_refund: true, ..RefundRequest::default() }
}

pub fn total(text: &str) -> RefundRequest {
    RefundRequest { total_refund_amount: Some(decimal(text)), ..RefundRequest::default() }
}

pub fn goodwill(text: &str) -> RefundRequest {
    RefundRequest { service_gesture_amount: Some(decimal(text)), ..RefundRequest::default() }
}

pub fn products(products: impl Into<Vec<ProductRequest>>) -> RefundRequest {
    RefundRequest { products: products.into(), ..RefundRequest::default() }
}

pub fn product(cart_item_id: &str) -> ProductRequest {
    ProductRequest { cart_item_id: Some(cart_item_id.into()), ..ProductRequest::default() }
}

pub fn pieces(cart_item_id: &str, quantity: i64) -> ProductRequest {
    ProductRequest { refund_quantity: Some(quantity), ..product(cart_item_id) }
}

pub fn part(cart_item_id: &str, customer: &str) -> ProductRequest {
    ProductRequest { refund_amount: Some(decimal(customer)), ..product(cart_item_id) }
}

pub fn merchant_part(cart_item_id: &str, merchant: &str) -> ProductRequest {
    ProductRequest { original_refund_amount: Some(decimal(merchant)), ..product(cart_item_id) }
}

pub fn percent(cart_item_id: &str, percent: &str) -> ProductRequest {
    ProductRequest { refund_amount_percent: Some(decimal(percent)), ..product(cart_item_id) }
}

/// What is left to refund.
pub fn left(order: &Order) -> Refundable {
    order.books().unwrap().refundable(order).unwrap()
}

/// The components' names and amounts.
pub fn components(refund: &Refund) -> Vec<(&'static str, Pair)> {
    refund.components.iter().map(|component| (component.kind.name(), component.amount)).collect()
}

pub fn component(refund: &Refund, kind: ComponentKind) -> Pair {
    let parts = refund.components.iter().filter(|component| component.kind == kind);
    Pair::sum(parts.map(|component| component.amount)).unwrap()
}

/// The legs' tenders and amounts.
pub fn legs(refund: &Refund) -> Vec<(&str, Amount)> {
    refund.legs.iter().map(|leg| (leg.tender_id.as_str(), leg.amount)).collect()
}

/// The first field that a refusal blames.
pub fn blamed(rejection: &Rejection) -> &str {
    rejection.violations.first().map_or("", |violation| violation.field.as_str())
}

/// A figure of a refusal.
pub fn figure<'r>(rejection: &'r Rejection, key: &str) -> Option<&'r str> {
    rejection.value(key)
}

pub fn a_reason() -> RefundReason {
    RefundReason { code: Some("1".into()), name: None }
}

pub fn failure() -> LegFailure {
    LegFailure { code: "card_closed".into(), message: "the card was closed".into() }
}

/// Sends one leg of the last refund and books what its provider says.
pub fn answered(order: Order, leg: usize, outcome: LegOutcome) -> Order {
    let refund_id = last(&order).refund_id;
    let leg_id = LegId::of(refund_id, leg + 1);
    let attempt = last(&order).legs[leg].attempts;
    let order = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt,
            at: OffsetDateTime::UNIX_EPOCH,
        },
    );
    decided(order, record(refund_id, leg_id, attempt + 1, outcome))
}

pub fn record(refund_id: RefundId, leg_id: LegId, attempt: u32, outcome: LegOutcome) -> Command {
    Command::RecordLeg { refund_id, leg_id, attempt, outcome, at: OffsetDateTime::UNIX_EPOCH }
}

pub fn retry(refund_id: RefundId) -> Command {
    Command::RetryRefund { refund_id, at: OffsetDateTime::UNIX_EPOCH }
}

/// A person paid the manual legs out.
pub fn confirm(refund_id: RefundId, reference: &str) -> Command {
    let (reference, at) = (reference.to_owned(), OffsetDateTime::UNIX_EPOCH);
    Command::ConfirmManual { refund_id, reference, at }
}

pub fn settled() -> LegOutcome {
    LegOutcome::Settled { reference: "done".into() }
}

pub fn declined() -> LegOutcome {
    LegOutcome::Failed(failure())
}

pub fn reversed() -> LegOutcome {
    LegOutcome::Reversed(failure())
}

pub fn mismatch() -> LegMismatch {
    let [reference, asked, said] = ["re-1", "25.00 EUR", "26.00 EUR"].map(str::to_owned);
    LegMismatch { reference, asked, said }
}

/// Of the card.
pub fn disputed(name: &str, of: &str, state: DisputeState, second: i64) -> DisputeReport {
    DisputeReport {
        tender_id: "card".parse().unwrap(),
        dispute_id: name.parse().unwrap(),
        amount: amount(of),
        state,
        as_of: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(second),
    }
}
