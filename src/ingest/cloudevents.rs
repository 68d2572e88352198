//! CloudEvents 1.0 in JSON: the envelope says flavor, time and id, its data is the rest of the draft.
//!
//! Extensions are passed over. A fault is told by its place in the envelope.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::body::BodyError;
use super::faults::Faults;
use super::given::{DraftField, Given, GivenDraft, NameSeed, ValueSeed};
use crate::domain::has_control;

/// Fields of a draft that an event tells in its envelope, and the attribute that tells them.
const TOLD_BY_ENVELOPE: [(DraftField, &str); 3] = [(DraftField::Flavor, "type"), (DraftField::OccurredAt, "time"), (DraftField::Id, "id")];

/// The id of the activity: a UUIDv5 in the namespace of URLs over source, line feed and id, for CloudEvents holds source
/// and id together to be unique.
pub fn event_id(source: &str, id: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{source}\n{id}").as_bytes())
}

/// The place of a draft's fault in the event that it came in.
pub(super) fn place_in_event(path: &str) -> String {
    match TOLD_BY_ENVELOPE.iter().find(|(field, _)| field.name() == path) {
        Some((_, attribute)) => (*attribute).to_owned(),
        None if path.is_empty() => "data".to_owned(),
        None => format!("data.{path}"),
    }
}

/// Reads one event as a draft; beside it the faults of the envelope, which are named by their place already.
///
/// # Errors
/// When it is no JSON.
pub(super) fn read<'a>(body: &str, text: &'a str) -> Result<(GivenDraft<'a>, Faults), BodyError> {
    let malformed = |part: &str, fault| BodyError::malformed(body, part, &fault);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = (&mut reader).deserialize_map(EnvelopeVisitor).and_then(|envelope| reader.end().map(|()| envelope));
    let mut envelope = read.map_err(|fault| malformed(text, fault))?;
    let mut draft = match envelope.data.take() {
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
    draft.set(DraftField::Id, id.map_or(Given::Absent, |id| Given::Text(Cow::Owned(id.hyphenated().to_string()))));
    draft.set(DraftField::Flavor, envelope.attributes[TYPE].take().unwrap_or_default());
    draft.set(DraftField::OccurredAt, envelope.attributes[TIME].take().unwrap_or_default());
    Ok((draft, faults))
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

impl Envelope<'_> {
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
            Some(Given::Text(text)) if json(text) => {}
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
            other => faults.push(path, "wrong_type", format!("is {}; give text", other.kind())),
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
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let twice = if name == "data" {
                let data = map.next_value::<&'de RawValue>()?.get();
                envelope.data.replace(data).is_some()
            } else if let Some(attribute) = ATTRIBUTES.iter().position(|known| *known == name) {
                let value = map.next_value_seed(ValueSeed { objects: false })?;
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
