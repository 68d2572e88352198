//! CloudEvents 1.0: the envelope says flavor, time and id, its data is the rest of the draft. The envelope is JSON around
//! the data (structured mode) or stands in the headers of the request (binary mode).
//!
//! Extensions are passed over. A fault is told by its place in the envelope; in binary mode by the name of its header, and
//! what the data says beside a header that wins is told as a warning.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::body::BodyError;
use super::faults::Faults;
use super::form::BodyForm;
use super::given::{DraftField, Given, GivenDraft, name_of};
use crate::domain::has_control;

/// The attributes that are looked for in headers; one of them alone makes a request an event in binary mode.
pub const EVENT_ATTRIBUTES: &[&str] = ATTRIBUTES.split_at(TIME + 1).0;

/// What the names of headers begin with that hold attributes of an event in binary mode.
pub const EVENT_HEADER_PREFIX: &str = "ce-";

/// An attribute of an event in a header: its name without the prefix, and the header's bytes.
pub type EventHeader<'a> = (&'a str, &'a [u8]);

/// Fields of a draft that an event tells in its envelope, and the attribute that tells them.
const TOLD_BY_ENVELOPE: [(DraftField, &str); 3] = [(DraftField::Flavor, "type"), (DraftField::OccurredAt, "time"), (DraftField::Id, "id")];

/// The id of the activity: a UUIDv5 in the namespace of URLs over source, line feed and id, for CloudEvents holds source
/// and id together to be unique.
pub fn event_id(source: &str, id: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{source}\n{id}").as_bytes())
}

/// How the places of a draft's faults are called in what it came in; `None` where it is itself what came.
pub(super) fn places(form: BodyForm) -> Option<fn(&str) -> String> {
    match form {
        BodyForm::Json | BodyForm::Lines => None,
        BodyForm::CloudEvent | BodyForm::CloudEventBatch => Some(|path| match attribute_of(path) {
            Some(attribute) => attribute.to_owned(),
            None if path.is_empty() => "data".to_owned(),
            None => format!("data.{path}"),
        }),
        BodyForm::BinaryEvent => Some(|path| match attribute_of(path) {
            Some(attribute) => format!("{EVENT_HEADER_PREFIX}{attribute}"),
            None => path.to_owned(),
        }),
    }
}

fn attribute_of(path: &str) -> Option<&'static str> {
    TOLD_BY_ENVELOPE.iter().find(|(field, _)| field.name() == path).map(|(_, attribute)| *attribute)
}

/// A draft out of its envelope.
#[derive(Debug, Default)]
pub(super) struct Enveloped<'a> {
    pub(super) draft: GivenDraft<'a>,
    /// Faults of the envelope, by their place already.
    pub(super) faults: Faults,
    /// What was passed over, by its place.
    pub(super) warnings: Faults,
}

/// Reads one event as a draft.
///
/// # Errors
/// When it is no JSON.
pub(super) fn read<'a>(body: &str, text: &'a str) -> Result<Enveloped<'a>, BodyError> {
    let malformed = |part: &str, fault| BodyError::malformed(body, part, &fault);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = (&mut reader).deserialize_map(EnvelopeVisitor).and_then(|envelope| reader.end().map(|()| envelope));
    let mut envelope = read.map_err(|fault| malformed(text, fault))?;
    let draft = match envelope.data.take() {
        Some(data) if data.starts_with('{') => GivenDraft::read(data).map_err(|fault| malformed(data, fault))?,
        Some(data) if data != "null" => {
            envelope.faults.push("data", "wrong_type", "must be an object with the fields of a draft");
            GivenDraft::default()
        }
        _ => GivenDraft::default(),
    };
    for (field, attribute) in TOLD_BY_ENVELOPE {
        if *draft.get(field) != Given::Absent {
            let message = format!("does not belong here; the event's {attribute:?} tells it");
            envelope.faults.push(format!("data.{}", field.name()), "unknown_field", message);
        }
    }
    let (id, faults) = envelope.check();
    Ok(Enveloped { draft: envelope.fill(draft, id), faults, warnings: Faults::default() })
}

