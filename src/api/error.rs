//! What the API says when it cannot do as asked: RFC 9457 problems.
//!
//! The only place that knows status codes of failures. Every code stands in [`CODES`] with its cure, and the reference
//! page is made from that table. What went wrong inside is logged here and never sent.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::requests::RequestId;
use crate::domain::{Fault, Invalid, MORE_FAULTS};
use crate::store::StoreError;

/// A kind of failure, stable for programs.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The word in `code`.
    pub word: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What happened, for people.
    pub title: &'static str,
    /// What to do about it.
    pub cure: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $title:literal, $cure:literal;)+) => {
        $($(#[$doc])* pub const $name: &Code = &Code { word: $word, status: $status, title: $title, cure: $cure };)+
        /// Every code there is, in the order of their status.
        pub const CODES: &[&Code] = &[$($name),+];
    };
}

codes! {
    /// The body could not be read at all.
    BODY_MALFORMED = "body_malformed", 400, "The body cannot be read", "Send well-formed JSON in the form that the reference shows.";
    /// The request did not come in time.
    BODY_INCOMPLETE = "body_incomplete", 400, "The body ended early", "Send as many bytes as Content-Length says.";
    /// The head of the request cannot be parsed.
    HEAD_MALFORMED = "head_malformed", 400, "The request is not HTTP", "Send a request of HTTP/1.1 as RFC 9112 has it; a proxy in front speaks TLS and HTTP/2.";
    /// There is no Host, or more than one, or it is none.
    HOST_INVALID = "host_invalid", 400, "The header Host is at fault", "Send one header Host: the host, and the port where it is not the usual one.";
    /// A parameter of the query that nobody knows.
    PARAMETER_UNKNOWN = "parameter_unknown", 400, "Unknown query parameter", "Leave it out, or spell it as the reference does.";
    /// A parameter whose value cannot be used.
    PARAMETER_INVALID = "parameter_invalid", 400, "A parameter cannot be used", "See errors for each parameter and its rule.";
    /// A filter set that cannot be used.
    FILTER_INVALID = "filter_invalid", 400, "The filter set cannot be used", "See errors for each field and its rule.";
    /// A cursor that this server never made.
    CURSOR_INVALID = "cursor_invalid", 400, "Not a cursor", "Use a cursor as the server gave it, unchanged.";
    /// Only other subprotocols were offered.
    SUBPROTOCOL_UNKNOWN = "subprotocol_unknown", 400, "No common subprotocol", "Offer tidings.v1, or no subprotocol.";
    /// A WebSocket was asked for in a wrong way.
    HANDSHAKE_INVALID = "handshake_invalid", 400, "The WebSocket handshake is at fault", "Connect with a WebSocket client, or read /v1/activities/stream.";
    /// No credential, or none that counts.
    UNAUTHORISED = "unauthorised", 401, "Not signed in", "Send a key as Authorization: Bearer KEY, or sign in.";
    /// Somebody could not be signed in, for whatever reason.
    SIGN_IN_FAILED = "sign_in_failed", 401, "Nobody could be signed in", "Look at the email and the password, or ask for a link to choose another.";
    /// The password is right, and a code is needed beside it.
    CODE_REQUIRED = "code_required", 401, "A code is needed too", "Send code as the app of the second factor shows it, or a recovery code.";
    /// The key may not do this.
    SCOPE_MISSING = "scope_missing", 403, "The key has not this scope", "Use a key with the scope that detail names.";
    /// Somebody who is no key may not do this.
    RIGHT_MISSING = "right_missing", 403, "You may not do this", "Ask an owner of the workspace for the right that detail names.";
    /// The key is bound to another event.
    EVENT_FORBIDDEN = "event_forbidden", 403, "The key is bound to another event", "Name only the event of the key, or use another key.";
    /// The credential reads one view, and another was named.
    VIEW_FORBIDDEN = "view_forbidden", 403, "Only one view may be read with this", "Leave view out, or name that one.";
    /// A filter asks for what the caller's mask leaves out.
    FIELD_MASKED = "field_masked", 403, "What it asks for is left out for you", "Ask without the field that detail names.";
    /// A browser came from a site that is not allowed.
    ORIGIN_FORBIDDEN = "origin_forbidden", 403, "This origin is not allowed", "Add the origin to `origins` of the server's configuration.";
    /// There is no such thing, or not for this key.
    NOT_FOUND = "not_found", 404, "Not found", "Check the path; what belongs to another workspace is not found either.";
    /// A view that there is not, or not for whoever asks.
    VIEW_UNKNOWN = "view_unknown", 404, "There is no such view", "Name one of GET /v1/views, or leave view out.";
    /// No screen shows this code.
    CODE_UNKNOWN = "code_unknown", 404, "No screen shows this code", "Look at the screen again: a code is good for ten minutes and once.";
    /// Nobody waits by this.
    POLL_UNKNOWN = "poll_unknown", 404, "No screen waits by this", "Ask for another code with POST /v1/screens.";
    /// The path is there, the method is not.
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The path has not this method", "Use one of the methods in Allow.";
    /// The client was too slow.
    BODY_TIMEOUT = "body_timeout", 408, "The body took too long", "Send it faster, or in smaller requests.";
    /// The same id with other content is stored.
    ID_CONFLICT = "id_conflict", 409, "The id is taken by other content", "Give a new activity a new id; send the same one unchanged.";
    /// What is to be deleted is used.
    IN_USE = "in_use", 409, "It is in use", "Delete or change first what detail names.";
    /// Only somebody who signed in by themselves has a password.
    NO_MEMBER = "no_member", 409, "You did not sign in as a member", "Sign in with your email and password first.";
    /// Nobody would be left to answer for the workspace.
    LAST_OWNER = "last_owner", 409, "They are the last owner", "Make somebody else an owner first.";
    /// They are a member already.
    MEMBER_EXISTS = "member_exists", 409, "They are a member already", "Change that member.";
    /// Their password opens another workspace too.
    MEMBER_ELSEWHERE = "member_elsewhere", 409, "They are a member elsewhere too", "They ask for a link themselves, or whoever runs the server makes one: tidings user reset.";
    /// An alert that does not fire needs nobody.
    NOT_FIRING = "not_firing", 409, "The alert does not fire", "Nothing is to be done; GET it to see since when.";
    /// The activity was erased.
    ERASED = "erased", 410, "The activity was erased", "Nothing of it is left; its id stays taken.";
    /// The cursor was good once.
    CURSOR_GONE = "cursor_gone", 410, "The cursor cannot be continued", "Read again from the newest page.";
    /// An import that can be taken back no more.
    IMPORT_OVER = "import_over", 410, "It can be taken back no more", "It was taken back already, or it is more than 30 days old: change the partners themselves.";
    /// The condition that the request makes does not hold.
    PRECONDITION_FAILED = "precondition_failed", 412, "What the request made a condition is not so", "See errors; read it again and send what you want with its ETag of now, or send it without If-Match and If-None-Match.";
    /// Too many bytes or too many drafts.
    BODY_TOO_LARGE = "body_too_large", 413, "Too much in one request", "Send less at once; the limits are in detail.";
    /// The target of the request is too long.
    URI_TOO_LONG = "uri_too_long", 414, "The address is too long", "Send a shorter one; a filter set in a query has at most 16 KiB.";
    /// The body is of a type that is not taken here.
    MEDIA_TYPE = "media_type_unsupported", 415, "This type of body is not taken", "Send one of the types that detail names.";
    /// The body can be read, but fields are at fault.
    INVALID = "invalid", 422, "Fields are at fault", "See errors for each field and its rule.";
    /// Nothing may be sent to an address.
    RECEIVER_FORBIDDEN = "receiver_forbidden", 422, "Nothing is sent to this address", "Name an https address whose host the internet reaches.";
    /// A list holds what cannot be used.
    IMPORT_FAULTY = "import_faulty", 422, "The list cannot be imported as it is", "See errors for each line; mend them, or send it with mode=good, which leaves them out.";
    /// A WebSocket was expected, or one of version 13.
    UPGRADE_REQUIRED = "upgrade_required", 426, "This is a WebSocket", "Connect with a WebSocket client of version 13, or read /v1/activities/stream.";
    /// The key is over its rate.
    RATE_LIMITED = "rate_limited", 429, "Over the rate of this key", "Wait as long as Retry-After says.";
    /// More things would be made on first sight than may be.
    QUOTA_EXCEEDED = "quota_exceeded", 429, "Too many new things", "Make events, partners, messages and campaigns by PUT in the directory, or wait as long as Retry-After says; what names nothing new always goes through.";
    /// The head of the request is too large.
    HEAD_TOO_LARGE = "head_too_large", 431, "The head of the request is too large", "Send fewer and shorter headers: at most 100, and 32 KiB in all.";
    /// A fault of ours.
    INTERNAL = "internal", 500, "A fault of the server", "Try again; if it stays, look into the server's log.";
    /// Too much at once for this server.
    OVERLOADED = "overloaded", 503, "The server is busy", "Wait as long as Retry-After says, then send it again.";
    /// The database cannot be used right now.
    UNAVAILABLE = "unavailable", 503, "The database cannot be used right now", "Wait as long as Retry-After says, then send it again.";
    /// The server is going down.
    DRAINING = "draining", 503, "The server is restarting", "Wait as long as Retry-After says, then send it again.";
}

/// A failure on its way to the client.
#[derive(Debug)]
pub struct Problem {
    code: &'static Code,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after_s: Option<u64>,
    demo: bool,
}

impl Problem {
    /// A failure with this code; `detail` says what exactly, for people.
    pub fn new(code: &'static Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new(), retry_after_s: None, demo: false }
    }

    /// A failure with every field that is at fault.
    pub fn invalid(code: &'static Code, invalid: Invalid) -> Self {
        let invalid = invalid.closed();
        let detail = match invalid.faults.as_slice() {
            [one] if one.path.is_empty() => one.message.clone(),
            [one] => format!("{}: {}", one.path, one.message),
            [.., last] if last.code == MORE_FAULTS => "many fields are at fault; errors names the first of them".into(),
            many => format!("{} fields are at fault", many.len()),
        };
        Self { faults: invalid.faults, ..Self::new(code, detail) }
    }

    /// There is no such thing here.
    pub fn not_found(what: &str) -> Self {
        Self::new(NOT_FOUND, format!("there is no such {what}"))
    }

    /// Says when to come again: at least `seconds`, and up to half as much later so that not all return at once.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        let spread = seconds / 2 + 2;
        // Without randomness everybody returns at the same time, which is no fault of the answer.
        self.retry_after_s = Some(seconds.max(1) + u64::from(getrandom::u32().unwrap_or(0)) % spread);
        self
    }

    /// Says that this is a demo, where one click signs in.
    pub const fn in_demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// Every field that is at fault.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Its code.
    pub const fn code(&self) -> &'static Code {
        self.code
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Exists(what) => Self::new(INTERNAL, "").logged(&format!("{what} exists already")),
            StoreError::Unavailable(_) => Self::new(UNAVAILABLE, UNAVAILABLE.cure).retry_after(1).logged(&fault),
            StoreError::Busy(_) => {
                Self::new(OVERLOADED, "too many reads wait for their turn; ask again a moment later, or for less").retry_after(1)
            }
            StoreError::Corrupt(_) | StoreError::Refused(_) => Self::new(INTERNAL, INTERNAL.cure).logged(&fault),
        }
    }
}

