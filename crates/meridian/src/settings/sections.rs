mod edge;

use super::{
    Auth, Broker, Database, Handover, Money, Payments, Processing, Screening, Serve, Service,
    Settings, Stripe, Webhooks, Worker,
    layers::{CURRENCIES, Origin},
    reader::Reader,
    value::{Setting, one_of},
};
use config::ValueKind;
use edge::optional_address;
use std::{path::PathBuf, time::Duration};
use telemetry::LogFormat;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Shorter ones can be guessed.
const BOOTSTRAP_TOKEN_CHARACTERS: std::ops::RangeInclusive<usize> = 16..=256;

/// Amounts are stored in ten-thousandths.
const MAX_EXPONENT: u8 = 4;

const MAX_ATTEMPTS: usize = 20;

/// Less than the 30 seconds after which an answer for a leg is given up.
const MOST_OF_A_LEG: Duration = Duration::from_secs(25);

/// Files of denied parties.
const MAX_LISTS: usize = 20;

pub(super) fn read(reader: &mut Reader) -> Settings {
    let settings = Settings {
        database: database(reader),
        grpc: edge::grpc(reader),
        http: edge::http(reader),
        limits: edge::limits(reader),
        tls: edge::tls(reader),
        auth: auth(reader),
        serve: serve(reader),
        money: money(reader),
        payments: payments(reader),
        processing: processing(reader),
        screening: screening(reader),
        handover: handover(reader),
        webhooks: webhooks(reader),
        broker: broker(reader),
        telemetry: telemetry(reader),
    };
    check_gateway(reader, &settings);
    settings
}

fn database(reader: &mut Reader) -> Database {
    Database {
        url: reader.checked("database.url", database_url).into(),
        max_connections: reader.number("database.max_connections", 1..=200),
        acquire_timeout: reader.duration("database.acquire_timeout", millis(10)..=minutes(5)),
        statement_timeout: reader.duration("database.statement_timeout", millis(10)..=minutes(60)),
    }
}

fn auth(reader: &mut Reader) -> Auth {
    let token = reader.checked("auth.bootstrap_token", |value| {
        let token = String::read(value)?;
        let length = token.chars().count();
        if token.is_empty() || BOOTSTRAP_TOKEN_CHARACTERS.contains(&length) {
            return Ok(Some(token).filter(|token| !token.is_empty()));
        }
        let (least, most) = BOOTSTRAP_TOKEN_CHARACTERS.into_inner();
        Err(format!("has {length} characters instead of {least} to {most}"))
    });
    Auth { bootstrap_token: token.map(Into::into) }
}

fn serve(reader: &mut Reader) -> Serve {
    Serve {
        services: reader.checked("serve.services", each_once::<Service>),
        workers: reader.checked("serve.workers", each_once::<Worker>),
        shutdown_grace: reader.duration("serve.shutdown_grace", Duration::ZERO..=minutes(10)),
    }
}

/// These keys have no defaults: a code that is not named has its exponent from ISO 4217.
fn money(reader: &mut Reader) -> Money {
    let keys: Vec<String> =
        reader.keys().filter(|key| key.starts_with(CURRENCIES)).map(str::to_owned).collect();
    let mut money = Money { exponents: std::collections::BTreeMap::new() };
    for key in keys {
        let Some(entry) = reader.take(&key) else { continue };
        match exponent(&key, &entry.value) {
            Ok((code, exponent)) => drop(money.exponents.insert(code, exponent)),
            Err(reason) => reader.fault(&key, reason, &entry.origin),
        }
    }
    money
}

fn exponent(key: &str, value: &ValueKind) -> Result<(String, u8), String> {
    let code = &key[CURRENCIES.len()..];
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("is not the code of a currency, three letters".to_owned());
    }
    let number = u64::read(value)?;
    let exponent = u8::try_from(number).ok().filter(|exponent| *exponent <= MAX_EXPONENT);
    let exponent = exponent.ok_or(format!("{number} is not between 0 and {MAX_EXPONENT}"))?;
    Ok((code.to_owned(), exponent))
}

