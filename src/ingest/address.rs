//! Addresses of people, masked before anything else sees them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of an IPv4 address that are kept: the network, not the household.
const IPV4_KEPT_BITS: u32 = 24;
/// Bits of an IPv6 address that are kept: the provider's allotment, not the household.
const IPV6_KEPT_BITS: u32 = 48;

/// The network that an address is in: IPv4 to 24 bits, IPv6 to 48. An IPv4 address written as IPv6 counts as IPv4.
pub fn mask(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << (u32::BITS - IPV4_KEPT_BITS)))),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (u128::BITS - IPV6_KEPT_BITS)))),
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn keeps_the_network_only() {
        for (given, want) in [
            ("203.0.113.9", "203.0.113.0"),
            ("255.255.255.255", "255.255.255.0"),
            ("2001:db8:1234:5678::1", "2001:db8:1234::"),
            ("::ffff:203.0.113.9", "203.0.113.0"),
            ("::1", "::"),
        ] {
            let masked = mask(given.parse().expect("address"));
            assert_eq!(masked, want.parse::<std::net::IpAddr>().expect("address"), "{given}");
            assert_eq!(mask(masked), masked, "{given}");
        }
    }
}
