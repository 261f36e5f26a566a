//! How a store is to work.

mod screening;

use super::{MAX_CODE, MAX_NAME};
use domain::{
    Currency, TimeZone,
    cancellation::CancellationReason,
    store::{
        CustomerRequests, Handover, HandoverExhausted, RefundReasonEntry, StoreSettings,
        TenderOrder,
    },
};
use grpc_kit::{Fields, render::cancellation_reason};
use wire::stores::v1 as proto;

/// Characters of a refund reason's code, here and in a refund.
const MAX_REASON_CODE: usize = 64;
/// Characters of an address on the network.
const MAX_URL: usize = 2_048;
/// Characters of what an adapter proves itself with.
const MAX_SECRET: usize = 1_024;
/// Reasons a store may have.
const MAX_REASONS: usize = 200;
/// Tries of a hand-over.
const MAX_TRIES: usize = 50;
/// Days within which a customer may ask for a cancellation.
const MAX_WINDOW: u32 = 3_650;
pub(super) fn settings(
    fields: &mut Fields,
    settings: &proto::StoreSettings,
    currency: Option<Currency>,
    adapters: &[String],
) -> StoreSettings {
    let tender_order = match proto::TenderOrder::try_from(settings.tender_order) {
        Ok(proto::TenderOrder::Unspecified | proto::TenderOrder::NonCashFirst) => {
            TenderOrder::NonCashFirst
        }
        Ok(proto::TenderOrder::CashFirst) => TenderOrder::CashFirst,
        Ok(proto::TenderOrder::ProRata) => TenderOrder::ProRata,
        Err(_) => {
            fields.wrong("settings.tender_order", "must be a tender order");
            TenderOrder::default()
        }
    };
    let limit = settings.approval_limit.as_deref();
    let approval_limit =
        limit.map(|limit| fields.amount("settings.approval_limit", limit, currency));
    StoreSettings {
        appeasements: settings.appeasements,
        prepaid_returns: settings.prepaid_returns,
        error_info: settings.error_info,
        guid_alone: settings.guid_alone,
        cancel_before_ready: settings.cancel_before_ready.unwrap_or(true),
        approval_limit,
        tender_order,
        customer_requests: customer_requests(fields, settings.customer_requests.as_ref()),
        handover: settings.handover.as_ref().map(|it| handover(fields, it, adapters)),
        screening: screening::screening(fields, settings.screening.as_ref(), currency),
        refund_reasons: reasons(fields, &settings.refund_reasons),
        time_zone: time_zone(fields, &settings.time_zone),
    }
}

fn time_zone(fields: &mut Fields, name: &str) -> TimeZone {
    if name.is_empty() {
        return TimeZone::default();
    }
    TimeZone::named(name).unwrap_or_else(|| {
        let text = "must be a time zone of the IANA database, such as Europe/Paris";
        fields.wrong("settings.time_zone", text);
        TimeZone::default()
    })
}

fn customer_requests(
    fields: &mut Fields,
    requests: Option<&proto::CustomerRequests>,
) -> CustomerRequests {
    let requests = requests.cloned().unwrap_or_default();
    let days = u32::try_from(requests.window_days).ok().filter(|days| *days <= MAX_WINDOW);
    if days.is_none() {
        let text = format!("must be 0 to {MAX_WINDOW}");
        fields.wrong("settings.customer_requests.window_days", text);
    }
    CustomerRequests {
        enabled: requests.enabled,
        window_days: days.unwrap_or_default(),
        auto_accept: requests.auto_accept,
        reasons: customers_reasons(fields, &requests.reasons),
    }
}

/// Some of those that customers may give anywhere, each once.
fn customers_reasons(fields: &mut Fields, asked: &[i32]) -> Vec<CancellationReason> {
    let mut reasons = Vec::new();
    for (index, asked) in asked.iter().enumerate() {
        let wanted = wire::cancellations::v1::CancellationReason::try_from(*asked).ok();
        let known = CancellationReason::ALL.into_iter().filter(|reason| reason.is_customers());
        let found = known.into_iter().find(|reason| wanted == Some(cancellation_reason(*reason)));
        match found {
            Some(reason) if !reasons.contains(&reason) => reasons.push(reason),
            Some(_) => {}
            None => {
                let field = format!("settings.customer_requests.reasons[{index}]");
                fields.wrong(field, "must be a reason that customers may give");
            }
        }
        // As many as there are: the rest would only be named again.
        if index >= CancellationReason::ALL.len() {
            break;
        }
    }
    reasons
}

fn handover(fields: &mut Fields, handover: &proto::Handover, adapters: &[String]) -> Handover {
    let exhausted = match proto::HandoverExhausted::try_from(handover.exhausted) {
        Ok(proto::HandoverExhausted::Cancel) => HandoverExhausted::Cancel,
        Ok(_) => HandoverExhausted::Notify,
        Err(_) => {
            fields.wrong("settings.handover.exhausted", "must be NOTIFY or CANCEL");
            HandoverExhausted::Notify
        }
    };
    let schedule = &handover.schedule_seconds;
    let waits: Option<Vec<u32>> = schedule.iter().map(|wait| u32::try_from(*wait).ok()).collect();
    if waits.is_none() || schedule.len() > MAX_TRIES {
        let text = format!("must be at most {MAX_TRIES} waits of 0 or more seconds");
        fields.wrong("settings.handover.schedule_seconds", text);
    }
    let adapter = fields.text("settings.handover.adapter", &handover.adapter, MAX_CODE);
    if !adapter.is_empty() && !adapters.contains(&adapter) {
        let text = format!("must be one of {}", adapters.join(", "));
        fields.wrong("settings.handover.adapter", text);
    }
    let url = fields.text("settings.handover.url", &handover.url, MAX_URL);
    if !url.is_empty() && !is_web_address(&url) {
        let text = "must be an http or https URL with a host, without a user or a fragment";
        fields.wrong("settings.handover.url", text);
    }
    let secret = fields.optional_text("settings.handover.secret", &handover.secret, MAX_SECRET);
    Handover {
        adapter,
        url,
        secret: secret.unwrap_or_default(),
        exhausted,
        schedule_seconds: waits.unwrap_or_default(),
    }
}

fn reasons(fields: &mut Fields, reasons: &[proto::StoreRefundReason]) -> Vec<RefundReasonEntry> {
    if reasons.len() > MAX_REASONS {
        fields.wrong("settings.refund_reasons", format!("must be at most {MAX_REASONS}"));
    }
    let mut read: Vec<RefundReasonEntry> = Vec::new();
    for (index, reason) in reasons.iter().take(MAX_REASONS).enumerate() {
        let at = |name: &str| format!("settings.refund_reasons[{index}].{name}");
        let code = fields.text(&at("code"), &reason.code, MAX_REASON_CODE);
        if read.iter().any(|other| other.code == code) {
            fields.wrong(at("code"), "must be unique in the store");
        }
        read.push(RefundReasonEntry {
            code,
            name: fields.text(&at("name"), &reason.name, MAX_NAME),
        });
    }
    read
}

fn is_web_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host =
        uri.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    matches!(uri.scheme_str(), Some("http" | "https")) && host && !url.contains('#')
}
