//! Reading a request's body: bounded in bytes, in time and in how little may come.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::error::{BODY_INCOMPLETE, BODY_MALFORMED, BODY_TIMEOUT, BODY_TOO_LARGE, MEDIA_TYPE, Problem};
use super::fields::Fields;
use crate::domain::Invalid;

/// Time between two pieces of a body.
const PIECE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that a body of any size may take.
const BODY_TIMEOUT_BASE: Duration = Duration::from_secs(10);
/// Bytes a second that a body must come with beyond that.
const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;
/// Bytes of a body of the directory, of keys and sessions. Recipients are the largest: 10,000 keys of 128 bytes.
pub const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Reads a body of at most `bytes_max`, as sent.
///
/// # Errors
/// [`BODY_TOO_LARGE`], [`BODY_TIMEOUT`] or [`BODY_INCOMPLETE`].
pub async fn read(headers: &HeaderMap, mut body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if told.is_some_and(|told| told > bytes_max) {
        return Err(too_large(bytes_max));
    }
    let started = Instant::now();
    let mut whole = Whole::Nothing;
    loop {
        let so_far = whole.len() as u64;
        let allowed = BODY_TIMEOUT_BASE + Duration::from_secs(so_far / BYTES_PER_SECOND_MIN);
        let deadline = (Instant::now() + PIECE_TIMEOUT).min(started + allowed);
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Problem::new(BODY_TIMEOUT, BODY_TIMEOUT.cure)),
            Ok(None) => return Ok(whole.into_bytes()),
            Ok(Some(Err(_))) => return Err(Problem::new(BODY_INCOMPLETE, BODY_INCOMPLETE.cure)),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(piece) = frame.into_data() else { continue };
        if whole.len() + piece.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        whole = whole.with(piece, told.unwrap_or(0).min(bytes_max));
    }
}

/// A body as far as it has come: most come in one piece, which is then not copied.
enum Whole {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(piece) => piece.len(),
            Self::Many(pieces) => pieces.len(),
        }
    }

    fn with(self, piece: Bytes, told: usize) -> Self {
        match self {
            Self::Nothing => Self::One(piece),
            Self::One(first) => {
                // Room as it fills, not as it was told: a stranger's word reserves no memory.
                let mut pieces = BytesMut::with_capacity((first.len() + piece.len()).max(told.min(64 * 1024)));
                pieces.extend_from_slice(&first);
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
            Self::Many(mut pieces) => {
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(piece) => piece,
            Self::Many(pieces) => pieces.freeze(),
        }
    }
}

/// Reads a body that must be one JSON object.
///
/// # Errors
/// As [`read`], and [`MEDIA_TYPE`] or [`BODY_MALFORMED`].
pub async fn read_object(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?"));
    let essence = kind.map(|k| k.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    if essence.as_deref().is_some_and(|k| k != "application/json") {
        return Err(Problem::new(MEDIA_TYPE, "send Content-Type: application/json"));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::new(MEDIA_TYPE, "send this body without Content-Encoding"));
    }
    let bytes = read(headers, body, JSON_BYTES_MAX).await?;
    match serde_json::from_slice::<serde_json::Value>(&bytes) {
        Ok(serde_json::Value::Object(object)) => Ok(Fields::new(object)),
        Ok(_) => Err(Problem::new(BODY_MALFORMED, "the body must be one JSON object")),
        Err(fault) => Err(Problem::invalid(BODY_MALFORMED, Invalid::one("", "json", format!("the body is not JSON: {fault}")))),
    }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(BODY_TOO_LARGE, format!("the body is larger than {bytes_max} bytes"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{HeaderMap, HeaderValue, header};
    use bytes::Bytes;
    use futures::stream;

    use super::{read, read_object};

    fn pieces(pieces: &[&'static str]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|p| Ok::<_, std::io::Error>(Bytes::from_static(p.as_bytes()))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn reads_up_to_the_limit() {
        let none = HeaderMap::new();
        for (given, max, want) in [
            (&[][..], 4, Ok("")),
            (&["abcd"], 4, Ok("abcd")),
            (&["ab", "cd", "e"], 5, Ok("abcde")),
            (&["ab", "cd", "e"], 4, Err("body_too_large")),
        ] {
            let got = read(&none, pieces(given), max).await.map_err(|p| p.code().word);
            assert_eq!(got, want.map(Bytes::from_static_str), "{given:?}");
        }
        let mut told = HeaderMap::new();
        told.insert(header::CONTENT_LENGTH, HeaderValue::from_static("99999"));
        assert_eq!(read(&told, pieces(&[]), 4).await.expect_err("told too much").code().word, "body_too_large");
    }

    trait FromStaticStr {
        fn from_static_str(text: &'static str) -> Self;
    }

    impl FromStaticStr for Bytes {
        fn from_static_str(text: &'static str) -> Self {
            Self::from_static(text.as_bytes())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), body, 4).await.expect_err("silent").code().word, "body_timeout");
    }

    #[tokio::test]
    async fn an_object_or_the_reason() {
        let mut form = HeaderMap::new();
        form.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let mut json = HeaderMap::new();
        json.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        for (headers, body, want) in [
            (&form, "{}", Some("media_type_unsupported")),
            (&json, "{}", None),
            (&HeaderMap::new(), "{}", None),
            (&json, "[]", Some("body_malformed")),
            (&json, "{", Some("body_malformed")),
            (&json, "", Some("body_malformed")),
        ] {
            let got = read_object(headers, Body::from(body)).await.err().map(|p| p.code().word);
            assert_eq!(got, want, "{body:?}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read_object(&json, Body::from(deep)).await.err().map(|p| p.code().word), Some("body_malformed"));
    }
}
