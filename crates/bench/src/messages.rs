//! What is asked of Meridian: orders as they are in everyday life, and refunds of single pieces.

use prost::Message as _;
use std::net::SocketAddr;
use wire::{
    money::v1::MoneyPair,
    orders::v1::{
        Address, Buyer, CreateOrderRequest, GetOrderRequest, ListOrdersRequest, Order, OrderLine,
        OrderState, Tender, TenderMethod, TenderState,
    },
    refunds::v1::{CreateRefundRequest, ProductToRefund, RefundReason},
    stores::v1::{
        CreateStoreRequest, CreateTokenRequest, Handover, Role, Screening, StoreSettings,
    },
};

pub const STORE: &str = "bench";

/// Its neighbour.
pub const SECOND_STORE: &str = "bench-2";

/// Order ids are numbers of equal length, so that a script can count them up.
pub const FIRST_ORDER: u64 = 100_000_000_000;

const LINES: u64 = 3;
const PIECES: i32 = 100;

fn plain_store() -> CreateStoreRequest {
    CreateStoreRequest {
        store_id: STORE.to_owned(),
        request_id: "store".to_owned(),
        name: "Load".to_owned(),
        merchant_guid: "00000000-0000-4000-8000-000000000001".to_owned(),
        currency: "USD".to_owned(),
        ..CreateStoreRequest::default()
    }
}

/// One whose orders have to pass every check and are pushed into a shop.
pub fn plug_and_play_store(shop: SocketAddr) -> Vec<u8> {
    let handover = Handover {
        adapter: "http".to_owned(),
        url: format!("http://{shop}/orders"),
        ..Handover::default()
    };
    let screening = Screening {
        fraud: true,
        prohibited_goods: true,
        denied_party: true,
        ..Screening::default()
    };
    let settings = StoreSettings {
        handover: Some(handover),
        screening: Some(screening),
        ..StoreSettings::default()
    };
    let store = CreateStoreRequest { settings: Some(settings), ..plain_store() };
    store.encode_to_vec()
}

/// One beside the first.
pub fn second_store() -> Vec<u8> {
    let store = CreateStoreRequest {
        store_id: SECOND_STORE.to_owned(),
        request_id: "store-2".to_owned(),
        merchant_guid: "00000000-0000-4000-8000-000000000002".to_owned(),
        ..plain_store()
    };
    store.encode_to_vec()
}

pub fn store() -> Vec<u8> {
    plain_store().encode_to_vec()
}

/// A token as a merchant's server has it, so that its look-up is part of the figures.
pub fn token(store_id: &str) -> Vec<u8> {
    let scopes = [
        "events:read",
        "webhooks:write",
        "orders:read",
        "orders:write",
        "refunds:read",
        "refunds:write",
    ];
    let token = CreateTokenRequest {
        store_id: store_id.to_owned(),
        request_id: "token".to_owned(),
        name: "load".to_owned(),
        role: Role::Service.into(),
        scopes: scopes.map(str::to_owned).to_vec(),
        expire_time: None,
    };
    token.encode_to_vec()
}

pub fn create_order(number: u64) -> Vec<u8> {
    create_order_of(STORE, number)
}

/// Three lines of a hundred pieces each with shipping and duties, paid in full by card.
pub fn create_order_of(store_id: &str, number: u64) -> Vec<u8> {
    let address = Address {
        name: "Ada Example".to_owned(),
        lines: vec!["12 Long Street".to_owned(), "Third floor".to_owned()],
        city: "Lyon".to_owned(),
        region: "Rhône".to_owned(),
        postal_code: "69001".to_owned(),
        country: "FR".to_owned(),
        phone: "+33 1 23 45 67 89".to_owned(),
    };
    let order = Order {
        order_id: order_id(number),
        cart_id: format!("cart-{number}"),
        customer_currency: "EUR".to_owned(),
        merchant_currency: "USD".to_owned(),
        destination_country: "FR".to_owned(),
        language: "fr".to_owned(),
        buyer: Some(Buyer {
            name: "Ada Example".to_owned(),
            email: format!("buyer{number}@example.com"),
            phone: "+33 1 23 45 67 89".to_owned(),
        }),
        shipping_address: Some(address.clone()),
        billing_address: Some(address),
        lines: (1..=LINES).map(line).collect(),
        shipping: Some(pair("12.95", "14.10")),
        duties: Some(pair("1046.40", "1139.40")),
        tenders: vec![Tender {
            tender_id: "card".to_owned(),
            method: TenderMethod::Card.into(),
            provider: "sandbox".to_owned(),
            provider_reference: format!("payment-{number}"),
            amount: "19347.35".to_owned(),
            state: TenderState::Captured.into(),
            ..Tender::default()
        }],
        ..Order::default()
    };
    let request = CreateOrderRequest {
        store_id: store_id.to_owned(),
        request_id: format!("order-{number}"),
        order: Some(order),
    };
    request.encode_to_vec()
}

fn line(number: u64) -> OrderLine {
    OrderLine {
        cart_item_id: cart_item_id(number),
        product_code: format!("SKU-{number:05}"),
        name: "A thing with a name of usual length".to_owned(),
        hs_code: "6109.10".to_owned(),
        quantity: PIECES,
        total: Some(pair("6096.00", "6637.90")),
        ..OrderLine::default()
    }
}

pub fn create_refund(number: u64, orders: u64) -> Vec<u8> {
    create_refund_of(STORE, number, orders)
}

/// One piece of one line. Each order has its turn before the first one has another.
pub fn create_refund_of(store_id: &str, number: u64, orders: u64) -> Vec<u8> {
    let round = number / orders;
    let product = ProductToRefund {
        cart_item_id: Some(cart_item_id(round % LINES + 1)),
        refund_quantity: Some(1),
        ..ProductToRefund::default()
    };
    let request = CreateRefundRequest {
        store_id: store_id.to_owned(),
        order_id: order_id(number % orders),
        request_id: format!("refund-{number:012}"),
        products: vec![product],
        refund_reason: Some(RefundReason {
            code: Some("SIZE".to_owned()),
            name: "Does not fit".to_owned(),
        }),
        ..CreateRefundRequest::default()
    };
    request.encode_to_vec()
}

pub fn get_order(number: u64, orders: u64) -> Vec<u8> {
    // A step without a common factor visits every order, and neighbours not one after the other.
    let order_id = order_id(number.wrapping_mul(7_919) % orders);
    GetOrderRequest { store_id: STORE.to_owned(), order_id }.encode_to_vec()
}

/// Asks for one order that is not READY yet.
pub fn received_orders(store_id: &str) -> Vec<u8> {
    let request = ListOrdersRequest {
        store_id: store_id.to_owned(),
        page_size: 1,
        states: vec![OrderState::Received.into()],
        ..ListOrdersRequest::default()
    };
    request.encode_to_vec()
}

pub fn order_id(number: u64) -> String {
    (FIRST_ORDER + number).to_string()
}

fn cart_item_id(number: u64) -> String {
    format!("line-{number}")
}

fn pair(customer: &str, merchant: &str) -> MoneyPair {
    MoneyPair { customer: customer.to_owned(), merchant: merchant.to_owned() }
}
