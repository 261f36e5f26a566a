//! Many orders of one store, as they might have come in over two years: few states are common, few
//! products and names are in many orders, and some never come together.

use crate::{
    column::{micros, to_doc},
    commit::{RefundRow, TenderRow, product_codes, tenders},
    schema::of_many,
};
use conformance::{
    build::{NOON, external, order, refund},
    cancellations::{cancel, request},
};
use domain::{
    cancellation::{Cancellation, CancellationState},
    id::{CancellationId, OrderId, RefundId, StoreId},
    order::{Command, Handover, HandoverState, Order, OrderState, Personal, bare_email},
    refund::{Refund, RefundState},
    screening::{Check, CheckState, Screened},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, Statement,
    TransactionTrait as _, Value,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// The product of this many in a hundred orders is never cancelled, refunded or handed over.
const GIFT: (&str, u32) = ("GIFT", 6);
/// One that waits: none of its orders is completed.
const PREORDER: (&str, u32) = ("PREORDER", 4);
/// In no order with the most common product.
const NAMESAKE: (&str, u32) = ("Kim", 8);
const PRODUCTS: usize = 20_000;
const FIRST_NAMES: usize = 2_000;
const LAST_NAMES: usize = 20_000;
/// Rows of one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 1_000;

pub(super) struct World {
    pub store: StoreId,
    others: StoreId,
    orders: usize,
    of_others: usize,
    /// To be copied.
    blank: Order,
    personal: Personal,
    refund: Refund,
    cancellation: Cancellation,
}

impl World {
    pub fn of(orders: usize, of_others: usize) -> Self {
        let new = order("blank");
        let mut state = new.change().after;
        let ready = Command::MarkReady { plug_and_play: false };
        for command in [ready, refund(1, "1.00"), request(1, &[("L2", 1)], NOON)] {
            let facts = state.decide(command).unwrap();
            state = facts.iter().fold(state, Order::evolve);
        }
        // What else a cancellation may be is known by its state alone.
        assert!(state.decide(cancel(2, &[("L1", 1)], NOON)).is_ok());
        let (refund, cancellation) = (state.refunds[0].clone(), state.cancellations[0].clone());
        let blank = Order { refunds: Vec::new(), cancellations: Vec::new(), ..state };
        Self {
            store: "shop".parse().unwrap(),
            others: "another".parse().unwrap(),
            orders,
            of_others,
            blank,
            personal: new.personal(),
            refund,
            cancellation,
        }
    }

    pub const fn count(&self) -> usize {
        self.orders + self.of_others
    }

    pub const fn size(&self) -> usize {
        self.orders
    }

    pub async fn write(&self, sql: &DatabaseConnection) {
        for (store, count) in [(&self.others, self.of_others), (&self.store, self.orders)] {
            let mut random = StdRng::seed_from_u64(7);
            let numbers: Vec<usize> = (0..count).collect();
            for some in numbers.chunks(AT_ONCE) {
                let made = some.iter().map(|number| self.made(store, *number, count, &mut random));
                let made: Vec<_> = made.collect();
                let transaction = sql.begin().await.unwrap();
                for rows in rows_of(&made) {
                    rows.write(&transaction).await;
                }
                transaction.commit().await.unwrap();
            }
        }
    }

    fn made(
        &self,
        store: &StoreId,
        number: usize,
        of: usize,
        random: &mut StdRng,
    ) -> (Order, Personal) {
        let mut order = self.blank.clone();
        let mut personal = self.personal.clone();
        order.store_id = store.clone();
        order.order_id = order_id(number);
        order.created_at = created_at(number, of);
        order.cart_id = Some(format!("C-{number}"));
        order.tenders[0].provider_reference = format!("ch_{number}");
        order.tenders[1].provider_reference = format!("gift_{number}");
        let first = match random.random_range(0..100) {
            share if share < GIFT.1 => GIFT.0.to_owned(),
            share if share < GIFT.1 + PREORDER.1 => PREORDER.0.to_owned(),
            _ => product(skewed(PRODUCTS, random)),
        };
        order.lines[0].product_code = Some(first.clone());
        order.lines[1].product_code = Some(product(skewed(PRODUCTS, random)));
        order.lines[1].secondary_product_code = None;
        // The last orders are on their way, most others came to their end.
        let age = (of - number) * 1_000 / of.max(1);
        live(&mut order, &first, age, random);
        let chance = random.random_range(0..1_000);
        if first != GIFT.0 && chance < 60 {
            self.cancel(&mut order, number, age, random);
        }
        let chance = random.random_range(0..1_000);
        if first != GIFT.0 && chance < 120 {
            self.refund(&mut order, number, age, random);
        }
        let of_common = order.lines.iter().any(|line| line.product_code == Some(product(0)));
        let namesake = !of_common && random.random_range(0..100) < NAMESAKE.1;
        let last = if namesake {
            NAMESAKE.0.to_owned()
        } else {
            format!("Last{}", skewed(LAST_NAMES, random))
        };
        personal.buyer.name = format!("First{} {last}", skewed(FIRST_NAMES, random));
        let buyer = if random.random_range(0..100) < 2 { 0 } else { skewed(of, random) };
        personal.buyer.email = email(buyer);
        (order, personal)
    }

    fn cancel(&self, order: &mut Order, number: usize, age: usize, random: &mut StdRng) {
        use CancellationState::{Completed, InProgress, Rejected, Requested, Undone, Withdrawn};
        let states = match random.random_range(0..100) {
            _ if age < 4 => vec![Requested],
            share if share < 70 => vec![Completed],
            share if share < 84 => vec![Rejected],
            share if share < 92 => vec![Withdrawn],
            share if share < 96 => vec![Rejected, Completed],
            share if share < 97 => vec![InProgress],
            _ => vec![Undone],
        };
        for (place, state) in states.into_iter().enumerate() {
            let cancellation_id = CancellationId::from_uuid(Uuid::from_u128(unique(number, place)));
            let cancellation = self.cancellation.clone();
            order.cancellations.push(Cancellation { cancellation_id, state, ..cancellation });
        }
    }

    fn refund(&self, order: &mut Order, number: usize, age: usize, random: &mut StdRng) {
        use RefundState::{Failed, Held, Pending, Succeeded, Voided};
        let states = match random.random_range(0..1_000) {
            _ if age < 2 => vec![Pending],
            share if share < 940 => vec![Succeeded],
            share if share < 970 => vec![Succeeded, Succeeded],
            share if share < 980 => vec![Failed],
            share if share < 985 => vec![Voided],
            share if share < 990 => vec![Succeeded, Pending],
            share if share < 992 => vec![Held],
            _ => vec![Failed, Succeeded],
        };
        for (place, state) in states.into_iter().enumerate() {
            let refund_id = RefundId::from_uuid(Uuid::from_u128(unique(number, place)));
            let number = i64::try_from(number * 2 + place + 1).unwrap();
            let external_reference = (place == 0).then(|| format!("case-{number}"));
            let refund = self.refund.clone();
            let refund = Refund { refund_id, number, state, external_reference, ..refund };
            order.refunds.push(refund);
        }
    }
}

/// Screening, state and hand-over, which come to their ends together.
fn live(order: &mut Order, product: &str, age: usize, random: &mut StdRng) {
    let mut share = || random.random_range(0..1_000);
    order.state = match age {
        0..3 => OrderState::Received,
        3..10 => OrderState::Ready,
        _ if product == PREORDER.0 || (age < 60 && share() < 800) => OrderState::Accepted,
        _ if share() < 50 => OrderState::Cancelled,
        _ => OrderState::Completed,
    };
    let screened = match (order.state, share()) {
        (_, share) if share < 400 => None,
        (OrderState::Received, share) if share < 600 => Some(CheckState::Review),
        (OrderState::Received, _) => Some(CheckState::Pending),
        (OrderState::Cancelled, share) if share < 500 => Some(CheckState::Failed),
        _ => Some(CheckState::Clear),
    };
    let of_state = |state| Screened { state, ..Screened::pending(Check::Fraud) };
    order.screening = screened.map(of_state).into_iter().collect();
    let pushed = match (order.state, share()) {
        (OrderState::Received | OrderState::Cancelled, _) => None,
        (_, share) if share < 450 || product == GIFT.0 => None,
        (OrderState::Ready, share) if share < 600 => Some(HandoverState::Queued),
        (OrderState::Ready, share) if share < 700 => Some(HandoverState::Retrying),
        (OrderState::Ready, share) if share < 720 => Some(HandoverState::Exhausted),
        (OrderState::Ready, _) => Some(HandoverState::InFlight),
        _ => Some(HandoverState::Succeeded),
    };
    order.handover = pushed.map(|state| Handover {
        state,
        tries: 1,
        starts: 1,
        round: 0,
        pushed_to: None,
        orphan: None,
        in_doubt: false,
        failures: Vec::new(),
    });
    if matches!(order.state, OrderState::Accepted | OrderState::Completed) {
        order.external = Some(external(&format!("E-{}", order.order_id)));
    }
}

pub(super) fn order_id(number: usize) -> OrderId {
    format!("O-{number:07}").parse().unwrap()
}

pub(super) fn created_at(number: usize, of: usize) -> OffsetDateTime {
    // Two years, and some orders of the same moment.
    let seconds = number / 3 * 3 * (2 * 365 * 86_400) / of.max(1);
    NOON + Duration::seconds(i64::try_from(seconds).unwrap())
}

pub(super) fn product(number: usize) -> String {
    format!("SKU-{number}")
}

pub(super) fn email(number: usize) -> String {
    format!("Buyer{number}@example.com")
}

pub(super) const fn unique(number: usize, place: usize) -> u128 {
    (number * 2 + place + 1) as u128
}

/// The first are the most common, as by Zipf: a number's chance is about one in its rank.
pub(super) fn skewed(of: usize, random: &mut StdRng) -> usize {
    let bits = usize::BITS - of.leading_zeros();
    let most = 1_usize << random.random_range(0..=bits);
    random.random_range(0..most).min(of.saturating_sub(1))
}

/// Rows of one table, with a statement that inserts one of them.
struct Rows {
    sql: &'static str,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    async fn write(self, transaction: &DatabaseTransaction) {
        let Some(columns) = self.rows.first().map(Vec::len) else { return };
        for some in self.rows.chunks(AT_ONCE) {
            let sql = of_many(self.sql, columns, some.len());
            let values = some.iter().flatten().cloned();
            let backend = transaction.get_database_backend();
            let statement = Statement::from_sql_and_values(backend, sql, values);
            transaction.execute_raw(statement).await.unwrap();
        }
    }
}

