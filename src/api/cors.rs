//! Pages of other sites that the configuration lists may ask, everywhere below `/v1/`: what opens a WebSocket may also take
//! a ticket, a page of history and the event stream. Pages that a site key is for may send activities by it, and nothing
//! else, and never as somebody who is signed in. Nobody else's page is told anything.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::edge::secured;

/// Where pages that a site key is for send activities.
const COLLECTING: &str = "/v1/activities";
/// Methods that a listed page may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Methods that a page with a site key may use.
const SITE_METHODS: HeaderValue = HeaderValue::from_static("POST");
/// Headers of an answer that a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, retry-after, etag, location, allow, www-authenticate");
/// Seconds that a browser may remember the answer to its question.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What an answer depends on, so that no cache gives one site's to another.
const VARY: HeaderValue = HeaderValue::from_static("origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Marks the answer to a site key whose origin was found good.
#[derive(Debug, Clone, Copy)]
pub struct OfSite;

/// On whose word a page may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// The configuration's.
    ByServer,
    /// A site key's.
    BySite,
}

/// Answers the question before a request of a listed page, and lets it read the answers to its requests.
pub async fn cors(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/v1/") {
        return next.run(request).await;
    }
    let by_server = &api.config.origins;
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.run(request).await;
        if !by_server.is_empty() {
            response.headers_mut().append(header::VARY, VARY);
        }
        return response;
    };
    let by_server = by_server.iter().any(|one| one.as_bytes() == origin.as_bytes()).then_some(Listed::ByServer);
    let asks_first = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let listed = match by_server {
        None if asks_first && request.uri().path() == COLLECTING => by_site(&api, &origin).await,
        listed => listed,
    };
    if asks_first && let Some(listed) = listed {
        let mut response = preflight(request.headers(), listed);
        allow(response.headers_mut(), origin, listed);
        return response;
    }
    let mut response = next.run(request).await;
    let listed = listed.or_else(|| response.extensions().get::<OfSite>().map(|_| Listed::BySite));
    let headers = response.headers_mut();
    if let Some(listed) = listed {
        allow(headers, origin, listed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    headers.append(header::VARY, VARY);
    response
}

async fn by_site(api: &Api, origin: &HeaderValue) -> Option<Listed> {
    let asked = api.authenticator.is_site_origin(origin.to_str().ok()?).await;
    // Where the store cannot tell, the browser asks again with its next request.
    asked.unwrap_or(false).then_some(Listed::BySite)
}

/// Lets the page read the answer; a listed one also as who is signed in.
fn allow(headers: &mut HeaderMap, origin: HeaderValue, listed: Listed) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if listed == Listed::ByServer {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn preflight(asked: &HeaderMap, listed: Listed) -> Response {
    let mut response = secured(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    let methods = if listed == Listed::BySite { SITE_METHODS } else { METHODS };
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    // Whatever it wants to send: the request itself is read by the same rules as anybody's.
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    headers.insert(header::VARY, VARY_PREFLIGHT);
    response
}
