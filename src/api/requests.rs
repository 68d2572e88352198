//! Requests as the log tells them: an id each, and one line each when its answer has been taken or its reader is gone.
//!
//! A line names the route by its template and who asked by kind and number. It never holds what a client wrote: no path, no
//! query, no header, no body. Secrets stand in those.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;

use crate::auth::{Actor, Principal, WorkspaceId};

/// The header of every answer that names its request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in its answer and in the log. Always ours: what a client sends of the kind is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(u64);

tokio::task_local! {
    static CURRENT: RequestId;
}

impl RequestId {
    /// A new one. Each process begins somewhere else and counts from there.
    pub fn next() -> Self {
        static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(getrandom::u64().unwrap_or(0)));
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// That of the request that is being answered here, or a new one where none is.
    pub fn current() -> Self {
        CURRENT.try_with(|id| *id).unwrap_or_else(|_| Self::next())
    }

    /// Answers a request under this id.
    pub fn within<F: Future>(self, answering: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, answering)
    }

    /// As a header has it.
    pub fn header(self) -> HeaderValue {
        // Sixteen hexadecimal digits, which a header always takes.
        HeaderValue::from_str(&self.to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What is known of a request once it has been answered; it goes with the answer up to the socket.
#[derive(Debug, Clone)]
pub struct Known {
    /// The template of its route.
    pub route: Cow<'static, str>,
    /// Where whoever asked may act, and who that was.
    pub asked_by: Option<(WorkspaceId, Actor)>,
}

impl Known {
    /// Of a request to a route, by somebody or nobody.
    pub fn of(route: &'static str, principal: Option<&Principal>) -> Self {
        Self { route: Cow::Borrowed(route), asked_by: principal.map(|principal| (principal.workspace, principal.actor)) }
    }

    /// Lets it go with an answer that tells nothing yet.
    pub fn or_insert_with(response: &mut Response, known: impl FnOnce() -> Self) {
        if response.extensions().get::<Self>().is_none() {
            response.extensions_mut().insert(known());
        }
    }
}

/// The line of one request, written when this is dropped.
#[derive(Debug)]
pub struct Line {
    /// The request.
    pub id: RequestId,
    /// When its head was read.
    pub started: Instant,
    /// Its method.
    pub method: Method,
    /// The status of its answer.
    pub status: StatusCode,
    /// What else is known; nothing of requests to the operations listener, which come every few seconds.
    pub known: Option<Known>,
    /// Bytes of its body, as far as they were read.
    pub bytes_in: u64,
    /// Bytes of its answer's body, as far as they were taken.
    pub bytes_out: u64,
}

impl Line {
    /// A request whose head has been read.
    pub fn begun(id: RequestId, method: Method) -> Self {
        Self { id, started: Instant::now(), method, status: StatusCode::OK, known: None, bytes_in: 0, bytes_out: 0 }
    }

    /// Its answer begins: takes what is known of the request from it, and puts the id on it.
    pub fn answered(&mut self, response: &mut Response) {
        self.status = response.status();
        self.known = response.extensions_mut().remove();
        response.headers_mut().insert(REQUEST_ID, self.id.header());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { id, started, method, status, known, bytes_in, bytes_out } = self;
        let Some(Known { route, asked_by }) = known else {
            tracing::debug!(request_id = %id, %method, status = status.as_u16(), "operations request");
            return;
        };
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
        let ms = started.elapsed().as_micros() as f64 / 1_000.0;
        let (status, bytes_in, bytes_out) = (status.as_u16(), *bytes_in, *bytes_out);
        let route = &**route;
        match asked_by {
            Some((workspace, actor)) => {
                let workspace = workspace.number();
                tracing::info!(request_id = %id, %method, route, status, ms, bytes_in, bytes_out, workspace, %actor, "request");
            }
            None => tracing::info!(request_id = %id, %method, route, status, ms, bytes_in, bytes_out, "request"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[tokio::test]
    async fn each_request_has_an_id_of_its_own_as_long_as_it_is_answered() {
        let (one, other) = (RequestId::next(), RequestId::next());
        assert!(one != other && one.to_string().len() == 16);
        assert_eq!(one.within(async { RequestId::current() }).await, one);
        assert_ne!(RequestId::current(), one);
        assert_eq!(other.header(), other.to_string());
    }
}
