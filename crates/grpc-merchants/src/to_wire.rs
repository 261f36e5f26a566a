//! Domain values become messages here.

use domain::{
    screening::Scope,
    store::{HandoverExhausted, Store, StoreSettings, TenderOrder},
    token::{Role, Token},
};
use grpc_kit::{
    render::{actor, cancellation_reason, screening_check, tender_method},
    timestamp,
};
use ports::Version;
use wire::stores::v1 as proto;

pub(crate) fn store(store: &Store, version: Version) -> proto::Store {
    proto::Store {
        store_id: store.store_id.to_string(),
        name: store.name.clone(),
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone().unwrap_or_default(),
        web_store_instance_code: store.web_store_instance_code.clone().unwrap_or_default(),
        currency: store.currency.to_string(),
        settings: Some(settings(store)),
        settings_version: store.settings_version,
        version: store.changes(version.0),
        create_time: Some(timestamp(store.created_at)),
    }
}

fn settings(store: &Store) -> proto::StoreSettings {
    let settings = &store.settings;
    let StoreSettings { customer_requests, screening, .. } = settings;
    let tender_order = match settings.tender_order {
        TenderOrder::NonCashFirst => proto::TenderOrder::NonCashFirst,
        TenderOrder::CashFirst => proto::TenderOrder::CashFirst,
        TenderOrder::ProRata => proto::TenderOrder::ProRata,
    };
    let handover = settings.handover.as_ref().map(|handover| {
        let exhausted = match handover.exhausted {
            HandoverExhausted::Notify => proto::HandoverExhausted::Notify,
            HandoverExhausted::Cancel => proto::HandoverExhausted::Cancel,
        };
        proto::Handover {
            adapter: handover.adapter.clone(),
            url: handover.url.clone(),
            exhausted: exhausted.into(),
            schedule_seconds: handover.schedule_seconds.iter().copied().map(count).collect(),
            secret: String::new(),
            has_secret: !handover.secret.is_empty(),
        }
    });
    let reasons = settings.refund_reasons.iter().map(|reason| proto::StoreRefundReason {
        code: reason.code.clone(),
        name: reason.name.clone(),
    });
    proto::StoreSettings {
        appeasements: settings.appeasements,
        prepaid_returns: settings.prepaid_returns,
        error_info: settings.error_info,
        guid_alone: settings.guid_alone,
        cancel_before_ready: Some(settings.cancel_before_ready),
        approval_limit: settings
            .approval_limit
            .map(|limit| grpc_kit::amount(limit, store.currency)),
        tender_order: tender_order.into(),
        customer_requests: Some(proto::CustomerRequests {
            enabled: customer_requests.enabled,
            window_days: count(customer_requests.window_days),
            auto_accept: customer_requests.auto_accept,
            reasons: customer_requests
                .reasons
                .iter()
                .map(|reason| cancellation_reason(*reason).into())
                .collect(),
        }),
        handover,
        screening: Some(proto::Screening {
            fraud: screening.fraud,
            prohibited_goods: screening.prohibited_goods,
            denied_party: screening.denied_party,
            scopes: screening.scopes.iter().map(scope).collect(),
        }),
        refund_reasons: reasons.collect(),
        time_zone: settings.time_zone.name().to_owned(),
    }
}

fn scope(scope: &Scope) -> proto::ScreeningScope {
    let least = scope.minimum_total;
    proto::ScreeningScope {
        check: screening_check(scope.check).into(),
        tender_methods: scope.tender_methods.iter().map(|it| tender_method(*it).into()).collect(),
        destination_countries: scope.destinations.clone(),
        hs_prefixes: scope.hs_prefixes.clone(),
        minimum_total: least
            .map(|least| grpc_kit::amount(least.amount, least.currency))
            .unwrap_or_default(),
    }
}

/// Without the secret, which is shown once and never stored.
pub(crate) fn token(token: &Token) -> proto::Token {
    proto::Token {
        created_by: token.made_by.as_ref().map(actor).unwrap_or_default(),
        token_id: token.token_id.to_string(),
        store_id: token.store_id.to_string(),
        name: token.name.clone(),
        role: role(token.role).into(),
        scopes: token.scopes.clone(),
        expire_time: token.expires_at.map(timestamp),
        create_time: Some(timestamp(token.created_at)),
        revoke_time: token.revoked_at.map(timestamp),
        secret: String::new(),
        last_use_time: None,
    }
}

fn count(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

pub(crate) const fn role(role: Role) -> proto::Role {
    match role {
        Role::Viewer => proto::Role::Viewer,
        Role::Agent => proto::Role::Agent,
        Role::Manager => proto::Role::Manager,
        Role::Storefront => proto::Role::Storefront,
        Role::Service => proto::Role::Service,
        Role::Platform => proto::Role::Platform,
    }
}
