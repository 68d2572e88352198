//! Events.

use serde::Serialize;

use super::Noun;
use crate::api::read::rule::Name;
use crate::api::read::{Fields, Read};
use crate::api::routes::NAMES_BYTES_MAX;
use crate::auth::Principal;
use crate::store::{NamedKind, Record, Thing};

/// An event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
    /// How many partners it has.
    partners: u64,
}

/// What is sent.
pub struct EventDraft {
    name: String,
}

impl Read for EventDraft {
    const NAME: &'static str = "EventDraft";
    const ABOUT: &'static str = "An event as it is sent.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people read.");
        Some(Self { name: name? })
    }
}

/// The noun.
pub struct Events;

impl Noun for Events {
    const KIND: NamedKind = NamedKind::Event;
    const LIST: &'static str = "/v1/events";
    const ONE: &'static str = "/v1/events/{event}";
    const A: &'static str = "an event";
    const MANY: &'static str = "events";
    const BODY_BYTES_MAX: usize = NAMES_BYTES_MAX;
    type Draft = EventDraft;
    type Body = EventBody;

    fn thing(draft: EventDraft, _: &Principal) -> Thing {
        Thing::Event { name: draft.name }
    }

    fn body(record: Record) -> Option<EventBody> {
        let Thing::Event { name } = record.thing else { return None };
        Some(EventBody { key: record.key.to_string(), name, partners: record.held })
    }
}
