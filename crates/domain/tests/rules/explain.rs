//! Every figure of a refund carries its derivation.

use crate::build::{
    amount, checkout, checkout_of, decimal, full, goodwill, line, merchant_part, pair, part,
    percent, pieces, plan, plan_with, policy, products, ready, refunded, tender, total,
};
use domain::{
    Amount, Pair,
    order::{NewOrder, Order, TenderMethod},
    refund::{
        Bearer, ComponentCharge, ComponentKind, Derivation, Plan, RefundPolicy, RefundRequest,
        Rule, Side,
    },
};

/// Every line's, component's and leg's amount that no derivation comes to.
pub fn unexplained(order: &Order, plan: &Plan) -> Vec<String> {
    let refund = &plan.refund;
    let mut figures: Vec<(String, Side, Amount)> = Vec::new();
    let mut both = |subject: String, pair: Pair| {
        figures.push((subject.clone(), Side::Customer, pair.customer));
        figures.push((subject, Side::Merchant, pair.merchant));
    };
    for product in &refund.products {
        both(format!("line {}", order.lines[product.line].cart_item_id), product.amount);
    }
    for component in &refund.components {
        both(format!("component {}", component.kind.name()), component.amount);
    }
    for leg in &refund.legs {
        figures.push((format!("leg {}", leg.tender_id), Side::Customer, leg.amount));
    }
    let explains = |figure: &(String, Side, Amount), derivation: &Derivation| {
        (derivation.subject.as_str(), derivation.side, derivation.amount)
            == (figure.0.as_str(), figure.1, figure.2)
    };
    figures.retain(|figure| !plan.derivations.iter().any(|derived| explains(figure, derived)));
    figures.into_iter().map(|figure| format!("{figure:?}")).collect()
}

#[test]
fn every_figure_is_explained_whatever_was_asked() {
    let order = refunded(paid_twice(), products([pieces("shirt", 1)]));
    let with_goodwill = refunded(order.clone(), goodwill("3.00"));
    let charges = RefundRequest {
        products_duties_refund: true,
        shipping_amount: Some(decimal("3.21")),
        service_gesture_amount: Some(decimal("1.11")),
        original_customer_prepaid_refund_amount: Some(decimal("2.22")),
        ..products([pieces("shirt", 1), percent("socks", "33")])
    };
    let split = |kind| ComponentCharge {
        kind,
        charged_to: Bearer::Platform,
        platform_amount: Some(decimal("1.00")),
    };
    let borne = RefundRequest {
        charged_to: vec![
            split(ComponentKind::Products),
            split(ComponentKind::Shipping),
            ComponentCharge { platform_amount: None, ..split(ComponentKind::ServiceGesture) },
        ],
        ..charges.clone()
    };
    let duties = RefundRequest {
        duties_amount: Some(decimal("0.99")),
        shipping_refund: true,
        ..products([part("shirt", "7.77"), merchant_part("socks", "3.3333")])
    };
    let policy = RefundPolicy { may_charge_platform: true, ..policy() };
    for (order, request) in [
        (&order, full()),
        (&with_goodwill, full()),
        (&order, charges),
        (&order, borne),
        (&order, duties),
        (&order, total("33.33")),
    ] {
        let plan = plan_with(order, policy.clone(), request.clone()).unwrap();
        let unexplained = unexplained(order, &plan);
        assert!(unexplained.is_empty(), "{unexplained:?} of {request:?}");
        for derivation in &plan.derivations {
            assert!(!derivation.rule.name().is_empty() && !derivation.rule.text().is_empty());
        }
    }
}

#[test]
fn a_derivation_says_its_rule_and_where_it_started() {
    let order = refunded(
        ready(checkout_of(vec![line("pin", 3, pair("10.00", "11.00"))])),
        products([pieces("pin", 1)]),
    );
    let plan = plan(&order, products([pieces("pin", 1)]));
    let rows: Vec<_> = plan
        .derivations
        .iter()
        .map(|row| {
            let figures = [row.before, row.after, row.amount].map(|figure| figure.to_text(4));
            (row.subject.as_str(), row.side, row.rule, row.decimals, figures.join(" "))
        })
        .collect();
    let expected = [
        ("line pin", Side::Customer, Rule::QuantityShare, 2, "3.3300 6.6700 3.3400"),
        ("line pin", Side::Merchant, Rule::ConvertedByLine, 4, "3.6630 7.3370 3.6740"),
        ("component Products", Side::Customer, Rule::SumOfLines, 2, "0.0000 3.3400 3.3400"),
        ("component Products", Side::Merchant, Rule::RoundedSumOfLines, 2, "3.6600 7.3400 3.6800"),
        ("leg card", Side::Customer, Rule::TenderOrder, 2, "3.3300 6.6700 3.3400"),
    ];
    assert_eq!(rows, expected.map(|(s, side, rule, d, f)| (s, side, rule, d, f.to_owned())));
}

fn paid_twice() -> Order {
    ready(NewOrder {
        tenders: vec![
            tender("card", TenderMethod::Card, amount("70.00")),
            tender("voucher", TenderMethod::GiftCard, amount("15.00")),
        ],
        ..checkout()
    })
}
