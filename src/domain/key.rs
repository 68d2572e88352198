//! Keys of events, partners, messages and campaigns.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::control::is_unseen;
use super::fold::fold;
use super::invalid::Invalid;
use super::limits::KEY_BYTES_MAX;

/// The key of an event, partner, message or campaign: 1 to 128 bytes of UTF-8 without space, control character, `/` or
/// character that is not seen, and neither `.` nor `..`, which no browser sends in a path. Keys are equal when their folds
/// are; the spelling is kept for people.
#[derive(Clone)]
pub struct Key {
    text: Arc<str>,
    folded: Arc<str>,
}

impl Key {
    /// Reads the key of something that may be made.
    ///
    /// # Errors
    /// One fault with the rule that is broken; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "." | "..") {
            let message = "must not be \".\" or \"..\": paths leave them out, so nothing could be asked of it";
            return Err(Invalid::one("", "dot_key", message));
        }
        if let Some(unseen) = text.chars().find(|c| is_unseen(*c)) {
            let message = format!("contains {}, which is not seen; leave it out", unseen.escape_unicode());
            return Err(Invalid::one("", "bad_character", message));
        }
        Self::naming(text)
    }

    /// Reads a key that names something: also one that was made when keys held what they no longer may.
    ///
    /// # Errors
    /// As [`Key::parse`], by the rules that have always held.
    pub fn naming(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::one("", "empty", "must not be empty; give 1 to 128 bytes"));
        }
        if text.len() > KEY_BYTES_MAX {
            let message = format!("is {} bytes; a key is at most {KEY_BYTES_MAX} bytes", text.len());
            return Err(Invalid::one("", "too_long", message));
        }
        if let Some(bad) = text.chars().find(|c| c.is_whitespace() || c.is_control() || *c == '/') {
            let message = format!("contains {bad:?}; a key has no space, control character or '/'");
            return Err(Invalid::one("", "bad_character", message));
        }
        Ok(Self::trusted(text))
    }

    /// True when a key may hold the character.
    pub fn allows(c: char) -> bool {
        !(c.is_whitespace() || c.is_control() || c == '/' || is_unseen(c))
    }

    /// A key read back from the store, which holds only parsed ones.
    pub fn trusted(text: &str) -> Self {
        let text: Arc<str> = text.into();
        let folded = match fold(&text) {
            std::borrow::Cow::Borrowed(_) => text.clone(),
            std::borrow::Cow::Owned(other) => other.into(),
        };
        Self { text, folded }
    }

    /// The spelling as first given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The fold, by which keys compare.
    pub fn folded(&self) -> &Arc<str> {
        &self.folded
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn parses_by_rule() {
        let long = "a".repeat(129);
        for (given, code) in [
            ("", "empty"),
            (long.as_str(), "too_long"),
            ("a b", "bad_character"),
            ("a/b", "bad_character"),
            ("a\u{0}", "bad_character"),
            ("a\u{a0}b", "bad_character"),
            (".", "dot_key"),
            ("..", "dot_key"),
            ("a\u{202e}b", "bad_character"),
            ("a\u{200f}", "bad_character"),
            ("\u{2066}a", "bad_character"),
            ("a\u{200b}", "bad_character"),
            ("\u{feff}a", "bad_character"),
        ] {
            let told = Key::parse(given).expect_err(given);
            assert_eq!(told.faults[0].code, code, "{given:?}");
            assert!(!told.to_string().contains(super::is_unseen), "{told}");
        }
        for fine in ["...", ".a", "a..b", "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}", "\u{1f469}\u{200d}\u{1f4bb}"] {
            assert_eq!(Key::parse(fine).expect(fine).as_str(), fine);
        }
        // What was made before can still be named.
        for old in [".", "..", "a\u{202e}b"] {
            assert_eq!(Key::naming(old).expect("named").as_str(), old);
        }
        assert_eq!(Key::parse("Acme").expect("valid"), Key::parse("aCME").expect("valid"));
        assert_eq!(Key::parse("Acme").expect("valid").as_str(), "Acme");
    }
}
