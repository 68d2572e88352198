//! The parameters of a path.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::authorise::check_event;
use super::error::{PARAMETER_INVALID, Problem};
use crate::auth::Principal;
use crate::domain::{Invalid, Key};

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
}

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::invalid(PARAMETER_INVALID, Invalid::one("", "utf8", "the path is not UTF-8")))?;
        Ok(Self(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}
