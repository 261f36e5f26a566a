//! Where the parts of a call stand: in the query, in a header, in the body.

use super::{
    json::{Json, Names, Object},
    request::PRODUCTS,
};
use http::HeaderMap;
use std::borrow::Cow;

/// The longest GUID that is looked up, in bytes.
const MAX_GUID: usize = 255;

const MERCHANT_GUID: &str = "merchantGUID";
const ORDER_REFUND: &str = "orderRefund";
const NAMES: &[Names] = &[&[MERCHANT_GUID], &[ORDER_REFUND], &[PRODUCTS, "refundProductList"]];

/// Everything that was given, wherever it stood.
#[derive(Debug, Default)]
pub struct Envelope<'a> {
    merchant_guids: Vec<String>,
    order_refunds: Vec<Cow<'a, str>>,
    products: Vec<Cow<'a, str>>,
    fault: Option<String>,
}

/// The two texts that describe a refund.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Should be a JSON object.
    pub order_refund: Cow<'a, str>,
    /// Should be a JSON array.
    pub products: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// `query` is decoded already. What is wrong with the body is kept for [`Envelope::parts`]:
    /// who the caller is comes first.
    pub fn open(query: Vec<(String, String)>, headers: &HeaderMap, body: &'a [u8]) -> Self {
        let mut envelope = Self::default();
        // A header that is no text is no GUID, but must not count as none.
        let guids = headers.get_all(MERCHANT_GUID).iter();
        envelope
            .merchant_guids
            .extend(guids.map(|guid| String::from_utf8_lossy(guid.as_bytes()).into_owned()));
        for (name, value) in query.into_iter().filter(|(_, value)| !value.is_empty()) {
            match shown(&name) {
                Some(MERCHANT_GUID) => envelope.merchant_guids.push(value),
                Some(ORDER_REFUND) => envelope.order_refunds.push(value.into()),
                Some(_) => envelope.products.push(value.into()),
                None => {}
            }
        }
        envelope.fault = envelope.add_body(body).err();
        envelope
    }

    /// The GUID, in any case. `None` for none, for several that differ, and for what cannot be one.
    pub fn merchant_guid(&self) -> Option<&str> {
        let (first, others) = self.merchant_guids.split_first()?;
        let one = others.iter().all(|other| other.eq_ignore_ascii_case(first));
        (one && could_be_guid(first)).then_some(first)
    }

    /// # Errors
    ///
    /// What is wrong with the call as a whole.
    pub fn parts(self) -> Result<Parts<'a>, String> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let one = |name: &str, mut given: Vec<Cow<'a, str>>| match given.len() {
            0 | 1 => Ok(given.pop()),
            _ => Err(format!("{name} is given twice")),
        };
        let products = one(PRODUCTS, self.products)?;
        match one(ORDER_REFUND, self.order_refunds)? {
            Some(order_refund) => Ok(Parts { order_refund, products }),
            None => Err(format!("{ORDER_REFUND} is missing: neither query nor body gives it")),
        }
    }

    /// Nothing, the list of products, or an object of both parts.
    fn add_body(&mut self, body: &'a [u8]) -> Result<(), String> {
        let text = str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
        if text.trim().is_empty() {
            return Ok(());
        }
        match Json::parse(text).map_err(|error| format!("the body is not JSON: {error}"))? {
            Json::Null => Ok(()),
            Json::Array(list) => {
                self.products.push(list.into());
                Ok(())
            }
            Json::Object(text) => self.add_members(text),
            _ => Err("the body must be a JSON array or object".to_owned()),
        }
    }

    fn add_members(&mut self, text: &'a str) -> Result<(), String> {
        let unread = |error| format!("the body cannot be read: {error}");
        let object = Object::pick(text, NAMES).map_err(unread)?;
        let value = |name| object.get(name).map(Json::of).transpose().map_err(unread);
        match value(MERCHANT_GUID)? {
            None | Some(Json::Null) => {}
            Some(Json::Text(guid)) => self.merchant_guids.push(guid),
            Some(_) => return Err(format!("{MERCHANT_GUID} must be a string")),
        }
        match value(ORDER_REFUND)? {
            None | Some(Json::Null) => {}
            Some(Json::Object(text)) => self.order_refunds.push(text.into()),
            Some(_) => return Err(format!("{ORDER_REFUND} must be an object")),
        }
        match value(PRODUCTS)? {
            None | Some(Json::Null) => {}
            Some(Json::Array(text)) => self.products.push(text.into()),
            Some(_) => return Err(format!("{PRODUCTS} must be an array")),
        }
        match object.twice.first() {
            Some(name) => Err(format!("{name} is given twice")),
            None => Ok(()),
        }
    }
}

