//! `meridian demo`: a store with orders in every state, made through the services like anybody
//! else's. Every request id is fixed, so that a second run is answered and changes nothing.

use crate::{desk::Desk, tokens::said};
use domain::{Amount, Currencies, Currency, amount::share};
use meridian::settings::{Settings, Worker};
use std::{error::Error, time::Duration};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use wire::{
    cancellations::v1::{self as cancellations, CancellationReason, CancelledLine},
    money::v1::MoneyPair,
    orders::v1::{self as orders, OrderState, TenderMethod, TenderState},
    refunds::v1::{self as refunds, ProductToRefund},
    stores::v1 as stores,
};

const STORE: &str = "demo";
const ORDERS: u32 = 36;

/// Whose buyer has an address that a person looks at.
const REVIEWED: u32 = 28;
/// Whose buyers ask for a cancellation.
const REQUESTED: [u32; 2] = [5, 13];
/// What the shop cancels, the second in part.
const CANCELLED: u32 = 9;
const CANCELLED_IN_PART: u32 = 17;
/// Refunded to a bank account, which somebody has to confirm; the first in full, and held.
const HELD: u32 = 2;
const PAID_BY_HAND: u32 = 10;

/// Customer currency, destination, and how many units of it one euro buys, in hundredths.
const MARKETS: &[(&str, &str, i64)] = &[
    ("USD", "US", 109),
    ("JPY", "JP", 16_325),
    ("KWD", "KW", 33),
    ("GBP", "GB", 84),
    ("CHF", "CH", 94),
    ("EUR", "DE", 100),
];

/// Code, name, and price in euro cents, all made up.
const GOODS: &[(&str, &str, i64)] = &[
    ("SKU-LAMP", "Desk lamp", 6_495),
    ("SKU-MUG", "Stoneware mug", 1_250),
    ("SKU-CHAIR", "Oak chair", 24_900),
    ("SKU-BAG", "Canvas bag", 3_999),
    ("SKU-STICKER", "Sticker, free with every order", 0),
];

pub async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let desk = Desk::open(&settings).await?;
    if !create_store(&desk).await? {
        println!("store {STORE:?} was made by another build, and stays as it is");
        return Ok(());
    }
    let stop = CancellationToken::new();
    let workers = desk.composed.start_workers(&settings, &[Worker::Ready, Worker::Legs], &stop)?;
    for number in 1..=ORDERS {
        create_order(&desk, number).await?;
    }
    for number in 1..=ORDERS {
        carry_on(&desk, number).await?;
    }
    stop.cancel();
    for worker in workers {
        worker.await?;
    }
    println!("store {STORE:?} has {ORDERS} orders, DEMO-1 to DEMO-{ORDERS}");
    Ok(())
}

/// Whether it is the store of this build: one of another is not like what comes after it.
async fn create_store(desk: &Desk) -> Result<bool, Box<dyn Error>> {
    let reason = |code: &str, name: &str| stores::StoreRefundReason {
        code: code.to_owned(),
        name: name.to_owned(),
    };
    let request = stores::CreateStoreRequest {
        store_id: STORE.to_owned(),
        request_id: "demo-store".to_owned(),
        name: "Demo store".to_owned(),
        merchant_guid: "00000000-demo-0000-0000-000000000000".to_owned(),
        web_store_code: "demo".to_owned(),
        web_store_instance_code: "GlobalEDefaultStoreInstance".to_owned(),
        currency: "EUR".to_owned(),
        settings: Some(stores::StoreSettings {
            appeasements: true,
            prepaid_returns: true,
            approval_limit: Some("400.00".to_owned()),
            customer_requests: Some(stores::CustomerRequests {
                enabled: true,
                ..stores::CustomerRequests::default()
            }),
            screening: Some(stores::Screening { fraud: true, ..stores::Screening::default() }),
            refund_reasons: vec![
                reason("8", "Damaged item"),
                reason("9", "Wrong size"),
                reason("10", "Changed mind"),
            ],
            time_zone: "Europe/Berlin".to_owned(),
            ..stores::StoreSettings::default()
        }),
    };
    match desk.stores().create_store(request).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::AlreadyExists => Ok(false),
        Err(status) => Err(said(status)),
    }
}

