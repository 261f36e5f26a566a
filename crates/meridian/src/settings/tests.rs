use super::{Certificates, DEFAULTS, Faults, Service, Settings, Sources, Worker, load, show};
use secrecy::ExposeSecret;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use telemetry::LogFormat;
use tempfile::TempDir;

/// A file with this content, gone with the folder.
fn file(text: &str) -> (TempDir, Option<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meridian.toml");
    fs::write(&path, text).unwrap();
    (folder, Some(path))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Settings, Faults> {
    load(&Sources { environment: pairs(variables), ..Sources::default() })
}

/// The keys that were complained about.
fn blamed(faults: &Faults) -> Vec<&str> {
    faults.iter().map(|fault| fault.what.as_str()).collect()
}

#[test]
fn the_defaults_are_valid_and_as_documented() {
    let settings = load(&Sources::default()).unwrap();
    assert_eq!(settings.database.url.expose_secret(), "sqlite://meridian.db");
    assert_eq!(settings.grpc.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.grpc.max_message_bytes, 4 * 1024 * 1024);
    let limits = &settings.limits;
    assert_eq!((limits.rate_per_store, limits.burst_per_store), (5_000, 10_000));
    assert!(settings.grpc.reflection && settings.grpc.tls.is_none());
    assert!(settings.auth.bootstrap_token.is_none());
    assert_eq!(settings.serve.services.len(), 5);
    let on_money = [Worker::Ready, Worker::Legs, Worker::Notices];
    let on_orders = [Worker::Handover, Worker::Complete];
    let on_events = [Worker::Sequencer, Worker::Webhooks, Worker::Broker];
    assert_eq!(settings.serve.workers, [&on_money[..], &on_orders, &on_events].concat());
    assert_eq!(settings.processing.unpaid_after, Duration::from_hours(72));
    assert!(settings.screening.fraud_rules.is_none() && !settings.handover.private_networks);
    assert!(settings.money.exponents.is_empty());
    assert_eq!(settings.payments.lease, Duration::from_secs(10));
    assert_eq!(settings.payments.stripe.url, "https://api.stripe.com");
    assert!(settings.payments.stripe.secret_key.is_none());
    assert!(!settings.webhooks.allow_loopback && settings.broker.nats.is_none());
    assert_eq!(settings.telemetry.endpoint, None);
}

#[test]
fn every_default_has_a_comment_above_it() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for pair in lines.windows(2) {
        let is_key = pair[1].contains(" = ") && !pair[1].starts_with('#');
        assert!(!is_key || pair[0].starts_with("# "), "{} has no comment", pair[1]);
    }
}

#[test]
fn each_layer_overrides_the_one_below() {
    let (_folder, file) = file(
        "[grpc]\nlisten = '127.0.0.1:1'\n[http]\nlisten = '127.0.0.1:2'\n[database]\nurl = 'sqlite://file.db'\n",
    );
    let environment = pairs(&[
        ("MERIDIAN__HTTP__LISTEN", "127.0.0.1:3"),
        ("MERIDIAN__DATABASE__URL", "sqlite://env.db"),
    ]);
    let flags = pairs(&[("database.url", "sqlite://flag.db")]);
    let settings = load(&Sources { file, environment, flags }).unwrap();
    assert_eq!(settings.grpc.listen.port(), 1);
    assert_eq!(settings.http.listen.port(), 3);
    assert_eq!(settings.database.url.expose_secret(), "sqlite://flag.db");
    assert_eq!(settings.database.max_connections, 8);
}

