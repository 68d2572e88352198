//! On what condition a thing is read or changed: `If-Match` and `If-None-Match` with entity tags (RFC 9110, 13.1).
//!
//! A tag is of what was given of a thing, and behind a dot of how many it holds. A reader is told of both; who changes a thing
//! is not stopped because it holds more by now.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::error::{PARAMETER_INVALID, PRECONDITION_FAILED, Problem};
use crate::domain::Invalid;
use crate::store::{Condition, NamedKind, Record, Tag};

/// The entity tag of a thing as it stands.
pub fn entity_tag(record: &Record) -> HeaderValue {
    let Tag(content) = record.tag();
    let text = if record.held == 0 { format!("\"{content}\"") } else { format!("\"{content}.{}\"", record.held) };
    // Base64 and digits, which a header always takes.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// When a thing is put: `If-None-Match: *`, which makes only, or `If-Match`.
///
/// # Errors
/// [`PARAMETER_INVALID`] for anything else, or both.
pub fn of_put(headers: &HeaderMap) -> Result<Condition, Problem> {
    let new = match given(headers, header::IF_NONE_MATCH).as_slice() {
        [] => false,
        [b"*"] => true,
        _ => return Err(malformed("If-None-Match", "must be *, which means: only where nothing has the key yet")),
    };
    match (new, of_change(headers)?) {
        (true, Condition::None) => Ok(Condition::Absent),
        (true, _) => Err(malformed("If-Match", "contradicts If-None-Match: *; send one of them")),
        (false, condition) => Ok(condition),
    }
}

/// When a thing is changed or removed: `If-Match`, with tags or `*`.
///
/// # Errors
/// [`PARAMETER_INVALID`] for what is no list of tags.
pub fn of_change(headers: &HeaderMap) -> Result<Condition, Problem> {
    let rule = "must be *, or the ETag of the thing as it was read, in its quotes";
    Ok(match tags(headers, header::IF_MATCH).ok_or_else(|| malformed("If-Match", rule))? {
        Tags::None => Condition::None,
        Tags::Any => Condition::Present,
        // Of a weak tag nobody knows whether it is of the same bytes, so it matches nothing here.
        Tags::These(tags) => {
            let strong = tags.into_iter().filter(|tag| !tag.weak);
            Condition::Unchanged(strong.map(|tag| Tag(tag.text.split('.').next().unwrap_or_default().to_owned())).collect())
        }
    })
}

/// Whether a reader has it already as it stands: `If-None-Match`.
///
/// # Errors
/// [`PARAMETER_INVALID`] for what is no list of tags.
pub fn is_known(headers: &HeaderMap, now: &HeaderValue) -> Result<bool, Problem> {
    let rule = "must be *, or ETags as they came, in their quotes";
    Ok(match tags(headers, header::IF_NONE_MATCH).ok_or_else(|| malformed("If-None-Match", rule))? {
        Tags::None => false,
        Tags::Any => true,
        Tags::These(tags) => tags.iter().any(|tag| format!("\"{}\"", tag.text).as_bytes() == now.as_bytes()),
    })
}

/// What was wanted is not done, because its condition does not hold.
pub fn refused(kind: NamedKind, condition: &Condition, now: Option<&Record>) -> Problem {
    let word = kind.as_str();
    let fault = match (condition, now) {
        (Condition::Absent, Some(record)) => {
            let (key, name) = (&record.key, record.thing.name());
            let rule = format!("the {word} {key} ({name}) has this key already; choose another, or leave If-None-Match out to replace it");
            Invalid::one(word, "key_taken", rule)
        }
        (_, Some(record)) => {
            let rule = format!("the {word} {} has changed since; read it again, and send what you want with its ETag of now", record.key);
            Invalid::one("If-Match", "changed", rule)
        }
        (_, None) => Invalid::one("If-Match", "absent", format!("there is no such {word}; leave If-Match out to make it")),
    };
    Problem::invalid(PRECONDITION_FAILED, fault)
}

/// What a header of conditions asks for.
enum Tags<'h> {
    None,
    Any,
    These(Vec<EntityTag<'h>>),
}

struct EntityTag<'h> {
    weak: bool,
    text: &'h str,
}

fn given(headers: &HeaderMap, name: HeaderName) -> Vec<&[u8]> {
    headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect()
}

/// `None` when it is malformed.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Tags<'_>> {
    let given = given(headers, name);
    match given.as_slice() {
        [] => return Some(Tags::None),
        [b"*"] => return Some(Tags::Any),
        _ => {}
    }
    let mut found = Vec::new();
    for value in given {
        let mut rest = std::str::from_utf8(value).ok()?;
        loop {
            let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
            let (text, after) = quoted.strip_prefix('"')?.split_once('"')?;
            found.push(EntityTag { weak, text });
            let after = after.trim_start();
            if after.is_empty() {
                break;
            }
            rest = after.strip_prefix(',')?.trim_start();
        }
    }
    Some(Tags::These(found))
}

fn malformed(name: &'static str, rule: &'static str) -> Problem {
    Problem::invalid(PARAMETER_INVALID, Invalid::one(name, "precondition", rule))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

    use super::{is_known, of_change, of_put};
    use crate::store::{Condition, Tag};

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a value"))).collect()
    }

    fn unchanged(tags: &[&str]) -> Result<Condition, &'static str> {
        Ok(Condition::Unchanged(tags.iter().map(|tag| Tag((*tag).to_owned())).collect()))
    }

    #[test]
    fn conditions_of_a_put() {
        let (none, same) = (header::IF_NONE_MATCH, header::IF_MATCH);
        let both = headers(&[(none.clone(), "*"), (same.clone(), "\"a\"")]);
        assert_eq!(of_put(&both).map_err(|p| p.code().word), Err("parameter_invalid"));
        for (name, value, want) in [
            (&none, "*", Ok(Condition::Absent)),
            (&none, "\"a\"", Err("parameter_invalid")),
            (&same, "*", Ok(Condition::Present)),
            (&same, "\"a\"", unchanged(&["a"])),
            (&same, "\"a.12\" , \"b,c\"", unchanged(&["a", "b,c"])),
            (&same, "W/\"a\"", unchanged(&[])),
            (&same, "a", Err("parameter_invalid")),
            (&same, "", Err("parameter_invalid")),
            (&same, "\"a\" \"b\"", Err("parameter_invalid")),
        ] {
            assert_eq!(of_put(&headers(&[(name.clone(), value)])).map_err(|p| p.code().word), want, "{name}: {value}");
        }
        assert_eq!(of_change(&headers(&[])).map_err(|p| p.code().word), Ok(Condition::None));
    }

    #[test]
    fn what_a_reader_has() {
        let now = HeaderValue::from_static("\"a.2\"");
        for (value, known) in
            [("\"a.2\"", true), ("W/\"a.2\"", true), ("\"b\", \"a.2\"", true), ("\"a\"", false), ("\"a.3\"", false), ("*", true)]
        {
            let given = headers(&[(header::IF_NONE_MATCH, value)]);
            assert_eq!(is_known(&given, &now).map_err(|p| p.code().word), Ok(known), "{value}");
        }
    }
}
