//! What a client is told: every frame, and how it is written.
//!
//! Frames are structs that serde writes, but for `items`: activities are bytes already, and are spliced in as they are.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::disconnect::Disconnect;
use crate::domain::limits::{BACKFILL_MAX, OUTBOUND_FRAME_BYTES_MAX, SUBSCRIPTIONS_MAX};
use crate::domain::{Cursor, Mask};
use crate::store::Correction;
use crate::wire::{masked_corrections, masked_items};

/// Stands where activities are spliced in. Always the last field of its frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spliced;

impl Spliced {
    /// What is written behind the activities is not written here.
    fn comes_later(&self) -> bool {
        true
    }
}

impl Serialize for Spliced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

fn as_text<S: Serializer>(cursor: &Cursor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cursor)
}

fn as_text_or_null<S: Serializer>(cursor: &Option<Cursor>, serializer: S) -> Result<S::Ok, S::Error> {
    match cursor {
        Some(cursor) => serializer.collect_str(cursor),
        None => serializer.serialize_none(),
    }
}

/// A `ref` is kept as JSON: text and numbers come back as what they were.
fn as_json<S: Serializer>(json: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    json.and_then(|json| serde_json::from_str::<Value>(json).ok()).serialize(serializer)
}

macro_rules! frames {
    ($($(#[$doc:meta])* $name:ident as $schema:ident = $word:literal { $($(#[$fmeta:meta])* $field:ident : $type:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize, ToSchema)]
            #[schema(as = $schema)]
            pub struct $name<'a> {
                /// The word.
                pub r#type: &'a str,
                $($(#[$fmeta])* pub $field: $type),*
            }

            impl $name<'_> {
                /// The word in `type`, and the name of the event over Server-Sent Events.
                pub const WORD: &'static str = $word;
            }

            impl Frame for $name<'_> {
                fn word(&self) -> &'static str {
                    Self::WORD
                }
            }
        )+
    };
}

/// A frame to a client.
pub trait Frame: Serialize {
    /// Its word.
    fn word(&self) -> &'static str;
}

