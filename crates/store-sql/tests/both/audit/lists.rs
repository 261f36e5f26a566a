//! Orders, their rows in lists, and the ledger.

use super::{Case, case, of};
use ports::FaultKind::{
    LedgerUnbalanced, OrderDiffers, ProjectionDiffers, RecordMissing, TenderDiffers, Unreadable,
    VersionDiffers,
};

pub fn orders() -> Vec<Case> {
    let differs = [(OrderDiffers, "refunded", None, None)];
    let at = of("refunded");
    vec![
        case(
            "an amount of an order",
            format!("UPDATE orders SET doc = replace(doc, '300000', '310000') WHERE {at}"),
            &differs,
        ),
        case(
            "the state of a leg in an order",
            format!("UPDATE orders SET doc = replace(doc, '\"SETTLED\"', '\"FAILED\"') WHERE {at}"),
            &differs,
        ),
        case(
            "an order that cannot be read",
            format!("UPDATE orders SET doc = '{{}}' WHERE {at}"),
            &[(Unreadable, "refunded", None, None)],
        ),
        case(
            "the version of an order",
            format!("UPDATE orders SET version = version + 1 WHERE {at}"),
            &[(VersionDiffers, "refunded", None, None)],
        ),
        case(
            "an order is gone",
            format!("DELETE FROM orders WHERE {at}"),
            &[(RecordMissing, "refunded", None, None)],
        ),
        case(
            "the state of an order, as it is searched for",
            format!("UPDATE orders SET state = 'COMPLETED' WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "what was returned of an order, as it is searched for",
            format!("UPDATE orders SET returned = returned - 1 WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "the merchant's own id",
            format!("UPDATE orders SET external_order_id = 'E-2' WHERE {}", of("delivered")),
            &[(ProjectionDiffers, "delivered", None, None)],
        ),
        case(
            "the merchant's own number",
            format!("UPDATE orders SET external_order_number = NULL WHERE {}", of("delivered")),
            &[(ProjectionDiffers, "delivered", None, None)],
        ),
        case(
            "the cart of an order",
            format!("UPDATE orders SET cart_id = 'another' WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "whose order it is, as it is searched for",
            format!("UPDATE orders SET buyer_email = 'me@example.com' WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "whose order it is, unreadably",
            format!("UPDATE orders SET personal = '{{}}' WHERE {at}"),
            &[(Unreadable, "refunded", None, None)],
        ),
    ]
}

pub fn lists() -> Vec<Case> {
    let row = [(ProjectionDiffers, "refunded", None, None)];
    let tender = [(TenderDiffers, "refunded", None, None)];
    let at = of("refunded");
    let asked = [(ProjectionDiffers, "asked", None, None)];
    let of_asked = "cancellation_id IN (SELECT cancellation_id FROM cancellations \
         WHERE order_id = 'asked')";
    vec![
        case(
            "what went back over a tender",
            format!("UPDATE tenders SET returned = returned - 1 WHERE {at} AND tender_id = 'card'"),
            &tender,
        ),
        case(
            "what of a tender was let go",
            format!(
                "UPDATE tenders SET captured = 0, returned = 0, released = authorized \
                     WHERE {at} AND tender_id = 'gift'"
            ),
            &tender,
        ),
        case(
            "a tender is gone",
            format!("DELETE FROM tenders WHERE {at} AND tender_id = 'card'"),
            &tender,
        ),
        case(
            "the state of a refund in the lists",
            format!("UPDATE refunds SET state = 'FAILED' WHERE {at}"),
            &row,
        ),
        case("a refund is gone from the lists", format!("DELETE FROM refunds WHERE {at}"), &row),
        case(
            "a refund of another order",
            format!("UPDATE refunds SET order_id = 'held' WHERE {at}"),
            &[(ProjectionDiffers, "held", None, None), row[0]],
        ),
        case(
            "a product of an order",
            format!(
                "UPDATE order_products SET product_code = 'SKU-9' WHERE {at} \
                     AND product_code = 'SKU-1'"
            ),
            &[row[0], row[0]],
        ),
        case(
            "the states that an order is found by",
            format!("UPDATE order_facets SET facets = facets + 1 WHERE {at}"),
            &[row[0], row[0]],
        ),
        case("an order is found by no state", format!("DELETE FROM order_facets WHERE {at}"), &row),
        case(
            "a word of a name",
            format!("UPDATE order_names SET word = 'eve' WHERE {at} AND word = 'ada'"),
            &[row[0], row[0]],
        ),
        case(
            "a name is left behind",
            format!("UPDATE orders SET personal = NULL, buyer_email = NULL WHERE {at}"),
            &row,
        ),
        case(
            "the reference of a refund in the lists",
            format!("UPDATE refunds SET external_reference = 'case-1' WHERE {at}"),
            &row,
        ),
        case(
            "the reason of a cancellation",
            "UPDATE cancellations SET reason = 'OTHER' WHERE order_id = 'asked' \
             AND state = 'IN_PROGRESS'",
            &asked,
        ),
        case(
            "a product of a cancellation",
            format!(
                "DELETE FROM cancellation_products WHERE {of_asked} AND product_code = 'SKU-1'"
            ),
            &asked,
        ),
        case(
            "a product of no cancellation",
            "DELETE FROM cancellations WHERE order_id = 'withdrawn'",
            &[
                (ProjectionDiffers, "", None, None),
                (ProjectionDiffers, "withdrawn", None, None),
                (ProjectionDiffers, "withdrawn", None, None),
            ],
        ),
    ]
}

pub fn ledger() -> Vec<Case> {
    let unbalanced = (LedgerUnbalanced, "", None, None);
    vec![
        case(
            "what an account holds",
            "UPDATE ledger_accounts SET balance = balance + 1 WHERE name = 'points'",
            &[unbalanced],
        ),
        case(
            "an account is gone",
            "DELETE FROM ledger_accounts WHERE name = 'spent'",
            &[unbalanced],
        ),
        case(
            "a transfer is gone",
            "DELETE FROM ledger_transfers WHERE transfer_key = 't-2'",
            &[unbalanced, unbalanced],
        ),
    ]
}
