//! The one place where text is made comparable.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// NFC, then full case folding (Unicode 3.13, `toCasefold`): two values are the same key, name or
/// word exactly when their folds are equal bytes.
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
    use super::fold;

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
