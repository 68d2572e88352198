//! What each route needs of its caller, checked before its handler runs.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::authenticate::{Caller, Presented};
use super::error::{EVENT_FORBIDDEN, Problem, SCOPE_MISSING};
use super::origin;
use super::query::Query;
use crate::auth::{Principal, Scope};
use crate::domain::Key;
use crate::telemetry::{HTTP_REQUESTS, HTTP_SECONDS};

/// What a route needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anybody may ask.
    Nothing,
    /// A credential, whatever its scopes.
    Credential,
    /// A credential with this scope.
    Scope(Scope),
    /// A credential with any of read and admin: what one may change one may see.
    ReadOrAdmin,
    /// The scope read, by header, cookie or `?ticket=`.
    Stream,
}

/// A route as the gate before it knows it.
#[derive(Clone)]
pub struct Gate {
    /// Everything the handlers work with.
    pub api: Arc<Api>,
    /// The route's path, as metrics tell it.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
}

/// Lets a request through to its handler with its [`Caller`], or answers for it; counts both.
pub async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = match admit(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    metrics::histogram!(HTTP_SECONDS, "route" => gate.path).record(started.elapsed());
    metrics::counter!(HTTP_REQUESTS, "route" => gate.path, "status" => status_word(response.status())).increment(1);
    response
}

async fn admit(gate: &Gate, mut request: Request) -> Result<Request, Problem> {
    if gate.needs == Needs::Nothing {
        return Ok(request);
    }
    let caller = identify(gate, request.uri(), request.headers()).await?;
    if caller.presented == Presented::Cookie {
        origin::check_change(request.method(), request.headers(), &gate.api.config.origins)?;
    }
    allow(&caller.principal, gate.needs)?;
    request.extensions_mut().insert(caller);
    Ok(request)
}

async fn identify(gate: &Gate, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Problem> {
    if gate.needs == Needs::Stream
        && let Some(ticket) = Query::new(uri.query()).one("ticket")
    {
        return gate.api.authenticator.by_ticket(&ticket).await;
    }
    let found = gate.api.authenticator.by_headers(headers).await;
    found.map_err(|problem| problem.in_demo(gate.api.config.demo.is_some()))
}

fn allow(principal: &Principal, needs: Needs) -> Result<(), Problem> {
    let (enough, wanted) = match needs {
        Needs::Nothing | Needs::Credential => (true, ""),
        Needs::Scope(scope) => (principal.scopes.has(scope), scope.as_str()),
        Needs::Stream => (principal.scopes.has(Scope::Read), Scope::Read.as_str()),
        Needs::ReadOrAdmin => (principal.scopes.has(Scope::Read) || principal.scopes.has(Scope::Admin), "read or admin"),
    };
    if enough { Ok(()) } else { Err(Problem::new(SCOPE_MISSING, format!("this needs a key with the scope {wanted}"))) }
}

/// Holds a caller whose key is bound to an event to that event.
///
/// # Errors
/// [`EVENT_FORBIDDEN`] when it is another one.
pub fn check_event(principal: &Principal, named: &Key) -> Result<(), Problem> {
    match &principal.event {
        Some(bound) if bound != named => Err(event_forbidden(bound, named.as_str())),
        _ => Ok(()),
    }
}

/// The key is bound to `bound` and `named` is not of it.
pub fn event_forbidden(bound: &Key, named: &str) -> Problem {
    Problem::new(EVENT_FORBIDDEN, format!("the key is bound to the event {bound} and may not name {named}"))
}

fn status_word(status: StatusCode) -> &'static str {
    const WORDS: [(u16, &str); 21] = [
        (101, "101"),
        (200, "200"),
        (201, "201"),
        (204, "204"),
        (303, "303"),
        (304, "304"),
        (400, "400"),
        (401, "401"),
        (403, "403"),
        (404, "404"),
        (405, "405"),
        (408, "408"),
        (409, "409"),
        (410, "410"),
        (412, "412"),
        (413, "413"),
        (415, "415"),
        (422, "422"),
        (429, "429"),
        (500, "500"),
        (503, "503"),
    ];
    WORDS.iter().find(|(code, _)| *code == status.as_u16()).map_or("other", |(_, word)| word)
}
