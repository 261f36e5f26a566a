//! An order on its way to a shop.

use domain::{
    Amount, Currencies, Currency, Pair,
    order::{
        Address, Buyer, ExternalIds, Fact, NewLine, NewOrder, NewTender, Order, Personal,
        TenderMethod, TenderState,
    },
    screening::Screening,
    store::{Handover, HandoverExhausted},
};
use ports::Push;
use time::macros::datetime;

pub struct Case {
    pub order: Order,
    pub personal: Option<Personal>,
    pub target: Handover,
}

impl Case {
    pub fn push(&self) -> Push<'_> {
        let Self { order, personal, target } = self;
        Push { order, personal: personal.as_ref(), target }
    }

    /// Two lines, shipping and duties: 106.30 EUR, paid with 97.00 by card and 20.00 in points,
    /// in US dollars.
    pub fn new(order_id: &str, url: &str, secret: &str) -> Self {
        let lines = vec![
            line("l1", "SHIRT-M", 3, pair("40.00", "35.00")),
            line("l2", "SHOES-42", 1, pair("65.00", "60.00")),
        ];
        Self::of(order_id, lines, url, secret)
    }

    pub fn of(order_id: &str, lines: Vec<NewLine>, url: &str, secret: &str) -> Self {
        let (shipping, duties) = (pair("7.00", "6.30"), pair("5.00", "5.00"));
        let parts = lines.iter().map(|line| line.total).chain([shipping, duties]);
        let total = Pair::sum(parts).unwrap().customer;
        let points = amount("20.00", "USD");
        let order = NewOrder {
            order_id: order_id.parse().unwrap(),
            cart_id: None,
            customer_currency: currency("USD"),
            merchant_currency: currency("EUR"),
            destination_country: "DE".to_owned(),
            language: Some("de".to_owned()),
            lines,
            shipping,
            duties,
            tenders: vec![
                tender("card", TenderMethod::Card, total.minus(points).unwrap()),
                tender("points", TenderMethod::Points, points),
            ],
        };
        let at = datetime!(2025-03-01 11:30 UTC);
        let fact = order.receive("demo".parse().unwrap(), &Screening::default(), at).unwrap();
        let Fact::OrderReceived { order } = fact else { unreachable!("it was received") };
        Self { order: *order, personal: Some(personal()), target: target(url, secret) }
    }
}

pub fn ids(id: &str, number: &str) -> ExternalIds {
    ExternalIds { id: id.to_owned(), number: number.to_owned() }
}

pub fn line(id: &str, sku: &str, quantity: u32, total: Pair) -> NewLine {
    NewLine {
        cart_item_id: id.to_owned(),
        product_code: Some(sku.to_owned()),
        secondary_product_code: None,
        name: Some(format!("One {sku}")),
        hs_code: None,
        quantity,
        total,
        duties: None,
    }
}

/// In the customer currency and in the merchant's.
pub fn pair(customer: &str, merchant: &str) -> Pair {
    Pair::new(amount(customer, "USD"), amount(merchant, "EUR"))
}

pub fn currency(code: &str) -> Currency {
    Currencies::iso().get(code).unwrap()
}

fn amount(text: &str, code: &str) -> Amount {
    Amount::parse(text, currency(code)).unwrap()
}

fn tender(id: &str, method: TenderMethod, amount: Amount) -> NewTender {
    NewTender {
        tender_id: id.parse().unwrap(),
        method,
        provider: "sandbox".to_owned(),
        provider_reference: "secret-reference".to_owned(),
        amount,
        state: TenderState::Captured,
    }
}

fn personal() -> Personal {
    Personal {
        buyer: Buyer {
            name: "Ada Lovelace".to_owned(),
            email: "Ada@Example.com".to_owned(),
            phone: "+49 30 1234567".to_owned(),
        },
        shipping_address: Some(Address {
            name: "Ada Lovelace".to_owned(),
            lines: vec!["Hauptstraße 5".to_owned(), "3. Stock".to_owned()],
            city: "Potsdam".to_owned(),
            region: "Brandenburg".to_owned(),
            postal_code: "14467".to_owned(),
            country: "DE".to_owned(),
            phone: "+49 30 1234567".to_owned(),
        }),
        billing_address: None,
        customer_note: Some("ring twice".to_owned()),
    }
}

fn target(url: &str, secret: &str) -> Handover {
    Handover {
        adapter: "any".to_owned(),
        url: url.to_owned(),
        secret: secret.to_owned(),
        exhausted: HandoverExhausted::Notify,
        schedule_seconds: Vec::new(),
    }
}
