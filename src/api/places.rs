//! How many connections there may be, in all and from one address, and who holds a place among them.
//!
//! A connection of a proxy that is trusted counts among all; each request and stream on it counts by the address that it is
//! forwarded for.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use super::client::ClientAddress;
use super::serve::HttpConfig;
use crate::telemetry::HTTP_CONNECTIONS;

/// Connections in all and by address.
#[derive(Debug, Default)]
pub struct Places {
    all: AtomicUsize,
    by_address: DashMap<IpAddr, usize>,
}

/// One connection's place among all, given back when its socket is closed.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    _address: Option<AddressPlace>,
}

/// A place among those of one address.
#[derive(Debug)]
pub struct AddressPlace {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// A connection's place, or which limit there is none for.
    ///
    /// # Errors
    /// The name of the limit.
    pub fn take(self: &Arc<Self>, peer: IpAddr, config: &HttpConfig) -> Result<Place, &'static str> {
        if self.all.fetch_add(1, Ordering::Relaxed) >= config.connections_max {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err("connections_max");
        }
        metrics::gauge!(HTTP_CONNECTIONS).increment(1);
        let mut place = Place { places: self.clone(), _address: None };
        if !config.trusted_proxies.iter().any(|proxy| proxy.contains(peer)) {
            place._address = self.take_address(ClientAddress(peer), config)?;
        }
        Ok(place)
    }

    /// A place among those of an address. This machine needs none: it is a tool, or a proxy that nobody told of.
    ///
    /// # Errors
    /// The name of the limit.
    pub fn take_address(self: &Arc<Self>, client: ClientAddress, config: &HttpConfig) -> Result<Option<AddressPlace>, &'static str> {
        if client.is_loopback() {
            return Ok(None);
        }
        let address = client.network();
        let mut count = self.by_address.entry(address).or_insert(0);
        if *count >= config.connections_per_address_max {
            return Err("connections_per_address_max");
        }
        *count += 1;
        drop(count);
        Ok(Some(AddressPlace { places: self.clone(), address }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.all.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!(HTTP_CONNECTIONS).decrement(1);
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        self.places.by_address.remove_if_mut(&self.address, |_, count| {
            *count = count.saturating_sub(1);
            *count == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{HttpConfig, Places};
    use crate::api::client::ClientAddress;

    #[test]
    fn places_are_counted_and_given_back() {
        let config = HttpConfig { connections_max: 3, connections_per_address_max: 1, ..HttpConfig::default() };
        let places = Arc::new(Places::default());
        let far: IpAddr = "203.0.113.9".parse().expect("address");
        let near: IpAddr = "::ffff:127.0.0.1".parse().expect("address");
        let first = places.take(far, &config).expect("room");
        assert_eq!(places.take(far, &config).expect_err("one an address"), "connections_per_address_max");
        let _near = (places.take(near, &config).expect("room"), places.take(near, &config).expect("room"));
        assert_eq!(places.take(near, &config).expect_err("three in all"), "connections_max");
        drop(first);
        assert!(places.by_address.is_empty());
        assert_eq!(places.all.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn behind_a_trusted_proxy_each_client_has_its_own() {
        let trusted_proxies = vec!["203.0.113.0/24".parse().expect("network")];
        let config = HttpConfig { connections_per_address_max: 1, trusted_proxies, ..HttpConfig::default() };
        let places = Arc::new(Places::default());
        let proxy: IpAddr = "203.0.113.9".parse().expect("address");
        let _connections = [places.take(proxy, &config).expect("room"), places.take(proxy, &config).expect("room")];
        let client = |text: &str| ClientAddress(text.parse().expect("address"));
        let held = places.take_address(client("198.51.100.1"), &config).expect("room");
        assert!(places.take_address(client("198.51.100.1"), &config).is_err(), "one at a time");
        assert!(places.take_address(client("198.51.100.2"), &config).is_ok(), "another client");
        drop(held);
        assert!(places.take_address(client("198.51.100.1"), &config).is_ok());
    }
}
