//! Lines of a web server's combined log.

use std::borrow::Cow;

use jiff::fmt::strtime;
use serde_json::{Map, Value, json};

use crate::domain::limits::{KEY_BYTES_MAX, USER_AGENT_BYTES_MAX};
use crate::domain::{UnixMs, WebUrl};

/// The partner of a request for `/`, which has no first path segment.
pub const ROOT_PARTNER: &str = "root";

/// One request, as logged.
#[derive(Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Address of the client.
    pub ip: &'a str,
    /// When, in Unix milliseconds.
    pub at: UnixMs,
    /// As in `GET`.
    pub method: &'a str,
    /// Path and query.
    pub target: Cow<'a, str>,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of the answer, where logged.
    pub bytes: Option<u64>,
    /// The page before, where told.
    pub referrer: Option<Cow<'a, str>>,
    /// The user agent, where told.
    pub user_agent: Option<Cow<'a, str>>,
}

/// Why a line is none of a combined log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogLineError {
    /// Fewer parts than a line has.
    #[error("has no {0}")]
    Missing(&'static str),
    /// The time is written in another way.
    #[error("has a time that is not as in 17/May/2015:10:05:03 +0000")]
    Time,
    /// The request is not `METHOD TARGET PROTOCOL`.
    #[error("has a request that is not as in \"GET /page HTTP/1.1\"")]
    Request,
    /// The status is no number.
    #[error("has a status that is no number")]
    Status,
}

impl<'a> LogLine<'a> {
    /// Reads `IP IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERRER" "AGENT"`.
    ///
    /// # Errors
    /// The first part that is missing or wrong.
    pub fn parse(line: &'a str) -> Result<Self, LogLineError> {
        let (ip, rest) = line.trim().split_once(' ').ok_or(LogLineError::Missing("address"))?;
        let (_, rest) = rest.split_once('[').ok_or(LogLineError::Missing("time"))?;
        let (time, rest) = rest.split_once(']').ok_or(LogLineError::Missing("time"))?;
        let at = parse_time(time).ok_or(LogLineError::Time)?;
        let (request, rest) = quoted(rest).ok_or(LogLineError::Missing("request"))?;
        let mut numbers = rest.trim_start().splitn(3, ' ');
        let status = numbers.next().and_then(|n| n.parse().ok()).ok_or(LogLineError::Status)?;
        let bytes = numbers.next().and_then(|n| n.parse().ok());
        let (referrer, rest) = quoted(numbers.next().unwrap_or("")).ok_or(LogLineError::Missing("referrer"))?;
        // Some servers cut a line at a fixed length: a user agent without its closing quote is taken as far as it goes.
        let (user_agent, _) = quoted(rest).or_else(|| unclosed(rest)).ok_or(LogLineError::Missing("user agent"))?;
        let (method, rest) = request.split_once(' ').ok_or(LogLineError::Request)?;
        let target = rest.rsplit_once(' ').filter(|(_, protocol)| protocol.starts_with("HTTP/")).ok_or(LogLineError::Request)?.0;
        if target.is_empty() {
            return Err(LogLineError::Request);
        }
        Ok(Self { ip, at, method, target: unescape(target), status, bytes, referrer: told(referrer), user_agent: told(user_agent) })
    }

    /// The first path segment, as a partner key: the root page is `root`, characters that no key has become `-`, and
    /// what is longer than a key is cut.
    pub fn partner(&self) -> String {
        let path = self.target.split(['?', '#']).next().unwrap_or("");
        let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        let segment = path.split('/').find(|s| !s.is_empty()).unwrap_or(ROOT_PARTNER);
        let mut key = String::with_capacity(segment.len());
        for c in segment.chars().map(|c| if c.is_whitespace() || c.is_control() { '-' } else { c }) {
            if key.len() + c.len_utf8() > KEY_BYTES_MAX {
                break;
            }
            key.push(c);
        }
        key
    }

    /// The draft of an activity, without id and time. `site` is what the path is put behind.
    pub fn draft(&self, site: &str) -> Map<String, Value> {
        let mut draft = Map::new();
        draft.insert("flavor".into(), json!("page.viewed"));
        draft.insert("partner".into(), json!(self.partner()));
        draft.insert("ip".into(), json!(self.ip));
        let source = if self.target.contains("://") { self.target.to_string() } else { format!("{site}{}", self.target) };
        for (name, url) in [("source_url", Some(source.as_str())), ("referrer_url", self.referrer.as_deref())] {
            // Logs hold whatever a client sent as its referrer; what is no URL is left out, the request did happen.
            if let Some(url) = url.filter(|u| WebUrl::parse(u).is_ok()) {
                draft.insert(name.into(), json!(url));
            }
        }
        if let Some(agent) = &self.user_agent {
            let end = agent.floor_char_boundary(USER_AGENT_BYTES_MAX);
            draft.insert("user_agent".into(), json!(agent[..end]));
        }
        let mut properties = Map::new();
        properties.insert("method".into(), json!(self.method));
        properties.insert("status".into(), json!(self.status));
        if let Some(bytes) = self.bytes {
            properties.insert("bytes".into(), json!(bytes));
        }
        draft.insert("properties".into(), Value::Object(properties));
        draft
    }
}