fn payments(reader: &mut Reader) -> Payments {
    Payments {
        sandbox: reader.get("payments.sandbox"),
        ledger: reader.get("payments.ledger"),
        lease: reader.duration("payments.lease", Duration::from_secs(1)..=minutes(10)),
        concurrency: reader.number("payments.concurrency", 1..=1_000),
        grace: reader.duration("payments.grace", Duration::ZERO..=minutes(60)),
        retry: reader.checked("payments.retry", |value| {
            let pauses = Vec::<Duration>::read(value)?;
            if pauses.is_empty() || pauses.len() > MAX_ATTEMPTS {
                return Err(format!("has {} pauses instead of 1 to {MAX_ATTEMPTS}", pauses.len()));
            }
            let longest = minutes(24 * 60);
            if pauses.iter().any(|pause| *pause > longest) {
                return Err("has a pause of more than a day".to_owned());
            }
            Ok(pauses)
        }),
        breaker: payments::BreakerSettings {
            failures: reader.number("payments.breaker.failures", 1..=1_000),
            pause: reader.duration("payments.breaker.pause", millis(100)..=minutes(60)),
        },
        stripe: stripe(reader),
    }
}

fn stripe(reader: &mut Reader) -> Stripe {
    let secret_key = reader.checked("payments.stripe.secret_key", |value| {
        let key = optional_secret(value)?;
        if key.as_ref().is_some_and(|key| key.starts_with("pk_")) {
            return Err("is a publishable key, which may not give money back".to_owned());
        }
        Ok(key)
    });
    let webhook_secret = reader.checked("payments.stripe.webhook_secret", optional_secret);
    Stripe {
        url: reader.checked("payments.stripe.url", |value| {
            let url = String::read(value)?;
            let checked = payments::StripeSettings::check_url(&url);
            checked.map(|()| url).map_err(|error| error.to_string())
        }),
        secret_key: secret_key.map(Into::into),
        webhook_secret: webhook_secret.map(Into::into),
        timeout: reader.duration("payments.stripe.timeout", millis(100)..=MOST_OF_A_LEG),
        patience: reader.duration("payments.stripe.patience", millis(100)..=MOST_OF_A_LEG),
    }
}

/// What can stand in a header, and was not wrapped on its way here.
fn optional_secret(value: &ValueKind) -> Result<Option<String>, String> {
    let secret = optional_text(value)?;
    let plain = |secret: &String| secret.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.as_ref().is_none_or(plain) {
        return Ok(secret);
    }
    Err("has spaces or characters that a key has not".to_owned())
}

fn processing(reader: &mut Reader) -> Processing {
    Processing {
        unpaid_after: reader.duration("processing.unpaid_after", minutes(1)..=days(90)),
        late_payments: reader.duration("processing.late_payments", minutes(0)..=days(90)),
        call_timeout: reader.duration("processing.call_timeout", millis(100)..=minutes(5)),
        concurrency: reader.number("processing.concurrency", 1..=1_000),
    }
}

fn screening(reader: &mut Reader) -> Screening {
    let path = |value: &ValueKind| {
        let path = String::read(value)?;
        Ok(Some(path).filter(|path| !path.is_empty()).map(PathBuf::from))
    };
    Screening {
        fraud_rules: reader.checked("screening.fraud_rules", path),
        prohibited_goods: reader.checked("screening.prohibited_goods", path),
        denied_parties: reader.checked("screening.denied_parties", |value| {
            let paths = Vec::<String>::read(value)?;
            if paths.len() > MAX_LISTS {
                return Err(format!("has {} files instead of at most {MAX_LISTS}", paths.len()));
            }
            Ok(paths.into_iter().map(PathBuf::from).collect())
        }),
        threshold: reader.number("screening.threshold", 50..=100),
        reload: reader.duration("screening.reload", millis(100)..=minutes(60)),
    }
}

fn handover(reader: &mut Reader) -> Handover {
    Handover {
        call_timeout: reader.duration("handover.call_timeout", millis(100)..=minutes(5)),
        push_timeout: reader.duration("handover.push_timeout", millis(100)..=minutes(30)),
        grace: reader.duration("handover.grace", Duration::ZERO..=minutes(60)),
        private_networks: reader.get("handover.private_networks"),
    }
}

