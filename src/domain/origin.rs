//! Origins: where a page of a browser comes from.

use std::fmt;

use url::Url;

use super::invalid::Invalid;

/// Bytes of an origin: a host name of 253, its scheme and port.
const ORIGIN_BYTES_MAX: usize = 270;

/// The origin of a web page as a browser sends it (RFC 6454): scheme and host, and the port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin in the one spelling that browsers send.
    ///
    /// # Errors
    /// One fault with the rule that is broken; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fault = |message: String| Err(Invalid::one("", "origin_form", message));
        let web = Some(text).filter(|text| text.len() <= ORIGIN_BYTES_MAX).and_then(|text| Url::parse(text).ok());
        let Some(web) = web.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return fault("must be the origin of a page, as in https://www.example.org".to_owned());
        };
        let sent = web.origin().ascii_serialization();
        match sent == text {
            true => Ok(Self(sent)),
            false => fault(format!("must be as a browser sends it: {sent}")),
        }
    }

    /// An origin that was read before.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    /// As a browser sends it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn only_what_a_browser_sends() {
        for good in
            ["https://www.example.org", "http://localhost:5173", "https://xn--mnchen-3ya.example", "http://[::1]:8080", "http://127.0.0.1"]
        {
            assert_eq!(Origin::parse(good).expect(good).as_str(), good);
        }
        for (bad, told) in [
            ("https://www.example.org/", "as a browser sends it: https://www.example.org"),
            ("https://www.example.org/shop", "as a browser sends it: https://www.example.org"),
            ("HTTPS://www.Example.org", "as a browser sends it: https://www.example.org"),
            ("https://www.example.org:443", "as a browser sends it: https://www.example.org"),
            ("https://me@www.example.org", "as a browser sends it: https://www.example.org"),
            ("https://münchen.example", "as a browser sends it: https://xn--mnchen-3ya.example"),
            ("www.example.org", "the origin of a page"),
            ("*", "the origin of a page"),
            ("null", "the origin of a page"),
            ("", "the origin of a page"),
            ("ftp://www.example.org", "the origin of a page"),
            (&format!("https://{}.example", "a".repeat(300)), "the origin of a page"),
        ] {
            let faults = Origin::parse(bad).expect_err(bad).faults;
            assert!(faults.len() == 1 && faults[0].message.contains(told), "{bad}: {faults:?}");
        }
    }
}
