//! A request's body: inflated within bounds, and cut into the text of single drafts.
//!
//! Nothing here knows what a draft holds. Syntax is checked over the whole body before a single draft is looked at, so
//! that a body that does not parse stores nothing. Neither depth nor size of an input can grow the stack or the heap
//! beyond the limits below.

use std::io::Read as _;

use bytes::Bytes;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::limits::{REQUEST_BYTES_MAX, REQUEST_DRAFTS_MAX};

/// Bytes inflated at a time.
const INFLATE_CHUNK_BYTES: usize = 16 * 1024;

/// Why a whole body is refused; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A `Content-Type` that is not taken.
    #[error(
        "Content-Type {0:?} is not taken; send application/json, application/x-ndjson, application/cloudevents+json or \
         application/cloudevents-batch+json, in UTF-8"
    )]
    UnsupportedMediaType(String),
    /// A `Content-Encoding` that is not taken.
    #[error("Content-Encoding {0:?} is not taken; send gzip or no encoding")]
    UnsupportedEncoding(String),
    /// The compressed bytes are damaged or cut off.
    #[error("the body is not valid gzip: {0}")]
    BadEncoding(String),
    /// No byte of content.
    #[error("the body is empty; send a JSON object, an array of objects, or one object a line")]
    Empty,
    /// Not JSON. Line and column count from 1, the column in bytes.
    #[error("the body is not valid JSON at line {line}, column {column}: {reason}")]
    Malformed {
        /// Line of the body.
        line: usize,
        /// Byte in the line.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// JSON, but something else than an object where a draft must be. `index` counts drafts from 0.
    #[error("draft {index} is not a JSON object; every draft is an object with at least \"flavor\" and \"partner\"")]
    NotAnObject {
        /// Which draft, from 0.
        index: usize,
    },
    /// A batch of CloudEvents that is one object.
    #[error("a CloudEvents batch is a JSON array; send a single event as application/cloudevents+json")]
    NotAnArray,
    /// More than 5,000 drafts.
    #[error("the body holds more than {REQUEST_DRAFTS_MAX} drafts; send several requests")]
    TooManyDrafts,
    /// More than 5 MiB after inflating.
    #[error("the body is larger than {REQUEST_BYTES_MAX} bytes after inflating; send several requests")]
    TooLarge,
}

impl BodyError {
    /// The stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::UnsupportedEncoding(_) => "unsupported_encoding",
            Self::BadEncoding(_) => "bad_encoding",
            Self::Empty => "body_empty",
            Self::Malformed { .. } => "malformed_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::NotAnArray => "not_an_array",
            Self::TooManyDrafts => "too_many_drafts",
            Self::TooLarge => "body_too_large",
        }
    }

    /// A fault of the JSON reader inside `part` of `body`, told by its place in the body.
    pub(super) fn malformed(body: &str, part: &str, fault: &serde_json::Error) -> Self {
        // `part` is a slice of `body`, so the distance of their first bytes is its offset.
        let offset = (part.as_ptr() as usize).saturating_sub(body.as_ptr() as usize).min(body.len());
        let before = &body.as_bytes()[..offset];
        let lines_before = before.iter().filter(|byte| **byte == b'\n').count();
        let column_before = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let (line, column) = (fault.line().max(1), fault.column());
        let text = fault.to_string();
        let reason = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]).to_owned();
        Self::Malformed { line: lines_before + line, column: column + if line == 1 { column_before } else { 0 }, reason }
    }
}

/// How the drafts of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// One JSON object or an array of them.
    Json,
    /// One JSON object a line.
    Lines,
    /// One CloudEvent.
    CloudEvent,
    /// An array of CloudEvents.
    CloudEventBatch,
}

impl BodyForm {
    /// The form of a `Content-Type`; none is JSON.
    ///
    /// # Errors
    /// [`BodyError::UnsupportedMediaType`] for others, and for a character set that is not UTF-8.
    pub fn of(content_type: Option<&str>) -> Result<Self, BodyError> {
        let Some(given) = content_type else { return Ok(Self::Json) };
        let wrong = || BodyError::UnsupportedMediaType(given.chars().take(100).collect());
        let mut parts = given.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        if let Some((_, charset)) = charset {
            let charset = charset.trim().trim_matches('"');
            if !["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
                return Err(wrong());
            }
        }
        match essence.as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" => Ok(Self::Lines),
            "application/cloudevents+json" => Ok(Self::CloudEvent),
            "application/cloudevents-batch+json" => Ok(Self::CloudEventBatch),
            _ => Err(wrong()),
        }
    }

    /// True where a draft stands in a CloudEvent.
    pub(super) const fn is_cloud_event(self) -> bool {
        matches!(self, Self::CloudEvent | Self::CloudEventBatch)
    }
}

