use super::*;
use serde_json::json;
use wire::rest::ROUTES;

fn message(call: &str) -> &'static Message {
    let route = ROUTES.iter().find(|route| route.grpc_path.ends_with(call)).unwrap();
    route.request
}

fn checked(call: &str, value: Value) -> Result<Value, Vec<String>> {
    let Value::Object(object) = value else { panic!("not an object") };
    check(object, message(call)).map_err(|faults| {
        faults.into_iter().map(|fault| format!("{} {}", fault.field, fault.description)).collect()
    })
}

#[test]
fn both_forms_of_a_name_become_the_one_of_the_contract_and_null_is_absent() {
    let given = json!({
        "orderId": "o", "request_id": "r", "fullRefund": null,
        "products": [{"cartItemId": "L1", "refund_quantity": "2", "refundAmount": null}],
    });
    let expected = json!({
        "order_id": "o", "request_id": "r",
        "products": [{"cart_item_id": "L1", "refund_quantity": "2"}],
    });
    assert_eq!(checked("/CreateRefund", given), Ok(expected));
}

#[test]
fn every_fault_is_named_with_its_field() {
    let faults = checked(
        "/CreateRefund",
        json!({
            "total_refund_amount": 60.95,
            "full_refund": "yes",
            "products": [
                {"refund_quantity": 1.5, "nonsense": 1},
                {"refund_quantity": "99999999999"},
                7,
            ],
            "refund_method": "ORIGINAL",
            "charged_to": {},
        }),
    );
    assert_eq!(
        faults.unwrap_err(),
        [
            "charged_to must be a list",
            "full_refund must be true or false",
            "products[0].nonsense is unknown",
            "products[0].refund_quantity must be a whole number of 32 bits",
            "products[1].refund_quantity must be a whole number of 32 bits",
            "products[2] must be an object",
            "refund_method must be one of REFUND_METHOD_UNSPECIFIED, REFUND_METHOD_ORIGINAL, \
             REFUND_METHOD_GIFT_CARD, REFUND_METHOD_STORE_CREDIT, REFUND_METHOD_POINTS, \
             REFUND_METHOD_BANK_DEPOSIT",
            "total_refund_amount must be a string",
        ]
    );
}

#[test]
fn a_name_in_both_forms_is_refused() {
    let faults = checked("/GetOrder", json!({"order_id": "a", "orderId": "a"}));
    assert_eq!(faults.unwrap_err(), ["order_id is given twice, in both forms of its name"]);
}

#[test]
fn enums_and_times_are_checked() {
    let good = json!({"states": ["ORDER_STATE_READY", 3], "created_after": "2026-01-31T12:00:00Z"});
    let expected = json!({
        "states": ["ORDER_STATE_READY", "ORDER_STATE_ACCEPTED"],
        "created_after": "2026-01-31T12:00:00Z",
    });
    assert_eq!(checked("/ListOrders", good), Ok(expected));
    let bad = json!({"states": [9, -1], "created_after": "yesterday", "page_size": "many"});
    assert_eq!(checked("/ListOrders", bad).unwrap_err().len(), 4);
}

#[test]
fn a_flood_of_faults_is_cut() {
    let values = vec![json!(1); 1000];
    assert_eq!(checked("/CreateToken", json!({"scopes": values})).unwrap_err().len(), 100);
}