/// Reads one event whose attributes stand in headers and whose data is the body.
///
/// # Errors
/// When the body is no JSON.
pub(super) fn read_binary<'a>(headers: &[EventHeader<'a>], body: &str, text: &'a str) -> Result<Enveloped<'a>, BodyError> {
    let draft = GivenDraft::read(text).map_err(|fault| BodyError::malformed(body, text, &fault))?;
    let mut envelope = Envelope::default();
    for (name, value) in headers {
        let Some(attribute) = EVENT_ATTRIBUTES.iter().position(|known| known.eq_ignore_ascii_case(name)) else { continue };
        match header_text(value) {
            Some(text) if envelope.attributes[attribute].is_none() => envelope.attributes[attribute] = Some(Given::Text(text.into())),
            Some(_) => envelope.faults.twice(ATTRIBUTES[attribute]),
            None => envelope.faults.push(ATTRIBUTES[attribute], "bad_character", "must be UTF-8, percent-encoded where it is not ASCII"),
        }
    }
    let (id, mut faults) = envelope.check();
    faults.rename(|path| format!("{EVENT_HEADER_PREFIX}{path}"));
    let mut warnings = Faults::default();
    for (field, attribute) in TOLD_BY_ENVELOPE {
        let same =
            envelope.attributes.iter().zip(ATTRIBUTES).any(|(told, name)| name == attribute && told.as_ref() == Some(draft.get(field)));
        if *draft.get(field) != Given::Absent && !same {
            let message = format!("left out: the header {EVENT_HEADER_PREFIX}{attribute} tells it");
            warnings.push(field.name(), "told_by_header", message);
        }
    }
    Ok(Enveloped { draft: envelope.fill(draft, id), faults, warnings })
}

/// The text of a header: quotes around it undone, then what is percent-encoded.
fn header_text(value: &[u8]) -> Option<String> {
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = quoted.unwrap_or(value).iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted.is_some() => plain.extend(bytes.next()),
            byte => plain.push(*byte),
        }
    }
    percent_decode(&plain).decode_utf8().ok().map(Cow::into_owned)
}

const SPECVERSION: usize = 0;
const TYPE: usize = 1;
const SOURCE: usize = 2;
const ID: usize = 3;
const TIME: usize = 4;
const CONTENT_TYPE: usize = 5;
const DATA_BASE64: usize = 6;
const ATTRIBUTES: [&str; 7] = ["specversion", "type", "source", "id", "time", "datacontenttype", "data_base64"];

#[derive(Default)]
struct Envelope<'a> {
    attributes: [Option<Given<'a>>; ATTRIBUTES.len()],
    data: Option<&'a str>,
    faults: Faults,
}

impl<'a> Envelope<'a> {
    /// Puts into the draft what the envelope says of it.
    fn fill(&mut self, mut draft: GivenDraft<'a>, id: Option<Uuid>) -> GivenDraft<'a> {
        draft.set(DraftField::Id, id.map_or(Given::Absent, |id| Given::Text(Cow::Owned(id.hyphenated().to_string()))));
        draft.set(DraftField::Flavor, self.attributes[TYPE].take().unwrap_or_default());
        draft.set(DraftField::OccurredAt, self.attributes[TIME].take().unwrap_or_default());
        draft
    }

    /// Judges what only the envelope has; the id where source and id are sound.
    fn check(&mut self) -> (Option<Uuid>, Faults) {
        let mut faults = std::mem::take(&mut self.faults);
        match &self.attributes[SPECVERSION] {
            Some(Given::Text(version)) if version == "1.0" => {}
            _ => faults.push("specversion", "unknown_value", "must be \"1.0\""),
        }
        let json = |text: &str| text.split(';').next().is_some_and(|essence| essence.trim().to_ascii_lowercase().ends_with("json"));
        match &self.attributes[CONTENT_TYPE] {
            None | Some(Given::Absent) => {}
            Some(Given::Text(text)) if text.is_empty() || json(text) => {}
            Some(_) => faults.push("datacontenttype", "unknown_value", "must be application/json, or left out"),
        }
        if self.attributes[DATA_BASE64].is_some() {
            faults.push("data_base64", "unknown_field", "is not taken; put the draft into \"data\" as JSON");
        }
        let source = self.identifier(SOURCE, &mut faults).map(str::to_owned);
        let id = self.identifier(ID, &mut faults);
        (source.zip(id).map(|(source, id)| event_id(&source, id)), faults)
    }

    fn identifier(&self, attribute: usize, faults: &mut Faults) -> Option<&str> {
        let path = ATTRIBUTES[attribute];
        match self.attributes[attribute].as_ref().unwrap_or(&Given::Absent) {
            Given::Text(text) if text.is_empty() => faults.push(path, "empty", "must not be empty"),
            Given::Text(text) if has_control(text) => {
                faults.push(path, "bad_character", "contains a control character");
            }
            Given::Text(text) => return Some(text),
            Given::Absent => faults.push(path, "required", "is required in a CloudEvent"),
            other => faults.wrong_kind(path, other, "give text"),
        }
        None
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudEvent, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<&'de RawValue>()? {
            let (name, _) = name_of(name);
            let twice = if name == "data" {
                let data = map.next_value::<&'de RawValue>()?.get();
                envelope.data.replace(data).is_some()
            } else if let Some(attribute) = ATTRIBUTES.iter().position(|known| *known == name) {
                let value = Given::of(map.next_value()?, false);
                envelope.attributes[attribute].replace(value).is_some()
            } else {
                map.next_value::<IgnoredAny>()?;
                false
            };
            if twice {
                envelope.faults.twice(&name);
            }
        }
        Ok(envelope)
    }
}
