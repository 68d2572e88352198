//! Characters that do something instead of being seen, which no name, key, URL or header may hold.

/// True when the text holds a control character (Unicode category Cc). ASCII, the usual case, is looked at by bytes,
/// which costs a fifth of a walk over characters.
pub fn has_control(text: &str) -> bool {
    if text.is_ascii() { text.bytes().any(|byte| byte.is_ascii_control()) } else { text.chars().any(char::is_control) }
}

/// True for what turns the direction of the text around it: embeddings, overrides, isolates and marks of Unicode's
/// bidirectional algorithm (UAX 9). On a terminal it shows what follows backwards.
pub const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// True for what is neither seen nor part of any word: signs of direction, and signs without width beside the joiners,
/// which words of several scripts and emoji need.
pub const fn is_unseen(c: char) -> bool {
    turns_direction(c)
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0001}'
        )
}

#[cfg(test)]
mod tests {
    use super::has_control;

    proptest::proptest! {
        #[test]
        fn agrees_with_the_walk(text: String) {
            proptest::prop_assert_eq!(has_control(&text), text.chars().any(char::is_control));
        }
    }
}
