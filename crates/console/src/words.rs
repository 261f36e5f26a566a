//! Words for what the contract calls by its names.

#![expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "templates hand everything over by reference"
)]

use wire::{
    cancellations::v1::{
        CancellationReason, CancellationState, Channel, EvidenceKind, RequestedBy,
    },
    money::v1::MoneyPair,
    orders::v1::{
        DisputeState, HandoverFailureClass, HandoverState, OrderState, Screened, ScreeningCheck,
        ScreeningState, TaskKind, TenderMethod, TenderOrigin, TenderState,
    },
    refunds::v1::{ChargedTo, ComponentType, LegKind, LegState, RefundMethod, RefundState},
    stores::v1::{HandoverExhausted, Role, TenderOrder},
    webhooks::v1::{DeliveryState, EndpointFormat, EndpointState},
};

/// One value that a field may have.
#[derive(Debug, Clone)]
pub struct Choice {
    pub value: String,
    pub text: String,
}

/// An enumeration of the contract.
pub trait Named: TryFrom<i32> + Into<i32> {
    const PREFIX: &'static str;

    fn full_name(&self) -> &'static str;

    fn of_full_name(name: &str) -> Option<Self>;
}

/// What a choice stands for, as messages have it; 0 if it is none.
pub fn number<E: Named>(choice: &str) -> i32 {
    E::of_full_name(&format!("{}{choice}", E::PREFIX)).map_or(0, Into::into)
}

/// What several choices stand for.
pub fn numbers<E: Named>(choices: &[&str]) -> Vec<i32> {
    choices.iter().map(|choice| number::<E>(choice)).filter(|number| *number != 0).collect()
}

/// The choice that stands for a value; empty for none.
pub fn choice_of<E: Named>(value: i32) -> String {
    let known = E::try_from(value).ok().filter(|_| value != 0);
    known.map_or_else(String::new, |known| short(&known).to_owned())
}

/// The choice of a check.
pub fn check_choice(value: &i32) -> String {
    choice_of::<ScreeningCheck>(*value)
}

fn short<E: Named>(value: &E) -> &'static str {
    value.full_name().strip_prefix(E::PREFIX).unwrap_or_default()
}

fn word<E: Named>(value: i32) -> String {
    E::try_from(value).map_or_else(|_| "Unknown".to_owned(), |known| spaced(short(&known)))
}

fn all<E: Named>() -> Vec<Choice> {
    let known = (1..).map_while(|number| E::try_from(number).ok());
    known
        .map(|known| Choice { value: short(&known).to_owned(), text: spaced(short(&known)) })
        .collect()
}

macro_rules! named {
    ($($kind:ty, $prefix:literal;)+) => {$(
        impl Named for $kind {
            const PREFIX: &'static str = $prefix;

            fn full_name(&self) -> &'static str {
                self.as_str_name()
            }

            fn of_full_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }
    )+};
}

named! {
    TenderOrder, "TENDER_ORDER_";
    HandoverExhausted, "HANDOVER_EXHAUSTED_";
}

/// For each enumeration a function that says a value in words.
macro_rules! enumerations {
    ($($one:ident: $kind:ty, $prefix:literal;)+) => {$(
        named! { $kind, $prefix; }

        pub fn $one(value: &i32) -> String {
            word::<$kind>(*value)
        }
    )+};
}

