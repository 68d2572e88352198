//! The one place where text is made comparable.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// NFC, then full case folding (Unicode 3.13, `toCasefold`): two values are the same key, name or
/// word exactly when their folds are equal bytes.
///
/// Folds are stored, and unique: under the tables of another Unicode two keys may become one, or a stored fold no longer be
/// what is asked for. Whoever moves the libraries adds a migration that folds anew what is stored (keys of workspaces, events,
/// partners, messages, campaigns and tags, and of entries names and words) and says what becomes of two things that have
/// become one; a test below holds to the versions.
///
/// Plain lower-case ASCII, the usual case, is returned as it is.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let composed: Cow<'_, str> = if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) };
    // Folding can undo the composition (U+0130 becomes i and a combining dot), so it is composed
    // again: fold(fold(x)) == fold(x) holds for all text.
    let folded = caseless::default_case_fold_str(&composed);
    Cow::Owned(settle(folded))
}

/// Repeats composing and folding until nothing changes (at most a few rounds; almost always one).
fn settle(mut text: String) -> String {
    loop {
        let composed: String = text.nfc().collect();
        let folded = caseless::default_case_fold_str(&composed);
        if folded == text {
            return text;
        }
        text = folded;
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::fold;

    /// The Unicode by which text is composed, and that by which it is folded.
    const UNICODE: [(u64, u64, u64); 2] = [(18, 0, 0), (16, 0, 0)];
    /// What every character folds to, at the versions above.
    const FOLDS: &str = "d33380103a900c92e74bc51f079814923ffec010d3fb324bbbbe0db62ecfc3e1";

    #[test]
    fn stored_folds_are_of_one_unicode() {
        let (major, minor, patch) = unicode_normalization::UNICODE_VERSION;
        let composed = (u64::from(major), u64::from(minor), u64::from(patch));
        let cure = "folded keys are stored: see `fold` for what has to come with another version";
        assert_eq!([composed, caseless::UNICODE_VERSION], UNICODE, "{cure}");
        let mut digest = Sha256::new();
        for c in '\0'..=char::MAX {
            digest.update(fold(c.encode_utf8(&mut [0; 4])).as_bytes());
            digest.update([0xff]);
        }
        let told: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(told, FOLDS, "{cure}");
    }

    #[test]
    fn folds_by_table() {
        for (given, want) in [
            ("acme", "acme"),
            ("ACME", "acme"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Ünïcödé", "ünïcödé"),
            ("U\u{308}ber", "über"),
            ("ΌΣΟΣ", "όσοσ"),
            ("όσος", "όσοσ"),
            ("", ""),
        ] {
            assert_eq!(fold(given), want, "fold of {given:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn is_idempotent(text in "\\PC*") {
            let once = fold(&text).into_owned();
            proptest::prop_assert_eq!(fold(&once).into_owned(), once);
        }
    }
}
