//! Reading a request's body: bounded in bytes by its route, in time and in how little may come.
//!
//! Nothing is read that is larger than the route table says, or before there is a place for it among the requests under way,
//! which are one budget over all connections. Nothing long is parsed on a thread that serves others.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::Api;
use super::activities::refused;
use super::authenticate::Caller;
use super::error::{BODY_INCOMPLETE, BODY_MALFORMED, BODY_TIMEOUT, BODY_TOO_LARGE, INTERNAL, MEDIA_TYPE, Problem};
use super::read::{self, Fields, Read};
use crate::domain::Invalid;
use crate::ingest::Place;

/// Time between two pieces of a body.
const PIECE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that a body of any size may take.
const BODY_TIMEOUT_BASE: Duration = Duration::from_secs(10);
/// Bytes a second that a body must come with beyond that.
const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;
/// Bytes by which the place of a body grows that does not tell its length.
const STEP_BYTES: usize = 64 * 1024;
/// Bytes that are parsed on the thread that serves the connection; more goes to a blocking one.
const PARSE_HERE_BYTES_MAX: usize = 64 * 1024;

/// The type of a body of JSON, and of a patch.
pub const JSON: &str = "application/json";
/// The type of a patch by RFC 7396.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// Bytes of the largest body that a request's route takes.
#[derive(Debug, Clone, Copy)]
pub struct BodyMax(pub usize);

/// What was sent with a request: its headers, and a body that is not read yet.
#[derive(Debug)]
pub struct Sent {
    /// The headers.
    pub headers: HeaderMap,
    /// Its place among the requests under way.
    pub place: Place,
    body: Body,
    bytes_max: usize,
}

impl FromRequest<Arc<Api>> for Sent {
    type Rejection = Problem;

    /// Takes a place as long as the body is said to be, before anything of it is read.
    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let BodyMax(bytes_max) = parts.extensions.get().copied().unwrap_or(BodyMax(0));
        let owner = parts.extensions.get::<Caller>().map(|caller| caller.principal.workspace);
        let place = api.ingest.reserve(owner, told(&parts.headers).unwrap_or(0).min(bytes_max)).map_err(refused)?;
        Ok(Self { headers: parts.headers, place, body, bytes_max })
    }
}

impl Sent {
    /// Reads the body, as sent; the headers are left.
    ///
    /// # Errors
    /// [`BODY_TOO_LARGE`], [`BODY_TIMEOUT`], [`BODY_INCOMPLETE`], or what [`refused`] tells.
    pub async fn bytes(&mut self) -> Result<Bytes, Problem> {
        let place = &mut self.place;
        let grow = |bytes| place.grow_to(bytes).map_err(refused);
        read(&self.headers, std::mem::take(&mut self.body), self.bytes_max, grow).await
    }

    /// Reads a body that must be one JSON object as what it declares to be.
    ///
    /// # Errors
    /// As [`Self::bytes`], [`MEDIA_TYPE`], [`BODY_MALFORMED`], and every fault of the fields.
    pub async fn read<T: Read>(&mut self) -> Result<T, Problem> {
        self.read_by(T::read).await
    }

    /// The same, by a declaration that knows more than the type.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_by<T, F>(&mut self, declare: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Fields) -> Option<T> + Send + 'static,
    {
        check_is_json(&self.headers, &[JSON])?;
        self.object(|object| read::read(object, declare)).await
    }

    /// Reads a patch of an object, of which nothing is held against anything yet.
    ///
    /// # Errors
    /// As [`Self::read`], but for its fields.
    pub async fn patch(&mut self) -> Result<Map<String, Value>, Problem> {
        check_is_json(&self.headers, &[MERGE_PATCH, JSON])?;
        self.object(Ok).await
    }

    async fn object<T, F>(&mut self, take: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(Map<String, Value>) -> Result<T, Problem> + Send + 'static,
    {
        let bytes = self.bytes().await?;
        if bytes.len() <= PARSE_HERE_BYTES_MAX {
            return take(object_of(&bytes)?);
        }
        let parsed = tokio::task::spawn_blocking(move || take(object_of(&bytes)?));
        parsed.await.unwrap_or_else(|_| Err(Problem::new(INTERNAL, INTERNAL.cure)))
    }
}

async fn read(
    headers: &HeaderMap,
    mut body: Body,
    bytes_max: usize,
    mut grow: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    let told = told(headers);
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
        // Where no length was told: in steps, so that it is not asked for every piece.
        if told.is_none() {
            grow((whole.len() + piece.len()).next_multiple_of(STEP_BYTES).min(bytes_max))?;
        }
        whole = whole.with(piece, told.unwrap_or(0).min(bytes_max));
    }
}

