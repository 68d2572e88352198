//! The words of `tidings.v1`: what a client may say and what it is told.
//!
//! Frames are structs that serde writes, but for `items`: activities are bytes already, and are spliced in as they are.

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::Cursor;
use crate::domain::limits::{BACKFILL_DEFAULT, BACKFILL_MAX, OUTBOUND_FRAME_BYTES_MAX, SUB_NAME_BYTES_MAX, SUBSCRIPTIONS_MAX};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "tidings.v1";
/// At least this often, in milliseconds, every subscription is told its position.
pub const HEARTBEAT_MS: u64 = 15_000;

/// Codes of [`ErrorFrame`].
pub mod code {
    /// The frame is no JSON object, or a word's fields are at fault.
    pub const BAD_FRAME: &str = "bad_frame";
    /// `type` is no word of the protocol.
    pub const UNKNOWN_TYPE: &str = "unknown_type";
    /// The connection has a subscription of that name.
    pub const SUB_EXISTS: &str = "sub_exists";
    /// The connection has no subscription of that name.
    pub const SUB_UNKNOWN: &str = "sub_unknown";
    /// The connection has as many subscriptions as it may.
    pub const SUB_LIMIT: &str = "sub_limit";
    /// The filter set is at fault; the message tells every fault.
    pub const FILTER_INVALID: &str = "filter_invalid";
    /// The cursor is not one that this server could have made.
    pub const CURSOR_INVALID: &str = "cursor_invalid";
    /// The key is bound to an event, and another was named.
    pub const EVENT_FORBIDDEN: &str = "event_forbidden";
    /// The log changed under the count three times.
    pub const SEAL_BUSY: &str = "seal_busy";
    /// Too many words of this subscription wait for their answers.
    pub const TOO_MANY_WAITING: &str = "too_many_waiting";
    /// The store could not be read for this.
    pub const UNAVAILABLE: &str = "unavailable";
    /// Every code with its cure, for the reference.
    pub const ALL: &[(&str, &str)] = &[
        (BAD_FRAME, "Send one JSON object a frame, with the fields of its word and no others."),
        (UNKNOWN_TYPE, "Use subscribe, refilter, unsubscribe, seal or ping."),
        (SUB_EXISTS, "Use another name, or refilter the one that is there."),
        (SUB_UNKNOWN, "Subscribe first; names are the connection's own."),
        (SUB_LIMIT, "Unsubscribe one, or open another connection."),
        (FILTER_INVALID, "Mend the fields that the message names; the old filter stays in force."),
        (CURSOR_INVALID, "Use a position as the server gave it, or leave it out to begin afresh."),
        (EVENT_FORBIDDEN, "Leave the event out, or use a key that is not bound to another."),
        (SEAL_BUSY, "Ask again in a moment."),
        (TOO_MANY_WAITING, "Wait for the answers before sending more."),
        (UNAVAILABLE, "Ask again in a moment."),
    ];
}

/// A word of a client, parsed.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// Begin a subscription.
    Subscribe {
        /// Its name.
        sub: String,
        /// As sent: read later, so that its faults are told under the right code.
        filter: Value,
        /// Where to go on.
        after: Option<String>,
        /// Activities to send back when it begins afresh.
        backfill: usize,
    },
    /// Change its filter in place.
    Refilter {
        /// Its name.
        sub: String,
        /// As sent.
        filter: Value,
        /// Activities to send back; as at subscribing when not said.
        backfill: Option<usize>,
    },
    /// End it.
    Unsubscribe {
        /// Its name.
        sub: String,
    },
    /// Count what the store holds of it.
    Seal {
        /// Its name.
        sub: String,
        /// The cursor that the count begins after; the start of the log when not said.
        from: Option<String>,
    },
    /// Ask for a pong.
    Ping {
        /// Comes back.
        t: Value,
    },
}

/// A frame that could not be taken as a word.
#[derive(Debug, Clone, PartialEq)]
pub struct BadWord {
    /// See [`code`].
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// The subscription it names, if it does.
    pub sub: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubscribeWord)]
struct RawSubscribe {
    sub: String,
    #[schema(value_type = Object)]
    filter: Value,
    after: Option<String>,
    backfill: Option<usize>,
    #[expect(dead_code, reason = "accepted and not yet honoured")]
    conflate_ms: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefilterWord)]
struct RawRefilter {
    sub: String,
    #[schema(value_type = Object)]
    filter: Value,
    backfill: Option<usize>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UnsubscribeWord)]
struct RawUnsubscribe {
    sub: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SealWord)]
