//! Secret keys: made at random, shown once, kept as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What every key begins with.
pub const KEY_PREFIX: &str = "td_";

const RANDOM_BYTES: usize = 24;
const CHECK_CHARS: usize = 6;

/// SHA-256 of a secret: what the store keeps, and what a presented secret is found by. Finding is by the
/// hash of a random secret, so timing tells nothing about the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

/// A secret as text: `td_`, its kind, 24 random bytes and a checksum. Never logged: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// A new secret of a kind (`key`, `site`, `session`, `link`, `ticket`).
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn generate(kind: &str) -> Result<Self, getrandom::Error> {
        let mut random = [0u8; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        let body = format!("{KEY_PREFIX}{kind}_{}", URL_SAFE_NO_PAD.encode(random));
        let check = check_of(&body);
        Ok(Self(format!("{body}{check}")))
    }

    /// Reads a presented secret; `None` when it cannot be one, so that a typing error costs no look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.is_ascii() && text.starts_with(KEY_PREFIX) && (KEY_PREFIX.len() + CHECK_CHARS..200).contains(&text.len());
        if !well_formed {
            return None;
        }
        let (body, check) = text.split_at(text.len() - CHECK_CHARS);
        (check_of(body) == check).then(|| Self(text.to_owned()))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

fn check_of(body: &str) -> String {
    let mut text = URL_SAFE_NO_PAD.encode(&Sha256::digest(body.as_bytes())[..6]);
    text.truncate(CHECK_CHARS);
    text
}

#[cfg(test)]
mod tests {
    use super::SecretKey;

    #[test]
    fn reads_what_it_made_and_no_typing_error() {
        let key = SecretKey::generate("key").expect("random");
        assert_eq!(SecretKey::parse(key.expose()).as_ref(), Some(&key));
        let mut wrong = key.expose().to_owned();
        let last = if wrong.pop() == Some('A') { 'B' } else { 'A' };
        wrong.push(last);
        assert_eq!(SecretKey::parse(&wrong), None);
        for bad in ["", "td_", "td_key_", "Bearer", "td_ü_aaaaaaaaaaaa"] {
            assert_eq!(SecretKey::parse(bad), None, "{bad}");
        }
        assert!(!format!("{key:?}").contains(key.expose()));
    }
}
