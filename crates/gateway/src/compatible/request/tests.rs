use super::*;
use proptest::prelude::*;

fn of(order_refund: &str, products: Option<&str>) -> (CreateRefundRequest, String) {
    let mut faults = Faults::default();
    let request = read(order_refund, products, &mut faults);
    (
        request,
        faults
            .into_result()
            .err()
            .map_or_else(String::new, |(reason, text)| format!("{reason}: {text}")),
    )
}

#[test]
fn the_example_of_the_reference_is_read() {
    let order_refund = r#"{
        "OrderId": "GE95135467GB",
        "TotalRefundAmount": "60.95",
        "RefundReason": {"OrderRefundReasonCode": 8, "Name": "Damaged Item"},
        "RefundComments": "Damaged shipment but the customer kept it"
    }"#;
    let products = r#"[{
        "CartItemId": "1381109",
        "RefundQuantity": "1",
        "RefundAmount": "60.95",
        "RefundReason": {"OrderRefundReasonCode": 8, "Name": "Damaged Item"},
        "RefundComments": "Damaged shipment but the customer kept it"
    }]"#;
    let reason = Some(RefundReason { code: Some("8".into()), name: "Damaged Item".into() });
    let comments = "Damaged shipment but the customer kept it";
    let expected = CreateRefundRequest {
        order_id: "GE95135467GB".into(),
        total_refund_amount: Some("60.95".into()),
        refund_reason: reason.clone(),
        refund_comments: comments.into(),
        products: vec![ProductToRefund {
            cart_item_id: Some("1381109".into()),
            refund_quantity: Some(1),
            refund_amount: Some("60.95".into()),
            refund_reason: reason,
            refund_comments: comments.into(),
            ..ProductToRefund::default()
        }],
        ..CreateRefundRequest::default()
    };
    assert_eq!(of(order_refund, Some(products)), (expected, String::new()));
}

#[test]
fn every_field_is_read_whatever_its_case_and_form() {
    let order_refund = r#"{
        "orderid": 95135467, "FULLREFUND": "True", "totalRefundAmount": 10.10,
        "originalTotalRefundAmount": "5.5", "productsDutiesRefund": false,
        "shippingRefund": "false", "shippingAmount": 0, "dutiesAmount": "null",
        "serviceGestureAmount": "1.00", "refundReason": {"name": "n"}, "ExternalReference": 77,
        "customerPrepaidRefundAmount": 3, "originalCustomerPrepaidRefundAmount": null,
        "somethingElse": [1e999, {"OrderId": 2}]
    }"#;
    let products = r#"[{"productcode": 12, "refundquantity": 2, "originalrefundamount": 1.2345,
        "refundamountpercent": "12.5", "cartitemid": "null", "orderRefundReasonObject":
        {"ORDERREFUNDREASONCODE": "A"}}]"#;
    let expected = CreateRefundRequest {
        order_id: "95135467".into(),
        full_refund: Some(true),
        total_refund_amount: Some("10.10".into()),
        original_total_refund_amount: Some("5.5".into()),
        products_duties_refund: Some(false),
        shipping_refund: Some(false),
        shipping_amount: Some("0".into()),
        service_gesture_amount: Some("1.00".into()),
        refund_reason: Some(RefundReason { code: None, name: "n".into() }),
        external_reference: Some("77".into()),
        customer_prepaid_refund_amount: Some("3".into()),
        products: vec![ProductToRefund {
            product_code: Some("12".into()),
            refund_quantity: Some(2),
            original_refund_amount: Some("1.2345".into()),
            refund_amount_percent: Some("12.5".into()),
            refund_reason: Some(RefundReason { code: Some("A".into()), name: String::new() }),
            ..ProductToRefund::default()
        }],
        ..CreateRefundRequest::default()
    };
    assert_eq!(of(order_refund, Some(products)), (expected, String::new()));
}

#[test]
fn every_faulty_field_is_named() {
    let order_refund = r#"{"TotalRefundAmount": "1e1", "ShippingAmount": "-1", "FullRefund": 2}"#;
    let products = r#"[7, {"CartItemId": [], "RefundQuantity": 1.5, "RefundAmount": "NaN"}]"#;
    let (_, faults) = of(order_refund, Some(products));
    assert!(faults.starts_with("INVALID_FIELDS: "), "{faults}");
    for field in [
        "refundProductsList[0] must be an object",
        "refundProductsList[1].CartItemId must be",
        "refundProductsList[1].RefundQuantity must be",
        "refundProductsList[1].RefundAmount must be",
        "OrderId is missing",
        "FullRefund must be",
        "; TotalRefundAmount must be",
        "; ShippingAmount must not be negative",
    ] {
        assert!(faults.contains(field), "{field} in {faults}");
    }
}