struct RawSeal {
    sub: String,
    from: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PingWord)]
struct RawPing {
    #[serde(default)]
    #[schema(value_type = Object)]
    t: Value,
}

/// Reads one frame: its `ref`, which every answer carries back, and the word or what is wrong.
pub fn read_word(text: &str) -> (Option<String>, Result<Word, BadWord>) {
    let bad = |code, message: String| BadWord { code, message, sub: None };
    let mut object = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return (None, Err(bad(code::BAD_FRAME, "a frame is one JSON object".to_owned()))),
        Err(error) => return (None, Err(bad(code::BAD_FRAME, format!("a frame is one JSON object: {error}")))),
    };
    let reference = match object.remove("ref") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.len() <= SUB_NAME_BYTES_MAX => Some(text),
        Some(_) => return (None, Err(bad(code::BAD_FRAME, format!("ref: must be text of at most {SUB_NAME_BYTES_MAX} bytes")))),
    };
    let sub = object.get("sub").and_then(Value::as_str).filter(|s| s.len() <= SUB_NAME_BYTES_MAX).map(str::to_owned);
    let word = read_fields(object).map_err(|(code, message)| BadWord { code, message, sub });
    (reference, word)
}

fn read_fields(mut object: serde_json::Map<String, Value>) -> Result<Word, (&'static str, String)> {
    fn fields<T: serde::de::DeserializeOwned>(object: serde_json::Map<String, Value>) -> Result<T, (&'static str, String)> {
        T::deserialize(Value::Object(object)).map_err(|error| (code::BAD_FRAME, error.to_string()))
    }
    let Some(Value::String(kind)) = object.remove("type") else {
        return Err((code::BAD_FRAME, "type: is required: subscribe, refilter, unsubscribe, seal or ping".to_owned()));
    };
    match kind.as_str() {
        "subscribe" => {
            let raw: RawSubscribe = fields(object)?;
            let backfill = backfill_of(raw.backfill)?.unwrap_or(BACKFILL_DEFAULT);
            Ok(Word::Subscribe { sub: name_of(raw.sub)?, filter: raw.filter, after: raw.after, backfill })
        }
        "refilter" => {
            let raw: RawRefilter = fields(object)?;
            Ok(Word::Refilter { sub: name_of(raw.sub)?, filter: raw.filter, backfill: backfill_of(raw.backfill)? })
        }
        "unsubscribe" => Ok(Word::Unsubscribe { sub: name_of(fields::<RawUnsubscribe>(object)?.sub)? }),
        "seal" => {
            let raw: RawSeal = fields(object)?;
            Ok(Word::Seal { sub: name_of(raw.sub)?, from: raw.from })
        }
        "ping" => Ok(Word::Ping { t: fields::<RawPing>(object)?.t }),
        other => {
            let shown: String = other.chars().take(64).collect();
            Err((code::UNKNOWN_TYPE, format!("type: {shown:?} is no word; use subscribe, refilter, unsubscribe, seal or ping")))
        }
    }
}

fn name_of(sub: String) -> Result<String, (&'static str, String)> {
    if sub.is_empty() || sub.len() > SUB_NAME_BYTES_MAX {
        return Err((code::BAD_FRAME, format!("sub: must be 1 to {SUB_NAME_BYTES_MAX} bytes")));
    }
    Ok(sub)
}

fn backfill_of(given: Option<usize>) -> Result<Option<usize>, (&'static str, String)> {
    match given {
        Some(n) if n > BACKFILL_MAX => Err((code::BAD_FRAME, format!("backfill: is {n}; give 0 to {BACKFILL_MAX}"))),
        other => Ok(other),
    }
}