/// Undoes `Content-Encoding`, stopping as soon as the result is larger than a request may be.
///
/// # Errors
/// [`BodyError`] of encoding or size.
pub fn inflate(content_encoding: Option<&str>, bytes: Bytes) -> Result<Bytes, BodyError> {
    let encoding = content_encoding.unwrap_or_default().trim();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") {
        return if bytes.len() > REQUEST_BYTES_MAX { Err(BodyError::TooLarge) } else { Ok(bytes) };
    }
    if !encoding.eq_ignore_ascii_case("gzip") && !encoding.eq_ignore_ascii_case("x-gzip") {
        return Err(BodyError::UnsupportedEncoding(encoding.chars().take(100).collect()));
    }
    let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_ref());
    let mut inflated = Vec::with_capacity(bytes.len().saturating_mul(4).min(REQUEST_BYTES_MAX));
    let mut chunk = [0u8; INFLATE_CHUNK_BYTES];
    loop {
        let read = reader.read(&mut chunk).map_err(|fault| BodyError::BadEncoding(fault.to_string()))?;
        if read == 0 {
            return Ok(inflated.into());
        }
        if inflated.len() + read > REQUEST_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        if inflated.capacity() - inflated.len() < read {
            // Doubles, but never past the limit.
            inflated.reserve_exact(inflated.len().max(read).min(REQUEST_BYTES_MAX - inflated.len()));
        }
        inflated.extend_from_slice(&chunk[..read]);
    }
}

/// The drafts of a body, each still as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    /// The whole body.
    pub(super) body: &'a str,
    /// False when the body is one object, which is answered as such.
    pub(super) many: bool,
    /// Each begins with `{`.
    pub(super) drafts: Vec<&'a str>,
}

/// Cuts a body into drafts. Their outer syntax is sound after this; strings and numbers are checked when they are read.
///
/// # Errors
/// [`BodyError`] when the whole is to be refused.
pub(super) fn cut(form: BodyForm, body: &[u8]) -> Result<Cut<'_>, BodyError> {
    if body.len() > REQUEST_BYTES_MAX {
        return Err(BodyError::TooLarge);
    }
    let body = text_of(body)?;
    let trimmed = body.trim_matches(JSON_SPACE);
    if trimmed.is_empty() {
        return Err(BodyError::Empty);
    }
    let (many, drafts) = match form {
        BodyForm::Lines => (true, lines(body)?),
        BodyForm::Json if trimmed.starts_with('{') => (false, vec![trimmed]),
        BodyForm::CloudEvent => (false, vec![object(body, trimmed, 0)?]),
        BodyForm::Json | BodyForm::CloudEventBatch => (true, elements(body, trimmed)?),
    };
    Ok(Cut { body, many, drafts })
}

/// What JSON takes for space.
const JSON_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn text_of(body: &[u8]) -> Result<&str, BodyError> {
    let text = str::from_utf8(body).map_err(|fault| {
        let before = &body[..fault.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        BodyError::Malformed { line, column, reason: "the text is not UTF-8".to_owned() }
    })?;
    // Some programs on Windows put a byte order mark in front.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn lines(body: &str) -> Result<Vec<&str>, BodyError> {
    let mut drafts = Vec::new();
    for line in body.split('\n').map(|line| line.trim_matches(JSON_SPACE)).filter(|line| !line.is_empty()) {
        if drafts.len() == REQUEST_DRAFTS_MAX {
            return Err(BodyError::TooManyDrafts);
        }
        drafts.push(object(body, line, drafts.len())?);
    }
    Ok(drafts)
}

/// The part if it is an object; else whether it is no JSON at all or JSON of another kind.
fn object<'a>(body: &str, part: &'a str, index: usize) -> Result<&'a str, BodyError> {
    if part.starts_with('{') {
        return Ok(part);
    }
    match serde_json::from_str::<IgnoredAny>(part) {
        Ok(_) => Err(BodyError::NotAnObject { index }),
        Err(fault) => Err(BodyError::malformed(body, part, &fault)),
    }
}

fn elements<'a>(body: &str, array: &'a str) -> Result<Vec<&'a str>, BodyError> {
    if !array.starts_with('[') {
        object(body, array, 0)?;
        return Err(BodyError::NotAnArray);
    }
    let mut reader = serde_json::Deserializer::from_str(array);
    let read = serde::Deserializer::deserialize_seq(&mut reader, Elements).and_then(|found| reader.end().map(|()| found));
    let found = read.map_err(|fault| BodyError::malformed(body, array, &fault))?;
    if found.too_many {
        return Err(BodyError::TooManyDrafts);
    }
    match found.drafts.iter().position(|draft| !draft.starts_with('{')) {
        Some(index) => Err(BodyError::NotAnObject { index }),
        None => Ok(found.drafts),
    }
}

/// Keeps the text of each element, no more of them than a request may hold.
struct Elements;

struct Found<'a> {
    drafts: Vec<&'a str>,
    too_many: bool,
}

impl<'de> Visitor<'de> for Elements {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of drafts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found { drafts: Vec::new(), too_many: false };
        while found.drafts.len() < REQUEST_DRAFTS_MAX {
            match seq.next_element::<&'de RawValue>()? {
                Some(draft) => found.drafts.push(draft.get()),
                None => return Ok(found),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            found.too_many = true;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
