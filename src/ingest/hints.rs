//! The fields that only enrich: URLs, user agent, address. They come from browsers, proxies and logs, and who sends them
//! cannot mend them; so what cannot be used of them is left out, cut or read, and that is told, but it never decides over
//! the activity. Every way in reads them here.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::domain::limits::USER_AGENT_BYTES_MAX;
use crate::domain::{Fault, WebUrl, has_control};

/// What can be used of a field, and what is to be told of it; neither where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint<T> {
    /// What is kept.
    pub kept: Option<T>,
    /// What was left out, cut or read; its path is empty, for the caller to fill in.
    pub told: Option<Fault>,
}

impl<T> Hint<T> {
    const NOTHING: Self = Self { kept: None, told: None };

    fn whole(kept: T) -> Self {
        Self { kept: Some(kept), told: None }
    }

    fn told(kept: Option<T>, code: &'static str, message: impl Into<String>) -> Self {
        Self { kept, told: Some(Fault { path: String::new(), code, message: message.into() }) }
    }
}

/// A source or referrer URL.
pub fn url_hint(text: &str) -> Hint<WebUrl> {
    if text.trim().is_empty() {
        return Hint::NOTHING;
    }
    match WebUrl::read(text) {
        Ok((url, told)) => Hint { kept: Some(url), told },
        Err(fault) => Hint::told(None, fault.code, format!("left out: {}", fault.message)),
    }
}

/// A user agent: a control character in it becomes a space, and what is too long is cut.
pub fn agent_hint(text: &str) -> Hint<Cow<'_, str>> {
    let plain = !has_control(text);
    if plain && text.len() <= USER_AGENT_BYTES_MAX {
        return if text.trim().is_empty() { Hint::NOTHING } else { Hint::whole(Cow::Borrowed(text)) };
    }
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let agent = cleaned.trim();
    let agent = agent[..agent.floor_char_boundary(USER_AGENT_BYTES_MAX)].to_owned();
    let kept = Some(agent).filter(|agent| !agent.is_empty()).map(Cow::Owned);
    if text.len() > USER_AGENT_BYTES_MAX {
        let message = format!("cut: is {} bytes; a user agent is at most {USER_AGENT_BYTES_MAX} bytes", text.len());
        return Hint::told(kept, "too_long", message);
    }
    Hint::told(kept, "bad_character", "contained a control character; it is kept with a space there")
}

/// The address of a client, however proxies and servers write it: with a port, in brackets, with a zone, the first of a
/// list, words such as `unknown` passed over.
pub fn address_hint(text: &str) -> Hint<IpAddr> {
    let text = text.trim();
    if text.is_empty() {
        return Hint::NOTHING;
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Hint::whole(address);
    }
    let parts = text.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    match parts.map(|part| part.trim_matches('"')).find_map(one_address) {
        Some(address) => Hint::told(Some(address), "ip_form", "read as the first address in it, without port and zone"),
        None => Hint::told(None, "ip_form", "left out: must be an IPv4 or IPv6 address"),
    }
}

fn one_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Some((inside, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = after.is_empty() || after.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        return without_zone(inside).parse().ok().filter(|address: &IpAddr| port && address.is_ipv6());
    }
    let with_port = text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    with_port.or_else(|| without_zone(text).parse().ok().filter(IpAddr::is_ipv6))
}

fn without_zone(text: &str) -> &str {
    text.split_once('%').map_or(text, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::{address_hint, agent_hint, url_hint};
    use crate::domain::limits::USER_AGENT_BYTES_MAX;

    #[test]
    fn addresses_by_table() {
        for (given, want, told) in [
            ("203.0.113.9", Some("203.0.113.9"), false),
            (" 203.0.113.9 ", Some("203.0.113.9"), false),
            ("2001:db8::1", Some("2001:db8::1"), false),
            ("", None, false),
            ("203.0.113.9:51234", Some("203.0.113.9"), true),
            ("[2001:db8::1]:443", Some("2001:db8::1"), true),
            ("[2001:db8::1]", Some("2001:db8::1"), true),
            ("[fe80::1%eth0]:443", Some("fe80::1"), true),
            ("fe80::1%25eth0", Some("fe80::1"), true),
            ("203.0.113.7, 198.51.100.4", Some("203.0.113.7"), true),
            ("203.0.113.7,198.51.100.4", Some("203.0.113.7"), true),
            ("unknown, 203.0.113.10:80", Some("203.0.113.10"), true),
            ("\"[2001:db8::1]:443\", 203.0.113.10", Some("2001:db8::1"), true),
            ("203.0.113.9%eth0", None, true),
            ("203.0.113.9:99999", None, true),
            ("[203.0.113.9]", None, true),
            ("crawl-7.bots.example", None, true),
            ("-", None, true),
            ("unknown", None, true),
            ("010.0.0.1", None, true),
        ] {
            let hint = address_hint(given);
            assert_eq!(hint.kept.map(|address| address.to_string()).as_deref(), want, "{given:?}");
            assert_eq!(hint.told.is_some(), told, "{given:?}: {:?}", hint.told);
        }
    }

    #[test]
    fn agents_by_table() {
        let long = "\u{e4}".repeat(USER_AGENT_BYTES_MAX);
        for (given, want, told) in [
            ("curl/8.5.0", Some("curl/8.5.0"), None),
            ("-", Some("-"), None),
            (" ", None, None),
            ("Reader\t(kiosk)\n", Some("Reader (kiosk)"), Some("bad_character")),
            ("\n", None, Some("bad_character")),
            (long.as_str(), Some(&long[..USER_AGENT_BYTES_MAX]), Some("too_long")),
        ] {
            let hint = agent_hint(given);
            assert_eq!((hint.kept.as_deref(), hint.told.map(|fault| fault.code)), (want, told), "{given:.20}");
        }
    }

    #[test]
    fn urls_by_table() {
        let long = format!("https://a.example/?{}", "q".repeat(3_000));
        for (given, want, told) in [
            (" https://a.example/x ", Some("https://a.example/x"), None),
            ("", None, None),
            (" ", None, None),
            ("about:blank", None, Some("url_form")),
            ("android-app://example.mailapp/", None, Some("url_form")),
            ("/relative", None, Some("url_form")),
            ("https://a.example/\tx", None, Some("bad_character")),
            (long.as_str(), Some("https://a.example/"), Some("too_long")),
        ] {
            let hint = url_hint(given);
            assert_eq!(hint.kept.as_ref().map(|url| url.as_str()), want, "{given:.30}");
            assert_eq!(hint.told.map(|fault| fault.code), told, "{given:.30}");
        }
    }
}
