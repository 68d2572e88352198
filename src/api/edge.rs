//! What every answer goes through: security headers, and the last net under a fault of ours.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;

use super::error::{INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, Problem};
use super::head;
use super::requests::{Known, RequestId};

/// Headers of every answer. Pages may load only what this server has, and nothing inline.
pub(super) const SECURITY_HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Runs the rest, puts the headers on its answer, and answers for it where it panics.
pub async fn edge(request: Request, next: Next) -> Response {
    // The template and not the path: people put keys into addresses.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = || route.as_ref().map_or(Cow::Borrowed("page"), |route| Cow::Owned(route.as_str().to_owned()));
    let answered = async {
        match head::refusal(&request) {
            Some(problem) => problem.into_response(),
            None => next.run(request).await,
        }
    };
    let mut response = match AssertUnwindSafe(answered).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let why = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            tracing::error!(request_id = %RequestId::current(), route = &*route(), why = why.unwrap_or("?"), "a handler panicked; this is a fault of the server");
            Problem::new(INTERNAL, INTERNAL.cure).into_response()
        }
    };
    Known::or_insert_with(&mut response, || Known { route: route(), asked_by: None });
    secured(response)
}

/// Puts on an answer the headers that every one has.
pub fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What is not said to be storable is somebody's data.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The answer to a path that there is not.
pub async fn unknown_path(uri: Uri) -> Response {
    let shown: String = uri.path().chars().take(200).collect();
    Problem::new(NOT_FOUND, format!("there is no {shown}")).into_response()
}

/// The answer to a method that a path has not; `Allow` is added by the router.
pub async fn unknown_method() -> Response {
    Problem::new(METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED.cure).into_response()
}
