//! The settings of a store: all of them, in one form.

mod read;

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::Status;
use wire::{
    cancellations::v1::CancellationReason,
    orders::v1::{ScreeningCheck, TenderMethod},
    stores::v1::{
        CustomerRequests, Handover, HandoverExhausted, Screening, ScreeningScope, Store,
        StoreRefundReason, StoreSettings, TenderOrder, UpdateStoreRequest,
    },
};

/// Empty rows below the ones that are there.
const MORE_REASONS: usize = 3;
const MORE_SCOPES: usize = 1;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    store: Store,
    /// The version that stands.
    current: i64,
    settings: StoreSettings,
    /// What was typed, if it was refused.
    typed: Option<Fields>,
    /// The signing key that the hand-over was given, shown this once.
    secret: String,
}

pages!(SettingsPage);

impl SettingsPage {
    fn requests(&self) -> CustomerRequests {
        self.settings.customer_requests.clone().unwrap_or_default()
    }

    fn buyer_reasons(&self) -> Vec<String> {
        let reasons = self.requests().reasons;
        reasons.iter().map(|reason| words::choice_of::<CancellationReason>(*reason)).collect()
    }

    fn handover(&self) -> Handover {
        self.settings.handover.clone().unwrap_or_default()
    }

    /// What was typed there, which may be no number.
    fn typed(&self, name: &str) -> Option<String> {
        self.typed.as_ref().map(|typed| typed.text(name).to_owned())
    }

    fn window_days(&self) -> String {
        self.typed("window_days").unwrap_or_else(|| self.requests().window_days.to_string())
    }

    fn schedule(&self) -> String {
        if let Some(typed) = self.typed("schedule") {
            return typed;
        }
        let waits = self.handover().schedule_seconds;
        waits.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn exhausted(&self) -> String {
        words::choice_of::<HandoverExhausted>(self.handover().exhausted)
    }

    fn screening(&self) -> Screening {
        self.settings.screening.clone().unwrap_or_default()
    }

    fn scopes(&self) -> Vec<ScreeningScope> {
        let more = std::iter::repeat_n(ScreeningScope::default(), MORE_SCOPES);
        self.screening().scopes.into_iter().chain(more).collect()
    }

    fn reasons(&self) -> Vec<StoreRefundReason> {
        let more = std::iter::repeat_n(StoreRefundReason::default(), MORE_REASONS);
        self.settings.refund_reasons.iter().cloned().chain(more).collect()
    }

    fn tender_order(&self) -> String {
        words::choice_of::<TenderOrder>(self.settings.tender_order)
    }

    fn cancels_before_ready(&self) -> bool {
        self.settings.cancel_before_ready.unwrap_or(true)
    }

    fn approval_limit(&self) -> &str {
        self.settings.approval_limit.as_deref().unwrap_or_default()
    }
}

fn check_of(scope: &ScreeningScope) -> String {
    words::choice_of::<ScreeningCheck>(scope.check)
}

fn methods_of(scope: &ScreeningScope) -> String {
    let methods = scope.tender_methods.iter();
    methods.map(|method| words::choice_of::<TenderMethod>(*method)).collect::<Vec<_>>().join(", ")
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    page(&visit, visit.store.clone(), String::new())
}

fn page<S: Services>(visit: &Visit<S>, store: Store, secret: String) -> Shown {
    SettingsPage {
        frame: visit.frame("Settings", "settings"),
        current: store.version,
        settings: store.settings.clone().unwrap_or_default(),
        typed: None,
        store,
        secret,
    }
    .shown()
}

/// The form as it was written, in the version that it is a change of: whoever saves it once more
/// does not undo what somebody else has changed meanwhile.
fn refused<S: Services>(visit: &Visit<S>, asked: UpdateStoreRequest, status: &Status) -> Shown {
    let mut settings = asked.settings.unwrap_or_default();
    let stands = visit.store.settings.as_ref().and_then(|settings| settings.handover.as_ref());
    if let (Some(written), Some(stands)) = (&mut settings.handover, stands) {
        written.has_secret = stands.has_secret;
    }
    let store = Store {
        name: asked.name.unwrap_or_default(),
        merchant_guid: asked.merchant_guid.unwrap_or_else(|| visit.store.merchant_guid.clone()),
        web_store_code: asked.web_store_code.unwrap_or_default(),
        web_store_instance_code: asked.web_store_instance_code.unwrap_or_default(),
        currency: asked.currency.unwrap_or_default(),
        version: asked.version.unwrap_or(visit.store.version),
        ..visit.store.clone()
    };
    let frame = visit.frame("Settings", "settings").with(Some(status));
    let typed = Some(visit.form.clone());
    let current = visit.store.version;
    SettingsPage { frame, store, current, settings, typed, secret: String::new() }.shown()
}

pub async fn save<S: Services>(visit: Visit<S>) -> Shown {
    let (asked, read) = read::update(&visit.form, visit.store_id());
    if let Err(status) = read {
        return refused(&visit, asked, &status);
    }
    match visit.calls.stores().update_store(visit.calls.ask(asked.clone())).await {
        Ok(saved) => {
            let store = saved.into_inner().store.unwrap_or_default();
            let handover = store.settings.as_ref().and_then(|settings| settings.handover.as_ref());
            let secret = handover.map(|handover| handover.secret.clone()).unwrap_or_default();
            if secret.is_empty() {
                Ok(visit.go("settings", "saved"))
            } else {
                page(&visit, store, secret)
            }
        }
        Err(status) => refused(&visit, asked, &status),
    }
}