/// As they were before orders were found by rows of their own.
fn rows_of(made: &[(Order, Personal)]) -> Vec<Rows> {
    let mut orders = Vec::new();
    let (mut products, mut of_tenders) = (Vec::new(), Vec::new());
    let (mut refunds, mut cancellations) = (Vec::new(), Vec::new());
    for (order, personal) in made {
        let key = || [order.store_id.as_str().into(), order.order_id.as_str().into()];
        let created = || Value::from(micros(order.created_at));
        let tenders = tenders(order).unwrap();
        let sum = |of: fn(&TenderRow) -> i64| Value::from(tenders.iter().map(of).sum::<i64>());
        let external = order.external.as_ref().map(|external| external.id.clone());
        orders.push(
            key()
                .into_iter()
                .chain([1_i64.into(), created(), sum(|it| it.captured), sum(|it| it.returned)])
                .chain([order.state.name().into(), external.into()])
                .chain([bare_email(&personal.buyer.email).into()])
                .chain([to_doc(order).unwrap().into(), to_doc(personal).unwrap().into()])
                .collect(),
        );
        for code in product_codes(order) {
            products.push(key().into_iter().chain([code.into(), created()]).collect());
        }
        for tender in tenders {
            let figures = [tender.captured, tender.returned, tender.authorized, tender.released];
            let texts = [tender.provider.into(), tender.reference.into()];
            let row = key().into_iter().chain([tender.tender_id.into()]);
            of_tenders.push(row.chain(figures.map(Value::from)).chain(texts).collect());
        }
        for refund in &order.refunds {
            let RefundRow { refund_id, number, created_at, state, .. } = RefundRow::of(refund, 3);
            let row = key().into_iter().chain([refund_id.into(), number.into(), 3_i64.into()]);
            refunds.push(row.chain([created_at.into(), state.into()]).collect());
        }
        for it in &order.cancellations {
            let id = it.cancellation_id.as_uuid();
            let row = key().into_iter().chain([id.into(), it.state.name().into()]);
            let party = it.requested_by.name().into();
            cancellations.push(row.chain([party, micros(it.created_at).into()]).collect());
        }
    }
    vec![
        Rows { sql: ORDERS, rows: orders },
        Rows { sql: PRODUCTS_OF, rows: products },
        Rows { sql: TENDERS, rows: of_tenders },
        Rows { sql: REFUNDS, rows: refunds },
        Rows { sql: CANCELLATIONS, rows: cancellations },
    ]
}

const ORDERS: &str = "INSERT INTO orders (store_id, order_id, version, created_at, captured, \
    returned, state, external_order_id, buyer_email, doc, personal) VALUES ()";
const PRODUCTS_OF: &str =
    "INSERT INTO order_products (store_id, order_id, product_code, created_at) VALUES ()";
const TENDERS: &str = "INSERT INTO tenders (store_id, order_id, tender_id, captured, returned, \
    authorized, released, provider, reference) VALUES ()";
const REFUNDS: &str = "INSERT INTO refunds (store_id, order_id, refund_id, refund_number, place, \
    created_at, state) VALUES ()";
const CANCELLATIONS: &str = "INSERT INTO cancellations (store_id, order_id, cancellation_id, \
    state, requested_by, created_at) VALUES ()";