#[test]
fn the_environment_sets_every_type_and_leaves_strings_alone() {
    let settings = from_environment(&[
        ("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", "0012345678901234"),
        ("MERIDIAN__DATABASE__MAX_CONNECTIONS", "17"),
        ("MERIDIAN__DATABASE__STATEMENT_TIMEOUT", "1m 30s"),
        ("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true"),
        ("MERIDIAN__SERVE__SERVICES", "orders, refunds,merchants"),
        ("MERIDIAN__SERVE__WORKERS", ""),
        ("MERIDIAN__PAYMENTS__RETRY", "1s,2s"),
        ("MERIDIAN__MONEY__EXPONENTS__KRW", "2"),
        ("MERIDIAN__TELEMETRY__LOG_FORMAT", "pretty"),
        ("UNRELATED", "x"),
    ])
    .unwrap();
    assert_eq!(settings.auth.bootstrap_token.unwrap().expose_secret(), "0012345678901234");
    assert_eq!(settings.database.max_connections, 17);
    assert_eq!(settings.database.statement_timeout, Duration::from_secs(90));
    assert!(settings.webhooks.allow_loopback);
    assert_eq!(settings.serve.services, [Service::Orders, Service::Refunds, Service::Merchants]);
    assert!(settings.serve.workers.is_empty());
    assert_eq!(settings.payments.retry, [Duration::from_secs(1), Duration::from_secs(2)]);
    assert_eq!(settings.money.exponents["KRW"], 2);
    assert_eq!(settings.telemetry.log_format, LogFormat::Pretty);
}

#[test]
fn the_environment_overrides_an_exponent_of_the_file() {
    let (_folder, file) = file("[money.exponents]\nKRW = 2\nJPY = 2\n");
    let environment = pairs(&[("MERIDIAN__MONEY__EXPONENTS__KRW", "0")]);
    let settings = load(&Sources { file, environment, ..Sources::default() }).unwrap();
    assert_eq!(settings.money.exponents["KRW"], 0);
    assert_eq!(settings.money.exponents["JPY"], 2);
}

