//! Orders and files to check.

use domain::{
    Amount, Currencies, Currency, Pair,
    order::{
        Address, Buyer, Fact, NewLine, NewOrder, NewTender, Order, Personal, TenderMethod,
        TenderState,
    },
    screening::{Screening as Wanted, Verdict},
};
use ports::{Opinion, Screening, Subject};
use screening::ListSource;
use std::{fs, path::PathBuf};
use tempfile::TempDir;
use time::{OffsetDateTime, macros::datetime};

pub const NOON: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);

pub fn currency(code: &str) -> Currency {
    Currencies::iso().get(code).unwrap()
}

fn amount(text: &str) -> Amount {
    Amount::parse(text, currency("EUR")).unwrap()
}

/// 100.00 USD that are 90.00 EUR in the books, to Germany, with a card.
pub fn order(order_id: &str, at: OffsetDateTime) -> Order {
    let line = NewLine {
        cart_item_id: "L1".into(),
        product_code: None,
        secondary_product_code: None,
        name: None,
        hs_code: Some("6109.10".into()),
        quantity: 1,
        total: Pair::new(amount("100.00"), amount("90.00")),
        duties: None,
    };
    let tender = NewTender {
        tender_id: "t1".parse().unwrap(),
        method: TenderMethod::Card,
        provider: "sandbox".into(),
        provider_reference: "p1".into(),
        amount: amount("100.00"),
        state: TenderState::Captured,
    };
    let new = NewOrder {
        order_id: order_id.parse().unwrap(),
        cart_id: None,
        customer_currency: currency("USD"),
        merchant_currency: currency("EUR"),
        destination_country: "DE".into(),
        language: None,
        lines: vec![line],
        shipping: Pair::ZERO,
        duties: Pair::ZERO,
        tenders: vec![tender],
    };
    let fact = new.receive("shop".parse().unwrap(), &Wanted::default(), at).unwrap();
    let Fact::OrderReceived { order } = fact else { panic!("an order is received") };
    *order
}

pub fn person(name: &str, email: &str) -> Personal {
    let buyer = Buyer { name: name.into(), email: email.into(), phone: String::new() };
    Personal { buyer, ..Personal::default() }
}

pub fn address(name: &str, country: &str) -> Address {
    Address { name: name.into(), country: country.into(), ..Address::default() }
}

pub async fn opinion(check: &dyn Screening, order: &Order, personal: &Personal) -> Opinion {
    check.check(Subject { order, personal: Some(personal) }).await.unwrap()
}

/// The verdict, and the rules that spoke.
pub async fn said(
    check: &dyn Screening,
    order: &Order,
    personal: &Personal,
) -> (Verdict, Vec<String>) {
    let opinion = opinion(check, order, personal).await;
    (opinion.verdict, opinion.findings.into_iter().map(|finding| finding.rule).collect())
}

/// A file in a folder of its own.
pub struct File {
    folder: TempDir,
    name: &'static str,
}

impl File {
    pub fn new(name: &'static str, text: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap(), name };
        file.write(text);
        file
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    pub fn source(&self) -> ListSource {
        ListSource::File(self.path())
    }

    pub fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }
}