frames! {
    /// The first frame of a connection.
    WelcomeFrame as Welcome = "welcome" {
        /// Names this session in logs.
        session: &'a str,
        /// Longest silence, in milliseconds.
        heartbeat_ms: u64,
        /// RFC 3339.
        server_time: &'a str,
        /// What the server accepts.
        limits: Limits,
    }
    /// A subscription has begun: its filter is in force.
    SubscribedFrame as Subscribed = "subscribed" {
        /// Which subscription.
        sub: &'a str,
        /// As the client sent it.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// 1.
        rev: u32,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// `resumed` or `fresh`.
        mode: &'a str,
        /// Where reading history goes on; null at the start of the log and when resumed.
        #[schema(value_type = Option<String>)] #[serde(serialize_with = "as_text_or_null")] older: Option<Cursor>,
        /// The end of the log now.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] head: Cursor,
        /// True when more follows before `caught_up`.
        catching_up: bool,
        /// Entries of the log between `position` and its end, while catching up: at most so many activities are to come.
        #[serde(skip_serializing_if = "Option::is_none")] remaining: Option<u64>,
        /// Oldest first.
        #[schema(value_type = Vec<crate::wire::ActivityView>)] items: Spliced,
    }
    /// Activities, in seq order, each exactly once within a rev; and what became of earlier ones, to be applied after them,
    /// `amended` and `erased` together by `at`. Applying one twice, or one of an unknown id, changes nothing.
    ActivitiesFrame as Activities = "activities" {
        /// Which subscription.
        sub: &'a str,
        /// Under which filter.
        rev: u32,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// Entries of the log between `position` and its end, while catching up: at most so many activities are to come.
        #[serde(skip_serializing_if = "Option::is_none")] remaining: Option<u64>,
        /// Amendments of activities that matched before, or match now.
        #[schema(required = false, value_type = Vec<crate::wire::AmendedView>)] #[serde(skip_serializing_if = "Spliced::comes_later")] amended: Spliced,
        /// Erasures in the events that this subscription may see, whatever was erased.
        #[schema(required = false, value_type = Vec<crate::wire::ErasedView>)] #[serde(skip_serializing_if = "Spliced::comes_later")] erased: Spliced,
        /// Oldest first.
        #[schema(value_type = Vec<crate::wire::ActivityView>)] items: Spliced,
    }
    /// Nothing matched, and yet it goes on.
    PositionFrame as Position = "position" {
        /// Which subscription.
        sub: &'a str,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// When the whole path was last known to work: all that was durable then has been sent.
        #[schema(format = DateTime)] #[serde(skip_serializing_if = "Option::is_none")] checked_at: Option<String>,
    }
    /// The whole path has broken, or works again: sent once each, and to who comes while it is broken.
    PulseFrame as Pulse = "pulse" {
        /// `broken` or `ok`.
        state: &'a str,
        /// When it last worked; absent when it is `ok`.
        #[schema(format = DateTime)] #[serde(skip_serializing_if = "Option::is_none")] since: Option<String>,
        /// `not_stored`: nothing can be made durable; `not_delivered`: what is durable does not reach those who read. Absent when
        /// it is `ok`.
        #[serde(skip_serializing_if = "Option::is_none")] reason: Option<&'a str>,
    }
    /// A new filter is in force above `position`.
    RefilteredFrame as Refiltered = "refiltered" {
        /// Which subscription.
        sub: &'a str,
        /// As the client sent it; absent when the server did it of its own accord.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// The new rev.
        rev: u32,
        /// Where it switched.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// The view is (`older`, `position`]; null at the start of the log.
        #[schema(value_type = Option<String>)] #[serde(serialize_with = "as_text_or_null")] older: Option<Cursor>,
        /// The newest of the new filter, oldest first.
        #[schema(value_type = Vec<crate::wire::ActivityView>)] items: Spliced,
    }
    /// A subscription has ended.
    UnsubscribedFrame as Unsubscribed = "unsubscribed" {
        /// Which subscription.
        sub: &'a str,
        /// As the client sent it.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
    }
    /// The reader was too slow and is served from the log.
    LaggingFrame as Lagging = "lagging" {
        /// Which subscription.
        sub: &'a str,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// The end of the log now.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] head: Cursor,
        /// Entries of the log between `position` and `head`.
        remaining: u64,
    }
    /// Catching up has ended: from here on it is live.
    CaughtUpFrame as CaughtUp = "caught_up" {
        /// Which subscription.
        sub: &'a str,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
    }
    /// How many match, counted in the store.
    SealedFrame as Sealed = "sealed" {
        /// Which subscription.
        sub: &'a str,
        /// As the client sent it.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// Under which filter.
        rev: u32,
        /// The count begins after this.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] from: Cursor,
        /// And ends here: all of them have been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// How many.
        stored: u64,
        /// When the first entry after `from` was recorded; null when there is none.
        #[schema(value_type = Option<String>, format = DateTime)] since: Option<String>,
    }
    /// Names that may be shown have changed; at most one such frame a second.
    ChangedFrame as Changed = "changed" {
        /// `event`, `partner`, `message` or `campaign`.
        what: &'a str,
        /// Which: `expo-2026`, or `expo-2026/acme`; at most 100. Null when there are more: read the directory again.
        #[schema(value_type = Option<Vec<String>>)] keys: Option<Vec<&'a str>>,
    }
    /// A subscription could not go on where it was; `subscribed` with mode fresh follows.
    ResetFrame as Reset = "reset" {
        /// Which subscription.
        sub: &'a str,
        /// `epoch`: of another log, or of another history of it; `pruned`: what comes next is gone.
        reason: &'a str,
        /// The oldest position that could be continued.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] oldest: Cursor,
    }
    /// Something could not be done.
    ErrorFrame as Error = "error" {
        /// Which subscription, if one is at fault.
        #[serde(skip_serializing_if = "Option::is_none")] sub: Option<&'a str>,
        /// As the client sent it.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// A stable word.
        code: &'a str,
        /// What is wrong and what to do.
        message: &'a str,
        /// True when the same word may succeed later.
        retry: bool,
    }
    /// Answer to a ping.
    PongFrame as Pong = "pong" {
        /// As the client sent it.
        #[schema(value_type = Option<String>)] #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_json")] r#ref: Option<&'a str>,
        /// As the client sent it.
        #[schema(value_type = Object)] t: &'a Value,
    }
    /// The server ends the connection.
    ByeFrame as Bye = "bye" {
        /// Why.
        reason: &'a str,
        /// When to come back, in milliseconds.
        reconnect_after_ms: u64,
    }
}

/// What the server accepts on a connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WelcomeLimits)]
pub struct Limits {
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Activities sent back at most.
    pub backfill: usize,
    /// Bytes of one frame from the client.
    pub inbound_frame_bytes: usize,
    /// Bytes of one frame to the client.
    pub outbound_frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: SUBSCRIPTIONS_MAX,
            backfill: BACKFILL_MAX,
            inbound_frame_bytes: crate::domain::limits::INBOUND_FRAME_BYTES_MAX,
            outbound_frame_bytes: OUTBOUND_FRAME_BYTES_MAX,
        }
    }
}

