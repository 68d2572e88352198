//! The folded text that word search and URL prefixes look into.

use std::sync::Arc;

use super::fold::fold;
use super::weburl::WebUrl;

/// What a text search sees of an activity, in one folded string: the normal forms of the two URLs and then, each behind a
/// separator, their spelling where it differs, partner name, company, flavor label and property values. Control
/// characters mark the parts, and are blanked inside them, so that a word can never match across two parts and a URL
/// prefix, in its own normal form, is a plain substring search for its mark and the prefix. One `instr` answers either in
/// the database. (Rows stored when URLs stood here as they were given keep that: a prefix finds those of them whose
/// spelling was the normal one.)
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchText(Arc<str>);

/// Marks the source URL.
pub const SOURCE_MARK: char = '\u{1}';
/// Marks the referrer URL.
pub const REFERRER_MARK: char = '\u{2}';
/// Marks every other part.
pub const PART_MARK: char = '\u{3}';

impl SearchText {
    /// Joins the parts; each is folded here.
    pub fn of<'a>(source: Option<&WebUrl>, referrer: Option<&WebUrl>, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::with_capacity(256);
        let mut put = |mark: char, part: &str| {
            text.push(mark);
            text.extend(part.chars().map(|c| if c.is_control() { ' ' } else { c }));
        };
        let urls = [(SOURCE_MARK, source), (REFERRER_MARK, referrer)];
        for (mark, url) in urls.iter().filter_map(|(mark, url)| Some((*mark, (*url)?))) {
            put(mark, url.normal());
        }
        for url in urls.iter().filter_map(|(_, url)| *url) {
            let spelled = fold(url.as_str());
            if spelled != url.normal() {
                put(PART_MARK, &spelled);
            }
        }
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            put(PART_MARK, &fold(part));
        }
        Self(text.into())
    }

    /// The text as the store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A text read back from the store.
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// True when the folded word stands somewhere in it.
    pub fn has_word(&self, folded_word: &str) -> bool {
        self.0.contains(folded_word)
    }

    /// The text from the normal source URL on, if there is one; the parts behind it follow their marks.
    pub fn from_source(&self) -> Option<&str> {
        self.marked(SOURCE_MARK)
    }

    /// The text from the normal referrer URL on, as above.
    pub fn from_referrer(&self) -> Option<&str> {
        self.marked(REFERRER_MARK)
    }

    /// True when the source URL begins with the prefix, which is in normal form.
    pub fn source_begins(&self, folded_prefix: &str) -> bool {
        self.marked(SOURCE_MARK).is_some_and(|url| url.starts_with(folded_prefix))
    }

    /// True when the referrer URL begins with the prefix, which is in normal form.
    pub fn referrer_begins(&self, folded_prefix: &str) -> bool {
        self.marked(REFERRER_MARK).is_some_and(|url| url.starts_with(folded_prefix))
    }

    fn marked(&self, mark: char) -> Option<&str> {
        self.0.find(mark).map(|at| &self.0[at + mark.len_utf8()..])
    }
}
