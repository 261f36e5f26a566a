//! The adapters of a deployment, by the names that orders and stores know them by.

use domain::screening::Check;
use handover::{CallSettings, GenericHttp, Vendure, VendureSettings};
use meridian::settings;
use payments::{Breaker, Stripe, StripeNotices, StripeSettings};
use ports::{
    Clock, NoticeReaders, PaymentProvider, Providers, Publisher, Screenings, Storefronts,
    WebhookSender,
};
use publishers::{Login, NatsJetStream, NatsSettings, StandardWebhooks, WebhookSettings};
use screening::{DeniedParties, FraudRules, Likeness, ListSource, ProhibitedGoods};
use std::{error::Error, sync::Arc};
use store_sql::SqlStore;

/// Those that are a part of this process are not down by themselves, and have no breaker.
pub(super) fn providers(
    settings: &settings::Payments,
    store: &SqlStore,
    clock: &Arc<dyn Clock>,
) -> Result<Providers, Box<dyn Error>> {
    let guarded = |name, stripe| -> Arc<dyn PaymentProvider> {
        let clock = Arc::clone(clock);
        Arc::new(Breaker::new(name, stripe, settings.breaker, clock, workers::jittered))
    };
    providers_with(settings, store, clock, guarded)
}

/// The same without breakers: whoever asks about everything once has to ask about each.
pub(super) fn unguarded_providers(
    settings: &settings::Payments,
    store: &SqlStore,
    clock: &Arc<dyn Clock>,
) -> Result<Providers, Box<dyn Error>> {
    providers_with(settings, store, clock, |_, stripe| Arc::new(stripe))
}

fn providers_with(
    settings: &settings::Payments,
    store: &SqlStore,
    clock: &Arc<dyn Clock>,
    outside: impl Fn(&'static str, Stripe) -> Arc<dyn PaymentProvider>,
) -> Result<Providers, Box<dyn Error>> {
    let ledger = Arc::new(store.clone());
    let mut providers =
        Providers::default().with(payments::names::MANUAL, Arc::new(payments::Manual));
    if settings.sandbox {
        let sandbox = payments::Sandbox::new(ledger.clone(), Arc::clone(clock));
        providers = providers.with(payments::names::SANDBOX, Arc::new(sandbox));
    }
    if settings.ledger {
        let accounts = payments::Accounts::new(ledger, Arc::clone(clock));
        providers = providers.with(payments::names::LEDGER, Arc::new(accounts));
    }
    if let Some(key) = &settings.stripe.secret_key {
        let settings::Stripe { url, timeout, patience, .. } = &settings.stripe;
        let calls = StripeSettings::new(url, key.clone())?.within(*timeout, *patience);
        let name = payments::names::STRIPE;
        providers = providers.with(name, outside(name, Stripe::new(calls)));
    }
    Ok(providers)
}

/// Who reads what the providers post.
pub(super) fn notice_readers(settings: &settings::Payments) -> NoticeReaders {
    let mut readers = NoticeReaders::default();
    if let Some(secret) = &settings.stripe.webhook_secret {
        let stripe = StripeNotices::new(secret.clone());
        readers = readers.with(payments::names::STRIPE, Arc::new(stripe));
    }
    readers
}

/// Adapters of shop systems that sign with a key which is made here if a store gives none.
pub(super) fn signing() -> Vec<String> {
    vec![handover::names::HTTP.to_owned()]
}

pub(super) fn storefronts(settings: &settings::Handover, clock: &Arc<dyn Clock>) -> Storefronts {
    let calls = CallSettings {
        timeout: settings.call_timeout,
        private_networks: settings.private_networks,
        ..CallSettings::default()
    };
    let http = GenericHttp::new(calls.clone(), Arc::clone(clock));
    let push_timeout = settings.push_timeout;
    let vendure = VendureSettings { calls, push_timeout, ..VendureSettings::default() };
    let vendure = Vendure::new(vendure, Arc::clone(clock));
    Storefronts::default()
        .with(handover::names::HTTP, Arc::new(http))
        .with(handover::names::VENDURE, Arc::new(vendure))
}

/// One for a whole process: it keeps connections open for the next message.
pub(super) fn webhook_sender(settings: &settings::Webhooks) -> Arc<dyn WebhookSender> {
    Arc::new(StandardWebhooks::new(WebhookSettings {
        allow_loopback: settings.allow_loopback,
        timeout: settings.timeout,
        ..WebhookSettings::default()
    }))
}

/// None without a broker.
pub(super) fn publisher(
    settings: &settings::Broker,
) -> Result<Option<Arc<dyn Publisher>>, Box<dyn Error>> {
    let Some(servers) = &settings.nats else { return Ok(None) };
    let login = settings
        .secret
        .as_ref()
        .map(|secret| Login { user: settings.user.clone(), secret: secret.clone() });
    let publisher = NatsJetStream::new(NatsSettings {
        login,
        root_certificates: settings.root_certificates.clone(),
        stream: settings.stream.clone(),
        duplicate_window: settings.duplicate_window,
        ..NatsSettings::of(servers)
    })?;
    Ok(Some(Arc::new(publisher)))
}

/// Reads every list; long ones take seconds.
pub(super) fn screenings(
    settings: &settings::Screening,
    store: &SqlStore,
) -> Result<Screenings, Box<dyn Error>> {
    let (reader, every) = (Arc::new(store.clone()), settings.reload);
    let rules = ListSource::of(settings.fraud_rules.as_deref());
    let fraud = FraudRules::open(rules, reader)?.looking_every(every);
    let goods = ListSource::of(settings.prohibited_goods.as_deref());
    let goods = ProhibitedGoods::open(goods)?.looking_every(every);
    let lists = settings.denied_parties.iter().map(|path| ListSource::of(Some(path))).collect();
    let likeness = Likeness::percent(settings.threshold);
    let parties = DeniedParties::open(lists, likeness)?.looking_every(every);
    Ok(Screenings::default()
        .with(Check::Fraud, Arc::new(fraud))
        .with(Check::ProhibitedGoods, Arc::new(goods))
        .with(Check::DeniedParty, Arc::new(parties)))
}
