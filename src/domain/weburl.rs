//! http and https URLs as senders give them, and the normal form by which they compare.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

use super::control::has_control;
use super::fold::fold;
use super::invalid::{Fault, Invalid};
use super::limits::URL_BYTES_MAX;

/// Rounds in which a normal form settles; nearly always one.
const SETTLE_ROUNDS_MAX: usize = 4;

/// A source or referrer URL: http or https with a host, at most 2,048 bytes. It is kept as it was given, but without
/// spaces around it and without user and password, which are never kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl {
    text: Arc<str>,
    host: Arc<str>,
    normal: Arc<str>,
}

impl WebUrl {
    /// Reads a URL that is taken as it is.
    ///
    /// # Errors
    /// One fault with the rule that is broken; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match Self::read(text) {
            Ok((url, None)) => Ok(url),
            Ok((_, Some(fault))) | Err(fault) => Err(Invalid::one(fault.path, fault.code, fault.message)),
        }
    }

    /// Reads a URL that may be cut: a longer one goes without its query, if that is enough. Beside it what was cut.
    ///
    /// # Errors
    /// Why nothing of it can be used; the path is empty, for the caller to fill in.
    pub fn read(text: &str) -> Result<(Self, Option<Fault>), Fault> {
        let text = text.trim();
        if has_control(text) {
            return Err(fault("bad_character", "contains a control character; percent-encode it".to_owned()));
        }
        let end = if text.len() > URL_BYTES_MAX { text.find(['?', '#']).unwrap_or(text.len()) } else { text.len() };
        let too_long = |cure: &str| fault("too_long", format!("is {} bytes; a URL is at most {URL_BYTES_MAX} bytes{cure}", text.len()));
        let form = || fault("url_form", "must be an http or https URL, as in https://example.com/page".to_owned());
        let url = Self::of(&text[..end]).ok_or_else(form)?;
        match (end < text.len(), url.text.len() > URL_BYTES_MAX) {
            (_, true) => Err(too_long("")),
            (true, false) => Ok((url, Some(too_long("; it is kept without its query")))),
            (false, false) => Ok((url, None)),
        }
    }

    fn of(text: &str) -> Option<Self> {
        let mut parsed = Url::parse(text).ok().filter(is_web)?;
        let host: Arc<str> = fold(parsed.host_str()?).into();
        let told = strip_user(&mut parsed);
        let text = if told { parsed.as_str().into() } else { text.into() };
        Some(Self { text, host, normal: normal_of(&parsed).into() })
    }

    /// The URL as it was given, without user and password.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folded host (an internationalised one in its ASCII form), without port.
    pub fn host(&self) -> &Arc<str> {
        &self.host
    }

    /// The form by which URLs compare, equal for all spellings of one: scheme and host as a browser writes them, the port
    /// only where it is not the usual one, no user, and what follows folded and in letters. A URL lies under a prefix when
    /// its normal form begins with that of the prefix; the slash behind the host keeps hosts apart.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// A prefix as filters give it, in the form of [`WebUrl::normal`].
    pub fn normal_prefix(value: &str) -> Option<String> {
        let mut parsed = Url::parse(value.trim()).ok().filter(is_web)?;
        strip_user(&mut parsed);
        Some(normal_of(&parsed))
    }

    /// A host as filters give it, without scheme, brought to the form of [`WebUrl::host`]; nothing when it has a port, a
    /// path or anything else that no host has, for it would never be equal to one.
    pub fn canonical_host(value: &str) -> Option<String> {
        let parsed = Url::parse(&format!("http://{value}/")).ok()?;
        let bare = parsed.as_str().strip_prefix("http://")?.strip_suffix('/')?;
        let host = parsed.host_str().filter(|host| *host == bare && !value.contains(['/', '\\', '?', '#', '@']))?;
        Some(fold(host).into_owned())
    }
}