fn webhooks(reader: &mut Reader) -> Webhooks {
    Webhooks {
        allow_loopback: reader.get("webhooks.allow_loopback"),
        timeout: reader.duration("webhooks.timeout", millis(100)..=minutes(1)),
        concurrency: reader.number("webhooks.concurrency", 1..=1_000),
        endpoints: reader.number("webhooks.endpoints", 1..=10_000),
        keep: reader.duration("webhooks.keep", minutes(1)..=days(365)),
    }
}

fn broker(reader: &mut Reader) -> Broker {
    let secret = reader.checked("broker.secret", optional_text);
    Broker {
        nats: reader.checked("broker.nats", |value| {
            let servers = optional_text(value)?;
            match &servers {
                Some(servers) => publishers::check_servers(servers).map(|()| Some(servers.clone())),
                None => Ok(None),
            }
        }),
        user: reader.checked("broker.user", optional_text),
        secret: secret.map(Into::into),
        root_certificates: reader.checked("broker.root_certificates", |value| {
            Ok(optional_text(value)?.map(PathBuf::from))
        }),
        stream: reader.checked("broker.stream", |value| {
            let name = String::read(value)?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
                return Ok(name);
            }
            Err("has to be 1 to 64 letters, digits, - and _".to_owned())
        }),
        duplicate_window: reader
            .duration("broker.duplicate_window", Duration::from_secs(1)..=days(7)),
    }
}

fn optional_text(value: &ValueKind) -> Result<Option<String>, String> {
    Ok(Some(String::read(value)?).filter(|text| !text.is_empty()))
}

fn telemetry(reader: &mut Reader) -> telemetry::Settings {
    telemetry::Settings {
        endpoint: reader.checked("telemetry.endpoint", optional_address),
        log_format: reader.checked("telemetry.log_format", |value| {
            one_of(value, &[("json", LogFormat::Json), ("pretty", LogFormat::Pretty)])
        }),
        filter: reader.checked("telemetry.filter", |value| {
            let filter = String::read(value)?;
            telemetry::check_filter(&filter).map(|()| filter)
        }),
        metrics_interval: reader
            .duration("telemetry.metrics_interval", Duration::from_secs(1)..=minutes(60)),
    }
}

/// A gateway reaches every service: in its own process or at the address upstream.
fn check_gateway(reader: &mut Reader, settings: &Settings) {
    let services = &settings.serve.services;
    let wanted = [Service::Orders, Service::Refunds, Service::Cancellations, Service::Merchants];
    let lacks_one = wanted.iter().any(|service| !services.contains(service));
    if services.contains(&Service::Gateway) && lacks_one && settings.http.upstream.is_none() {
        let reason = "has to be set, because serve.services has the gateway without all services";
        reader.fault("http.upstream", reason.to_owned(), &Origin::Default);
    }
    if services.is_empty() && settings.serve.workers.is_empty() {
        let reason = "is empty and serve.workers too: there is nothing to do";
        reader.fault("serve.services", reason.to_owned(), &Origin::Default);
    }
}

fn database_url(value: &ValueKind) -> Result<String, String> {
    let url = String::read(value)?;
    let rest = ["sqlite://", "postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some("") => Err("names no database after ://".to_owned()),
        Some(_) => Ok(url),
        None => Err("starts neither with sqlite:// nor with postgres://".to_owned()),
    }
}

fn each_once<T: Setting + PartialEq>(value: &ValueKind) -> Result<Vec<T>, String> {
    let values = Vec::<T>::read(value)?;
    let repeated = values.iter().enumerate().any(|(at, value)| values[..at].contains(value));
    if repeated { Err("names something twice".to_owned()) } else { Ok(values) }
}

impl Setting for Service {
    fn read(value: &ValueKind) -> Result<Self, String> {
        let words = [
            ("orders", Self::Orders),
            ("refunds", Self::Refunds),
            ("cancellations", Self::Cancellations),
            ("merchants", Self::Merchants),
            ("gateway", Self::Gateway),
        ];
        one_of(value, &words)
    }
}

impl Setting for Worker {
    fn read(value: &ValueKind) -> Result<Self, String> {
        let words = [
            ("ready", Self::Ready),
            ("legs", Self::Legs),
            ("notices", Self::Notices),
            ("handover", Self::Handover),
            ("complete", Self::Complete),
            ("sequencer", Self::Sequencer),
            ("webhooks", Self::Webhooks),
            ("broker", Self::Broker),
        ];
        one_of(value, &words)
    }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}
