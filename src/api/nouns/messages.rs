//! Messages of an event.

use serde::Serialize;

use super::Noun;
use crate::api::read::rule::Name;
use crate::api::read::{Fields, Read};
use crate::api::routes::NAMES_BYTES_MAX;
use crate::auth::Principal;
use crate::store::{NamedKind, Record, Thing};

/// A message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub struct MessageBody {
    /// Its key, as first spelled.
    key: String,
    /// Its subject.
    subject: String,
    /// How many recipients it has.
    recipients: u64,
}

/// What is sent.
pub struct MessageDraft {
    subject: String,
}

impl Read for MessageDraft {
    const NAME: &'static str = "MessageDraft";
    const ABOUT: &'static str = "A message as it is sent.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let subject = fields.required("subject", Name, "What people read.");
        Some(Self { subject: subject? })
    }
}

/// The noun.
pub struct Messages;

impl Noun for Messages {
    const KIND: NamedKind = NamedKind::Message;
    const LIST: &'static str = "/v1/events/{event}/messages";
    const ONE: &'static str = "/v1/events/{event}/messages/{message}";
    const A: &'static str = "a message";
    const MANY: &'static str = "the messages of an event";
    const BODY_BYTES_MAX: usize = NAMES_BYTES_MAX;
    type Draft = MessageDraft;
    type Body = MessageBody;

    fn thing(draft: MessageDraft, _: &Principal) -> Thing {
        Thing::Message { subject: draft.subject }
    }

    fn body(record: Record) -> Option<MessageBody> {
        let Thing::Message { subject } = record.thing else { return None };
        Some(MessageBody { key: record.key.to_string(), subject, recipients: record.held })
    }
}
