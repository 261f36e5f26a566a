//! An order may be posted as it is, without the request around it.

use serde_json::{Map, Value};

/// The one call whose body may be the resource itself.
pub const CREATE_ORDER: &str = "/meridian.orders.v1.OrderService/CreateOrder";

/// What belongs to the request even where it stands among the fields of the order. The store is
/// one of them, so that an order which names another store than the path is not taken.
const OF_THE_REQUEST: [&str; 4] = ["store_id", "storeId", "request_id", "requestId"];

/// The request around a bare order, which is known by its id.
pub fn wrapped(mut body: Map<String, Value>) -> Map<String, Value> {
    let bare = body.contains_key("order_id") || body.contains_key("orderId");
    if !bare || body.contains_key("order") {
        return body;
    }
    let mut request: Map<_, _> =
        OF_THE_REQUEST.iter().filter_map(|name| body.remove_entry(*name)).collect();
    request.insert("order".to_owned(), body.into());
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: Value) -> Value {
        wrapped(serde_json::from_value(body).unwrap()).into()
    }

    #[test]
    fn a_bare_order_is_wrapped() {
        assert_eq!(of(json!({"order_id": "o"})), json!({"order": {"order_id": "o"}}));
        assert_eq!(
            of(json!({"orderId": "o", "request_id": "r", "storeId": "s", "lines": []})),
            json!({"order": {"orderId": "o", "lines": []}, "request_id": "r", "storeId": "s"})
        );
    }

    #[test]
    fn a_request_is_left_as_it_is() {
        for body in
            [json!({"order": {"order_id": "o"}}), json!({"order": 1, "order_id": "o"}), json!({})]
        {
            assert_eq!(of(body.clone()), body);
        }
    }
}
