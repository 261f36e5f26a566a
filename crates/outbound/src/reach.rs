//! Which addresses may be dialled. A merchant chose the name, so it may lead anywhere.

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

/// What may be dialled beside public addresses; by default nothing. Some are refused in any case:
/// where clouds keep their machines' credentials, link-local, unspecified and multicast ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    /// Every address that is not public, this machine's own among them.
    pub private_networks: bool,
    /// This machine itself, and for want of `private_networks` no other.
    pub loopback: bool,
}

/// A name leads only to addresses that may not be dialled.
#[derive(Debug, thiserror::Error)]
#[error("its address may not be called from here")]
pub struct OutOfReach;

impl Reach {
    pub fn allows(self, address: IpAddr) -> bool {
        let loopback = self.loopback && is_this_machine(address);
        let address = plain(address);
        !is_never_called(address) && (self.private_networks || loopback || is_public(address))
    }

    /// As far as the URL itself tells: an address that stands in it is judged, however it is
    /// written, since no resolver will be asked about it. A name is judged when it is dialled.
    pub fn allows_host(self, url: &Url) -> bool {
        match address_in(url) {
            Some(address) => self.allows(address),
            None => url.host_str().is_some_and(|host| !host.is_empty()),
        }
    }
}

fn address_in(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether a URL leads to this machine by its own word: it has a loopback address, or a name that
/// is kept for them (RFC 6761, section 6.3).
pub fn is_loopback(url: &Url) -> bool {
    address_in(url).map_or_else(|| url.host_str().is_some_and(is_localhost), is_this_machine)
}

/// What a gateway would carry to a loopback address is that gateway's own.
fn is_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

/// Answers only addresses that may be dialled, and these are the ones that are: nobody resolves
/// the name a second time.
pub(crate) struct Guard {
    pub reach: Reach,
    pub resolver: Arc<dyn Resolve>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        // Whoever was let in as this machine is nobody else, whatever the resolver says.
        let localhost = is_localhost(name.as_str());
        let reach = self.reach;
        let allows = move |address: IpAddr| {
            reach.allows(address) && (!localhost || is_this_machine(address))
        };
        let found = self.resolver.resolve(name);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                found.await?.filter(|address| allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// IPv4 written as IPv6, by whichever gateway would carry it there, is judged as IPv4.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let four = |high, low| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match six.segments() {
        // Mapped, translated (RFC 2765), and translated by its successor (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4.
        | [0x2002, high, low, ..] => four(high, low),
        // Compatible, which is out of use; `::1` is not one of them.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => four(high, low),
        _ => address,
    }
}

/// Where clouds hand out their machines' credentials and settings: most do at a link-local
/// address, and these are the others.
const CLOUDS: [IpAddr; 4] = [
    // Alibaba Cloud, Oracle Cloud and Azure; over IPv6 Scaleway.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
];

fn is_never_called(address: IpAddr) -> bool {
    if CLOUDS.contains(&address) {
        return true;
    }
    match address {
        IpAddr::V4(four) => {
            four.octets()[0] == 0
                || four.is_link_local()
                || four.is_multicast()
                || four.is_broadcast()
        }
        IpAddr::V6(six) => {
            // Translated in a way that only the gateway knows (RFC 8215): to wherever it wants. Then
            // what AWS and Google Cloud keep for their services.
            let kept = matches!(
                six.segments(),
                [0x64, 0xff9b, 1, ..] | [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..]
            );
            kept || six.is_unspecified() || six.is_unicast_link_local() || six.is_multicast()
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_v4(four),
        IpAddr::V6(six) => is_public_v6(six),
    }
}

/// By the registry of special addresses (RFC 6890 and its successors).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [100, second, ..] => second & 0xc0 == 64,
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        [198, second, ..] if second & 0xfe == 18 => true,
        [first, ..] => first >= 240,
    };
    !(special || address.is_private() || address.is_loopback() || address.is_documentation())
}

/// Only `2000::/3` is given out; of that, protocols and examples are taken away.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Reach = Reach { private_networks: true, loopback: false };
    const HERE: Reach = Reach { private_networks: false, loopback: true };
    const PUBLIC: Reach = Reach { private_networks: false, loopback: false };

    #[test]
    fn some_addresses_are_never_dialled() {
        for never in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "::ffff:0:169.254.169.254",
            "::ffff:100.100.100.200",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:2:3:4:a9fe:a9fe",
        ] {
            for reach in [OPEN, HERE, PUBLIC] {
                assert!(!reach.allows(never.parse().unwrap()), "{never}");
            }
        }
    }

    #[test]
    fn private_addresses_are_dialled_where_that_is_allowed() {
        for private in [
            "10.0.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "240.0.0.1",
            "fd00::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
        ] {
            assert!(OPEN.allows(private.parse().unwrap()), "{private}");
            assert!(!HERE.allows(private.parse().unwrap()), "{private}");
            assert!(!PUBLIC.allows(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn this_machine_is_dialled_where_that_is_allowed_or_private_networks_are() {
        for own in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
            assert!(OPEN.allows(own.parse().unwrap()), "{own}");
            assert!(HERE.allows(own.parse().unwrap()), "{own}");
            assert!(!PUBLIC.allows(own.parse().unwrap()), "{own}");
        }
    }

    #[test]
    fn public_addresses_are_always_dialled() {
        let public =
            ["1.1.1.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1", "2a00::1"];
        for address in public {
            for reach in [OPEN, HERE, PUBLIC] {
                assert!(reach.allows(address.parse().unwrap()), "{address}");
            }
        }
    }

    #[test]
    fn an_address_in_the_url_is_judged_however_it_is_written() {
        for url in ["http://127.1/", "http://0x7f000001/", "http://[::1]/", "http://2130706433/"] {
            assert!(!PUBLIC.allows_host(&url.parse().unwrap()), "{url}");
            assert!(OPEN.allows_host(&url.parse().unwrap()), "{url}");
        }
        assert!(PUBLIC.allows_host(&"https://shop.example/".parse().unwrap()));
    }

    #[test]
    fn a_url_says_by_itself_whether_it_leads_to_this_machine() {
        for here in ["http://127.1/", "http://[::1]/", "http://localhost/", "http://a.LOCALHOST./"]
        {
            assert!(is_loopback(&here.parse().unwrap()), "{here}");
        }
        for elsewhere in ["http://10.0.0.1/", "http://localhost.example/", "http://1.localhost.de/"]
        {
            assert!(!is_loopback(&elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }

    struct Fixed(&'static str);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let address = SocketAddr::new(self.0.parse().unwrap(), 0);
            Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
        }
    }

    #[tokio::test]
    async fn localhost_is_this_machine_whatever_a_resolver_says() {
        let found = async |name: &str, address| {
            let guard = Guard { reach: HERE, resolver: Arc::new(Fixed(address)) };
            guard.resolve(name.parse().unwrap()).await.map(Iterator::count)
        };
        for name in ["localhost", "localhost.", "a.localhost"] {
            assert_eq!(found(name, "127.0.0.1").await.unwrap(), 1);
            assert!(found(name, "1.1.1.1").await.is_err_and(|error| error.is::<OutOfReach>()));
        }
        assert_eq!(found("shop.example", "1.1.1.1").await.unwrap(), 1);
    }
}