fn parse_time(text: &str) -> Option<UnixMs> {
    let parsed = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(UnixMs(parsed.to_timestamp().ok()?.as_millisecond()))
}

/// The text between the next pair of quotes, escaped ones skipped, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, inside) = text.split_once('"')?;
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((&inside[..at], &inside[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unclosed(text: &str) -> Option<(&str, &str)> {
    text.split_once('"').map(|(_, inside)| (inside, ""))
}

fn unescape(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => Cow::Owned(text.replace("\\\"", "\"").replace("\\\\", "\\")),
        false => Cow::Borrowed(text),
    }
}

fn told(text: &str) -> Option<Cow<'_, str>> {
    (!matches!(text, "" | "-")).then(|| unescape(text))
}

#[cfg(test)]
mod tests {
    use super::{LogLine, LogLineError};

    const LINE: &str = r#"83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /talks/a.png?x=1 HTTP/1.1" 200 203023 "http://example.com/talks/" "Mozilla/5.0 (X11) Chrome/32.0""#;

    #[test]
    fn reads_a_line() {
        let line = LogLine::parse(LINE).expect("valid");
        assert_eq!((line.ip, line.at.to_string().as_str()), ("83.149.9.216", "2015-05-17T10:05:03.000Z"));
        assert_eq!((line.status, line.bytes, line.method), (200, Some(203_023), "GET"));
        let draft = serde_json::Value::Object(line.draft("http://www.example.com"));
        assert_eq!(
            draft,
            serde_json::json!({"flavor":"page.viewed","partner":"talks","ip":"83.149.9.216",
                "source_url":"http://www.example.com/talks/a.png?x=1","referrer_url":"http://example.com/talks/",
                "user_agent":"Mozilla/5.0 (X11) Chrome/32.0","properties":{"method":"GET","status":200,"bytes":203_023}})
        );
    }

    #[test]
    fn partners_by_table() {
        let long = format!("/{}/x", "ä".repeat(100));
        for (target, want) in [
            ("/", "root"),
            ("/?flags=1", "root"),
            ("//talks//x", "talks"),
            ("/talks", "talks"),
            ("/robots.txt?x=/y", "robots.txt"),
            ("http://other.example/a/b", "a"),
            ("http://other.example", "root"),
            ("/a b/c", "a-b"),
            (long.as_str(), &"ä".repeat(64)),
            ("*", "*"),
        ] {
            let text = LINE.replace("/talks/a.png?x=1", target);
            assert_eq!(LogLine::parse(&text).expect(target).partner(), *want, "{target}");
        }
    }

    #[test]
    fn leaves_out_what_is_not_told() {
        let text = LINE.replace("http://example.com/talks/", "-").replace("Mozilla/5.0 (X11) Chrome/32.0", "-").replace("203023", "-");
        let line = LogLine::parse(&text).expect("valid");
        assert_eq!((&line.referrer, &line.user_agent, line.bytes), (&None, &None, None));
        let odd = LINE.replace("http://example.com/talks/", "not a url");
        assert!(!LogLine::parse(&odd).expect("valid").draft("http://a.example").contains_key("referrer_url"));
        let escaped = LINE.replace("(X11)", r#"(\"X11\")"#);
        assert_eq!(LogLine::parse(&escaped).expect("valid").user_agent.as_deref(), Some(r#"Mozilla/5.0 ("X11") Chrome/32.0"#));
        let cut = LINE.strip_suffix('"').expect("quote");
        assert_eq!(LogLine::parse(cut).expect("valid").user_agent.as_deref(), Some("Mozilla/5.0 (X11) Chrome/32.0"));
    }

    #[test]
    fn tells_what_is_missing() {
        for (text, want) in [
            (String::new(), LogLineError::Missing("address")),
            ("1.2.3.4 - -".to_owned(), LogLineError::Missing("time")),
            (LINE.replace("17/May", "17/Mai"), LogLineError::Time),
            (LINE.replace(" HTTP/1.1", ""), LogLineError::Request),
            (LINE.replace(" 200 ", " OK "), LogLineError::Status),
            (LINE.split(" 200").next().expect("part").to_owned(), LogLineError::Status),
            (LINE.split(" \"http").next().expect("part").to_owned(), LogLineError::Missing("referrer")),
        ] {
            assert_eq!(LogLine::parse(&text), Err(want), "{text}");
        }
    }

    #[test]
    fn reads_a_real_log_where_it_is_at_hand() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/access.log");
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let failed: Vec<_> = text.lines().filter(|l| LogLine::parse(l).is_err()).collect();
        assert_eq!(failed, Vec::<&str>::new());
        assert_eq!(text.lines().count(), 10_000);
    }
}
