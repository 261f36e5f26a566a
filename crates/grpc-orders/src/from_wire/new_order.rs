//! An order as the checkout hands it over.

use super::{MAX_CODE, MAX_ID, MAX_NAME};
use domain::{
    Currencies, Currency, Pair,
    id::{OrderId, TenderId},
    order::{
        Address, Buyer, NewLine, NewOrder, NewTender, Order, Personal, TenderMethod, TenderState,
    },
};
use grpc_kit::{Fields, MAX_COMMENT};
use wire::{money::v1::MoneyPair, orders::v1 as proto};

/// Lines of an address.
const MAX_ADDRESS_LINES: usize = 5;
/// Characters of an HS code.
const MAX_HS_CODE: usize = 16;

/// What of the order is everybody's, and what is its buyer's. `books` is the merchant currency of an
/// order that names none.
pub(crate) fn new_order(
    fields: &mut Fields,
    order: Option<&proto::Order>,
    currencies: &Currencies,
    books: Currency,
) -> (Option<NewOrder>, Personal) {
    let Some(order) = order else {
        fields.wrong("order", "must be given");
        return (None, Personal::default());
    };
    let order_id: Option<OrderId> = fields.parse("order.order_id", &order.order_id);
    let mut currency =
        |field: &str, code: &str| fields.check(format!("order.{field}"), currencies.get(code));
    let customer = currency("customer_currency", &order.customer_currency);
    let merchant = match order.merchant_currency.as_str() {
        "" => Some(books),
        code => currency("merchant_currency", code),
    };
    let money = Money { customer, merchant };
    country(fields, "order.destination_country", &order.destination_country, true);
    let personal = personal(fields, order);
    let cart_id = fields.optional_text("order.cart_id", &order.cart_id, MAX_ID);
    let language = fields.optional_text("order.language", &order.language, MAX_CODE);
    let lines = lines(fields, &order.lines, money);
    let tenders = tenders(fields, &order.tenders, money);
    let shipping = money.pair(fields, "order.shipping", order.shipping.as_ref());
    let duties = money.pair(fields, "order.duties", order.duties.as_ref());
    // Whatever is missing was named above.
    let whole = || {
        Some(NewOrder {
            order_id: order_id?,
            cart_id,
            customer_currency: customer?,
            merchant_currency: merchant?,
            destination_country: order.destination_country.clone(),
            language,
            lines,
            shipping: shipping.unwrap_or_default(),
            duties: duties.unwrap_or_default(),
            tenders: tenders?,
        })
    };
    (whole(), personal)
}

/// The currencies of one order, as far as they are known.
#[derive(Clone, Copy)]
struct Money {
    customer: Option<Currency>,
    merchant: Option<Currency>,
}

impl Money {
    fn pair(self, fields: &mut Fields, at: &str, pair: Option<&MoneyPair>) -> Option<Pair> {
        let pair = pair?;
        let customer = fields.amount(format!("{at}.customer"), &pair.customer, self.customer);
        let merchant = fields.amount(format!("{at}.merchant"), &pair.merchant, self.merchant);
        Some(Pair::new(customer, merchant))
    }
}

fn lines(fields: &mut Fields, lines: &[proto::OrderLine], money: Money) -> Vec<NewLine> {
    if lines.len() > Order::MAX_LINES {
        fields.wrong("order.lines", format!("must be at most {}", Order::MAX_LINES));
    }
    let lines = lines.iter().take(Order::MAX_LINES).enumerate();
    lines.map(|(index, line)| self::line(fields, index, line, money)).collect()
}

/// `None` if one of them cannot be read.
fn tenders(fields: &mut Fields, tenders: &[proto::Tender], money: Money) -> Option<Vec<NewTender>> {
    if tenders.len() > Order::MAX_TENDERS {
        fields.wrong("order.tenders", format!("must be at most {}", Order::MAX_TENDERS));
    }
    let tenders = tenders.iter().take(Order::MAX_TENDERS).enumerate();
    // All of them are read, also behind one that is at fault.
    let read: Vec<Option<NewTender>> =
        tenders.map(|(index, tender)| self::tender(fields, index, tender, money)).collect();
    read.into_iter().collect()
}

fn line(fields: &mut Fields, index: usize, line: &proto::OrderLine, money: Money) -> NewLine {
    let at = |name: &str| format!("order.lines[{index}].{name}");
    let quantity = u32::try_from(line.quantity).ok().filter(|quantity| *quantity > 0);
    if quantity.is_none() {
        fields.wrong(at("quantity"), "must be at least 1");
    }
    let total = money.pair(fields, &at("total"), line.total.as_ref());
    if total.is_none() {
        fields.wrong(at("total"), "must be given");
    }
    NewLine {
        cart_item_id: fields.text(&at("cart_item_id"), &line.cart_item_id, MAX_ID),
        product_code: fields.optional_text(&at("product_code"), &line.product_code, MAX_ID),
        secondary_product_code: fields.optional_text(
            &at("secondary_product_code"),
            &line.secondary_product_code,
            MAX_ID,
        ),
        name: fields.optional_text(&at("name"), &line.name, MAX_NAME),
        hs_code: fields.optional_text(&at("hs_code"), &line.hs_code, MAX_HS_CODE),
        // The domain refuses 0, too; it was named here already.
        quantity: quantity.unwrap_or(1),
        total: total.unwrap_or_default(),
        duties: money.pair(fields, &at("duties"), line.duties.as_ref()),
    }
}

