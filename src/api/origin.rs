//! Whether a browser comes from a page that is allowed to ask.

use axum::http::{HeaderMap, Method, header};

use super::error::{ORIGIN_FORBIDDEN, Problem};
use crate::domain::Origin;

/// Holds a WebSocket to the origin of the page that opens it. Only browsers send one.
///
/// # Errors
/// [`ORIGIN_FORBIDDEN`] when the page is neither ours nor listed.
pub fn check_socket(headers: &HeaderMap, listed: &[String]) -> Result<(), Problem> {
    match headers.get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if is_allowed(origin.to_str().unwrap_or(""), headers, listed) => Ok(()),
        Some(_) => Err(forbidden()),
    }
}

/// Holds a site key to the pages that it is for. Only browsers say where a page comes from, and from another site they
/// always do.
///
/// # Errors
/// [`ORIGIN_FORBIDDEN`] when the request comes from another page.
pub fn check_site(headers: &HeaderMap, origins: &[Origin]) -> Result<(), Problem> {
    let from = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    if from.is_none_or(|from| origins.iter().any(|origin| origin.as_str() == from)) {
        return Ok(());
    }
    const CURE: &str = "this site key is for the pages of its own origins; make one that lists this one too";
    Err(Problem::new(ORIGIN_FORBIDDEN, CURE))
}

/// Holds a change that a cookie authorises to pages of ours: another site can make a browser send it (CSRF).
/// `Sec-Fetch-Site` decides where there is one, else `Origin`; who sends neither is no browser.
///
/// # Errors
/// [`ORIGIN_FORBIDDEN`] when another site made the browser send it.
pub fn check_change(method: &Method, headers: &HeaderMap, listed: &[String]) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let origin = headers.get(header::ORIGIN).map(|o| o.to_str().unwrap_or(""));
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let allowed = match (site, origin) {
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), Some(origin)) => listed.iter().any(|o| o == origin),
        (Some(_), None) => false,
        (None, Some(origin)) => is_allowed(origin, headers, listed),
    };
    if allowed { Ok(()) } else { Err(forbidden()) }
}

fn is_allowed(origin: &str, headers: &HeaderMap, listed: &[String]) -> bool {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let same = origin.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https") && host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
    });
    same || listed.iter().any(|o| o == origin)
}

fn forbidden() -> Problem {
    Problem::new(ORIGIN_FORBIDDEN, ORIGIN_FORBIDDEN.cure)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{check_change, check_site, check_socket};
    use crate::domain::Origin;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(n, v): &(&'static str, &'static str)| (HeaderName::from_static(n), HeaderValue::from_static(v));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn sockets_by_origin() {
        let listed = ["https://desk.example".to_owned()];
        for (pairs, allowed) in [
            (&[("host", "a.example")][..], true),
            (&[("host", "a.example"), ("origin", "https://a.example")], true),
            (&[("host", "a.example:8080"), ("origin", "http://a.example:8080")], true),
            (&[("host", "a.example"), ("origin", "https://desk.example")], true),
            (&[("host", "a.example"), ("origin", "https://b.example")], false),
            (&[("host", "a.example"), ("origin", "null")], false),
            (&[("host", "a.example"), ("origin", "https://a.example.evil")], false),
            (&[("origin", "https://a.example")], false),
        ] {
            assert_eq!(check_socket(&headers(pairs), &listed).is_ok(), allowed, "{pairs:?}");
        }
    }

    #[test]
    fn site_keys_by_their_own_origins() {
        let origins = [Origin::trusted("https://shop.example".to_owned())];
        for (pairs, allowed) in [
            (&[("origin", "https://shop.example")][..], true),
            (&[("origin", "https://shop.example:8443")], false),
            (&[("origin", "https://other.example"), ("host", "other.example")], false),
            (&[("origin", "null")], false),
            (&[], true),
        ] {
            assert_eq!(check_site(&headers(pairs), &origins).is_ok(), allowed, "{pairs:?}");
        }
    }

    #[test]
    fn changes_by_site_and_origin() {
        for (method, pairs, allowed) in [
            (Method::GET, &[("sec-fetch-site", "cross-site")][..], true),
            (Method::POST, &[("sec-fetch-site", "cross-site")], false),
            (Method::POST, &[("sec-fetch-site", "same-site"), ("origin", "https://b.a.example"), ("host", "a.example")], false),
            (Method::POST, &[("sec-fetch-site", "same-origin"), ("origin", "https://a.example")], true),
            (Method::DELETE, &[("origin", "https://a.example"), ("host", "a.example")], true),
            (Method::DELETE, &[("origin", "https://b.example"), ("host", "a.example")], false),
            (Method::PUT, &[("host", "a.example")], true),
        ] {
            assert_eq!(check_change(&method, &headers(pairs), &[]).is_ok(), allowed, "{method} {pairs:?}");
        }
    }
}