#[test]
fn a_malformed_amount_or_quantity_alone_has_its_own_reason() {
    let (_, faults) = of(r#"{"OrderId": "o", "DutiesAmount": "1,5", "ShippingAmount": 1e1}"#, None);
    assert!(faults.starts_with("INVALID_AMOUNT: ShippingAmount must be"), "{faults}");
    assert!(faults.contains("; DutiesAmount must be"), "{faults}");
    let (_, faults) = of(r#"{"OrderId": "o"}"#, Some(r#"[{"RefundQuantity": "two"}]"#));
    assert!(
        faults.starts_with("INVALID_QUANTITY: refundProductsList[0].RefundQuantity"),
        "{faults}"
    );
}

#[test]
fn long_texts_and_long_lists_are_refused() {
    let long = "x".repeat(256);
    let (_, faults) = of(&format!(r#"{{"OrderId": "o", "externalReference": "{long}"}}"#), None);
    assert_eq!(faults, "INVALID_FIELDS: externalReference must have at most 255 characters");
    let list = format!("[{}{{}}]", "{},".repeat(500));
    let (_, faults) = of(r#"{"OrderId": "o"}"#, Some(&list));
    assert_eq!(
        faults,
        "INVALID_FIELDS: refundProductsList lists 501 products; at most 500 are taken"
    );
    let list = format!("[{}{{}}]", "{},".repeat(499));
    assert_eq!(of(r#"{"OrderId": "o"}"#, Some(&list)).0.products.len(), 500);
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "7", "null", "{", "{\"OrderId\": 1} x", "{\"OrderId\": \"\\ud800\"}"] {
        assert!(of(text, None).1.starts_with("INVALID_FIELDS: "), "{text}");
    }
    for list in ["", "{}", "7", "null", "[", "[] x"] {
        let (_, faults) = of(r#"{"OrderId": "o"}"#, Some(list));
        assert!(
            faults.starts_with("INVALID_FIELDS: refundProductsList is not"),
            "{list}: {faults}"
        );
    }
    assert_eq!(of(r#"{"OrderId": ""}"#, None).1, "INVALID_FIELDS: OrderId is missing");
    assert_eq!(of(r#"{"OrderId": null}"#, None).1, "INVALID_FIELDS: OrderId is missing");
}

/// Values as they come in from everywhere.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,45}(\\.[0-9]{1,45})?([eE][+-]?[0-9]{1,4})?",
        "\"[0-9eE.+-]{0,50}\"",
        "\"[^\\PC\"\\\\]{0,20}\"",
        Just("\"\\ud800\"".to_owned()),
        Just("\"\\u0000\"".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|values| {
                let members = ["OrderRefundReasonCode", "name", "x", "NAME"].iter().zip(values);
                let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn object(names: &'static [Names]) -> impl Strategy<Value = String> {
    let member = (prop::sample::select(names), value(), any::<bool>());
    prop::collection::vec(member, 0..10).prop_map(|members| {
        let members = members.into_iter().map(|(names, value, lower)| {
            let name = if lower { names[0].to_lowercase() } else { names[0].to_owned() };
            format!("\"{name}\":{value}")
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(order_refund in "\\PC*", products in prop::option::of("\\PC*")) {
        of(&order_refund, products.as_deref());
    }

    #[test]
    fn whatever_is_read_without_a_fault_is_well_formed(
        order_refund in object(ORDER_REFUND),
        products in prop::collection::vec(object(PRODUCT), 0..4),
    ) {
        let (request, faults) = of(&order_refund, Some(&format!("[{}]", products.join(","))));
        if faults.is_empty() {
            prop_assert_eq!(request.products.len(), products.len());
            prop_assert!(!request.order_id.is_empty());
            let amounts = request.products.iter().flat_map(|product| {
                [&product.refund_amount, &product.original_refund_amount]
            });
            for amount in amounts.chain([&request.total_refund_amount]).flatten() {
                prop_assert!(amount.len() <= 40 && !amount.contains(['e', 'E']), "{}", amount);
            }
        }
    }
}

#[test]
fn a_line_can_be_named_by_as_long_an_id_as_its_order_took() {
    for (length, fault) in [(128, false), (129, true)] {
        for field in ["CartItemId", "ProductCode"] {
            let id = "a".repeat(length);
            let products = format!(r#"[{{"{field}": "{id}", "RefundQuantity": 1}}]"#);
            let (_, refused) = of(r#"{"OrderId": "O-1"}"#, Some(&products));
            assert_eq!(refused.contains(field), fault, "{field} of {length}: {refused}");
        }
    }
}
