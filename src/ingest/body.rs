//! A request's body: inflated within bounds, and cut into the text of single drafts.
//!
//! Nothing here knows what a draft holds. Syntax is checked over the whole body before a single draft is looked at, so
//! that a body that does not parse stores nothing. Neither depth nor size of an input can grow the stack or the heap
//! beyond the limits below.

use std::io::Read as _;

use bytes::Bytes;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::form::BodyForm;
use crate::domain::limits::{REQUEST_BYTES_MAX, REQUEST_DRAFTS_MAX};

/// Bytes inflated at a time.
const INFLATE_CHUNK_BYTES: usize = 16 * 1024;

/// Why a whole body is refused; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A `Content-Type` that is not taken, and the one that this body would need.
    #[error(
        "Content-Type {0:?} is not taken; this body would need {1} (taken are application/json, application/x-ndjson, \
         application/cloudevents+json and application/cloudevents-batch+json, in UTF-8)"
    )]
    UnsupportedMediaType(String, &'static str),
    /// A body that would be sound under another `Content-Type`.
    #[error("{0}; this body would need Content-Type: {1}")]
    Needs(Box<BodyError>, &'static str),
    /// An `Idempotency-Key` on several drafts.
    #[error("Idempotency-Key makes the id of one draft, and these are several; give each an \"id\" of its own instead")]
    OneIdForMany,
    /// An `Idempotency-Key` on a draft that has an id.
    #[error("Idempotency-Key makes the id of a draft that has none, and this one has; send the one or the other")]
    IdBesideMadeId,
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
            Self::UnsupportedMediaType(..) => "unsupported_media_type",
            Self::Needs(fault, _) => fault.code(),
            Self::OneIdForMany => "one_id_for_many",
            Self::IdBesideMadeId => "id_beside_made_id",
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

    /// The same, with the type that this body would need, if it is known.
    pub(super) fn needing(self, needed: Option<&'static str>) -> Self {
        match needed {
            Some(needed) if matches!(self, Self::Malformed { .. } | Self::NotAnObject { .. } | Self::NotAnArray) => {
                Self::Needs(Box::new(self), needed)
            }
            _ => self,
        }
    }

    /// A fault of the JSON reader inside `part` of `body`, told by its place in the body.
    pub(super) fn malformed(body: &str, part: &str, fault: &serde_json::Error) -> Self {
        // `part` is a slice of `body`, so the distance of their first bytes is its offset.
        let offset = (part.as_ptr() as usize).saturating_sub(body.as_ptr() as usize).min(body.len());
        let before = &body.as_bytes()[..offset];
        let alone = |(at, byte): &(usize, &u8)| **byte == b'\r' && body.as_bytes().get(at + 1) != Some(&b'\n');
        let lines_before = before.iter().enumerate().filter(|place| *place.1 == b'\n' || alone(place)).count();
        let column_before = before.iter().rev().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
        let (line, column) = (fault.line().max(1), fault.column());
        let text = fault.to_string();
        let reason = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]).to_owned();
        Self::Malformed { line: lines_before + line, column: column + if line == 1 { column_before } else { 0 }, reason }
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
        // Data of an event may be absent: what it must say is then told as missing.
        return if form == BodyForm::BinaryEvent { Ok(Cut { body, many: false, drafts: vec!["{}"] }) } else { Err(BodyError::Empty) };
    }
    let (many, drafts) = match form {
        BodyForm::Lines => (true, lines(body)?),
        BodyForm::BinaryEvent => (false, vec![object(body, trimmed, 0)?]),
        BodyForm::Json if trimmed.starts_with('{') => (false, vec![trimmed]),
        BodyForm::CloudEvent => (false, vec![object(body, trimmed, 0)?]),
        BodyForm::Json | BodyForm::CloudEventBatch => (true, elements(body, trimmed)?),
    };
    Ok(Cut { body, many, drafts })
}

/// What JSON takes for space.
pub(super) const JSON_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn text_of(body: &[u8]) -> Result<&str, BodyError> {
    let text = str::from_utf8(body).map_err(|fault| {
        let before = &body[..fault.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let reason = match body {
            [0x1f, 0x8b, ..] => "this is gzip; say so with Content-Encoding: gzip",
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this is UTF-16; send UTF-8",
            _ => "the text is not UTF-8",
        };
        BodyError::Malformed { line, column, reason: reason.to_owned() }
    })?;
    // Some programs on Windows put a byte order mark in front.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn lines(body: &str) -> Result<Vec<&str>, BodyError> {
    let mut drafts = Vec::new();
    // The lines of some programs end in CR alone; JSON on one line holds none.
    for line in body.split(['\n', '\r']).map(|line| line.trim_matches(JSON_SPACE)).filter(|line| !line.is_empty()) {
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
