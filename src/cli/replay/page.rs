//! The page that a request of a log asks for: its URL, and the partner that it counts for.

use std::borrow::Cow;

use crate::domain::limits::KEY_BYTES_MAX;
use crate::domain::{Key, WebUrl};

/// The partner of a request for `/`, which has no first path segment.
pub const ROOT_PARTNER: &str = "root";

/// The URL of a target: a path behind its site, or a URL as it is. `None` for what is no page, as in `*` or
/// `relay.example:443`. `named` is the site that the line names, `site` the one that is put in front otherwise.
pub fn url<'a>(target: &'a str, named: Option<&str>, site: &str) -> Option<Cow<'a, str>> {
    if target.starts_with('/') {
        let scheme = site.split_once("://").map_or("http", |(scheme, _)| scheme);
        let named = named.and_then(|named| site_of(named, scheme));
        return Some(Cow::Owned(format!("{}{target}", named.as_deref().unwrap_or(site))));
    }
    let begins = |scheme: &str| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let whole = (begins("http://") || begins("https://")) && WebUrl::read(target).is_ok();
    whole.then_some(Cow::Borrowed(target))
}

/// A site as logs name it, with its port or without: the usual ports tell the scheme, others are put behind `scheme`.
/// `None` for what names no site, as in `_` or `*:443`.
fn site_of(named: &str, scheme: &str) -> Option<String> {
    let (host, port) = match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) => (host, port),
        _ => (named, ""),
    };
    let names = host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost");
    let site = match port {
        "" => format!("{scheme}://{host}"),
        "80" => format!("http://{host}"),
        "443" => format!("https://{host}"),
        port => format!("{scheme}://{host}:{port}"),
    };
    WebUrl::parse(&site).ok().filter(|_| names && WebUrl::canonical_host(host).is_some()).map(|_| site)
}

/// The first segment of the path, dots resolved, as a partner key: the root page is `root`, characters that no key has
/// become `-`, and what is longer than a key is cut.
pub fn partner(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or("");
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let segment = segments.first().copied().unwrap_or(ROOT_PARTNER);
    let mut key = String::with_capacity(segment.len());
    for c in segment.chars().map(|c| if Key::allows(c) { c } else { '-' }) {
        if key.len() + c.len_utf8() > KEY_BYTES_MAX {
            break;
        }
        key.push(c);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{partner, url};
    use crate::domain::Key;

    #[test]
    fn partners_by_table() {
        let long = format!("/{}/x", "\u{e4}".repeat(100));
        for (target, want) in [
            ("/", "root"),
            ("/?flags=1", "root"),
            ("//talks//x", "talks"),
            ("/talks", "talks"),
            ("/robots.txt?x=/y", "robots.txt"),
            ("http://other.example/a/b", "a"),
            ("http://other.example", "root"),
            ("/a b/c", "a-b"),
            (long.as_str(), &"\u{e4}".repeat(64)),
            ("/../../secret", "secret"),
            ("/a/../b", "b"),
            ("/./a", "a"),
            ("/..", "root"),
            ("/%2e%2E/x", "x"),
            ("/...", "..."),
            ("/a\u{202e}b\u{feff}", "a-b-"),
        ] {
            assert_eq!(partner(target), *want, "{target}");
            assert!(Key::parse(&partner(target)).is_ok(), "{target}");
        }
    }

    #[test]
    fn urls_by_table() {
        for (target, named, want) in [
            ("/a", None, Some("http://www.example.com/a")),
            ("/a?b", Some("shop.example:443"), Some("https://shop.example/a?b")),
            ("/a", Some("shop.example:80"), Some("http://shop.example/a")),
            ("/a", Some("shop.example"), Some("http://shop.example/a")),
            ("/a", Some("shop.example:8443"), Some("http://shop.example:8443/a")),
            ("/a", Some("[2001:db8::1]:443"), Some("https://[2001:db8::1]/a")),
            ("/a", Some("localhost:8080"), Some("http://localhost:8080/a")),
            ("/a", Some("_"), Some("http://www.example.com/a")),
            ("/a", Some("*:443"), Some("http://www.example.com/a")),
            ("/a", Some("-"), Some("http://www.example.com/a")),
            ("/a", Some("x@y.example"), Some("http://www.example.com/a")),
            ("HTTP://other.example/x", Some("shop.example:443"), Some("HTTP://other.example/x")),
            ("http://", None, None),
            ("*", None, None),
            ("%.", None, None),
            ("@scan.example/x", None, None),
            ("relay.example:443", None, None),
            ("ftp://other.example/x", None, None),
        ] {
            assert_eq!(url(target, named, "http://www.example.com").as_deref(), want, "{target} {named:?}");
        }
    }
}
