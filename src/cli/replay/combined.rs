//! Lines of a web server's combined log, in its dialects: with the site in front, with a list of addresses, with names in
//! place of addresses, without referrer and agent (the common format).
//!
//! What only enriches never decides over a line: the request did happen.

use std::borrow::Cow;

use jiff::fmt::strtime;
use serde_json::{Map, Value, json};

use super::page;
use crate::domain::UnixMs;
use crate::ingest::{address_hint, agent_hint, url_hint};

/// Bytes of a method that are kept; what clients that speak no HTTP send may be long.
const METHOD_BYTES_MAX: usize = 32;

/// One request, as logged.
#[derive(Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// The site that was asked, where the line begins with it, as in `shop.example:443`.
    pub site: Option<&'a str>,
    /// The client: an address, a list of them, or a name.
    pub client: &'a str,
    /// When, in Unix milliseconds.
    pub at: UnixMs,
    /// As in `GET`.
    pub method: &'a str,
    /// Path and query, or a whole URL.
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// Reads `[SITE] CLIENT IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERRER" "AGENT"`; the last two may be missing.
    ///
    /// # Errors
    /// The first part that is missing or wrong.
    pub fn parse(line: &'a str) -> Result<Self, LogLineError> {
        let line = line.trim();
        if !line.contains(' ') {
            return Err(LogLineError::Missing("address"));
        }
        let (before, at, rest) = around_time(line)?;
        let (site, client) = who(before);
        let (request, rest) = quoted(rest).ok_or(LogLineError::Missing("request"))?;
        let mut numbers = rest.trim_start().splitn(3, ' ');
        let status = numbers.next().and_then(|n| n.parse().ok()).ok_or(LogLineError::Status)?;
        let bytes = numbers.next().and_then(|n| n.parse().ok());
        let (referrer, rest) = quoted(numbers.next().unwrap_or("")).unwrap_or_default();
        // Some servers cut a line at a fixed length: a user agent without its closing quote is taken as far as it goes.
        let (user_agent, _) = quoted(rest).or_else(|| unclosed(rest)).unwrap_or_default();
        let (method, rest) = request.split_once(' ').ok_or(LogLineError::Request)?;
        let target = rest.rsplit_once(' ').filter(|(_, protocol)| protocol.starts_with("HTTP/")).ok_or(LogLineError::Request)?.0;
        if target.is_empty() {
            return Err(LogLineError::Request);
        }
        let (referrer, user_agent) = (told(referrer), told(user_agent));
        Ok(Self { site, client, at, method, target: unescape(target), status, bytes, referrer, user_agent })
    }

    /// The draft of an activity, without id and time; `None` where the request asks for no page. `site` is what a path is
    /// put behind where the line names no site itself.
    pub fn draft(&self, site: &str) -> Option<Map<String, Value>> {
        let mut draft = Map::new();
        draft.insert("flavor".into(), json!("page.viewed"));
        draft.insert("partner".into(), json!(page::partner(&self.target)));
        let source = page::url(&self.target, self.site, site)?;
        for (name, url) in [("source_url", Some(&*source)), ("referrer_url", self.referrer.as_deref())] {
            if let Some(url) = url.and_then(|url| url_hint(url).kept) {
                draft.insert(name.into(), json!(url.as_str()));
            }
        }
        if let Some(address) = address_hint(self.client).kept {
            draft.insert("ip".into(), json!(address.to_string()));
        }
        if let Some(agent) = self.user_agent.as_deref().and_then(|agent| agent_hint(agent).kept) {
            draft.insert("user_agent".into(), json!(agent));
        }
        let mut properties = Map::new();
        let method = &self.method[..self.method.floor_char_boundary(METHOD_BYTES_MAX)];
        properties.insert("method".into(), json!(method.replace(char::is_control, " ")));
        properties.insert("status".into(), json!(self.status));
        if let Some(bytes) = self.bytes {
            properties.insert("bytes".into(), json!(bytes));
        }
        draft.insert("properties".into(), Value::Object(properties));
        Some(draft)
    }
}

/// What stands before the time, the time, and what follows. The time is the bracket right before the request: what users
/// are called may hold brackets too.
fn around_time(line: &str) -> Result<(&str, UnixMs, &str), LogLineError> {
    let mut wrong = LogLineError::Missing("time");
    for (open, _) in line.match_indices('[') {
        let Some((inside, rest)) = line[open + 1..].split_once(']') else { break };
        if !rest.trim_start().starts_with('"') {
            continue;
        }
        match parse_time(inside) {
            Some(at) => return Ok((&line[..open], at, rest)),
            None => wrong = LogLineError::Time,
        }
    }
    Err(wrong)
}

/// The site, where a line begins with one, and the client.
fn who(before: &str) -> (Option<&str>, &str) {
    let before = before.trim();
    let (first, rest) = before.split_once(' ').unwrap_or((before, ""));
    let mut others = rest.split_whitespace();
    let is_address = |word: &str| address_hint(word.trim_end_matches(',')).kept.is_some();
    let (second, third) = (others.next().unwrap_or("-"), others.next());
    // A client is followed by what identd says, which is never an address and nearly always nothing.
    let has_site = !first.ends_with(',')
        && (is_address(second) || !is_address(first) && second != "-" && third == Some("-") && others.next().is_some());
    if has_site { (Some(first), client_of(rest)) } else { (None, client_of(before)) }
}