fn tender(
    fields: &mut Fields,
    index: usize,
    tender: &proto::Tender,
    money: Money,
) -> Option<NewTender> {
    let at = |name: &str| format!("order.tenders[{index}].{name}");
    let tender_id: Option<TenderId> = fields.parse(at("tender_id"), &tender.tender_id);
    let method = match tender.method() {
        proto::TenderMethod::Card => Some(TenderMethod::Card),
        proto::TenderMethod::Wallet => Some(TenderMethod::Wallet),
        proto::TenderMethod::BankTransfer => Some(TenderMethod::BankTransfer),
        proto::TenderMethod::Mobile => Some(TenderMethod::Mobile),
        proto::TenderMethod::GiftCard => Some(TenderMethod::GiftCard),
        proto::TenderMethod::Points => Some(TenderMethod::Points),
        proto::TenderMethod::StoreCredit => Some(TenderMethod::StoreCredit),
        proto::TenderMethod::CashOnDelivery => Some(TenderMethod::CashOnDelivery),
        proto::TenderMethod::Unspecified => None,
    };
    let state = match proto::TenderState::try_from(tender.state) {
        Ok(proto::TenderState::Pending | proto::TenderState::Unspecified) => {
            Some(TenderState::Pending)
        }
        Ok(proto::TenderState::Authorized) => Some(TenderState::Authorized),
        Ok(proto::TenderState::Captured) => Some(TenderState::Captured),
        Ok(proto::TenderState::Failed | proto::TenderState::Released) | Err(_) => None,
    };
    if method.is_none() {
        fields.wrong(at("method"), "must be a tender method");
    }
    if state.is_none() {
        fields.wrong(at("state"), "must be PENDING, AUTHORIZED or CAPTURED");
    }
    let provider = fields.text(&at("provider"), &tender.provider, MAX_CODE);
    let reference = &tender.provider_reference;
    let provider_reference =
        fields.optional_text(&at("provider_reference"), reference, MAX_NAME).unwrap_or_default();
    let amount = fields.amount(at("amount"), &tender.amount, money.customer);
    Some(NewTender {
        tender_id: tender_id?,
        method: method?,
        provider,
        provider_reference,
        amount,
        state: state?,
    })
}

fn personal(fields: &mut Fields, order: &proto::Order) -> Personal {
    let buyer = order.buyer.clone().unwrap_or_default();
    let mut text = |name: &str, value: &str, most| {
        fields.optional_text(&format!("order.{name}"), value, most).unwrap_or_default()
    };
    let buyer = Buyer {
        name: text("buyer.name", &buyer.name, MAX_NAME),
        email: text("buyer.email", &buyer.email, MAX_NAME),
        phone: text("buyer.phone", &buyer.phone, MAX_CODE),
    };
    Personal {
        buyer,
        shipping_address: address(fields, "shipping_address", order.shipping_address.as_ref()),
        billing_address: address(fields, "billing_address", order.billing_address.as_ref()),
        customer_note: fields.optional_text(
            "order.customer_note",
            &order.customer_note,
            MAX_COMMENT,
        ),
    }
}

fn address(fields: &mut Fields, field: &str, address: Option<&proto::Address>) -> Option<Address> {
    let address = address?;
    let at = |name: &str| format!("order.{field}.{name}");
    if address.lines.len() > MAX_ADDRESS_LINES {
        fields.wrong(at("lines"), format!("must be at most {MAX_ADDRESS_LINES}"));
    }
    country(fields, &at("country"), &address.country, false);
    let mut text = |name: &str, value: &str, most| {
        fields.optional_text(&at(name), value, most).unwrap_or_default()
    };
    Some(Address {
        name: text("name", &address.name, MAX_NAME),
        lines: address
            .lines
            .iter()
            .take(MAX_ADDRESS_LINES)
            .map(|line| text("lines", line, MAX_NAME))
            .collect(),
        city: text("city", &address.city, MAX_NAME),
        region: text("region", &address.region, MAX_NAME),
        postal_code: text("postal_code", &address.postal_code, MAX_CODE),
        country: address.country.clone(),
        phone: text("phone", &address.phone, MAX_CODE),
    })
}

/// ISO 3166-1 alpha-2.
fn country(fields: &mut Fields, field: &str, code: &str, mandatory: bool) {
    if !(domain::is_country(code) || code.is_empty() && !mandatory) {
        fields.wrong(field, "must be an ISO 3166-1 alpha-2 code such as \"DE\"");
    }
}
