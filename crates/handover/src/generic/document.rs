//! The order as the shop is sent it. Names and values are those of the public REST contract.

use crate::failure::refused;
use domain::{
    Amount, Pair,
    order::{
        Address, Buyer, FailureClass, Line, Order, Personal, Tender, TenderMethod, TenderState,
    },
};
use ports::{Push, PushFailure};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[derive(Serialize)]
pub(super) struct Document<'o> {
    order_id: &'o str,
    store_id: &'o str,
    customer_currency: &'o str,
    merchant_currency: &'o str,
    destination_country: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer: Option<BuyerOf<'o>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressOf<'o>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressOf<'o>>,
    lines: Vec<LineOf<'o>>,
    shipping: Money,
    duties: Money,
    totals: Money,
    tenders: Vec<TenderOf<'o>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_note: Option<&'o str>,
    create_time: String,
}

#[derive(Serialize)]
struct BuyerOf<'o> {
    name: &'o str,
    email: &'o str,
    phone: &'o str,
}

#[derive(Serialize)]
struct AddressOf<'o> {
    name: &'o str,
    lines: &'o [String],
    city: &'o str,
    region: &'o str,
    postal_code: &'o str,
    country: &'o str,
    phone: &'o str,
}

#[derive(Serialize)]
struct LineOf<'o> {
    cart_item_id: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_product_code: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hs_code: Option<&'o str>,
    quantity: u32,
    /// Pieces that were cancelled before the shop had the order.
    cancelled: u32,
    total: Money,
    duties: Money,
}

#[derive(Serialize)]
struct TenderOf<'o> {
    tender_id: &'o str,
    method: &'static str,
    amount: String,
    state: &'static str,
}

#[derive(Serialize)]
struct Money {
    customer: String,
    merchant: String,
}

impl<'o> Document<'o> {
    pub(super) fn of(push: &Push<'o>) -> Result<Self, PushFailure> {
        let Push { order, personal, .. } = *push;
        let totals = order.totals().map_err(|_| unwritable())?;
        Ok(Self {
            order_id: order.order_id.as_str(),
            store_id: order.store_id.as_str(),
            customer_currency: order.customer_currency.code(),
            merchant_currency: order.merchant_currency.code(),
            destination_country: &order.destination_country,
            language: order.language.as_deref(),
            buyer: personal.map(|Personal { buyer: Buyer { name, email, phone }, .. }| BuyerOf {
                name,
                email,
                phone,
            }),
            shipping_address: personal
                .and_then(|personal| personal.shipping_address.as_ref())
                .map(AddressOf::from),
            billing_address: personal
                .and_then(|personal| personal.billing_address.as_ref())
                .map(AddressOf::from),
            lines: order.lines.iter().map(|line| LineOf::of(order, line)).collect(),
            shipping: money(order, order.shipping),
            duties: money(order, order.duties),
            totals: money(order, totals),
            tenders: order.tenders.iter().map(|tender| TenderOf::of(order, tender)).collect(),
            customer_note: personal.and_then(|personal| personal.customer_note.as_deref()),
            create_time: moment(order.created_at)?,
        })
    }
}

impl<'o> From<&'o Address> for AddressOf<'o> {
    fn from(address: &'o Address) -> Self {
        let Address { name, lines, city, region, postal_code, country, phone } = address;
        Self { name, lines, city, region, postal_code, country, phone }
    }
}

impl<'o> LineOf<'o> {
    fn of(order: &Order, line: &'o Line) -> Self {
        Self {
            cart_item_id: &line.cart_item_id,
            product_code: line.product_code.as_deref(),
            secondary_product_code: line.secondary_product_code.as_deref(),
            name: line.name.as_deref(),
            hs_code: line.hs_code.as_deref(),
            quantity: line.quantity,
            cancelled: line.quantities.cancelled,
            total: money(order, line.total),
            duties: money(order, line.duties),
        }
    }
}

impl<'o> TenderOf<'o> {
    fn of(order: &Order, tender: &'o Tender) -> Self {
        Self {
            tender_id: tender.tender_id.as_str(),
            method: method(tender.method),
            amount: text(tender.amount, order.customer_currency.exponent()),
            state: state(tender.state),
        }
    }
}

fn money(order: &Order, pair: Pair) -> Money {
    Money {
        customer: text(pair.customer, order.customer_currency.exponent()),
        merchant: text(pair.merchant, order.merchant_currency.exponent()),
    }
}

fn text(amount: Amount, exponent: u32) -> String {
    amount.to_text(exponent)
}

fn moment(at: OffsetDateTime) -> Result<String, PushFailure> {
    at.format(&Rfc3339).map_err(|_| unwritable())
}

fn unwritable() -> PushFailure {
    refused(FailureClass::RejectedOther, "the order cannot be written")
}

const fn method(method: TenderMethod) -> &'static str {
    match method {
        TenderMethod::Card => "TENDER_METHOD_CARD",
        TenderMethod::Wallet => "TENDER_METHOD_WALLET",
        TenderMethod::BankTransfer => "TENDER_METHOD_BANK_TRANSFER",
        TenderMethod::Mobile => "TENDER_METHOD_MOBILE",
        TenderMethod::GiftCard => "TENDER_METHOD_GIFT_CARD",
        TenderMethod::Points => "TENDER_METHOD_POINTS",
        TenderMethod::StoreCredit => "TENDER_METHOD_STORE_CREDIT",
        TenderMethod::CashOnDelivery => "TENDER_METHOD_CASH_ON_DELIVERY",
    }
}

const fn state(state: TenderState) -> &'static str {
    match state {
        TenderState::Pending => "TENDER_STATE_PENDING",
        TenderState::Authorized => "TENDER_STATE_AUTHORIZED",
        TenderState::Captured => "TENDER_STATE_CAPTURED",
        TenderState::Failed => "TENDER_STATE_FAILED",
    }
}
