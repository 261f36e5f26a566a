//! Which rows there are, and in which sequence.

use super::{refunded, rows};
use crate::{
    on_both,
    world::{World, encode, order, order_of, tender},
};
use serde_json::{Value, json};

on_both!(
    a_row_says_what_its_refund_is_about,
    the_oldest_refund_comes_first_over_many_pages,
    a_report_is_of_a_time_and_of_states,
);

async fn a_row_says_what_its_refund_is_about(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 1}],
        "shipping_refund": true,
        "charged_to": [{"type": "COMPONENT_TYPE_SHIPPING", "platform_amount": "4.00"}],
        "external_reference": "R-1",
        "refund_reason": {"code": "12", "name": "Torn"},
    });
    let refund = refunded(&world, "O-1", &asked).await;
    // Another order, whose free gift comes back: a total of 0 has no components.
    let mut gift =
        order_of("O-2", &[("L1", "S", 1, "0.00", "0.00"), ("L2", "T", 1, "9.00", "8.00")]);
    gift["tenders"] = json!([tender("t1", "pay-2", "24.00")]);
    world.ready(&gift).await;
    let free = json!({"products": [{"cart_item_id": "L1", "refund_quantity": 1}]});
    assert_eq!(refunded(&world, "O-2", &free).await["components"], json!([]));

    let rows = rows(&world, "").await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, (place, component)) in
        rows.iter().zip((1..).zip(refund["components"].as_array().unwrap()))
    {
        assert_eq!(row["place"], place);
        assert_eq!(row["component_type"], component["type"]);
        for field in ["amount", "charged_to"] {
            assert_eq!(row[field], component[field]);
        }
        for field in [
            "refund_id",
            "refund_number",
            "order_id",
            "external_order_id",
            "state",
            "create_time",
            "customer_currency",
            "merchant_currency",
            "external_reference",
            "refund_reason",
        ] {
            assert_eq!(row[field], refund[field], "{field}");
        }
        let number = refund["refund_number"].as_str().unwrap();
        assert_eq!(row["credit_note_number"], format!("CN-{number}"));
        assert!(row["settle_time"].as_str().unwrap() >= row["create_time"].as_str().unwrap());
        let leg = &refund["legs"][0];
        let expected: Value = ["tender_id", "kind", "amount", "state"]
            .map(|field| (field.to_owned(), leg[field].clone()))
            .into_iter()
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(row["legs"], json!([expected]));
    }
    let of_whom: Vec<_> = rows.iter().map(|row| row["charged_to"].as_str().unwrap()).collect();
    assert_eq!(of_whom.iter().filter(|it| **it == "CHARGED_TO_PLATFORM").count(), 1, "{rows:?}");
}

/// More than two pages, over three orders.
const MANY: usize = 120;

async fn the_oldest_refund_comes_first_over_many_pages(world: World) {
    world.open_store(json!({})).await;
    let orders = ["O-1", "O-2", "O-3"];
    for order_id in orders {
        world.ready(&order(order_id)).await;
    }
    let mut made = Vec::new();
    for number in 0..MANY {
        let asked = json!({"shipping_amount": "0.01", "duties_amount": "0.01"});
        let refund = world.refund(orders[number % orders.len()], &asked).await.ok();
        made.push(refund["refund_id"].as_str().unwrap().to_owned());
    }
    let rows = rows(&world, "").await;
    let found: Vec<_> = rows.iter().map(|row| row["refund_id"].as_str().unwrap()).collect();
    // One by one they were made, so that their ids are in the same sequence.
    let expected: Vec<_> = made.iter().flat_map(|id| [id.as_str(), id.as_str()]).collect();
    assert_eq!(found, expected);
    for (row, place) in rows.iter().zip([1, 2].into_iter().cycle()) {
        assert_eq!(row["place"], place);
    }
}

async fn a_report_is_of_a_time_and_of_states(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut times = Vec::new();
    for amount in ["1.00", "2.00", "3.00"] {
        let refund = refunded(&world, "O-1", &json!({"shipping_amount": amount})).await;
        times.push(encode(refund["create_time"].as_str().unwrap()));
    }
    let by_hand = json!({"duties_amount": "4.00", "refund_method": "REFUND_METHOD_BANK_DEPOSIT"});
    world.refund("O-1", &by_hand).await.ok();
    let found = async |query: String| {
        let rows = rows(&world, &query).await;
        let amounts = rows.iter().map(|row| row["amount"]["customer"].as_str().unwrap().to_owned());
        amounts.collect::<Vec<_>>()
    };
    let [first, second, third] = [0, 1, 2].map(|place| &times[place]);
    assert_eq!(found(String::new()).await, ["1.00", "2.00", "3.00", "4.00"]);
    assert_eq!(found(format!("?created_after={second}")).await, ["2.00", "3.00", "4.00"]);
    assert_eq!(found(format!("?created_before={third}")).await, ["1.00", "2.00"]);
    let between = format!("?created_after={first}&created_before={third}");
    assert_eq!(found(between).await, ["1.00", "2.00"]);
    assert_eq!(found("?states=REFUND_STATE_PENDING".into()).await, ["4.00"]);
    let two = "?states=REFUND_STATE_PENDING&states=REFUND_STATE_SUCCEEDED";
    assert_eq!(found(format!("{two}&created_after={third}")).await, ["3.00", "4.00"]);
    assert_eq!(found("?states=REFUND_STATE_FAILED".into()).await, Vec::<String>::new());
    assert!(rows(&world, "?states=REFUND_STATE_PENDING").await[0]["settle_time"].is_null());
}
