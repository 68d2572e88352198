//! Text of strangers on a terminal: whatever it holds, it is only shown.

use crate::domain::turns_direction;

/// The text as one line: a control character becomes a space, for it could speak to the terminal; a sign of direction
/// becomes its escape, for it would turn what follows around.
pub fn plain(text: &str) -> String {
    shown(text, |_| ' ')
}

/// The same for text of several lines, which stay lines.
pub fn plain_lines(text: &str) -> String {
    shown(text, |c| if c == '\n' { '\n' } else { ' ' })
}

/// JSON as JSON of the same value: what a terminal would obey is written as its escape. All of it can only stand within
/// texts, where an escape means the same.
pub fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            c if turns_direction(c) || c.is_control() && !c.is_ascii_whitespace() => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

fn shown(text: &str, control: impl Fn(char) -> char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(control(c)),
            c if turns_direction(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{plain, plain_json, plain_lines};
    use crate::domain::turns_direction;

    #[test]
    fn nothing_turns_or_speaks() {
        let evil = "a\u{202e}b\u{2067}\u{200f}\u{61c}\u{1b}[2J\u{9b}\nc";
        assert_eq!(plain(evil), "a\\u{202e}b\\u{2067}\\u{200f}\\u{61c} [2J  c");
        assert_eq!(plain_lines(evil), "a\\u{202e}b\\u{2067}\\u{200f}\\u{61c} [2J \nc");
        let json = serde_json::to_string(evil).expect("json");
        let shown = plain_json(&json);
        assert!(!shown.contains(|c: char| turns_direction(c) || c.is_control()), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("json"), evil);
    }
}
