//! Which addresses the whole internet reaches.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for an address that the whole internet reaches: not of a private network, a link, this machine or nobody (the special
/// registries of IANA, RFC 6890). An address that holds another is what that one is.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // This network, and what is reserved or for many at once.
        (0 | 224..=255, _, _) => true,
        // Shared by those behind one provider.
        (100, 64..=127, _) => true,
        // For protocols, for documentation, and between 6 and 4.
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => true,
        // For measuring.
        (198, 18 | 19, _) => true,
        _ => false,
    };
    !special && !ip.is_private() && !ip.is_loopback() && !ip.is_link_local()
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // What is compatible with version 4, and what is translated to it.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0) => false,
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && inner(g, h),
        // 6to4 holds an address of version 4.
        (0x2002, _) => inner(b, c),
        // Teredo, documentation, and other special registries below 2001:200.
        (0x2001, ..0x200 | 0xdb8) => false,
        // Global unicast is what begins with the bits 001.
        _ => (0x2000..0x4000).contains(&a),
    }
}
