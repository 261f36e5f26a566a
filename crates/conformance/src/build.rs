//! Orders, refunds and commits to test with.

use domain::{
    Actor, ActorKind, Amount, Currencies, Currency, Pair,
    id::{RefundId, StoreId},
    order::{
        Address, Buyer, Command, CreateRefund, ExternalIds, Fact, NewLine, NewOrder, NewTender,
        Order, Personal, TenderMethod, TenderState,
    },
    refund::{ProductRequest, RefundPolicy, RefundRequest},
    screening::Screening,
    store::{Store as StoreRecord, StoreSettings, TenderOrder},
    token::{Role, Token},
};
use ports::{Commit, OrderChange, OrderKey, Receipt, RequestKey, Store, Stored, Task, TaskKind};
use rust_decimal::Decimal;
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

/// When everything here happens, to the microsecond as databases keep it.
pub const NOON: OffsetDateTime = datetime!(2025-03-01 12:00:00.123456 UTC);

pub fn minutes(count: i64) -> OffsetDateTime {
    NOON + Duration::minutes(count)
}

pub fn shop() -> StoreId {
    "shop".parse().unwrap()
}

pub fn key(order_id: &str) -> OrderKey {
    OrderKey::new(shop(), order_id.parse().unwrap())
}

pub fn merchant() -> Actor {
    Actor::new(ActorKind::Merchant, "tok_merchant")
}

pub fn commit() -> Commit {
    Commit::new(NOON, merchant())
}

pub fn request(request_id: &str) -> RequestKey {
    RequestKey { store_id: shop(), method: "CreateRefund", request_id: request_id.to_owned() }
}

pub fn receipt(request_id: &str) -> Receipt {
    // Not text, and with every byte that an encoding may trip over.
    let answer = (0..=u8::MAX).collect();
    Receipt { key: request(request_id), fingerprint: [7; 32], answer }
}

pub fn eur() -> Currency {
    Currencies::iso().get("EUR").unwrap()
}

pub fn amount(text: &str) -> Amount {
    Amount::parse(text, eur()).unwrap()
}

/// An order to be placed: a line of 100.00 and one of 15.00, 5.00 for shipping, paid by card and
/// by 20.00 of a gift card; half of everything in the merchant's currency.
pub struct NewOrderOf {
    pub key: OrderKey,
    pub created_at: OffsetDateTime,
    pub name: String,
    pub recipient: Option<String>,
    pub email: String,
    pub product_codes: [String; 2],
    pub cart_id: String,
    /// What the provider of the card knows the payment by.
    pub reference: String,
}

pub fn order(order_id: &str) -> NewOrderOf {
    NewOrderOf {
        key: key(order_id),
        created_at: NOON,
        name: "Ada Lovelace".to_owned(),
        recipient: None,
        email: "Ada.Lovelace@example.com".to_owned(),
        product_codes: ["SKU-1".to_owned(), "SKU-2".to_owned()],
        cart_id: "cart".to_owned(),
        reference: "sandbox-card".to_owned(),
    }
}

impl NewOrderOf {
    #[must_use]
    pub fn of_store(mut self, store: &StoreId) -> Self {
        self.key.store_id = store.clone();
        self
    }

    #[must_use]
    pub const fn created_at(mut self, at: OffsetDateTime) -> Self {
        self.created_at = at;
        self
    }

    #[must_use]
    pub fn bought_by(mut self, email: &str) -> Self {
        email.clone_into(&mut self.email);
        self
    }