async fn create_order(desk: &Desk, number: u32) -> Result<(), Box<dyn Error>> {
    let request = orders::CreateOrderRequest {
        store_id: STORE.to_owned(),
        request_id: format!("demo-order-{number}"),
        order: Some(order(number)?),
    };
    desk.orders().create_order(request).await.map_err(said)?;
    Ok(())
}

fn order(number: u32) -> Result<orders::Order, Box<dyn Error>> {
    let place = number as usize;
    let (code, country, rate) = MARKETS[place % MARKETS.len()];
    let iso = Currencies::iso();
    let (customer, merchant) = (iso.get(code)?, iso.get("EUR")?);
    let price = |cents: i64| Price { cents, rate, customer, merchant };
    let mut sum = Amount::ZERO;
    let mut lines = Vec::new();
    for line in 0..=place % 3 {
        let (sku, name, cents) = GOODS[(place + line) % GOODS.len()];
        let quantity = 1 + (place + line) % 3;
        let total = price(cents * i64::try_from(quantity)?);
        sum = sum.plus(total.in_customer())?;
        lines.push(orders::OrderLine {
            cart_item_id: format!("L{}", line + 1),
            product_code: sku.to_owned(),
            name: name.to_owned(),
            quantity: i32::try_from(quantity)?,
            total: Some(total.pair()),
            ..orders::OrderLine::default()
        });
    }
    let (shipping, duties) = (price(990), price(415));
    sum = sum.plus(shipping.in_customer())?.plus(duties.in_customer())?;
    // Every eighth payment is only authorised, every twelfth not even that.
    let state = match number {
        _ if number.is_multiple_of(12) => TenderState::Pending,
        _ if number.is_multiple_of(8) => TenderState::Authorized,
        _ => TenderState::Captured,
    };
    Ok(orders::Order {
        order_id: format!("DEMO-{number}"),
        customer_currency: code.to_owned(),
        merchant_currency: "EUR".to_owned(),
        destination_country: country.to_owned(),
        buyer: Some(orders::Buyer {
            name: format!("Demo Buyer {number}"),
            email: match number {
                REVIEWED => "buyer28@disposable.example".to_owned(),
                _ => format!("buyer{number}@example.com"),
            },
            phone: String::new(),
        }),
        lines,
        shipping: Some(shipping.pair()),
        duties: Some(duties.pair()),
        tenders: vec![orders::Tender {
            tender_id: "t1".to_owned(),
            method: TenderMethod::Card.into(),
            provider: if state == TenderState::Pending { "manual" } else { "sandbox" }.to_owned(),
            provider_reference: format!("demo-payment-{number}"),
            amount: sum.to_text(customer.exponent()),
            state: state.into(),
            ..orders::Tender::default()
        }],
        ..orders::Order::default()
    })
}

/// A price in euro cents that a buyer sees in another currency.
#[derive(Clone, Copy)]
struct Price {
    cents: i64,
    rate: i64,
    customer: Currency,
    merchant: Currency,
}

impl Price {
    fn in_merchant(self) -> Amount {
        Amount::from_ten_thousandths(self.cents * 100)
    }

    fn in_customer(self) -> Amount {
        let hundredths = Amount::from_ten_thousandths;
        share(self.in_merchant(), hundredths(self.rate), hundredths(100), self.customer.exponent())
    }

    fn pair(self) -> MoneyPair {
        MoneyPair {
            customer: self.in_customer().to_text(self.customer.exponent()),
            merchant: self.in_merchant().to_text(self.merchant.exponent()),
        }
    }
}

