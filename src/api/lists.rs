//! Lists: pages of things by key, with an opaque cursor to go on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::error::Problem;
use super::query::Query;
use super::read::rule::plain_text;
use crate::domain::limits::KEY_BYTES_MAX;
use crate::domain::{Invalid, fold};
use crate::store::{List, ListQuery};

/// Items of one page of a list.
const LIST_ITEMS_MAX: usize = 1_000;
/// Items of one page of a list when the caller does not say.
const LIST_ITEMS_DEFAULT: usize = 100;
/// Words that one list is searched for.
pub const WORDS_MAX: usize = 8;
/// Bytes of a folded key: folding can make one longer, three times at most.
const FOLDED_KEY_BYTES_MAX: usize = 3 * KEY_BYTES_MAX;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListBody<T> {
    /// By key.
    pub items: Vec<T>,
    /// Where the next page begins, for `after`; null at the end.
    #[schema(required = true)]
    pub next: Option<String>,
}

impl<T> ListBody<T> {
    /// A list that is whole.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of the store, as it is shown.
    pub fn from_page(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next: next.map(|key| URL_SAFE_NO_PAD.encode(key)) }
    }

    /// A page of the store.
    pub fn of<R>(list: List<R>, item: impl FnMut(R) -> T) -> Self {
        Self::from_page(list.items.into_iter().map(item).collect(), list.next)
    }
}

/// Which page of a list.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what is asked")]
pub struct ListParams {
    /// Items at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// Words, each of which stands somewhere in the key, the name, the company or the email address, in whatever case.
    q: Option<String>,
}

/// Reads `limit`, `after` and `q`, and nothing else.
///
/// # Errors
/// As [`Query::finish`].
pub fn asked(query: Option<&str>) -> Result<ListQuery, Problem> {
    let mut query = Query::new(query);
    let limit = query.number("limit", 1, LIST_ITEMS_MAX, LIST_ITEMS_DEFAULT);
    let after = query.list_cursor("after");
    let words = query.parsed("q", parse_words).unwrap_or_default();
    query.finish()?;
    Ok(ListQuery { after, limit, words })
}

/// Reads what is searched for: words, folded.
fn parse_words(text: &str) -> Result<Vec<String>, Invalid> {
    let folded = fold(plain_text(text)?.as_str()).into_owned();
    let words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
    match words.len() {
        1..=WORDS_MAX => Ok(words),
        many => Err(Invalid::one("", "too_many", format!("has {many} words; 1 to {WORDS_MAX}"))),
    }
}

/// Reads the cursor of a list.
pub(super) fn parse_cursor(text: &str) -> Result<String, Invalid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|b| (1..=FOLDED_KEY_BYTES_MAX).contains(&b.len()));
    let key = bytes.and_then(|b| String::from_utf8(b).ok());
    // A folded key without space or control character is all that this server puts into one.
    let ours = key.filter(|k| fold(k) == k.as_str() && !k.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/'));
    ours.ok_or_else(|| Invalid::one("", "cursor_invalid", "is not a cursor of a list; use next as the server gave it, unchanged"))
}

#[cfg(test)]
mod tests {
    use super::{ListBody, asked};
    use crate::store::List;

    #[test]
    fn a_page_leads_to_the_next() {
        let page = ListBody::of(List { items: vec![1], next: Some("straße".to_owned()) }, |n| n);
        let next = page.next.expect("more");
        assert_eq!(asked(Some(&format!("after={next}"))).err().map(|p| p.code().word), Some("cursor_invalid"), "not folded");
        let page = ListBody::of(List { items: vec![1], next: Some("strasse".to_owned()) }, |n| n);
        let asked = asked(Some(&format!("limit=3&after={}", page.next.expect("more")))).expect("valid");
        assert_eq!((asked.after.as_deref(), asked.limit), (Some("strasse"), 3));
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(asked(Some("q=Stra%C3%9Fe++ACME")).expect("valid").words, ["strasse", "acme"]);
    }

    #[test]
    fn refuses_by_name() {
        for (query, code) in [
            ("after=%%", "cursor_invalid"),
            ("after=AA", "cursor_invalid"),
            ("limit=1001", "parameter_invalid"),
            ("q=", "parameter_invalid"),
            ("q=a+b+c+d+e+f+g+h+i", "parameter_invalid"),
            ("partner=acme", "parameter_unknown"),
        ] {
            assert_eq!(asked(Some(query)).err().map(|p| p.code().word), Some(code), "{query}");
        }
    }
}
