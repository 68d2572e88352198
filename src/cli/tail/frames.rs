//! The words of the stream that a tail hears and says.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::filter::FilterSet;

/// The one subscription of a tail.
const SUB: &str = "tail";

/// One frame of the server. What a tail has no use for is `Other`.
#[derive(Debug)]
pub enum Word {
    /// The first frame.
    Welcome {
        /// How often something is heard at least, in milliseconds.
        heartbeat_ms: u64,
    },
    /// The filter is installed.
    Subscribed {
        /// Everything up to here has been sent.
        position: String,
        /// True when it goes on after the position that was asked for.
        resumed: bool,
        /// Activities, oldest first.
        items: Vec<Box<RawValue>>,
    },
    /// Activities, oldest first; none when only the position has moved.
    Activities {
        /// Everything up to here has been sent.
        position: String,
        /// The activities.
        items: Vec<Box<RawValue>>,
    },
    /// The filter has changed.
    Refiltered {
        /// Everything up to here has been sent.
        position: String,
        /// The newest that match, oldest first.
        items: Vec<Box<RawValue>>,
        /// Said by us, when it answers a change of ours.
        reference: Option<u64>,
    },
    /// The position could not be continued.
    Reset {
        /// `epoch`, `pruned` or `ahead`.
        reason: String,
    },
    /// Something was wrong.
    Error {
        /// Which rule.
        code: String,
        /// What to do.
        message: String,
        /// Said by us, when it answers a change of ours.
        reference: Option<u64>,
    },
    /// The server will close.
    Bye {
        /// Why.
        reason: String,
        /// When to come back.
        reconnect_after_ms: u64,
    },
    /// Anything else.
    Other,
}

/// A frame as it is read. Raw items rule out an enum tagged by `type`: serde would have to buffer them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame {
    r#type: String,
    heartbeat_ms: u64,
    position: String,
    mode: String,
    items: Vec<Box<RawValue>>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    reason: String,
    code: String,
    message: String,
    reconnect_after_ms: u64,
}

impl Word {
    /// Reads a frame.
    ///
    /// # Errors
    /// When it is no JSON object of the kind that the protocol has.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let frame: Frame = serde_json::from_str(text)?;
        let Frame { position, items, reason, code, message, reconnect_after_ms, heartbeat_ms, .. } = frame;
        let reference = frame.reference.and_then(|r| r.parse().ok());
        Ok(match frame.r#type.as_str() {
            "welcome" => Self::Welcome { heartbeat_ms },
            "subscribed" => Self::Subscribed { position, resumed: frame.mode == "resumed", items },
            "activities" | "position" | "lagging" | "caught_up" => Self::Activities { position, items },
            "refiltered" => Self::Refiltered { position, items, reference },
            "reset" => Self::Reset { reason },
            "error" => Self::Error { code, message, reference },
            "bye" => Self::Bye { reason, reconnect_after_ms },
            _ => Self::Other,
        })
    }
}

/// How long nothing may be heard before the connection counts as dead.
pub fn silence_max(heartbeat_ms: u64) -> Duration {
    Duration::from_millis(heartbeat_ms.clamp(1_000, 60_000) * 5 / 2)
}

/// Asks for activities, from `after` or the newest `backfill`.
pub fn subscribe(filter: &FilterSet, after: Option<&str>, backfill: usize) -> String {
    match after {
        Some(after) => json!({"type":"subscribe","sub":SUB,"filter":filter,"after":after}),
        None => json!({"type":"subscribe","sub":SUB,"filter":filter,"backfill":backfill}),
    }
    .to_string()
}

/// Asks for another filter on the live stream.
pub fn refilter(filter: &FilterSet, backfill: usize, reference: u64) -> String {
    json!({"type":"refilter","sub":SUB,"filter":filter,"backfill":backfill,"ref":reference.to_string()}).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Word, refilter, subscribe};
    use crate::cli::tail::filter::parse_line;

    #[test]
    fn says_words() {
        let filter = parse_line("partner=acme").expect("valid");
        assert_eq!(subscribe(&filter, Some("c"), 10), r#"{"after":"c","filter":{"partner":["acme"]},"sub":"tail","type":"subscribe"}"#);
        assert_eq!(subscribe(&filter, None, 10), r#"{"backfill":10,"filter":{"partner":["acme"]},"sub":"tail","type":"subscribe"}"#);
        assert!(refilter(&filter, 0, 3).contains(r#""ref":"3""#));
    }

    #[test]
    fn hears_words_it_has_no_use_for() {
        for text in [r#"{"type":"changed","what":"partner","keys":["a"]}"#, r#"{"type":"from_the_future","a":[1]}"#] {
            assert!(matches!(Word::read(text), Ok(Word::Other)), "{text}");
        }
    }
}
