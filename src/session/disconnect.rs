//! How a connection ends: every close code with its reason and what the client should do.
//!
//! This is the one list: nothing else in the server makes a [`Disconnect`], and the reference is made from it. A close of
//! the client's is answered in kind, with its own code.

/// A reason to end a connection from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnect {
    /// WebSocket close code.
    pub code: u16,
    /// Word for `bye` and the close frame.
    pub reason: &'static str,
    /// When to come back, in milliseconds; `None` when coming back the same way is of no use. Where it is given, `bye` says
    /// it before the close.
    pub reconnect_after_ms: Option<u64>,
}

macro_rules! disconnects {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal, $after:expr, $meaning:literal;)+) => {
        $($(#[$doc])* pub const $name: Disconnect = Disconnect { code: $code, reason: $reason, reconnect_after_ms: $after };)+
        /// Every one, for the reference.
        pub const ALL: &[(Disconnect, &str)] = &[$(($name, $meaning)),+];
        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

disconnects! {
    /// The client's frames are no WebSocket.
    PROTOCOL = 1002, "protocol", None, "What came is no WebSocket frame of RFC 6455. Use a WebSocket client.";
    /// The client's text is no UTF-8.
    NOT_UTF8 = 1007, "not_utf8", None, "A text frame or the reason of a close was not UTF-8. Send JSON text.";
    /// The client broke the rules of `tidings.v1`: binary frames, say.
    POLICY = 1008, "policy", None, "The protocol was broken. Send JSON text frames only.";
    /// A frame was larger than is accepted.
    TOO_BIG = 1009, "too_big", None, "A frame was larger than 64 KiB. Send smaller filter sets.";
    /// A fault of ours.
    INTERNAL = 1011, "internal", Some(2_000), "A fault of the server. Reconnect and resume; if it stays, look into the server's log.";
    /// The server restarts or drains: come back soon, spread out by the client's own jitter.
    RESTART = 1012, "restart", Some(500), "The server restarts. Reconnect after the time in `bye` and resume from the last position.";
    /// The server cannot begin a session now: its workspace cannot be opened, or nobody can say who may read.
    TRY_LATER = 1013, "try_again_later", Some(2_000), "The server cannot begin now. Reconnect after the time in `bye` and resume from the last position.";
    /// The credential was revoked or has expired: sign in again.
    UNAUTHORISED = 4401, "unauthorised", None, "The key was revoked or has expired. Get a new one.";
    /// The credential is good and no longer reaches as far: ask again for what may be seen.
    FORBIDDEN = 4403, "forbidden", None, "The key or member may no longer see what this connection shows. Open another for what may be seen.";
    /// A ping was not answered in time, or nothing could be written for too long: resume from the last position.
    NO_PONG = 4408, "no_pong", Some(1_000), "The connection was dead or read nothing for too long. Reconnect and resume.";
    /// Too many words or control frames: slow down.
    TOO_MANY = 4429, "too_many", Some(15_000), "Too many words, pings or pongs in a second. Wait as `bye` says and send fewer.";
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::protocol::code;
    use super::{ALL, NAMES};

    /// The source of the server without tests, and without the two lists themselves.
    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("session/disconnect.rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let code = text.split("#[cfg(test)]\nmod tests").next().expect("a first part").to_owned();
                found.push((path.display().to_string(), code));
            }
        }
    }

    #[test]
    fn what_is_listed_is_sent_and_what_is_sent_is_listed() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        for name in NAMES {
            assert!(found.iter().any(|(_, text)| text.contains(&format!("disconnect::{name}"))), "{name} is listed and never sent");
        }
        for (path, text) in &found {
            assert!(!text.contains("Disconnect {") || text.contains("-> Disconnect {"), "{path} makes a close of its own");
        }
        let words: Vec<String> = code::ALL.iter().map(|(word, _)| word.to_uppercase()).collect();
        for word in words {
            let used = found.iter().any(|(path, text)| path.contains("session/") && text.matches(&format!("code::{word}")).count() > 0)
                || found.iter().any(|(path, text)| path.ends_with("protocol.rs") && text.matches(&format!("code::{word}")).count() > 0);
            assert!(used, "the error code {word} is listed and never sent");
        }
    }

    #[test]
    fn codes_are_distinct_and_may_be_sent() {
        for (at, (one, meaning)) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|(other, _)| other.code != one.code && other.reason != one.reason), "{one:?} twice");
            // RFC 6455, 7.4: what a close frame may say.
            assert!(matches!(one.code, 1000..=1003 | 1007..=1014 | 3000..=4999), "{one:?}");
            assert!(meaning.ends_with('.') && !one.reason.is_empty(), "{one:?}");
        }
    }
}
