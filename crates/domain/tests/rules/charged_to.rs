//! Who bears a component.

use crate::build::{blamed, checkout, decimal, pair, pieces, plan_with, policy, products, ready};
use domain::{
    Pair, Reason, Rejection,
    refund::{Bearer, ComponentCharge, ComponentKind, Plan, RefundPolicy, RefundRequest},
};

#[test]
fn the_merchant_bears_everything_unless_something_else_is_said() {
    let plan = planned(Vec::new()).unwrap();
    assert!(plan.refund.components.iter().all(|part| part.charged_to == Bearer::Merchant));
}

#[test]
fn only_the_platform_may_charge_the_platform() {
    let policy = || RefundPolicy { may_charge_platform: false, ..policy() };
    for charge in [
        charge(ComponentKind::Shipping, Bearer::Platform, None),
        charge(ComponentKind::Shipping, Bearer::Merchant, Some("1")),
    ] {
        let refused = plan_with(&ready(checkout()), policy(), request(vec![charge])).unwrap_err();
        assert_eq!(refused.reason, Reason::NotPermitted);
        assert_eq!(blamed(&refused), "charged_to[0].charged_to");
    }
    let own = charge(ComponentKind::Shipping, Bearer::Merchant, None);
    assert!(plan_with(&ready(checkout()), policy(), request(vec![own])).is_ok());
}

#[test]
fn the_platform_may_bear_a_component() {
    let plan = planned(vec![charge(ComponentKind::Shipping, Bearer::Platform, None)]).unwrap();
    assert_eq!(
        borne(&plan),
        [
            ("Products", Bearer::Merchant, pair("20.00", "24.00")),
            ("Shipping", Bearer::Platform, pair("8.00", "9.60")),
            ("PrepaidReturn", Bearer::Merchant, pair("-1.00", "-1.20")),
        ]
    );
}

#[test]
fn a_split_component_stands_twice_and_adds_up_in_both_currencies() {
    let split = charge(ComponentKind::Products, Bearer::Platform, Some("6.66"));
    let plan = planned(vec![split]).unwrap();
    assert_eq!(
        borne(&plan)[..2],
        [
            ("Products", Bearer::Merchant, pair("13.34", "16.01")),
            ("Products", Bearer::Platform, pair("6.66", "7.99")),
        ]
    );
}

#[test]
fn a_split_that_takes_all_or_nothing_stands_once() {
    for (part, bearer) in [("8.00", Bearer::Platform), ("0", Bearer::Merchant)] {
        let split = charge(ComponentKind::Shipping, Bearer::Platform, Some(part));
        let plan = planned(vec![split]).unwrap();
        assert_eq!(borne(&plan)[1], ("Shipping", bearer, pair("8.00", "9.60")));
        assert_eq!(plan.refund.components.len(), 3);
    }
}

#[test]
fn a_split_is_at_most_its_component() {
    let split = charge(ComponentKind::Shipping, Bearer::Platform, Some("8.01"));
    let refused = planned(vec![split]).unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidAmount);
    assert_eq!(blamed(&refused), "charged_to[0].platform_amount");
    let malformed = charge(ComponentKind::Shipping, Bearer::Platform, Some("1.001"));
    let refused = planned(vec![malformed]).unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidAmount);
}

#[test]
fn a_component_is_charged_once() {
    let twice = vec![
        charge(ComponentKind::Shipping, Bearer::Platform, Some("1")),
        charge(ComponentKind::Shipping, Bearer::Merchant, None),
    ];
    let refused = planned(twice).unwrap_err();
    assert_eq!(refused.reason, Reason::IncompatibleFields);
    assert_eq!(blamed(&refused), "charged_to[1].type");
}

#[test]
fn a_prepaid_return_is_always_the_merchants() {
    for charge in [
        charge(ComponentKind::PrepaidReturn, Bearer::Platform, None),
        charge(ComponentKind::PrepaidReturn, Bearer::Merchant, Some("0")),
    ] {
        let refused = planned(vec![charge]).unwrap_err();
        assert_eq!(refused.reason, Reason::IncompatibleFields);
    }
    let own = charge(ComponentKind::PrepaidReturn, Bearer::Merchant, None);
    assert!(planned(vec![own]).is_ok());
}

fn planned(charged_to: Vec<ComponentCharge>) -> Result<Plan, Rejection> {
    let policy = RefundPolicy { may_charge_platform: true, ..policy() };
    plan_with(&ready(checkout()), policy, request(charged_to))
}

/// One shirt and the shipping, less a fee.
fn request(charged_to: Vec<ComponentCharge>) -> RefundRequest {
    RefundRequest {
        shipping_refund: true,
        customer_prepaid_refund_amount: Some(decimal("1.00")),
        charged_to,
        ..products([pieces("shirt", 1)])
    }
}

fn charge(kind: ComponentKind, charged_to: Bearer, platform: Option<&str>) -> ComponentCharge {
    ComponentCharge { kind, charged_to, platform_amount: platform.map(decimal) }
}

fn borne(plan: &Plan) -> Vec<(&'static str, Bearer, Pair)> {
    let components = plan.refund.components.iter();
    components.map(|part| (part.kind.name(), part.charged_to, part.amount)).collect()
}
