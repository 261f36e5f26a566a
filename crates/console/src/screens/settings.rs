//! The settings of a store: all of them, in one form.

mod read;

use crate::{
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use axum::response::Response;
use gateway::Services;
use tonic::Status;
use wire::{
    cancellations::v1::CancellationReason,
    orders::v1::{ScreeningCheck, TenderMethod},
    stores::v1::{
        CustomerRequests, Handover, HandoverExhausted, Screening, ScreeningScope, Store,
        StoreRefundReason, StoreSettings, TenderOrder,
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
    settings: StoreSettings,
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

    fn schedule(&self) -> String {
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
    page(&visit, visit.store.clone(), String::new(), None)
}

fn page<S: Services>(
    visit: &Visit<S>,
    store: Store,
    secret: String,
    refused: Option<&Status>,
) -> Result<Response, crate::refused::Stop> {
    SettingsPage {
        frame: visit.frame("Settings", "settings").with(refused),
        settings: store.settings.clone().unwrap_or_default(),
        store,
        secret,
    }
    .shown()
}

/// What was written stays in the form if it is refused.
pub async fn save<S: Services>(visit: Visit<S>) -> Shown {
    let asked = match read::update(&visit.form, visit.store_id()) {
        Ok(asked) => asked,
        Err(status) => return page(&visit, visit.store.clone(), String::new(), Some(&status)),
    };
    let written = Store {
        name: asked.name.clone().unwrap_or_default(),
        web_store_code: asked.web_store_code.clone().unwrap_or_default(),
        web_store_instance_code: asked.web_store_instance_code.clone().unwrap_or_default(),
        currency: asked.currency.clone().unwrap_or_default(),
        settings: asked.settings.clone(),
        ..visit.store.clone()
    };
    match visit.calls.stores().update_store(visit.calls.ask(asked)).await {
        Ok(saved) => {
            let store = saved.into_inner().store.unwrap_or_default();
            let handover = store.settings.as_ref().and_then(|settings| settings.handover.as_ref());
            let secret = handover.map(|handover| handover.secret.clone()).unwrap_or_default();
            if secret.is_empty() {
                Ok(visit.go("settings", "saved"))
            } else {
                page(&visit, store, secret, None)
            }
        }
        Err(status) => page(&visit, written, String::new(), Some(&status)),
    }
}
