//! The words of `tidings.v1`: what a client may say and what it is told.
//!
//! This file reads the words; `frames` writes the frames.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::frames::{
    ActivitiesFrame, ByeFrame, CaughtUpFrame, ChangedFrame, ErrorFrame, LaggingFrame, Limits, PongFrame, PositionFrame, PulseFrame,
    RefilteredFrame, ResetFrame, SealedFrame, SubscribedFrame, UnsubscribedFrame, WelcomeFrame,
};
use crate::domain::UnixMs;
use crate::domain::limits::{BACKFILL_DEFAULT, BACKFILL_MAX, SUB_NAME_BYTES_MAX};
use crate::screens::Report;

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "tidings.v1";
/// At least this often, in milliseconds, every subscription is told its position.
pub const HEARTBEAT_MS: u64 = 15_000;
/// This often, in milliseconds, a subscription that asks for it is told that the path works.
pub const PULSE_MS: u64 = 2_000;

/// Bytes of the name of a build.
const BUILD_BYTES_MAX: usize = 64;

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
    /// There is no such view for this reader, or no longer.
    pub const VIEW_UNKNOWN: &str = "view_unknown";
    /// The credential is confined to another view.
    pub const VIEW_FORBIDDEN: &str = "view_forbidden";
    /// A filter asks for what is left out for this reader.
    pub const FIELD_MASKED: &str = "field_masked";
    /// The log changed under the count three times.
    pub const SEAL_BUSY: &str = "seal_busy";
    /// Too many words of this subscription wait for their answers.
    pub const TOO_MANY_WAITING: &str = "too_many_waiting";
    /// The store could not be read for this.
    pub const UNAVAILABLE: &str = "unavailable";
    /// Every code with its cure, for the reference.
    pub const ALL: &[(&str, &str)] = &[
        (BAD_FRAME, "Send one JSON object a frame, with the fields of its word and no others."),
        (UNKNOWN_TYPE, "Use subscribe, refilter, unsubscribe, seal, seen or ping."),
        (SUB_EXISTS, "Use another name, or refilter the one that is there."),
        (SUB_UNKNOWN, "Subscribe first; names are the connection's own."),
        (SUB_LIMIT, "Unsubscribe one, or open another connection."),
        (FILTER_INVALID, "Mend the fields that the message names; the old filter stays in force."),
        (CURSOR_INVALID, "Use a position as the server gave it, or leave it out to begin afresh."),
        (EVENT_FORBIDDEN, "Leave the event out, or use a key that is not bound to another."),
        (VIEW_UNKNOWN, "Name a view of GET /v1/views, or subscribe with a filter alone."),
        (VIEW_FORBIDDEN, "Leave the view out: the credential reads one, and knows which."),
        (FIELD_MASKED, "Ask without the field that the message names."),
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
        /// As sent: read later, so that its faults are told under the right code. Everything where only a view is named.
        filter: Option<Value>,
        /// Key of the view that must hold too.
        view: Option<String>,
        /// Where to go on.
        after: Option<String>,
        /// Activities to send back when it begins afresh.
        backfill: usize,
        /// True to be told every two seconds that the path works.
        pulse: bool,
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
    /// Tell what a screen has painted.
    Seen {
        /// Of which subscription.
        sub: String,
        /// Everything up to here is in the picture.
        position: Option<String>,
        /// All else; its position is empty.
        report: Report,
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
    /// A filter set; one of this and `view` at least.
    #[schema(value_type = Option<Object>)]
    filter: Option<Value>,
    /// Key of a view: both it and `filter` must hold.
    view: Option<String>,
    after: Option<String>,
    backfill: Option<usize>,
    /// True to be told `position` with `checked_at` every two seconds.
    pulse: Option<bool>,
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
#[schema(as = SeenWord)]
struct RawSeen {
    sub: String,
    /// Cursor: everything up to here is in the picture.
    position: Option<String>,
    /// When it was painted, by the screen's own clock.
    #[schema(format = DateTime)]
    painted_at: String,
    fps: u16,
    /// Which build of the page it runs.
    #[schema(max_length = 64)]
    build: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PingWord)]
struct RawPing {
    #[serde(default)]
    #[schema(value_type = Object)]
    t: Value,
}

/// Reads one frame: its `ref` as JSON, which every answer carries back, and the word or what is wrong.
pub fn read_word(text: &str) -> (Option<String>, Result<Word, BadWord>) {
    let bad = |code, message: String| BadWord { code, message, sub: None };
    let mut object = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return (None, Err(bad(code::BAD_FRAME, "a frame is one JSON object".to_owned()))),
        Err(error) => return (None, Err(bad(code::BAD_FRAME, format!("a frame is one JSON object: {error}")))),
    };
    let reference = match object.remove("ref") {
        None | Some(Value::Null) => None,
        Some(value) if is_reference(&value) => Some(value.to_string()),
        Some(_) => {
            return (None, Err(bad(code::BAD_FRAME, format!("ref: must be a number, or text of at most {SUB_NAME_BYTES_MAX} bytes"))));
        }
    };
    let sub = object.get("sub").and_then(Value::as_str).filter(|s| s.len() <= SUB_NAME_BYTES_MAX).map(str::to_owned);
    let word = read_fields(object).map_err(|(code, message)| BadWord { code, message, sub });
    (reference, word)
}