/// The first word, or all words of a list with commas behind them.
fn client_of(text: &str) -> &str {
    let text = text.trim_start();
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let begun = end + rest.len() - rest.trim_start().len();
        end = text[begun..].find(char::is_whitespace).map_or(text.len(), |at| begun + at);
        if end == text.len() || !text[..end].ends_with(',') {
            return &text[..end];
        }
    }
}

/// As Apache and nginx write it by default, or in RFC 3339.
fn parse_time(text: &str) -> Option<UnixMs> {
    let text = text.trim();
    match strtime::parse("%d/%b/%Y:%H:%M:%S %z", text) {
        Ok(parsed) => Some(UnixMs(parsed.to_timestamp().ok()?.as_millisecond())),
        Err(_) => UnixMs::parse(text).ok(),
    }
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
        assert_eq!((line.client, line.at.to_string().as_str()), ("83.149.9.216", "2015-05-17T10:05:03.000Z"));
        assert_eq!((line.status, line.bytes, line.method), (200, Some(203_023), "GET"));
        let draft = serde_json::Value::Object(line.draft("http://www.example.com").expect("a page"));
        assert_eq!(
            draft,
            serde_json::json!({"flavor":"page.viewed","partner":"talks","ip":"83.149.9.216",
                "source_url":"http://www.example.com/talks/a.png?x=1","referrer_url":"http://example.com/talks/",
                "user_agent":"Mozilla/5.0 (X11) Chrome/32.0","properties":{"method":"GET","status":200,"bytes":203_023}})
        );
    }

    #[test]
    fn who_asks_is_read_in_every_dialect() {
        for (before, site, address) in [
            ("192.0.2.1 - -", None, Some("192.0.2.1")),
            ("shop.example:443 192.0.2.11 - -", Some("shop.example:443"), Some("192.0.2.11")),
            ("shop.example 2001:db8::13 - -", Some("shop.example"), Some("2001:db8::13")),
            ("192.0.2.1:80 192.0.2.11 - -", Some("192.0.2.1:80"), Some("192.0.2.11")),
            ("shop.example:443 203.0.113.7, 198.51.100.4 - -", Some("shop.example:443"), Some("203.0.113.7")),
            ("shop.example:443 crawl-7.bots.example - -", Some("shop.example:443"), None),
            ("crawl-7.bots.example - -", None, None),
            ("kiosk-3 - Desk north", None, None),
            ("- - -", None, None),
            ("203.0.113.7, 198.51.100.4 - -", None, Some("203.0.113.7")),
            ("203.0.113.7,198.51.100.4 - -", None, Some("203.0.113.7")),
            ("unknown, 203.0.113.10, 10.0.0.1 - -", None, Some("203.0.113.10")),
            ("192.0.2.31:51234 - -", None, Some("192.0.2.31")),
            ("[2001:db8::32]:443 - -", None, Some("2001:db8::32")),
            ("2001:db8::41%eth0 - -", None, Some("2001:db8::41")),
            ("192.0.2.71 - CN=Desk [north],O=Fair", None, Some("192.0.2.71")),
            ("192.0.2.71 - a [17/May/2015:10:05:03 +0000] b", None, Some("192.0.2.71")),
            ("192.0.2.73 - desk@fair.example", None, Some("192.0.2.73")),
            ("192.0.2.73 desk -", None, Some("192.0.2.73")),
        ] {
            let text = LINE.replace("83.149.9.216 - -", before);
            let line = LogLine::parse(&text).unwrap_or_else(|fault| panic!("{before}: {fault}"));
            let draft = line.draft("http://www.example.com").expect("a page");
            assert_eq!((line.site, draft.get("ip").and_then(|ip| ip.as_str())), (site, address), "{before}");
            assert_eq!(line.at.to_string(), "2015-05-17T10:05:03.000Z");
        }
    }

    #[test]
    fn referrer_and_agent_may_be_missing() {
        let common = LINE.split(" \"http").next().expect("part");
        for text in [
            common.to_owned(),
            format!("{common} \"-\""),
            format!("{common} \"-\" \"\""),
            LINE.split(" 203023").next().expect("part").to_owned(),
        ] {
            let line = LogLine::parse(&text).expect(&text);
            assert_eq!((line.status, &line.referrer, &line.user_agent), (200, &None, &None), "{text}");
        }
    }

    #[test]
    fn what_only_enriches_is_cleaned() {
        let text = LINE
            .replace("Mozilla/5.0 (X11)", "Reader\t(\0)")
            .replace("http://example.com/talks/", "about:blank")
            .replace("GET", &"G".repeat(9_000));
        let draft = LogLine::parse(&text).expect("read").draft("http://www.example.com").expect("a page");
        assert_eq!(draft["user_agent"], "Reader ( ) Chrome/32.0");
        assert!(!draft.contains_key("referrer_url") && draft["properties"]["method"].as_str().is_some_and(|m| m.len() == 32), "{draft:?}");
    }

    #[test]
    fn leaves_out_what_is_not_told() {
        let text = LINE.replace("http://example.com/talks/", "-").replace("Mozilla/5.0 (X11) Chrome/32.0", "-").replace("203023", "-");
        let line = LogLine::parse(&text).expect("valid");
        assert_eq!((&line.referrer, &line.user_agent, line.bytes), (&None, &None, None));
        let odd = LINE.replace("http://example.com/talks/", "not a url");
        assert!(!LogLine::parse(&odd).expect("valid").draft("http://a.example").expect("a page").contains_key("referrer_url"));
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
            (LINE.replace("[17", "17"), LogLineError::Missing("time")),
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