#[test]
fn every_fault_is_named_at_once_with_its_origin() {
    let (_folder, path) = file(
        "[database]\nurl = 'mysql://x'\nmax_connections = 0\nacquire_timeout = 5\n[grpc]\nmax_message_bytes = 1.5\n[unheard]\nof = 1\n",
    );
    let environment = pairs(&[
        ("MERIDIAN__DATABANK__URL", "sqlite://x"),
        ("MERIDIAN__HTTP__LISTEN", "localhost"),
        ("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", "hunter2"),
        ("MERIDIAN__SERVE__WORKERS", "legs,arms"),
        ("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "yes"),
        ("MERIDIAN__MONEY__EXPONENTS__KRW", "5"),
        ("MERIDIAN__MONEY__EXPONENTS__WON", "1.0"),
        ("MERIDIAN__MONEY__EXPONENTS__DOLLAR", "2"),
        ("MERIDIAN__TELEMETRY__FILTER", "workers=loud"),
    ]);
    let flags = pairs(&[("payments.retry", "1s,later")]);
    let faults = load(&Sources { file: path, environment, flags }).unwrap_err();
    let mut blamed = blamed(&faults);
    blamed.sort_unstable();
    let expected = [
        "auth.bootstrap_token",
        "databank.url",
        "database.acquire_timeout",
        "database.max_connections",
        "database.url",
        "grpc.max_message_bytes",
        "http.listen",
        "money.exponents.DOLLAR",
        "money.exponents.KRW",
        "money.exponents.WON",
        "payments.retry",
        "serve.workers",
        "telemetry.filter",
        "unheard.of",
        "webhooks.allow_loopback",
    ];
    assert_eq!(blamed, expected);
    let text = faults.to_string();
    assert!(
        text.contains("databank.url: there is no such setting (from MERIDIAN__DATABANK__URL)"),
        "{text}"
    );
    assert!(text.contains("\"arms\" is none of ready, legs"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_a_fault_beside_the_others() {
    let (_folder, malformed) = file("[database\n");
    for file in [malformed, Some(PathBuf::from("/nowhere/meridian.toml"))] {
        let environment = pairs(&[("MERIDIAN__HTTP__LISTEN", "x")]);
        let faults =
            load(&Sources { file: file.clone(), environment, ..Sources::default() }).unwrap_err();
        assert_eq!(blamed(&faults), [file.unwrap().to_str().unwrap(), "http.listen"]);
    }
}

#[test]
fn a_section_where_a_value_belongs_and_the_reverse_are_refused() {
    let (_folder, path) = file("database = 3\n[http.listen]\nport = 1\n");
    let faults = load(&Sources { file: path, ..Sources::default() }).unwrap_err();
    assert_eq!(blamed(&faults), ["database", "http.listen.port"]);
}

#[test]
fn an_address_has_to_be_one() {
    for (variable, key) in [
        ("MERIDIAN__HTTP__UPSTREAM", "http.upstream"),
        ("MERIDIAN__TELEMETRY__ENDPOINT", "telemetry.endpoint"),
    ] {
        for good in ["", "http://127.0.0.1:4317", "http://[::1]:4317/", "http://services.internal"]
        {
            assert!(from_environment(&[(variable, good)]).is_ok(), "{good}");
        }
        for bad in [
            "http://",
            "http://a b",
            "http://:4317",
            "http://host:port",
            "http://host:99999",
            "host:4317",
            "http://[::1",
            "http://host:",
        ] {
            let faults = from_environment(&[(variable, bad)]).unwrap_err();
            assert_eq!(blamed(&faults), [key], "{bad}");
        }
    }
}

#[test]
fn a_gateway_alone_has_to_know_where_the_services_are() {
    let alone = ("MERIDIAN__SERVE__SERVICES", "gateway");
    let faults = from_environment(&[alone]).unwrap_err();
    assert_eq!(blamed(&faults), ["http.upstream"]);
    let settings =
        from_environment(&[alone, ("MERIDIAN__HTTP__UPSTREAM", "http://orders:50051")]).unwrap();
    assert_eq!(settings.http.upstream.unwrap().url, "http://orders:50051");
}

#[test]
fn what_certificates_need_beside_each_other_is_named() {
    let url = ("MERIDIAN__HTTP__UPSTREAM", "https://orders:50051");
    let ca = ("MERIDIAN__HTTP__UPSTREAM_TLS__CA", "ca.pem");
    for (variables, key) in [
        (&[("MERIDIAN__GRPC__TLS__CERTIFICATE", "one.pem")][..], "grpc.tls.key"),
        (&[("MERIDIAN__HTTP__TLS__KEY", "one.pem")], "http.tls.certificate"),
        (&[("MERIDIAN__GRPC__TLS__CLIENT_CA", "ca.pem")], "grpc.tls.client_ca"),
        (&[url], "http.upstream_tls.ca"),
        (&[("MERIDIAN__HTTP__UPSTREAM", "http://orders:50051"), ca], "http.upstream"),
        (&[url, ca, ("MERIDIAN__HTTP__UPSTREAM_TLS__KEY", "k")], "http.upstream_tls.certificate"),
        (&[("MERIDIAN__TELEMETRY__ENDPOINT", "https://host")], "telemetry.endpoint"),
    ] {
        assert_eq!(blamed(&from_environment(variables).unwrap_err()), [key]);
    }
    let upstream = from_environment(&[url, ca]).unwrap().http.upstream.unwrap();
    assert_eq!(upstream.tls.unwrap().ca, Path::new("ca.pem"));
}

#[test]
fn every_file_of_a_certificate_that_cannot_be_used_is_named() {
    let (folder, path) = file("[grpc]\n");
    let text = path.unwrap().to_str().unwrap().to_owned();
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let settings = from_environment(&[
        ("MERIDIAN__GRPC__TLS__CERTIFICATE", &missing),
        ("MERIDIAN__GRPC__TLS__KEY", &text),
        ("MERIDIAN__GRPC__TLS__CLIENT_CA", &text),
        ("MERIDIAN__HTTP__UPSTREAM", "https://orders:50051"),
        ("MERIDIAN__HTTP__UPSTREAM_TLS__CA", &missing),
    ]);
    let faults = Certificates::open(&settings.unwrap()).err().unwrap();
    let keys = ["grpc.tls.certificate", "grpc.tls.key", "grpc.tls.client_ca"];
    assert_eq!(blamed(&faults), [&keys[..], &["http.upstream_tls.ca"]].concat());
}

#[test]
fn a_process_has_something_to_do() {
    let nothing = [("MERIDIAN__SERVE__SERVICES", ""), ("MERIDIAN__SERVE__WORKERS", "")];
    assert_eq!(blamed(&from_environment(&nothing).unwrap_err()), ["serve.services"]);
}

#[test]
fn what_is_shown_has_origins_and_no_secrets_and_can_be_read_back() {
    let environment = pairs(&[
        ("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", "correct horse battery"),
        ("MERIDIAN__DATABASE__URL", "postgres://meridian:staple@db/meridian"),
    ]);
    let text = show(&Sources { environment, ..Sources::default() }).unwrap();
    assert!(
        text.contains("url = \"postgres://meridian:***@db/meridian\" # MERIDIAN__DATABASE__URL"),
        "{text}"
    );
    assert!(text.contains("bootstrap_token = \"***\" # MERIDIAN__AUTH__BOOTSTRAP_TOKEN"), "{text}");
    assert!(!text.contains("battery") && !text.contains("staple"), "{text}");
    assert!(text.contains("\nlisten = \"127.0.0.1:8080\"\n"), "{text}");

    let (_folder, path) = file(&text);
    let faults = load(&Sources { file: path, ..Sources::default() }).unwrap_err();
    assert_eq!(blamed(&faults), ["auth.bootstrap_token"]);
}

#[test]
fn what_stripe_is_called_with_is_checked_and_never_shown() {
    let environment = [
        ("MERIDIAN__PAYMENTS__STRIPE__URL", "http://127.0.0.1:8420"),
        ("MERIDIAN__PAYMENTS__STRIPE__SECRET_KEY", "sk_test_horse"),
        ("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", "whsec_battery"),
    ];
    let settings = from_environment(&environment).unwrap().payments.stripe;
    assert_eq!(settings.secret_key.as_ref().unwrap().expose_secret(), "sk_test_horse");
    assert_eq!(settings.webhook_secret.as_ref().unwrap().expose_secret(), "whsec_battery");
    let shown = show(&Sources { environment: pairs(&environment), ..Sources::default() }).unwrap();
    let shown = format!("{shown}{settings:?}");
    assert!(!shown.contains("horse") && !shown.contains("battery"), "{shown}");
    assert!(shown.contains("secret_key = \"***\""), "{shown}");

    let faults = from_environment(&[
        ("MERIDIAN__PAYMENTS__STRIPE__URL", "http://api.stripe.com"),
        ("MERIDIAN__PAYMENTS__STRIPE__SECRET_KEY", "pk_test_horse"),
        ("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", "whsec_ battery"),
        ("MERIDIAN__PAYMENTS__STRIPE__TIMEOUT", "26s"),
        ("MERIDIAN__PAYMENTS__STRIPE__PATIENCE", "0s"),
    ])
    .unwrap_err();
    let mut blamed = blamed(&faults);
    blamed.sort_unstable();
    let keys = ["patience", "secret_key", "timeout", "url", "webhook_secret"];
    assert_eq!(blamed, keys.map(|key| format!("payments.stripe.{key}")));
    let text = faults.to_string();
    assert!(!text.contains("horse") && !text.contains("battery"), "{text}");
}

#[test]
fn debugging_output_hides_secrets() {
    let settings = from_environment(&[("MERIDIAN__DATABASE__URL", "postgres://me:staple@db/x")]);
    assert!(!format!("{settings:?}").contains("staple"));
}