fn is_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= SUB_NAME_BYTES_MAX,
        Value::Number(_) => true,
        _ => false,
    }
}

fn read_fields(mut object: serde_json::Map<String, Value>) -> Result<Word, (&'static str, String)> {
    fn fields<T: serde::de::DeserializeOwned>(object: serde_json::Map<String, Value>) -> Result<T, (&'static str, String)> {
        T::deserialize(Value::Object(object)).map_err(|error| (code::BAD_FRAME, error.to_string()))
    }
    let Some(Value::String(kind)) = object.remove("type") else {
        return Err((code::BAD_FRAME, "type: is required: subscribe, refilter, unsubscribe, seal, seen or ping".to_owned()));
    };
    match kind.as_str() {
        "subscribe" => {
            let raw: RawSubscribe = fields(object)?;
            let backfill = backfill_of(raw.backfill)?.unwrap_or(BACKFILL_DEFAULT);
            if raw.filter.is_none() && raw.view.is_none() {
                return Err((code::BAD_FRAME, "filter: is required where no view is named; {} is everything".to_owned()));
            }
            let RawSubscribe { filter, view, after, pulse, .. } = raw;
            Ok(Word::Subscribe { sub: name_of(raw.sub)?, filter, view, after, backfill, pulse: pulse.unwrap_or_default() })
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
        "seen" => {
            let RawSeen { sub, position, painted_at, fps, build, width, height } = fields(object)?;
            let painted_at = UnixMs::parse(&painted_at).map_err(|fault| (code::BAD_FRAME, fault.under("painted_at").to_string()))?;
            if build.len() > BUILD_BYTES_MAX {
                return Err((code::BAD_FRAME, format!("build: is {} bytes; at most {BUILD_BYTES_MAX}", build.len())));
            }
            Ok(Word::Seen { sub: name_of(sub)?, position, report: Report { position: None, painted_at, fps, build, width, height } })
        }
        "ping" => Ok(Word::Ping { t: fields::<RawPing>(object)?.t }),
        other => {
            let shown: String = other.chars().take(64).collect();
            Err((code::UNKNOWN_TYPE, format!("type: {shown:?} is no word; use subscribe, refilter, unsubscribe, seal, seen or ping")))
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

/// The schemas of frames and words, for the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    WelcomeFrame,
    SubscribedFrame,
    ActivitiesFrame,
    PositionFrame,
    PulseFrame,
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
    RawSeen,
    RawPing
)))]
pub struct FrameSchemas;

#[cfg(test)]
mod tests {
    use super::{Word, read_word};

    #[test]
    fn reads_words_and_tells_faults() {
        let (reference, word) = read_word(r#"{"type":"subscribe","sub":"a","ref":"1","filter":{}}"#);
        assert_eq!(reference.as_deref(), Some("\"1\""));
        assert_eq!(read_word(r#"{"type":"ping","ref":7}"#).0.as_deref(), Some("7"));
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
            (r#"{"type":"ping","ref":[7]}"#, "bad_frame"),
        ] {
            assert_eq!(read_word(text).1.expect_err(text).code, code, "{text}");
        }
    }
}
