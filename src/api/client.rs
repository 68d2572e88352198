//! From which address a request comes: that of its peer or, where the peer is a proxy that the configuration trusts,
//! of whom it forwards for.
//!
//! `Forwarded` (RFC 7239) and `X-Forwarded-For` are read from right to left, as far as each hop is trusted: what stands
//! further left was written by somebody nobody knows. Whatever counts by address takes it from here.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

/// The address that a request comes from, as an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address that counts: of IPv6 the network, since one host owns all of it.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            v4 => v4,
        }
    }

    /// True for this machine itself.
    pub fn is_loopback(self) -> bool {
        self.0.to_canonical().is_loopback()
    }
}

/// Some addresses that begin alike: `10.0.0.0/8`, `2001:db8::/32`, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// True when the address is one of them.
    pub fn contains(self, address: IpAddr) -> bool {
        let (ours, bits) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => (u128::from(u32::from(ours) ^ u32::from(other)) << 96, self.bits),
            (IpAddr::V6(ours), IpAddr::V6(other)) => (u128::from(ours) ^ u128::from(other), self.bits),
            _ => return false,
        };
        // All bits shifted out are equal by nature.
        ours.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} must be an address or a network, as in 10.0.0.0/8 or 2001:db8::1");
        let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(address, bits)| (address, Some(bits)));
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse::<u8>().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The address that a request comes from, by its peer and, where that is trusted, its headers.
pub fn client_of(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> ClientAddress {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return ClientAddress(peer);
    }
    let walk = |hops: Vec<Option<IpAddr>>| {
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            match hop {
                Some(hop) if is_trusted(client) => client = hop,
                // Either whoever named this hop is not trusted, or the hop has no address.
                _ => break,
            }
        }
        client
    };
    let forwarded: Vec<_> = lines(headers, header::FORWARDED.as_str()).flat_map(elements).map(for_of).collect();
    let listed: Vec<_> = lines(headers, "x-forwarded-for").flat_map(|line| line.split(',')).map(address_of).collect();
    let client = match (forwarded.is_empty(), listed.is_empty()) {
        (false, true) => walk(forwarded),
        (true, _) => walk(listed),
        // A proxy that sets one lets the other through as the client made it. Where they differ, neither is believed.
        (false, false) => Some(walk(forwarded)).filter(|client| *client == walk(listed)).unwrap_or(peer),
    };
    ClientAddress(client)
}

fn lines<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?")).collect::<Vec<_>>().into_iter()
}

/// The elements of a `Forwarded` line: commas within quotes part nothing.
fn elements(line: &str) -> Vec<&str> {
    let mut quoted = false;
    line.split(|letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .collect()
}

/// The address after `for=` of one element of `Forwarded`.
fn for_of(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address_of(value.trim().trim_matches('"'))
}

/// An address without its port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.parse().ok();
    let bracketed = || text.strip_prefix('[')?.split_once(']')?.0.parse().ok();
    let with_port = || text.rsplit_once(':')?.0.parse().ok().filter(IpAddr::is_ipv4);
    plain.or_else(bracketed).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::{ClientAddress, Network, client_of};

    #[test]
    fn networks() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/33", "2001:db8:ffff::1", false),
            ("::/0", "::1", true),
        ] {
            let parsed: Network = network.parse().expect(network);
            assert_eq!(parsed.contains(address.parse().expect(address)), inside, "{network} {address}");
            assert_eq!(parsed.to_string().parse::<Network>().as_ref(), Ok(&parsed));
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0.0/", "proxy", "10.0.0.0/-1", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn whom_a_trusted_proxy_forwards_for() {
        let trusted: Vec<Network> = ["10.0.0.0/8", "2001:db8:1::/48"].iter().map(|n| n.parse().expect("network")).collect();
        let (fwd, xff) = ("forwarded", "x-forwarded-for");
        for (peer, headers, want) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "203.0.113.9")], "203.0.113.9"),
            ("203.0.113.1", &[(xff, "198.51.100.1"), (fwd, "for=198.51.100.1")], "203.0.113.1"),
            // From right to left, as far as the hops are trusted.
            ("10.0.0.1", &[(xff, "198.51.100.1, 203.0.113.9, 10.0.0.2")], "203.0.113.9"),
            ("10.0.0.1", &[(xff, "198.51.100.1"), (xff, "203.0.113.9")], "203.0.113.9"),
            ("10.0.0.1", &[(xff, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(xff, "198.51.100.1, nonsense")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "198.51.100.1:4711")], "198.51.100.1"),
            ("10.0.0.1", &[(fwd, "for=198.51.100.1;proto=https, For=\"[2001:db8::7]:4711\"")], "2001:db8::7"),
            ("10.0.0.1", &[(fwd, "for=203.0.113.9;by=\"a,b\"")], "203.0.113.9"),
            ("10.0.0.1", &[(fwd, "for=198.51.100.1, for=_hidden")], "10.0.0.1"),
            ("2001:db8:1::1", &[(fwd, "for=198.51.100.1:80")], "198.51.100.1"),
            // Both, and one was let through as the client made it.
            ("10.0.0.1", &[(fwd, "for=203.0.113.9"), (xff, "203.0.113.9")], "203.0.113.9"),
            ("10.0.0.1", &[(fwd, "for=198.51.100.1"), (xff, "203.0.113.9")], "10.0.0.1"),
        ] {
            let pair = |(n, v): &(&'static str, &'static str)| (HeaderName::from_static(n), HeaderValue::from_static(v));
            let mut map = HeaderMap::new();
            for (name, value) in headers.iter().map(pair) {
                map.append(name, value);
            }
            let want: IpAddr = want.parse().expect("address");
            assert_eq!(client_of(peer.parse().expect("address"), &map, &trusted), ClientAddress(want), "{peer} {headers:?}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let network = |text: &str| ClientAddress(text.parse().expect("address")).network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_eq!(network("::ffff:203.0.113.9"), network("203.0.113.9"));
    }
}
