//! What a handler is given of a request, read once and in one way: who asks, the keys of its path, what its query asks for.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::Api;
use super::authenticate::Caller;
use super::authorise::check_event;
use super::error::{INTERNAL, PARAMETER_INVALID, Problem};
use super::lists;
use super::query::Query;
use crate::auth::Principal;
use crate::domain::{Invalid, Key};
use crate::store::ListQuery;

/// The decoded parameters of a path.
pub struct Path(Vec<(String, String)>);

impl Path {
    /// A parameter as text.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// A parameter as a key.
    ///
    /// # Errors
    /// [`PARAMETER_INVALID`] when it cannot be one.
    pub fn key(&self, name: &str) -> Result<Key, Problem> {
        Key::parse(self.text(name)).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault.under(name)))
    }

    /// The event that the path names, which must be one that exists for the caller.
    ///
    /// # Errors
    /// As [`Path::key`], and `event_forbidden`.
    pub fn event(&self, principal: &Principal) -> Result<Key, Problem> {
        let event = self.key("event")?;
        check_event(principal, &event)?;
        Ok(event)
    }

    /// The same, where the path names one.
    ///
    /// # Errors
    /// As [`Path::event`].
    pub fn event_if_any(&self, principal: &Principal) -> Result<Option<Key>, Problem> {
        self.0.iter().any(|(name, _)| name == "event").then(|| self.event(principal)).transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::invalid(PARAMETER_INVALID, Invalid::one("", "utf8", "the path is not UTF-8")))?;
        Ok(Self(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    /// Whom the gate let through; a route that needs nobody has none.
    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(INTERNAL, INTERNAL.cure))
    }
}

/// A query that holds nothing: any parameter is refused by name.
pub struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::new(parts.uri.query()).finish().map(|()| Self)
    }
}

/// Which page of a list is asked for.
pub struct Listing(pub ListQuery);

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        lists::asked(parts.uri.query()).map(Self)
    }
}
