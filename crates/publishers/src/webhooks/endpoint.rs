//! Which URLs may be endpoints, as far as a URL itself tells.

use super::StandardWebhooks;
use outbound::{Reach, is_loopback};
use reqwest::Url;

/// The URL, or what is wrong with it, for the merchant.
pub(super) fn parse(text: &str, reach: Reach) -> Result<Url, &'static str> {
    if text.chars().count() > StandardWebhooks::MAX_URL {
        return Err("the URL must have 2,048 characters at most");
    }
    // They would be taken out of it in silence.
    if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return Err("the URL must not contain spaces or control characters");
    }
    let url: Url = text.parse().map_err(|_| "the URL cannot be read")?;
    match url.scheme() {
        "https" => {}
        "http" if reach.loopback && is_loopback(&url) => {}
        _ => return Err("the URL must begin with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL must not contain a user or a password");
    }
    if url.fragment().is_some() {
        return Err("the URL must not contain a fragment");
    }
    if !reach.allows_host(&url) || (is_loopback(&url) && !reach.loopback) {
        return Err("the URL's address may not be called");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Reach = Reach { private_networks: false, loopback: false };
    const HERE: Reach = Reach { private_networks: false, loopback: true };

    #[test]
    fn an_endpoint_is_reached_over_tls_at_a_public_place() {
        for url in [
            "https://shop.example/hooks",
            "https://shop.example:8443/hooks?store=7",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "https://bücher.example/",
        ] {
            assert!(parse(url, PUBLIC).is_ok(), "{url}");
            assert!(parse(url, HERE).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_address_in_the_url_is_judged_however_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "0x7f000001",
            "127。0。0。1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
        ] {
            for path in ["", "/", ":8443/hooks"] {
                let url = format!("https://{host}{path}");
                assert_eq!(
                    parse(&url, PUBLIC),
                    Err("the URL's address may not be called"),
                    "{url}"
                );
                assert!(parse(&url, HERE).is_ok(), "{url}");
            }
        }
        for host in [
            "0",
            "10.0.0.1",
            "0xa.1",
            "167772161",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:10.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:a00:1::]",
        ] {
            let url = format!("https://{host}/");
            for reach in [PUBLIC, HERE] {
                assert_eq!(parse(&url, reach), Err("the URL's address may not be called"), "{url}");
            }
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_called_and_only_where_that_is_allowed() {
        let plain = ["http://127.0.0.1:8080/", "http://[::1]/", "http://localhost:8080/hooks"];
        for url in plain {
            assert!(parse(url, HERE).is_ok(), "{url}");
            assert_eq!(parse(url, PUBLIC), Err("the URL must begin with https://"), "{url}");
        }
        for url in ["http://shop.example/", "http://1.1.1.1/", "http://localhost.example/"] {
            assert_eq!(parse(url, HERE), Err("the URL must begin with https://"), "{url}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_in_plain_words() {
        let long = |characters: usize| {
            let start = "https://shop.example/";
            format!("{start}{}", "ä".repeat(characters - start.len()))
        };
        assert!(parse(&long(2_048), PUBLIC).is_ok());
        for (url, why) in [
            (long(2_049).as_str(), "the URL must have 2,048 characters at most"),
            ("", "the URL cannot be read"),
            ("shop.example", "the URL cannot be read"),
            ("https://", "the URL cannot be read"),
            ("https://[::1", "the URL cannot be read"),
            ("https://[fe80::1%25eth0]/", "the URL cannot be read"),
            ("https://256.0.0.1/", "the URL cannot be read"),
            ("ftp://shop.example/", "the URL must begin with https://"),
            ("file:///etc/passwd", "the URL must begin with https://"),
            ("mailto:a@shop.example", "the URL must begin with https://"),
            ("https://me@shop.example/", "the URL must not contain a user or a password"),
            ("https://me:pw@shop.example/", "the URL must not contain a user or a password"),
            ("https://:pw@shop.example/", "the URL must not contain a user or a password"),
            ("https://shop.example/#top", "the URL must not contain a fragment"),
            ("https://shop.example/#", "the URL must not contain a fragment"),
            ("https://shop.example/a b", "the URL must not contain spaces or control characters"),
            ("https://shop.\nexample/", "the URL must not contain spaces or control characters"),
            (" https://shop.example/", "the URL must not contain spaces or control characters"),
        ] {
            assert_eq!(parse(url, PUBLIC), Err(why), "{url}");
        }
    }
}
