//! The content of a draft in canonical form, by which a repeated id is told from a reused one.
//!
//! Two drafts have the same content exactly when their parsed fields are equal: absent is null, the order of names is
//! nothing, keys compare by fold, times and addresses by value, other names of platforms and browsers are resolved, and
//! the bound event is filled in. What the server adds (time, id, actor, what a user agent tells) is left out. A number
//! compares by its value: 1 and 1.0 are the same. The address counts as far as it is kept, masked: a hash of the whole
//! one could be turned back by trying the rest. An id is what content is asked for, so it is no part of it.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use super::given::DraftField;
use crate::domain::{Client, Properties, Property};

/// Integers of a binary fraction up to here are exact; above, neighbours would be equal.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Gathers the fields that are given, always in the same order: each as its number, its length and its bytes.
pub(super) struct Content {
    bytes: Vec<u8>,
}

impl Content {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::with_capacity(512) }
    }

    /// A field as text.
    pub(super) fn text(&mut self, field: DraftField, text: &str) {
        self.bytes.push(field as u8);
        self.sized(text.as_bytes());
    }

    /// A field as a number.
    pub(super) fn number(&mut self, field: DraftField, number: i64) {
        self.bytes.push(field as u8);
        self.sized(&number.to_be_bytes());
    }

    /// A field as an address.
    pub(super) fn address(&mut self, field: DraftField, address: IpAddr) {
        self.bytes.push(field as u8);
        match address {
            IpAddr::V4(v4) => self.sized(&v4.octets()),
            IpAddr::V6(v6) => self.sized(&v6.octets()),
        }
    }

    /// A platform or browser.
    pub(super) fn client(&mut self, field: DraftField, client: &Client) {
        self.text(field, &client.name);
        match &client.version {
            Some(version) => self.sized(version.as_bytes()),
            None => self.bytes.push(u8::MAX),
        }
    }

    /// The properties; none is the same as an empty object.
    pub(super) fn properties(&mut self, properties: &Properties) {
        for (name, value) in properties {
            self.text(DraftField::Properties, name);
            match value {
                Property::Text(text) => self.tagged(b't', text.as_bytes()),
                Property::Bool(value) => self.tagged(b'b', &[u8::from(*value)]),
                Property::Number(number) => self.property_number(number),
            }
        }
    }

    /// SHA-256 of it all, cut to 16 bytes.
    pub(super) fn hash(self) -> [u8; 16] {
        let digest = Sha256::digest(&self.bytes);
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        hash
    }

    fn property_number(&mut self, number: &serde_json::Number) {
        if let Some(integer) = number.as_i128() {
            return self.tagged(b'i', &integer.to_be_bytes());
        }
        let value = number.as_f64().unwrap_or(f64::NAN);
        if value.fract() == 0.0 && value.abs() <= EXACT_INTEGER_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the exact range")]
            let integer = value as i64;
            self.tagged(b'i', &i128::from(integer).to_be_bytes());
        } else {
            self.tagged(b'f', &value.to_bits().to_be_bytes());
        }
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        self.sized(bytes);
    }

    fn sized(&mut self, bytes: &[u8]) {
        // A request is at most 5 MiB, so a length always fits.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}