/// A frame, with its word (the name of the event over Server-Sent Events) and its position.
///
/// Its JSON is in pieces: a head, and the activities as the bytes that the hub shares, so that writing a frame to many
/// readers copies nothing but the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its word.
    pub word: &'static str,
    /// The position in it, if it has one.
    pub position: Option<Cursor>,
    head: String,
    /// JSON of one or more activities each, to be separated by commas.
    parts: Vec<Bytes>,
    /// What ends the frame.
    tail: Bytes,
}

/// What stands between activities.
const COMMA: &[u8] = b",";
/// What ends a frame with activities.
const ITEMS_END: &[u8] = b"]}";

impl Written {
    /// Its pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let commas = std::iter::once(&[][..]).chain(std::iter::repeat(COMMA));
        let items = commas.zip(&self.parts).flat_map(|(comma, part)| [comma, part.as_ref()]).filter(|piece| !piece.is_empty());
        let tail = (!self.tail.is_empty()).then_some(self.tail.as_ref());
        std::iter::once(self.head.as_bytes()).chain(items).chain(tail)
    }

    /// The same as it is shown under a mask.
    #[must_use]
    pub fn masked(mut self, mask: Mask) -> Self {
        for part in &mut self.parts {
            *part = masked_items(part, mask);
        }
        // Behind the activities stand `],` and the rest of an object.
        if let Some(told) = self.tail.strip_prefix(b"],") {
            let told = masked_corrections(&[b"{", told].concat(), mask);
            self.tail = match told.get(1..) {
                Some(rest @ [b'"', ..]) => [b"],", rest].concat().into(),
                _ => Bytes::from_static(ITEMS_END),
            };
        }
        if mask >= Mask::Names && self.word == ChangedFrame::WORD {
            // Keys are names, too.
            self.head = match serde_json::from_str::<Value>(&self.head) {
                Ok(mut frame) => {
                    frame["keys"] = Value::Null;
                    frame.to_string()
                }
                Err(_) => String::new(),
            };
        }
        self
    }

    /// Bytes of its JSON.
    pub fn bytes(&self) -> usize {
        self.pieces().map(<[u8]>::len).sum()
    }

    /// Its JSON in one piece.
    pub fn text(&self) -> String {
        let mut text = Vec::with_capacity(self.bytes());
        self.pieces().for_each(|piece| text.extend_from_slice(piece));
        // Bodies were made by serde, so they are UTF-8.
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Writes a frame without activities.
pub fn write<F: Frame>(frame: &F, position: Option<Cursor>) -> Written {
    Written { word: frame.word(), position, head: to_text(frame), parts: Vec::new(), tail: Bytes::new() }
}

/// Writes a frame whose last field is [`Spliced`], with activities laid in; each part is JSON of one or more of them,
/// separated by commas.
pub fn write_items<F: Frame>(frame: &F, position: Cursor, parts: Vec<Bytes>) -> Written {
    const PLACEHOLDER: &str = "null}";
    let mut head = to_text(frame);
    debug_assert!(head.ends_with(PLACEHOLDER), "items come last");
    head.truncate(head.len() - PLACEHOLDER.len());
    head.push('[');
    Written { word: frame.word(), position: Some(position), head, parts, tail: Bytes::from_static(ITEMS_END) }
}

/// The same with corrections, in the order of their places: they are written behind the activities, as they are applied.
pub fn write_corrected(frame: &ActivitiesFrame<'_>, position: Cursor, parts: Vec<Bytes>, corrections: &[Correction]) -> Written {
    let mut written = write_items(frame, position, parts);
    let mut tail = b"]".to_vec();
    for (name, erases) in [("amended", false), ("erased", true)] {
        let mut first = true;
        for correction in corrections.iter().filter(|c| c.erases == erases) {
            match std::mem::take(&mut first) {
                true => tail.extend_from_slice(format!(",\"{name}\":[").as_bytes()),
                false => tail.extend_from_slice(COMMA),
            }
            tail.extend_from_slice(&correction.json);
        }
        if !first {
            tail.push(b']');
        }
    }
    tail.push(b'}');
    written.tail = tail.into();
    written
}

/// What is said before a connection ends, where there is something to say: when to come back.
pub fn write_bye(disconnect: &Disconnect) -> Option<Written> {
    let reconnect_after_ms = disconnect.reconnect_after_ms?;
    Some(write(&ByeFrame { r#type: ByeFrame::WORD, reason: disconnect.reason, reconnect_after_ms }, None))
}

fn to_text<F: Frame>(frame: &F) -> String {
    let mut bytes = Vec::with_capacity(192);
    match serde_json::to_writer(&mut bytes, frame) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(never) => unreachable!("a frame is always JSON: {never}"),
    }
}
