//! Messages become commands here, or are sent back with every mistake named.

use application::{NewStore, NewToken, StorePatch};
use domain::{
    Currencies, Currency,
    cancellation::CancellationReason,
    id::StoreId,
    store::{
        CustomerRequests, Handover, HandoverExhausted, RefundReasonEntry, Screening, Store,
        StoreSettings, TenderOrder,
    },
    token::Role,
};
use grpc_kit::{Fields, SCOPES, render::cancellation_reason};
use time::OffsetDateTime;
use wire::stores::v1 as proto;

/// Characters of a name.
const MAX_NAME: usize = 255;
/// Characters of a code or a GUID.
const MAX_CODE: usize = 128;
/// Characters of a refund reason's code, here and in a refund.
const MAX_REASON_CODE: usize = 64;
/// Characters of an address on the network.
const MAX_URL: usize = 2_048;
/// Reasons a store may have.
const MAX_REASONS: usize = 200;
/// Tries of a hand-over.
const MAX_TRIES: usize = 50;
/// Days within which a customer may ask for a cancellation.
const MAX_WINDOW: u32 = 3_650;
/// Scopes of a token.
const MAX_SCOPES: usize = 50;

pub(crate) fn new_store(
    fields: &mut Fields,
    store_id: &StoreId,
    message: &proto::CreateStoreRequest,
    currencies: &Currencies,
) -> Option<NewStore> {
    let currency = fields.check("currency", currencies.get(&message.currency));
    let name = fields.text("name", &message.name, MAX_NAME);
    let merchant_guid = guid(fields, &message.merchant_guid);
    let web_store_code = fields.optional_text("web_store_code", &message.web_store_code, MAX_CODE);
    let web_store_instance_code =
        fields.optional_text("web_store_instance_code", &message.web_store_instance_code, MAX_CODE);
    let settings = message.settings.as_ref();
    let settings = settings.map(|settings| self::settings(fields, settings, currency));
    Some(NewStore {
        store_id: store_id.clone(),
        name,
        merchant_guid,
        web_store_code,
        web_store_instance_code,
        currency: currency?,
        settings: settings.unwrap_or_default(),
    })
}

pub(crate) fn patch(
    fields: &mut Fields,
    message: &proto::UpdateStoreRequest,
    held: &Store,
    currencies: &Currencies,
) -> StorePatch {
    let name = message.name.as_deref().map(|name| fields.text("name", name, MAX_NAME));
    let merchant_guid = message.merchant_guid.as_deref().map(|it| guid(fields, it));
    let mut code = |field: &str, code: Option<&str>| {
        code.map(|code| fields.optional_text(field, code, MAX_CODE).unwrap_or_default())
    };
    let web_store_code = code("web_store_code", message.web_store_code.as_deref());
    let web_store_instance_code =
        code("web_store_instance_code", message.web_store_instance_code.as_deref());
    let asked = message.currency.as_deref();
    let currency = asked.and_then(|code| fields.check("currency", currencies.get(code)));
    // In a currency that is at fault itself an amount is only read.
    let of_limit = if asked.is_some() { currency } else { Some(held.currency) };
    // The approval limit is in the store's currency, so a new currency needs it said again.
    if currency.is_some_and(|currency| currency != held.currency)
        && held.settings.approval_limit.is_some()
        && message.settings.is_none()
    {
        fields.wrong("currency", "must come with settings while there is an approval limit");
    }
    let settings = message.settings.as_ref();
    let settings = settings.map(|it| self::settings(fields, it, of_limit));
    StorePatch {
        name,
        merchant_guid,
        web_store_code,
        web_store_instance_code,
        currency,
        settings,
        version: message.version,
    }
}

/// Empty is none: the store is not reached by the compatible endpoint.
fn guid(fields: &mut Fields, guid: &str) -> String {
    // It travels in a query and in a header.
    if !guid.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.wrong("merchant_guid", "must be visible ASCII characters");
    }
    fields.optional_text("merchant_guid", guid, MAX_CODE).unwrap_or_default()
}

fn settings(
    fields: &mut Fields,
    settings: &proto::StoreSettings,
    currency: Option<Currency>,
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
    let screening = settings.screening.unwrap_or_default();
    StoreSettings {
        appeasements: settings.appeasements,
        prepaid_returns: settings.prepaid_returns,
        error_info: settings.error_info,
        guid_alone: settings.guid_alone,
        cancel_before_ready: settings.cancel_before_ready.unwrap_or(true),
        approval_limit,
        tender_order,
        customer_requests: customer_requests(fields, settings.customer_requests.as_ref()),
        handover: settings.handover.as_ref().map(|it| handover(fields, it)),
        screening: Screening {
            fraud: screening.fraud,
            prohibited_goods: screening.prohibited_goods,
            denied_party: screening.denied_party,
        },
        refund_reasons: reasons(fields, &settings.refund_reasons),
    }
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

fn handover(fields: &mut Fields, handover: &proto::Handover) -> Handover {
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
    Handover {
        adapter: fields.text("settings.handover.adapter", &handover.adapter, MAX_CODE),
        url: fields.text("settings.handover.url", &handover.url, MAX_URL),
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

pub(crate) fn new_token(
    fields: &mut Fields,
    message: &proto::CreateTokenRequest,
    now: OffsetDateTime,
) -> Option<NewToken> {
    let role = match message.role() {
        proto::Role::Viewer => Some(Role::Viewer),
        proto::Role::Agent => Some(Role::Agent),
        proto::Role::Manager => Some(Role::Manager),
        proto::Role::Storefront => Some(Role::Storefront),
        proto::Role::Service => Some(Role::Service),
        proto::Role::Platform => Some(Role::Platform),
        proto::Role::Unspecified => None,
    };
    if role.is_none() {
        fields.wrong("role", "must be a role");
    }
    if message.scopes.len() > MAX_SCOPES {
        fields.wrong("scopes", format!("must be at most {MAX_SCOPES}"));
    }
    for (index, scope) in message.scopes.iter().take(MAX_SCOPES).enumerate() {
        if !SCOPES.contains(&scope.as_str()) {
            fields.wrong(format!("scopes[{index}]"), format!("must be one of {SCOPES:?}"));
        }
    }
    if role != Some(Role::Service) && !message.scopes.is_empty() {
        fields.wrong("scopes", "must be empty but for ROLE_SERVICE");
    }
    let expires_at = message.expire_time.as_ref().and_then(|at| {
        let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        fields.check("expire_time", at)
    });
    if expires_at.is_some_and(|at| at <= now) {
        fields.wrong("expire_time", "must be in the future");
    }
    Some(NewToken {
        name: fields.text("name", &message.name, MAX_NAME),
        role: role?,
        scopes: message.scopes.clone(),
        expires_at,
    })
}
