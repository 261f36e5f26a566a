//! The report of what refunds consist of. Words are those of the contract without their prefix, and
//! components are called as in the compatible endpoint.

use super::{Table, written};
use crate::compatible::component_name;
use prost::Message;
use wire::{
    Utc,
    refunds::v1::{ExportRefundComponentsResponse, RefundComponentLeg, RefundComponentRow},
    rest::Fault,
};

pub(super) const TABLE: Table = Table {
    grpc_path: "/meridian.refunds.v1.RefundService/ExportRefundComponents",
    file: "refund-components.csv",
    header,
    line: |message| line(&ExportRefundComponentsResponse::decode(message)?.row.unwrap_or_default()),
};

const COLUMNS: [&str; 19] = [
    "refund_id",
    "refund_number",
    "credit_note_number",
    "order_id",
    "external_order_id",
    "state",
    "create_time",
    "settle_time",
    "place",
    "component",
    "customer_amount",
    "customer_currency",
    "merchant_amount",
    "merchant_currency",
    "charged_to",
    "external_reference",
    "reason_code",
    "reason_name",
    "legs",
];

/// The names of the columns, as a line.
///
/// # Errors
///
/// None that is known: a line is written to memory.
pub fn header() -> Result<Vec<u8>, Fault> {
    written(COLUMNS.map(str::to_owned))
}

/// A row as a line.
///
/// # Errors
///
/// A time that no calendar has.
pub fn line(row: &RefundComponentRow) -> Result<Vec<u8>, Fault> {
    let time = |at: Option<&pbjson_types::Timestamp>| {
        at.map(|at| Utc(at).text()).transpose().map(Option::unwrap_or_default)
    };
    let amount = row.amount.clone().unwrap_or_default();
    let reason = row.refund_reason.clone().unwrap_or_default();
    let cells: [String; COLUMNS.len()] = [
        row.refund_id.clone(),
        row.refund_number.to_string(),
        row.credit_note_number.clone(),
        row.order_id.clone(),
        row.external_order_id.clone(),
        word(row.state().as_str_name(), "REFUND_STATE_"),
        time(row.create_time.as_ref())?,
        time(row.settle_time.as_ref())?,
        row.place.to_string(),
        component_name(row.component_type()).unwrap_or_default().to_owned(),
        amount.customer,
        row.customer_currency.clone(),
        amount.merchant,
        row.merchant_currency.clone(),
        word(row.charged_to().as_str_name(), "CHARGED_TO_"),
        row.external_reference.clone(),
        reason.code.unwrap_or_default(),
        reason.name,
        row.legs.iter().map(leg).collect::<Vec<_>>().join("; "),
    ];
    written(cells)
}

/// `card REFUND 60.95 SETTLED`; none of the four has a blank in it.
fn leg(leg: &RefundComponentLeg) -> String {
    let kind = word(leg.kind().as_str_name(), "LEG_KIND_");
    let state = word(leg.state().as_str_name(), "LEG_STATE_");
    format!("{} {kind} {} {state}", leg.tender_id, leg.amount)
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{
        money::v1::MoneyPair,
        refunds::v1::{ChargedTo, ComponentType, LegKind, LegState, RefundReason, RefundState},
    };

    #[test]
    fn a_row_reads_as_the_contract_does() {
        let leg = |tender_id: &str, kind: LegKind, amount: &str| RefundComponentLeg {
            tender_id: tender_id.into(),
            kind: kind.into(),
            amount: amount.into(),
            state: LegState::Settled.into(),
        };
        let row = RefundComponentRow {
            refund_id: "rf_1".into(),
            refund_number: 7,
            credit_note_number: "CN-7".into(),
            order_id: "GE1".into(),
            external_order_id: "=1+1".into(),
            state: RefundState::Succeeded.into(),
            create_time: Some(pbjson_types::Timestamp { seconds: 1_780_000_000, nanos: 0 }),
            settle_time: Some(pbjson_types::Timestamp { seconds: 1_780_000_001, nanos: 5_000_000 }),
            place: 2,
            component_type: ComponentType::PrepaidReturn.into(),
            amount: Some(MoneyPair { customer: "-5.00".into(), merchant: "-2.57".into() }),
            customer_currency: "EUR".into(),
            merchant_currency: "GBP".into(),
            charged_to: ChargedTo::Merchant.into(),
            external_reference: "R,1".into(),
            refund_reason: Some(RefundReason { code: Some("12".into()), name: "Torn".into() }),
            legs: vec![leg("gift", LegKind::Restore, "1.00"), leg("card", LegKind::Refund, "2.00")],
        };
        let text = |line: Result<Vec<u8>, Fault>| String::from_utf8(line.unwrap()).unwrap();
        assert_eq!(text(header()).trim_end().split(',').count(), COLUMNS.len());
        assert_eq!(
            text(line(&row)),
            "rf_1,7,CN-7,GE1,'=1+1,SUCCEEDED,2026-05-28T20:26:40Z,2026-05-28T20:26:41.005Z,2,\
             PrepaidReturn,-5.00,EUR,-2.57,GBP,MERCHANT,\"R,1\",12,Torn,\
             gift RESTORE 1.00 SETTLED; card REFUND 2.00 SETTLED\r\n"
        );
        let absent = RefundComponentRow::default();
        assert_eq!(text(line(&absent)).trim_end().split(',').count(), COLUMNS.len());
    }
}