/// Whether a text may be looked up as a GUID at all.
pub fn could_be_guid(text: &str) -> bool {
    (1..=MAX_GUID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A name as it is shown, if it is one of those that are known.
fn shown(name: &str) -> Option<&'static str> {
    let known = |names: &&Names| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    NAMES.iter().find(known).and_then(|names| names.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const GUID: &str = "39a4";

    fn open<'a>(
        query: &[(&str, &str)],
        header: Option<&'static str>,
        body: &'a str,
    ) -> Envelope<'a> {
        let query = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let headers =
            header.map(|guid| ("merchantguid".parse().unwrap(), HeaderValue::from_static(guid)));
        Envelope::open(query, &headers.into_iter().collect(), body.as_bytes())
    }

    fn parts(order_refund: &'static str, products: Option<&'static str>) -> Parts<'static> {
        Parts { order_refund: order_refund.into(), products: products.map(Into::into) }
    }

    #[test]
    fn both_forms_of_a_call_are_taken() {
        let refund = ("ORDERREFUND", r#"{"OrderId": 1}"#);
        for body in ["", " \r\n", "null"] {
            let parts_of = open(&[refund], None, body).parts().unwrap();
            assert_eq!(parts_of, parts(r#"{"OrderId": 1}"#, None));
        }
        let envelope = open(&[refund], None, "[{}]");
        assert_eq!(envelope.parts().unwrap(), parts(r#"{"OrderId": 1}"#, Some("[{}]")));
        for body in [
            r#"{"orderRefund": {"OrderId": 1}, "refundProductsList": [{}], "more": 1}"#,
            r#"{"RefundProductList": [{}], "OrderRefund": {"OrderId": 1}}"#,
        ] {
            let envelope = open(&[], None, body);
            assert_eq!(envelope.parts().unwrap(), parts(r#"{"OrderId": 1}"#, Some("[{}]")));
        }
        let body = r#"{"orderRefund": {}, "refundProductsList": null}"#;
        assert_eq!(open(&[], None, body).parts().unwrap(), parts("{}", None));
    }

    #[test]
    fn what_is_given_twice_or_not_at_all_is_refused() {
        let refund = ("orderRefund", "{}");
        for (query, body, fault) in [
            (vec![refund, refund], "", "orderRefund is given twice"),
            (vec![refund], r#"{"orderRefund": {}}"#, "orderRefund is given twice"),
            (vec![], r#"{"orderRefund": {}, "OrderRefund": {}}"#, "orderRefund is given twice"),
            (vec![refund, (PRODUCTS, "[]")], "[]", "refundProductsList is given twice"),
            (vec![], "[]", "orderRefund is missing"),
            (vec![], "", "orderRefund is missing"),
            (vec![refund], "7", "the body must be a JSON array or object"),
            (vec![refund], "\"x\"", "the body must be a JSON array or object"),
            (vec![refund], "[1,", "the body is not JSON"),
            (vec![refund], "\u{feff}[]", "the body is not JSON"),
            (vec![], r#"{"orderRefund": []}"#, "orderRefund must be an object"),
            (
                vec![],
                r#"{"orderRefund": {}, "refundProductsList": {}}"#,
                "refundProductsList must be",
            ),
            (vec![], r#"{"orderRefund": {}, "merchantGUID": 7}"#, "merchantGUID must be a string"),
        ] {
            let found = open(&query, None, body).parts().unwrap_err();
            assert!(found.starts_with(fault), "{body}: {found}");
        }
        assert!(Envelope::open(Vec::new(), &HeaderMap::new(), b"\xff").parts().is_err());
    }

    #[test]
    fn the_guid_stands_in_the_query_a_header_or_the_body() {
        let body = r#"{"MerchantGuid": "39a4", "orderRefund": {}}"#;
        assert_eq!(open(&[("MERCHANTGUID", GUID)], None, "").merchant_guid(), Some(GUID));
        assert_eq!(open(&[], Some(GUID), "").merchant_guid(), Some(GUID));
        assert_eq!(open(&[], None, body).merchant_guid(), Some(GUID));
        assert_eq!(open(&[("merchantGUID", GUID)], Some(GUID), body).merchant_guid(), Some(GUID));
        assert_eq!(open(&[("merchantGUID", "39A4")], Some(GUID), "").merchant_guid(), Some(GUID));
    }

    #[test]
    fn none_and_several_guids_are_none() {
        assert_eq!(open(&[("merchantGUID", "")], None, "").merchant_guid(), None);
        assert_eq!(open(&[("merchantGUID", "other")], Some(GUID), "").merchant_guid(), None);
        for bad in ["a b", "\0", "é", &"x".repeat(256)] {
            assert_eq!(open(&[("merchantGUID", bad)], None, "").merchant_guid(), None, "{bad}");
        }
        assert_eq!(open(&[], None, "{").merchant_guid(), None);
    }
}
