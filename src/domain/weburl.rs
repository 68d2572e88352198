//! http and https URLs as senders give them.

use std::sync::Arc;

use super::control::has_control;
use super::fold::fold;
use super::invalid::Invalid;
use super::limits::URL_BYTES_MAX;

/// A source or referrer URL: http or https with a host, at most 2,048 bytes, kept as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl {
    text: Arc<str>,
    host: Arc<str>,
}

impl WebUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// One fault with the rule that is broken; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > URL_BYTES_MAX {
            let message = format!("is {} bytes; a URL is at most {URL_BYTES_MAX} bytes", text.len());
            return Err(Invalid::one("", "too_long", message));
        }
        if has_control(text) {
            return Err(Invalid::one("", "bad_character", "contains a control character; percent-encode it"));
        }
        let parsed = url::Url::parse(text).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
        match parsed.as_ref().and_then(url::Url::host_str) {
            Some(host) => Ok(Self { text: text.into(), host: fold(host).into() }),
            None => Err(Invalid::one("", "url_form", "must be an http or https URL, as in https://example.com/page")),
        }
    }

    /// The URL as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folded host (an internationalised one in its ASCII form), without port.
    pub fn host(&self) -> &Arc<str> {
        &self.host
    }

    /// A host as filters give it, without scheme, brought to the form of [`WebUrl::host`]; nothing when it has a port, a
    /// path or anything else that no host has, for it would never be equal to one.
    pub fn canonical_host(value: &str) -> Option<String> {
        let parsed = url::Url::parse(&format!("http://{value}/")).ok()?;
        let bare = parsed.as_str().strip_prefix("http://")?.strip_suffix('/')?;
        let host = parsed.host_str().filter(|host| *host == bare && !value.contains(['/', '\\', '?', '#', '@']))?;
        Some(fold(host).into_owned())
    }
}