enumerations! {
    order_state: OrderState, "ORDER_STATE_";
    tender_method: TenderMethod, "TENDER_METHOD_";
    tender_state: TenderState, "TENDER_STATE_";
    tender_origin: TenderOrigin, "TENDER_ORIGIN_";
    dispute_state: DisputeState, "DISPUTE_STATE_";
    check: ScreeningCheck, "SCREENING_CHECK_";
    screening_state: ScreeningState, "SCREENING_STATE_";
    handover_state: HandoverState, "HANDOVER_STATE_";
    failure_class: HandoverFailureClass, "HANDOVER_FAILURE_CLASS_";
    task_kind: TaskKind, "TASK_KIND_";
    refund_state: RefundState, "REFUND_STATE_";
    refund_method: RefundMethod, "REFUND_METHOD_";
    component: ComponentType, "COMPONENT_TYPE_";
    charged_to: ChargedTo, "CHARGED_TO_";
    leg_kind: LegKind, "LEG_KIND_";
    leg_state: LegState, "LEG_STATE_";
    cancellation_state: CancellationState, "CANCELLATION_STATE_";
    cancellation_reason: CancellationReason, "CANCELLATION_REASON_";
    requested_by: RequestedBy, "REQUESTED_BY_";
    channel: Channel, "CHANNEL_";
    evidence: EvidenceKind, "EVIDENCE_KIND_";
    role: Role, "ROLE_";
    format: EndpointFormat, "ENDPOINT_FORMAT_";
    endpoint_state: EndpointState, "ENDPOINT_STATE_";
    delivery_state: DeliveryState, "DELIVERY_STATE_";
}

/// For what people choose from, all there is.
macro_rules! choices {
    ($($all:ident: $kind:ty;)+) => {$(
        pub fn $all() -> Vec<Choice> {
            all::<$kind>()
        }
    )+};
}

choices! {
    order_states: OrderState;
    checks: ScreeningCheck;
    screening_states: ScreeningState;
    handover_states: HandoverState;
    refund_states: RefundState;
    refund_methods: RefundMethod;
    cancellation_states: CancellationState;
    requesters: RequestedBy;
    tender_orders: TenderOrder;
    exhaustions: HandoverExhausted;
    formats: EndpointFormat;
    delivery_states: DeliveryState;
}

/// Reasons that only the platform gives.
const OF_THE_PLATFORM: [CancellationReason; 5] = [
    CancellationReason::PaymentFailed,
    CancellationReason::FraudDetected,
    CancellationReason::ProhibitedGoods,
    CancellationReason::DeniedParty,
    CancellationReason::HandoverFailed,
];

/// Every reason that a list may be narrowed to.
pub fn cancellation_reasons() -> Vec<Choice> {
    all::<CancellationReason>()
}

/// The reasons that a merchant may give.
pub fn merchant_reasons() -> Vec<Choice> {
    let platforms = OF_THE_PLATFORM.map(|reason| short(&reason));
    let all = cancellation_reasons().into_iter();
    all.filter(|choice| !platforms.contains(&choice.value.as_str())).collect()
}

/// The reasons that a buyer may give.
pub fn buyer_reasons() -> Vec<Choice> {
    let buyers = [
        CancellationReason::ChangedMind,
        CancellationReason::ShippingDelay,
        CancellationReason::WrongInformation,
        CancellationReason::Other,
    ];
    let buyers = buyers.map(|reason| short(&reason));
    let all = cancellation_reasons().into_iter();
    all.filter(|choice| buyers.contains(&choice.value.as_str())).collect()
}

/// The roles that people have.
pub fn staff_roles() -> Vec<Choice> {
    let given = [Role::Viewer, Role::Agent, Role::Manager].map(|role| short(&role));
    given.map(|role| Choice { value: role.to_owned(), text: spaced(role) }).into()
}

/// The choice of a role.
pub fn role_choice(value: &i32) -> String {
    choice_of::<Role>(*value)
}

/// The roles of tokens that a manager makes.
/// Tokens of internal services are the platform's to give.
pub fn token_roles(platform: &bool) -> Vec<Choice> {
    let given = [Role::Viewer, Role::Agent, Role::Manager, Role::Storefront];
    let given = given.into_iter().chain(platform.then_some(Role::Service));
    let given = given.map(|role| short(&role));
    given.map(|role| Choice { value: role.to_owned(), text: spaced(role) }).collect()
}

/// `IN_PROGRESS` as "In progress".
pub fn spaced(name: &str) -> String {
    sentence(&name.to_lowercase().replace('_', " "))
}