/// Brings the order as far as its number says.
async fn carry_on(desk: &Desk, number: u32) -> Result<(), Box<dyn Error>> {
    if number.is_multiple_of(12) || number == REVIEWED {
        return Ok(());
    }
    until_ready(desk, number).await?;
    if number.is_multiple_of(4) {
        return Ok(());
    }
    let (store_id, order_id) = (STORE.to_owned(), format!("DEMO-{number}"));
    let request_id = |what: &str| format!("demo-{what}-{number}");
    let accept = orders::AcceptOrderRequest {
        store_id: store_id.clone(),
        order_id: order_id.clone(),
        request_id: request_id("accept"),
        external_order_id: format!("ext-{number}"),
        external_order_number: format!("#{}", 1000 + number),
    };
    desk.orders().accept_order(accept).await.map_err(said)?;
    if number % 4 == 1 {
        return cancel(desk, number, order_id).await;
    }
    let complete = orders::CompleteOrderRequest {
        store_id: store_id.clone(),
        order_id: order_id.clone(),
        request_id: request_id("complete"),
    };
    desk.orders().complete_order(complete).await.map_err(said)?;
    let ship = orders::RecordShipmentRequest {
        store_id: store_id.clone(),
        order_id: order_id.clone(),
        request_id: request_id("ship"),
        lines: vec![orders::LineQuantity { cart_item_id: "L1".to_owned(), quantity: 1 }],
        carrier: "DHL".to_owned(),
        tracking_number: format!("TRACK{number}"),
    };
    desk.orders().record_shipment(ship).await.map_err(said)?;
    let one_piece = ProductToRefund {
        cart_item_id: Some("L1".to_owned()),
        refund_quantity: Some(1),
        ..ProductToRefund::default()
    };
    let refund = refunds::CreateRefundRequest {
        store_id,
        order_id,
        request_id: request_id("refund"),
        refund_reason: Some(refunds::RefundReason {
            code: Some("8".to_owned()),
            name: "Damaged item".to_owned(),
        }),
        ..refunds::CreateRefundRequest::default()
    };
    let refund = match number {
        HELD => refunds::CreateRefundRequest {
            full_refund: Some(true),
            refund_method: refunds::RefundMethod::BankDeposit.into(),
            ..refund
        },
        PAID_BY_HAND => refunds::CreateRefundRequest {
            products: vec![one_piece],
            refund_method: refunds::RefundMethod::BankDeposit.into(),
            ..refund
        },
        _ if number % 4 == 3 => refunds::CreateRefundRequest {
            products: vec![one_piece],
            shipping_refund: Some(true),
            wait: refunds::Wait::Settled.into(),
            ..refund
        },
        _ => return Ok(()),
    };
    let made = desk.refunds().create_refund(refund).await.map_err(said)?.into_inner();
    if number == HELD {
        let refund = made.refund.unwrap_or_default();
        hold(desk, refund, request_id("hold")).await?;
    }
    Ok(())
}

async fn hold(
    desk: &Desk,
    refund: refunds::Refund,
    request_id: String,
) -> Result<(), Box<dyn Error>> {
    let request = refunds::HoldRefundRequest {
        store_id: refund.store_id,
        order_id: refund.order_id,
        refund_id: refund.refund_id,
        request_id,
        reason: "The buyer is asked for photographs".to_owned(),
    };
    desk.refunds().hold_refund(request).await.map_err(said)?;
    Ok(())
}

/// What its buyer or the shop takes back of an order that the shop has accepted.
async fn cancel(desk: &Desk, number: u32, order_id: String) -> Result<(), Box<dyn Error>> {
    let store_id = STORE.to_owned();
    if REQUESTED.contains(&number) {
        let request = cancellations::RequestCancellationRequest {
            store_id,
            order_id,
            request_id: format!("demo-ask-{number}"),
            reason: CancellationReason::ChangedMind.into(),
            comment: "It would come too late".to_owned(),
            ..cancellations::RequestCancellationRequest::default()
        };
        desk.cancellations().request_cancellation(request).await.map_err(said)?;
        return Ok(());
    }
    let lines = match number {
        CANCELLED => vec![],
        CANCELLED_IN_PART => vec![CancelledLine {
            cart_item_id: "L1".to_owned(),
            quantity: 1,
            ..CancelledLine::default()
        }],
        _ => return Ok(()),
    };
    let request = cancellations::CancelOrderRequest {
        store_id,
        order_id,
        request_id: format!("demo-cancel-{number}"),
        lines,
        reason: CancellationReason::OutOfStock.into(),
        ..cancellations::CancelOrderRequest::default()
    };
    desk.cancellations().cancel_order(request).await.map_err(said)?;
    Ok(())
}

/// The worker makes it ready; a second run finds it long past that.
async fn until_ready(desk: &Desk, number: u32) -> Result<(), Box<dyn Error>> {
    for _ in 0..500 {
        let request = orders::GetOrderRequest {
            store_id: STORE.to_owned(),
            order_id: format!("DEMO-{number}"),
        };
        let found = desk.orders().get_order(request).await.map_err(said)?.into_inner();
        if found.order.unwrap_or_default().state() != OrderState::Received {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("order DEMO-{number} did not become ready within 10 seconds").into())
}
