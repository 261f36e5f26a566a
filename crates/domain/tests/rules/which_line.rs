//! Which line of the order a listed product is.

use crate::build::{checkout_of, line, pair, pieces, plan_with, policy, products, ready, refunded};
use domain::{
    Reason,
    order::{NewLine, Order},
    refund::ProductRequest,
};

#[test]
fn a_product_code_names_the_first_line_with_pieces_left_that_was_not_taken() {
    let order = twins();
    let one = by_code("TWIN", 1);
    assert_eq!(lines_of(&order, [one.clone(), one.clone()]), Ok(vec![0, 1]));
    let order = refunded(order, products([one.clone()]));
    assert_eq!(lines_of(&order, [one.clone()]), Ok(vec![1]));
    // With none free it is the first one, judged like any other.
    let order = refunded(order, products([by_code("TWIN", 2)]));
    assert_eq!(lines_of(&order, [one]), Err(Reason::InvalidQuantity));
    assert_eq!(
        lines_of(&twins(), [by_code("TWIN", 1), by_code("TWIN", 1), by_code("TWIN", 1)]),
        Err(Reason::DuplicateLine)
    );
}

#[test]
fn a_line_that_was_named_by_id_is_taken_for_its_code_too() {
    assert_eq!(lines_of(&twins(), [pieces("a", 1), by_code("TWIN", 1)]), Ok(vec![0, 1]));
}

#[test]
fn the_secondary_code_counts_where_no_line_has_the_code_itself() {
    let order = twins();
    assert_eq!(lines_of(&order, [by_code("ALT", 1)]), Ok(vec![2]));
    // "SKU-d" is the code of d and the secondary code of c.
    assert_eq!(lines_of(&order, [by_code("SKU-d", 1)]), Ok(vec![3]));
    assert_eq!(lines_of(&order, [by_code("none", 1)]), Err(Reason::UnknownLine));
}

#[test]
fn the_cart_item_id_wins_over_the_code() {
    let order = twins();
    let both = ProductRequest { product_code: Some("ALT".into()), ..pieces("b", 1) };
    assert_eq!(lines_of(&order, [both]), Ok(vec![1]));
    let wrong = ProductRequest { product_code: Some("ALT".into()), ..pieces("hat", 1) };
    assert_eq!(lines_of(&order, [wrong]), Err(Reason::UnknownLine));
    assert_eq!(lines_of(&order, [ProductRequest::default()]), Err(Reason::UnknownLine));
}

/// Which lines the products were taken for.
fn lines_of(order: &Order, listed: impl Into<Vec<ProductRequest>>) -> Result<Vec<usize>, Reason> {
    let plan = plan_with(order, policy(), products(listed)).map_err(|refused| refused.reason)?;
    Ok(plan.refund.products.iter().map(|product| product.line).collect())
}

/// Lines a and b have one code; c has two secondary candidates, d none.
fn twins() -> Order {
    let with = |line: NewLine, code: &str, secondary: Option<&str>| NewLine {
        product_code: Some(code.into()),
        secondary_product_code: secondary.map(str::to_owned),
        ..line
    };
    ready(checkout_of(vec![
        with(line("a", 1, pair("10", "12")), "TWIN", None),
        with(line("b", 2, pair("20", "24")), "TWIN", Some("ALT")),
        with(line("c", 1, pair("5", "6")), "ALT", Some("SKU-d")),
        line("d", 1, pair("5", "6")),
    ]))
}

fn by_code(code: &str, quantity: i64) -> ProductRequest {
    ProductRequest {
        product_code: Some(code.into()),
        refund_quantity: Some(quantity),
        ..ProductRequest::default()
    }
}
