use config::{Value, ValueKind};

const MASK: &str = "***";

/// Keys whose value is a secret as a whole. In every other value, what looks like a URL loses its
/// password.
const SECRETS: [&str; 4] = [
    "auth.bootstrap_token",
    "broker.secret",
    "payments.stripe.secret_key",
    "payments.stripe.webhook_secret",
];

pub(super) fn masked(key: &str, value: &ValueKind) -> ValueKind {
    match value {
        ValueKind::String(text) if text.is_empty() => value.clone(),
        _ if SECRETS.contains(&key) => ValueKind::String(MASK.to_owned()),
        ValueKind::String(text) => ValueKind::String(without_password(text)),
        ValueKind::Array(values) => {
            let inner = |value: &Value| Value::new(None, masked(key, &value.kind));
            ValueKind::Array(values.iter().map(inner).collect())
        }
        other => other.clone(),
    }
}

/// Masks `pw` in `scheme://user:pw@host/…` and in the parameter `password=pw`.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, parameters) = match rest.split_once('?') {
        Some((rest, parameters)) => (rest, format!("?{}", without_parameter(parameters))),
        None => (rest, String::new()),
    };
    // A password may contain an unescaped @ or /: everything before the last @ is hidden with it.
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:{MASK}@{host}"),
            None => format!("{user}@{host}"),
        },
        None => rest.to_owned(),
    };
    format!("{scheme}://{rest}{parameters}")
}

fn without_parameter(parameters: &str) -> String {
    let hide = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    };
    parameters.split('&').map(hide).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_a_url_is_hidden() {
        let cases = [
            ("sqlite://meridian.db", "sqlite://meridian.db"),
            ("postgres://me@host/db", "postgres://me@host/db"),
            ("postgres://me:secret@host:5432/db", "postgres://me:***@host:5432/db"),
            ("postgres://me:se@c/ret@host/db", "postgres://me:***@host/db"),
            ("postgres://host/db?a=b&password=secret", "postgres://host/db?a=b&password=***"),
            ("info,workers=debug", "info,workers=debug"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_password(text), shown);
        }
    }
}