fn fault(code: &'static str, message: String) -> Fault {
    Fault { path: String::new(), code, message }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Takes user and password out. True when there was one.
fn strip_user(url: &mut Url) -> bool {
    if url.username().is_empty() && url.password().is_none() {
        return false;
    }
    // Neither fails on a URL that has a host.
    url.set_password(None).is_ok() & url.set_username("").is_ok()
}

/// Repeats until nothing changes: folding can make a character that a URL writes in another way.
fn normal_of(url: &Url) -> String {
    let mut text = normal_once(url);
    if !url.as_str().contains('%') {
        return text;
    }
    for _ in 0..SETTLE_ROUNDS_MAX {
        match Url::parse(&text) {
            Ok(again) => {
                let next = normal_once(&again);
                if next == text {
                    break;
                }
                text = next;
            }
            Err(_) => break,
        }
    }
    text
}

fn normal_once(url: &Url) -> String {
    // Without a user, everything up to the path is in ASCII and lower case.
    let (before, rest) = url.as_str().split_at(url[..url::Position::BeforePath].len());
    let mut text = String::with_capacity(url.as_str().len());
    text.push_str(before);
    if !rest.contains('%') {
        text.push_str(&fold(rest));
        return text;
    }
    let letters = letters(rest);
    text.push_str(&fold(&letters));
    text
}

/// Percent-encoded letters, digits and the like as what they stand for; all else stays encoded, for there it matters.
fn letters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let run = encoded_run(&rest[at..]);
        if run == 0 {
            // A sign that encodes nothing stands for itself, which is written so.
            encode(b"%", &mut out);
            rest = &rest[at + 1..];
            continue;
        }
        let (encoded, after) = rest[at..].split_at(run);
        decode_run(encoded, &mut out);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Bytes of the `%XX%XX...` that a text begins with.
fn encoded_run(text: &str) -> usize {
    let triples = text.as_bytes().chunks_exact(3);
    3 * triples.take_while(|t| t[0] == b'%' && t[1].is_ascii_hexdigit() && t[2].is_ascii_hexdigit()).count()
}

fn decode_run(encoded: &str, out: &mut String) {
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    for part in bytes.utf8_chunks() {
        for c in part.valid().chars() {
            let plain = match c {
                _ if c.is_ascii() => c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'),
                _ => !c.is_whitespace() && !c.is_control(),
            };
            if plain { out.push(c) } else { encode(c.encode_utf8(&mut [0; 4]).as_bytes(), out) }
        }
        encode(part.invalid(), out);
    }
}

fn encode(bytes: &[u8], out: &mut String) {
    out.extend(bytes.iter().map(|byte| percent_encoding::percent_encode_byte(*byte)));
}

#[cfg(test)]
mod tests {
    use super::WebUrl;

    fn normal(text: &str) -> String {
        WebUrl::read(text).unwrap_or_else(|fault| panic!("{text:?}: {fault:?}")).0.normal().to_owned()
    }

    #[test]
    fn spellings_of_one_url_are_equal() {
        for (one, others) in [
            (
                "https://shop.example/",
                &["https://shop.example", "HTTPS://SHOP.example:443/", " https://shop.example/\n", "https:shop.example"][..],
            ),
            ("http://shop.example/a", &["http://shop.example:80/a", "http://reader:secret@shop.example/a", "http://shop.example/b/../a"]),
            (
                "https://b\u{fc}cher.example/",
                &["https://xn--bcher-kva.example/", "https://B\u{dc}CHER.example", "https://bu\u{308}cher.example/"],
            ),
            ("https://a.example/b\u{fc}cher/%20x", &["https://a.example/b%C3%BCcher/ x", "https://a.example/B%c3%9ccher/%20X"]),
            ("https://a.example/?q=%2F&r=a-b", &["https://a.example/?q=%2f&r=%61%2Db"]),
            ("http://127.0.0.1/", &["http://0x7f.1/"]),
        ] {
            for other in others {
                assert_eq!(normal(other), normal(one), "{other}");
            }
        }
    }

    #[test]
    fn other_urls_stay_apart() {
        let urls = [
            "https://shop.example/",
            "http://shop.example/",
            "https://shop.example:8443/",
            "https://shop.example.other.example/",
            "https://shop.example/a",
            "https://shop.example/a%2Fb",
            "https://shop.example/a/b",
            "https://shop.example/a?b",
            "https://shop.example/a%3Fb",
        ];
        let normal: std::collections::BTreeSet<_> = urls.iter().map(|url| normal(url)).collect();
        assert_eq!(normal.len(), urls.len());
    }

    #[test]
    fn is_kept_as_given_but_for_what_must_not_be_kept() {
        for (given, want) in [
            ("https://Example.com/A?b#c", "https://Example.com/A?b#c"),
            (" https://a.example/x\u{a0}", "https://a.example/x"),
            ("https://reader:secret@user.example/a", "https://user.example/a"),
            ("https://reader@user.example:8443/a?b=c@d", "https://user.example:8443/a?b=c@d"),
            ("https:reader:secret@user.example", "https://user.example/"),
            ("https://a.example/@b:c", "https://a.example/@b:c"),
        ] {
            let url = WebUrl::parse(given).expect(given);
            assert_eq!(url.as_str(), want);
            assert!(!url.normal().contains('@') || want.contains('@'), "{given}");
        }
    }

    #[test]
    fn what_is_too_long_goes_without_its_query() {
        let query = "q".repeat(3_000);
        let (cut, told) = WebUrl::read(&format!("https://a.example/x?{query}")).expect("cut");
        assert_eq!((cut.as_str(), told.map(|fault| fault.code)), ("https://a.example/x", Some("too_long")));
        assert_eq!(WebUrl::read(&format!("https://a.example/{query}?a")).expect_err("no").code, "too_long");
        for (bad, code) in [
            ("", "url_form"),
            ("about:blank", "url_form"),
            ("//a.example", "url_form"),
            ("https://", "url_form"),
            ("https://a\u{7}b.example", "bad_character"),
        ] {
            assert_eq!(WebUrl::read(bad).expect_err(bad).code, code, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_normal_form_is_settled(path in "\\PC{0,12}", escapes in "(%[0-9a-fA-F]{2}|%|[a-z/?#]){0,8}") {
            let text = format!("https://a.example/{path}{escapes}");
            if let Ok((url, _)) = WebUrl::read(&text) {
                let again = WebUrl::normal_prefix(url.normal());
                proptest::prop_assert_eq!(again.as_deref(), Some(url.normal()));
                proptest::prop_assert!(!url.normal().contains(char::is_control));
            }
        }
    }
}