/// With a capital letter at its beginning.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Where checks stand that are not clear, each once.
pub fn open_checks(screening: &[Screened]) -> Vec<String> {
    let open = screening.iter().filter(|check| check.state() != ScreeningState::Clear);
    let mut words: Vec<String> = Vec::new();
    for check in open {
        let word = match check.state() {
            ScreeningState::Pending => "Screening".to_owned(),
            _ => screening_state(&check.state),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// How a state feels, for its colour: the words beside it say the same.
pub fn tone(state: &str) -> &'static str {
    match state {
        "Ready" | "Succeeded" | "Completed" | "Clear" | "Settled" | "Delivered" | "Enabled"
        | "Captured" | "Won" | "Accepted" => "good",
        "Failed" | "Exhausted" | "Lost" | "Rejected" | "Revoked" | "Shut out" | "Taken back" => {
            "bad"
        }
        "Held" | "Review" | "Requested" | "Retrying" | "Unknown" | "Open" | "In doubt" => "heed",
        "Received" | "Pending" | "Screening" | "In progress" | "Queued" | "In flight" | "Sent"
        | "Authorized" => "busy",
        _ => "quiet",
    }
}

/// The amount in the customer currency; empty if there is none.
pub fn customer(pair: &Option<MoneyPair>) -> &str {
    pair.as_ref().map_or("", |pair| &pair.customer)
}

/// The amount in the merchant currency; empty if there is none.
pub fn merchant(pair: &Option<MoneyPair>) -> &str {
    pair.as_ref().map_or("", |pair| &pair.merchant)
}

/// Whether there is an amount, and it is not 0.
pub fn some(amount: &str) -> bool {
    amount.chars().any(|digit| digit.is_ascii_digit() && digit != '0')
}

/// What was done, in a sentence; only what stands here is ever said.
pub fn done(what: &str) -> &'static str {
    match what {
        "accepted" => "The order is accepted.",
        "completed" => "The order is completed.",
        "referenced" => "The reference is stored.",
        "shipped" => "The shipment is recorded.",
        "delivered" => "The delivery is recorded.",
        "handed-over" => "The order is about to be pushed into the shop.",
        "erased" => "The buyer’s data are erased.",
        "password-changed" => "Your password is changed. Your other sessions are over.",
        "person-deleted" => "The person is deleted.",
        "person-changed" => "The person’s access is changed.",
        "screened" => "The check is decided.",
        "refunded" => "The refund is made: its amounts are reserved, and the money is on its way.",
        "retried" => "The refund is taken up again.",
        "held" => "The refund is held.",
        "released" => "The refund goes on.",
        "approved" => "The refund is approved.",
        "confirmed" => "The payout is confirmed.",
        "method-changed" => "The refund goes back another way.",
        "cancelled" => "The cancellation is made.",
        "requested" => "The cancellation is asked for.",
        "request-withdrawn" => "The request is withdrawn.",
        "request-accepted" => "The request is accepted.",
        "request-rejected" => "The request is rejected.",
        "undone" => "The cancellation is undone.",
        "endpoint-changed" => "The endpoint is changed.",
        "endpoint-deleted" => "The endpoint is deleted.",
        "tested" => "A test was sent: what became of it stands below.",
        "redelivered" => "It is sent once more.",
        "saved" => "The settings are saved.",
        "token-revoked" => "The token is revoked.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_comes_back_as_what_it_stands_for() {
        for choice in cancellation_reasons() {
            let number = number::<CancellationReason>(&choice.value);
            assert_eq!(cancellation_reason(&number), choice.text);
        }
        assert_eq!(cancellation_reasons().len(), 14);
        assert_eq!(merchant_reasons().len(), 9);
        assert_eq!(number::<CancellationReason>("NONSENSE"), 0);
        assert_eq!(refund_state(&99), "Unknown");
    }

    #[test]
    fn an_amount_of_nothing_is_none() {
        assert!(some("0.01") && some("-12.00"));
        assert!(!some("0.00") && !some("") && !some("-0.0000"));
    }
}