impl Problem {
    fn logged(self, fault: &dyn std::fmt::Display) -> Self {
        tracing::error!(request_id = %RequestId::current(), code = self.code.word, %fault, "a request failed inside");
        self
    }
}

/// The body of a problem.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What happened, for people.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened, for programs; the words are stable.
    code: &'a str,
    /// What exactly.
    detail: &'a str,
    /// Every field that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FaultBody<'a>>>,
    /// True on a demo server, where `POST /v1/session {"demo":true}` signs in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    demo: bool,
    /// The request, as the log names it; the same as in `X-Request-Id`.
    request_id: String,
}

/// One field at fault.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody<'a> {
    /// Where: `occurred_at`, `properties.amount`, `not.device[0]`.
    pub path: &'a str,
    /// Which rule, for programs.
    pub code: &'a str,
    /// The rule and its cure, for people.
    pub message: &'a str,
}

impl<'a> From<&'a Fault> for FaultBody<'a> {
    fn from(fault: &'a Fault) -> Self {
        Self { path: &fault.path, code: fault.code, message: &fault.message }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ProblemBody {
            kind: format!("/docs#{}", self.code.word),
            title: self.code.title,
            status: self.code.status,
            code: self.code.word,
            detail: if self.detail.is_empty() { self.code.cure } else { &self.detail },
            errors: (!self.faults.is_empty()).then(|| self.faults.iter().map(FaultBody::from).collect()),
            demo: self.demo,
            request_id: RequestId::current().to_string(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == UNAUTHORISED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tidings\""));
        }
        // By these a program finds out what it should have asked for (RFC 6455, 4.4, and RFC 9110, 15.5.22).
        if self.code == UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        if self.code == UPGRADE_REQUIRED || self.code == HANDSHAKE_INVALID {
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        // A body that was not read to its end would be taken for the next request, and who sends such a head sends another.
        if [BODY_TIMEOUT, BODY_TOO_LARGE, BODY_INCOMPLETE, HOST_INVALID, HEAD_TOO_LARGE].contains(&self.code) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, Problem, RATE_LIMITED};

    #[test]
    fn codes_are_distinct_and_explained() {
        for (at, code) in CODES.iter().enumerate() {
            assert!(CODES[..at].iter().all(|other| other.word != code.word), "{} twice", code.word);
            assert!(code.word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", code.word);
            assert!((400..600).contains(&code.status) && code.cure.ends_with('.'), "{}", code.word);
            assert!(at == 0 || CODES[at - 1].status <= code.status, "{} is out of order", code.word);
        }
    }

    #[test]
    fn retry_after_is_spread_but_never_early() {
        for _ in 0..100 {
            let seconds = Problem::new(RATE_LIMITED, "").retry_after(4).retry_after_s.expect("set");
            assert!((4..8).contains(&seconds), "{seconds}");
        }
    }
}