/// Stands where activities are spliced in. Always the last field of its frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spliced;

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
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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
        /// Oldest first.
        #[schema(value_type = Vec<crate::wire::ActivityView>)] items: Spliced,
    }
    /// Activities, in seq order, each exactly once within a rev.
    ActivitiesFrame as Activities = "activities" {
        /// Which subscription.
        sub: &'a str,
        /// Under which filter.
        rev: u32,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
        /// Oldest first.
        #[schema(value_type = Vec<crate::wire::ActivityView>)] items: Spliced,
    }
    /// Nothing matched, and yet it goes on.
    PositionFrame as Position = "position" {
        /// Which subscription.
        sub: &'a str,
        /// Everything up to here has been sent.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] position: Cursor,
    }
    /// A new filter is in force above `position`.
    RefilteredFrame as Refiltered = "refiltered" {
        /// Which subscription.
        sub: &'a str,
        /// As the client sent it; absent when the server did it of its own accord.
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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
    /// A name that may be shown has changed.
    ChangedFrame as Changed = "changed" {
        /// `event`, `partner`, `message` or `campaign`.
        what: &'a str,
        /// `expo-2026`, or `expo-2026/acme`.
        key: &'a str,
    }
    /// A subscription could not go on where it was; `subscribed` with mode fresh follows.
    ResetFrame as Reset = "reset" {
        /// Which subscription.
        sub: &'a str,
        /// `epoch`, `pruned` or `ahead`.
        reason: &'a str,
        /// The oldest position that could be continued.
        #[schema(value_type = String)] #[serde(serialize_with = "as_text")] oldest: Cursor,
    }
    /// Something could not be done.
    ErrorFrame as Error = "error" {
        /// Which subscription, if one is at fault.
        #[serde(skip_serializing_if = "Option::is_none")] sub: Option<&'a str>,
        /// As the client sent it.
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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
        #[serde(skip_serializing_if = "Option::is_none")] r#ref: Option<&'a str>,
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

/// The schemas of frames and words, for the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    WelcomeFrame,
    SubscribedFrame,
    ActivitiesFrame,
    PositionFrame,
    RefilteredFrame,
    UnsubscribedFrame,
    LaggingFrame,
    CaughtUpFrame,
    SealedFrame,
    ChangedFrame,
    ResetFrame,
    ErrorFrame,
    PongFrame,
    ByeFrame,
    Limits,
    RawSubscribe,
    RawRefilter,
    RawUnsubscribe,
    RawSeal,
    RawPing
)))]
pub struct FrameSchemas;

/// A frame as text, with its word (the name of the event over Server-Sent Events) and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its word.
    pub word: &'static str,
    /// The JSON.
    pub text: String,
    /// The position in it, if it has one.
    pub position: Option<Cursor>,
}

/// Writes a frame without activities.
pub fn write<F: Frame>(frame: &F, position: Option<Cursor>) -> Written {
    Written { word: frame.word(), text: to_text(frame, 256), position }
}

/// Writes a frame whose last field is [`Spliced`], with activities laid in; each part is JSON of one or more of them,
/// separated by commas.
pub fn write_items<'a, F: Frame>(frame: &F, position: Cursor, parts: impl Iterator<Item = &'a Bytes> + Clone) -> Written {
    const PLACEHOLDER: &str = "null}";
    let bytes: usize = parts.clone().map(|p| p.len() + 1).sum();
    let mut text = to_text(frame, bytes + 320);
    debug_assert!(text.ends_with(PLACEHOLDER), "items come last");
    text.truncate(text.len() - PLACEHOLDER.len());
    text.push('[');
    for (index, part) in parts.enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Bodies were made by serde, so they are UTF-8.
        text.push_str(std::str::from_utf8(part).unwrap_or_default());
    }
    text.push_str("]}");
    Written { word: frame.word(), text, position: Some(position) }
}

fn to_text<F: Frame>(frame: &F, capacity: usize) -> String {
    let mut bytes = Vec::with_capacity(capacity);
    match serde_json::to_writer(&mut bytes, frame) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(never) => unreachable!("a frame is always JSON: {never}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, read_word};

    #[test]
    fn reads_words_and_tells_faults() {
        let (reference, word) = read_word(r#"{"type":"subscribe","sub":"a","ref":"1","filter":{}}"#);
        assert_eq!(reference.as_deref(), Some("1"));
        assert!(matches!(word, Ok(Word::Subscribe { backfill: 50, .. })), "{word:?}");
        for (text, code) in [
            ("", "bad_frame"),
            ("[]", "bad_frame"),
            ("{}", "bad_frame"),
            (r#"{"type":"fly"}"#, "unknown_type"),
            (r#"{"type":"subscribe","sub":"a"}"#, "bad_frame"),
            (r#"{"type":"subscribe","sub":"","filter":{}}"#, "bad_frame"),
            (r#"{"type":"subscribe","sub":"a","filter":{},"backfill":1001}"#, "bad_frame"),
            (r#"{"type":"subscribe","sub":"a","filter":{},"backfill":-1}"#, "bad_frame"),
            (r#"{"type":"subscribe","sub":"a","filter":{},"colour":1}"#, "bad_frame"),
            (r#"{"type":"seal","sub":7}"#, "bad_frame"),
            (r#"{"type":"ping","ref":7}"#, "bad_frame"),
        ] {
            assert_eq!(read_word(text).1.expect_err(text).code, code, "{text}");
        }
    }
}