/// How long the body is said to be.
pub fn told(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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

fn check_is_json(headers: &HeaderMap, taken: &[&str]) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?"));
    let essence = kind.map(|k| k.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    if essence.as_deref().is_some_and(|k| !taken.contains(&k)) {
        return Err(Problem::new(MEDIA_TYPE, format!("send Content-Type: {}", taken.join(" or "))));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::new(MEDIA_TYPE, "send this body without Content-Encoding"));
    }
    Ok(())
}

fn object_of(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(object)) => Ok(object),
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

    use super::{PARSE_HERE_BYTES_MAX, Sent, read};
    use crate::api::read::rule::Name;
    use crate::ingest::{Place, Refused};

    /// The `a` of an object in a body of at most so many bytes, or the code.
    async fn a_of(headers: &HeaderMap, body: impl Into<Body>, bytes_max: usize) -> Result<Option<String>, &'static str> {
        let mut sent = Sent { headers: headers.clone(), place: Place::alone(), body: body.into(), bytes_max };
        sent.read_by(|fields| Some(fields.optional("a", Name, "A."))).await.map_err(|p| p.code().word)
    }

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
            let got = read(&none, pieces(given), max, |_| Ok(())).await.map_err(|p| p.code().word);
            assert_eq!(got, want.map(Bytes::from_static_str), "{given:?}");
        }
        let mut told = HeaderMap::new();
        told.insert(header::CONTENT_LENGTH, HeaderValue::from_static("99999"));
        assert_eq!(read(&told, pieces(&[]), 4, |_| Ok(())).await.expect_err("told too much").code().word, "body_too_large");
    }

    #[tokio::test]
    async fn what_tells_no_length_asks_for_room_as_it_comes() {
        let piece = "x".repeat(40_000);
        let body = |count| {
            let piece = Bytes::from(piece.clone());
            Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone()))))
        };
        let mut asked = Vec::new();
        let none = HeaderMap::new();
        let whole = read(&none, body(4), 150_000, |bytes| {
            asked.push(bytes);
            Ok(())
        })
        .await;
        assert_eq!((whole.expect_err("too much").code().word, asked), ("body_too_large", vec![65_536, 131_072, 131_072]));
        let mut place = Place::alone();
        let grow = |bytes| if bytes > 65_536 { Err(super::refused(Refused::Busy)) } else { place.grow_to(bytes).map_err(super::refused) };
        assert_eq!(read(&none, body(3), 150_000, grow).await.expect_err("no room").code().word, "overloaded");
        let mut told = HeaderMap::new();
        told.insert(header::CONTENT_LENGTH, HeaderValue::from_static("80000"));
        let whole = read(&told, body(2), 150_000, |_| panic!("its place is as long as was told")).await;
        assert_eq!(whole.expect("whole").len(), 80_000);
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
        assert_eq!(read(&HeaderMap::new(), body, 4, |_| Ok(())).await.expect_err("silent").code().word, "body_timeout");
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
            assert_eq!(a_of(headers, body, 100).await.err(), want, "{body:?}");
        }
        assert_eq!(a_of(&json, r#"{"a":"b"}"#, 8).await, Err("body_too_large"));
        assert_eq!(a_of(&json, r#"{"a":"b","c":1}"#, 100).await, Err("invalid"));
        // On a thread of its own, with the same result.
        let long = |a: &str| format!("{{\"a\":{a}{}}}", " ".repeat(PARSE_HERE_BYTES_MAX));
        assert_eq!(a_of(&json, long("\"b\""), usize::MAX).await, Ok(Some("b".to_owned())));
        assert_eq!(a_of(&json, long("1"), usize::MAX).await, Err("invalid"));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(a_of(&json, deep, usize::MAX).await, Err("body_malformed"));
    }
}
