//! Patterns of texts, as JSON Schema writes them: whatever one allows its reader takes.
//!
//! Where the server counts bytes and JSON Schema counts characters, a text may be as long as its limit in ASCII and a quarter
//! of it otherwise.

use crate::domain::limits::KEY_BYTES_MAX;

/// Every character that no key and no name holds: controls, spaces, and what is not seen.
const UNSEEN: &str = r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff";
/// The longest text of four-byte characters within a limit of bytes.
const BYTES_PER_CHARACTER_MAX: usize = 4;

/// An email address: as the reader takes it, in ASCII.
pub const EMAIL: &str = r"^[!-?A-~]{1,64}@[!-?A-~]{1,255}$";
/// A key, ticket or share as it was shown once.
pub const SECRET: &str = "^td_[A-Za-z0-9_-]+$";
/// A flavor.
pub const FLAVOR: &str = r"^[a-z0-9_]+(\.[a-z0-9_]+)+$";

/// Neither `.` nor `..`, nothing unseen, no slash.
pub fn key_pattern() -> String {
    let run = |class: &str, more: &str, most: usize| {
        let (not_dot, any) = (format!("[{more}{class}]"), format!("[{more}{class}.]"));
        let (one, two) = (most - 1, most - 2);
        format!(r"{not_dot}{any}{{0,{one}}}|\.{not_dot}{any}{{0,{two}}}|\.\.{any}{{1,{two}}}")
    };
    // In the first, the printable ASCII characters but `.` and `/`; in the second, everything but those and the unseen.
    let ascii = run("!-\\-0-~", "", KEY_BYTES_MAX);
    let other = run(&format!("./{UNSEEN}"), "^", KEY_BYTES_MAX / BYTES_PER_CHARACTER_MAX)
        .replace(&format!("[^./{UNSEEN}.]"), &format!("[^/{UNSEEN}]"));
    format!("^(?:{ascii}|{other})$")
}

/// Something that is seen at both ends, spaces between.
pub fn name_pattern(most: usize) -> String {
    let few = most / BYTES_PER_CHARACTER_MAX;
    let (ascii, other) = (most - 2, few - 2);
    format!(
        "^(?:[!-~](?:[ -~]{{0,{ascii}}}[!-~])?|[^{UNSEEN}](?:[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]{{0,{other}}}[^{UNSEEN}])?)$"
    )
}

/// A few words, a space between two.
pub fn words_pattern(most: usize) -> String {
    let (word, more) = (format!("[^{UNSEEN}]{{1,100}}"), most - 1);
    format!("^{word}( {word}){{0,{more}}}$")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::{EMAIL, key_pattern, name_pattern};
    use crate::api::plain_text;
    use crate::api::read::rule::{Email, Rule as _};
    use crate::domain::{Flavor, Key};

    /// The pattern as this library writes it.
    fn regex(pattern: &str) -> String {
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        let mut out = String::new();
        let mut rest = inner;
        while let Some(at) = rest.find("\\u") {
            out.push_str(&rest[..at]);
            out.push_str(&format!("\\x{{{}}}", &rest[at + 2..at + 6]));
            rest = &rest[at + 6..];
        }
        out + rest
    }

    proptest! {
        #[test]
        fn what_a_pattern_of_a_key_allows_is_a_key(text in string_regex(&regex(&key_pattern())).expect("a regex")) {
            prop_assert!(Key::parse(&text).is_ok(), "{text:?}");
        }

        #[test]
        fn what_a_pattern_of_a_name_allows_is_a_name(text in string_regex(&regex(&name_pattern(512))).expect("a regex")) {
            prop_assert_eq!(plain_text(&text), Ok(text));
        }

        #[test]
        fn what_a_pattern_of_an_email_allows_is_one(text in string_regex(&regex(EMAIL)).expect("a regex")) {
            prop_assert!(Email.read(&text.as_str().into()).is_ok(), "{text:?}");
        }

        #[test]
        fn what_a_pattern_of_a_flavor_allows_is_a_flavor(text in string_regex("[a-z0-9_]{1,10}(\\.[a-z0-9_]{1,10}){1,4}").expect("a regex")) {
            prop_assert!(Flavor::parse(&text).is_ok(), "{text:?}");
        }
    }
}