    #[must_use]
    pub fn named(mut self, buyer: &str, recipient: Option<&str>) -> Self {
        buyer.clone_into(&mut self.name);
        self.recipient = recipient.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn of_cart(mut self, id: &str) -> Self {
        id.clone_into(&mut self.cart_id);
        self
    }

    #[must_use]
    pub fn paid_as(mut self, reference: &str) -> Self {
        reference.clone_into(&mut self.reference);
        self
    }

    #[must_use]
    pub fn with_product(mut self, code: &str) -> Self {
        code.clone_into(&mut self.product_codes[0]);
        self
    }

    pub fn change(&self) -> OrderChange {
        let fact = self
            .new_order()
            .receive(self.key.store_id.clone(), &Screening::default(), self.created_at)
            .unwrap();
        OrderChange::create(fact, self.personal()).unwrap()
    }

    pub fn personal(&self) -> Personal {
        let buyer = Buyer {
            name: self.name.clone(),
            email: self.email.clone(),
            phone: "+44 20 7946 0958".into(),
        };
        let customer_note = Some("Leave it with the neighbour, “Zoë” – \u{1f4e6}".into());
        let to = |name: &String| Address { name: name.clone(), ..Address::default() };
        let shipping_address = self.recipient.as_ref().map(to);
        Personal { buyer, customer_note, shipping_address, ..Personal::default() }
    }

    pub(crate) fn new_order(&self) -> NewOrder {
        let pair = |customer: &str, merchant: &str| Pair::new(amount(customer), amount(merchant));
        let [first, second] = &self.product_codes;
        NewOrder {
            order_id: self.key.order_id.clone(),
            cart_id: Some(self.cart_id.clone()),
            customer_currency: eur(),
            merchant_currency: Currencies::iso().get("GBP").unwrap(),
            destination_country: "DE".into(),
            language: Some("de".into()),
            lines: vec![
                line("L1", first, 5, pair("100.00", "50.00")),
                NewLine {
                    secondary_product_code: Some("EAN-2".into()),
                    ..line("L2", second, 1, pair("15.00", "7.50"))
                },
            ],
            shipping: pair("5.00", "2.50"),
            duties: Pair::ZERO,
            tenders: vec![
                NewTender {
                    provider_reference: self.reference.clone(),
                    ..tender("card", TenderMethod::Card, "sandbox", "100.00")
                },
                tender("gift", TenderMethod::GiftCard, "ledger", "20.00"),
            ],
        }
    }
}

fn line(cart_item_id: &str, product_code: &str, quantity: u32, total: Pair) -> NewLine {
    NewLine {
        cart_item_id: cart_item_id.to_owned(),
        product_code: Some(product_code.to_owned()),
        secondary_product_code: None,
        name: Some(format!("Thing {product_code}")),
        hs_code: None,
        quantity,
        total,
        duties: None,
    }
}

fn tender(tender_id: &str, method: TenderMethod, provider: &str, paid: &str) -> NewTender {
    NewTender {
        tender_id: tender_id.parse().unwrap(),
        method,
        provider: provider.to_owned(),
        provider_reference: format!("{provider}-{tender_id}"),
        amount: amount(paid),
        state: TenderState::Captured,
    }
}

/// Places an order and lets it become ready.
pub async fn place(store: &(impl Store + ?Sized), new: &NewOrderOf) -> Stored<Order> {
    store.commit(commit().order(new.change())).await.unwrap();
    let received = load(store, &new.key).await;
    let ready = received.decide(Command::MarkReady { plug_and_play: false }, NOON).unwrap();
    store.commit(commit().order(ready)).await.unwrap();
    load(store, &new.key).await
}

pub async fn load(store: &(impl Store + ?Sized), key: &OrderKey) -> Stored<Order> {
    store.load(key, None).await.unwrap().order.unwrap()
}

pub fn accept(id: &str) -> Command {
    Command::Accept(external(id))
}

pub fn external(id: &str) -> ExternalIds {
    ExternalIds { id: id.to_owned(), number: format!("N-{id}") }
}

/// Gives some of the first line back, as goodwill.
pub fn refund(number: i64, of_line: &str) -> Command {
    refund_as(RefundId::from_uuid(Uuid::now_v7()), number, of_line)
}

pub fn refund_as(refund_id: RefundId, number: i64, of_line: &str) -> Command {
    let product = ProductRequest {
        cart_item_id: Some("L1".into()),
        refund_amount: Some(of_line.parse::<Decimal>().unwrap()),
        ..ProductRequest::default()
    };
    Command::CreateRefund(Box::new(CreateRefund {
        refund_id,
        number,
        at: NOON,
        by: merchant(),
        order_version: 2,
        policy: RefundPolicy {
            settings_version: 1,
            appeasements: true,
            prepaid_returns: false,
            tender_order: TenderOrder::NonCashFirst,
            approval_limit: None,
            may_charge_platform: false,
        },
        request: RefundRequest { products: vec![product], ..RefundRequest::default() },
    }))
}

pub fn leg_task(key: &OrderKey, subject: &str, due_at: OffsetDateTime) -> Task {
    let (key, subject) = (key.clone(), subject.to_owned());
    Task { key, kind: TaskKind::Leg, subject, due_at, attempts: 0, why: None }
}

pub fn store_record(store_id: &str) -> StoreRecord {
    StoreRecord {
        store_id: store_id.parse().unwrap(),
        name: format!("Store {store_id}"),
        merchant_guid: format!("guid-{store_id}"),
        web_store_code: None,
        web_store_instance_code: None,
        currency: eur(),
        settings: StoreSettings::default(),
        settings_version: 1,
        incidentals: 0,
        created_at: NOON,
    }
}

pub fn token(store: &StoreId, name: &str) -> Token {
    Token {
        token_id: domain::id::TokenId::from_uuid(Uuid::now_v7()),
        store_id: store.clone(),
        name: name.to_owned(),
        made_by: Some(merchant()),
        role: Role::Manager,
        scopes: Vec::new(),
        expires_at: None,
        created_at: NOON,
        revoked_at: None,
    }
}

/// The stable names of a history.
pub fn names(facts: &[ports::LoggedFact]) -> Vec<&'static str> {
    facts.iter().map(|logged| Fact::name(&logged.fact)).collect()
}
