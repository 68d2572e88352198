//! The head of a request: what of it is refused before anything is done, and the answers that are given without a router.
//!
//! hyper refuses by itself what it cannot parse, with a bare status. Such an answer is replaced on its way to the socket, so
//! that every answer of this server has a reason, a cure and the security headers, whoever wrote it.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, Version, header};

use super::edge::SECURITY_HEADERS;
use super::error::{Code, HEAD_MALFORMED, HEAD_TOO_LARGE, HOST_INVALID, OVERLOADED, Problem, URI_TOO_LONG};
use super::requests::{REQUEST_ID, RequestId};

/// Bytes of a request's head: its first line and its headers.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Lines of a request's head.
pub const HEAD_LINES_MAX: usize = 100;
/// Bytes that a line of a head has beside its name and value.
const LINE_BYTES: usize = ": \r\n".len();

/// What is wrong with the head of a request, if anything is.
pub fn refusal(request: &Request) -> Option<Problem> {
    // hyper reads into a buffer that grows in steps, so its own limit is only near to ours.
    let size = size_of(request.uri(), request.headers());
    if size > HEAD_BYTES_MAX {
        return Some(Problem::new(HEAD_TOO_LARGE, format!("the head is {size} bytes; at most {HEAD_BYTES_MAX}")));
    }
    host_fault(request.version(), request.uri(), request.headers()).map(|why| Problem::new(HOST_INVALID, why))
}

fn size_of(uri: &Uri, headers: &HeaderMap) -> usize {
    let path = uri.path_and_query().map_or(1, |path| path.as_str().len());
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_BYTES).sum::<usize>() + path
}

/// RFC 9112, 3.2: a request of HTTP/1.1 has one Host, which is a host and at most a port.
fn host_fault(version: Version, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let Some(host) = hosts.next() else {
        return (version == Version::HTTP_11 && uri.authority().is_none()).then_some("the header Host is missing");
    };
    if hosts.next().is_some() {
        return Some("the header Host is given more than once");
    }
    let good = host.to_str().ok().filter(|host| !host.contains('@')).is_some_and(|host| {
        // An empty Host is allowed where the target has no authority.
        host.is_empty() || host.parse::<axum::http::uri::Authority>().is_ok()
    });
    (!good).then_some("the header Host is not a host, or a host and a port")
}

/// A whole answer, connection closed after it. It belongs to no request that could be told by a line of its own.
fn canned(code: &Code, more: &str) -> Vec<u8> {
    let id = RequestId::next();
    tracing::debug!(request_id = %id, code = code.word, "answered without a router");
    let body = serde_json::json!({
        "type": format!("/docs#{}", code.word), "title": code.title, "status": code.status, "code": code.word, "detail": code.cure,
        "request_id": id.to_string(),
    })
    .to_string();
    let mut head = format!("HTTP/1.1 {} {}\r\n{more}{REQUEST_ID}: {id}\r\nconnection: close\r\n", code.status, reason(code.status));
    for (name, value) in SECURITY_HEADERS {
        head.push_str(&format!("{}: {value}\r\n", name.as_str()));
    }
    head.push_str(&format!(
        "cache-control: no-store\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    head.into_bytes()
}

fn reason(status: u16) -> &'static str {
    axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Refused")
}

/// What a connection beyond the limits is told.
pub fn overloaded() -> Vec<u8> {
    canned(OVERLOADED, "retry-after: 5\r\n")
}

/// Why hyper has written these bytes by itself, where they are an answer that it has.
pub fn written_by_hyper(bytes: &[u8]) -> Option<&'static Code> {
    const ANSWERS: [(&[u8], &Code); 3] = [
        (b"HTTP/1.1 400 ".as_slice(), HEAD_MALFORMED),
        (b"HTTP/1.1 414 ".as_slice(), URI_TOO_LONG),
        (b"HTTP/1.1 431 ".as_slice(), HEAD_TOO_LARGE),
    ];
    // Most answers end here, at their status.
    if !bytes.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let (_, code) = ANSWERS.into_iter().find(|(line, _)| bytes.starts_with(line))?;
    // Every answer of ours has this header.
    memchr::memmem::find(bytes, header::X_CONTENT_TYPE_OPTIONS.as_str().as_bytes()).is_none().then_some(code)
}

/// What is sent in place of these bytes, where hyper has written them by itself.
pub fn in_place_of(bytes: &[u8]) -> Option<Vec<u8>> {
    written_by_hyper(bytes).map(|code| canned(code, ""))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, Version};

    use super::{HEAD_BYTES_MAX, canned, in_place_of, overloaded, refusal};
    use crate::api::error::{HEAD_MALFORMED, INVALID};

    fn check(request: axum::http::request::Builder, want: Option<&str>) {
        let request = request.body(Body::empty()).expect("a request");
        assert_eq!(refusal(&request).map(|problem| problem.code().word), want, "{request:?}");
    }

    #[test]
    fn a_head_has_one_host_and_a_size() {
        let to = |uri: &str| Request::get(uri);
        check(to("/v1/events").header("host", "feed.example"), None);
        check(to("/v1/events").header("host", "[2001:db8::1]:8080"), None);
        check(to("/v1/events").header("host", ""), None);
        check(to("http://feed.example/v1/events"), None);
        check(to("/v1/events").version(Version::HTTP_10), None);
        check(to("/v1/events"), Some("host_invalid"));
        check(to("/v1/events").header("host", "a.example").header("host", "b.example"), Some("host_invalid"));
        check(to("/v1/events").header("host", "a.example/x"), Some("host_invalid"));
        check(to("/v1/events").header("host", "somebody@a.example"), Some("host_invalid"));
        check(to("/v1/events").header("host", "a b"), Some("host_invalid"));
        let most = HEAD_BYTES_MAX - "/host: a\r\nx: \r\n".len();
        check(to("/").header("host", "a").header("x", "y".repeat(most)), None);
        check(to("/").header("host", "a").header("x", "y".repeat(most + 1)), Some("head_too_large"));
    }

    #[test]
    fn answers_without_a_router_are_whole() {
        for answer in [overloaded(), canned(HEAD_MALFORMED, "")] {
            let text = std::str::from_utf8(&answer).expect("ascii");
            let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            let status = serde_json::from_str::<serde_json::Value>(body).expect("json")["status"].to_string();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains("content-security-policy: "), "{head}");
        }
    }

    #[test]
    fn only_what_hyper_wrote_is_replaced() {
        assert!(in_place_of(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").is_some());
        assert!(in_place_of(b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n").is_some());
        assert!(in_place_of(&canned(INVALID, "")).is_none());
        assert!(in_place_of(&canned(HEAD_MALFORMED, "")).is_none());
        assert!(in_place_of(b"HTTP/1.1 200 OK\r\n\r\n").is_none());
        assert!(in_place_of(b"").is_none());
    }
}
