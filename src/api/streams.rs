//! The two ways to read live: a WebSocket, and Server-Sent Events. Both are handed to `session` once they may begin.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;

use super::Api;
use super::authenticate::Caller;
use super::error::{HANDSHAKE_INVALID, Problem, SUBPROTOCOL_UNKNOWN, UPGRADE_REQUIRED};
use super::origin;
use super::query::Query;
use super::requests::RequestId;
use super::wanted::viewed;
use crate::domain::limits::{BACKFILL_DEFAULT, BACKFILL_MAX};
use crate::session::protocol::SUBPROTOCOL;
use crate::session::socket::{HandshakeFault, Upgrade};
use crate::session::{Came, Wants, sse, ws};

/// Read live over a WebSocket, subprotocol `tidings.v1`: see the frames among the schemas.
#[utoipa::path(
    get,
    path = "/v1/ws",
    tag = "Live",
    params(("ticket" = Option<String>, Query, description = "A ticket, where no header can be set")),
    responses(
        (status = 101, description = "The WebSocket"),
        (status = 400, description = "The handshake is at fault, or only other subprotocols are offered", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 426, description = "No WebSocket, or one of another version; the headers say which is taken", body = super::error::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn socket(State(api): State<Arc<Api>>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let mut query = Query::new(parts.uri.query());
    query.one("ticket");
    query.finish()?;
    let upgrade = Upgrade::read(&mut parts).map_err(|fault| match fault {
        HandshakeFault::NoUpgrade(fault) => Problem::new(UPGRADE_REQUIRED, fault),
        HandshakeFault::Malformed(fault) => Problem::new(HANDSHAKE_INVALID, fault),
    })?;
    origin::check_socket(&parts.headers, &api.config.origins)?;
    if !offers_ours(&parts.headers) {
        return Err(Problem::new(SUBPROTOCOL_UNKNOWN, SUBPROTOCOL_UNKNOWN.cure));
    }
    Ok(ws::upgrade(api.readers.clone(), came(caller, "websocket"), upgrade))
}

fn came(caller: Caller, by: &'static str) -> Came {
    Came { principal: caller.principal, request_id: RequestId::current().to_string(), by }
}

/// True when the client offers our subprotocol, or none.
fn offers_ours(headers: &HeaderMap) -> bool {
    let mut offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter().peekable();
    let none = offered.peek().is_none();
    let mut words = offered.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    none || words.any(|word| word.trim() == SUBPROTOCOL)
}

/// Read live over Server-Sent Events: one subscription, the words of the WebSocket as event names.
#[utoipa::path(
    get,
    path = "/v1/activities/stream",
    operation_id = "stream",
    tag = "Live",
    params(
        crate::api::sent::FilterParams,
        ("after" = Option<String>, Query, description = "Cursor to go on from; `Last-Event-ID` beats it"),
        ("backfill" = Option<u32>, Query, description = "Activities to send first when it begins afresh", maximum = 1000),
        ("pulse" = Option<bool>, Query, description = "True for a `position` with `checked_at` every two seconds"),
        ("ticket" = Option<String>, Query, description = "A ticket, where no header can be set"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was read"),
    ),
    responses((status = 200, description = "Events until either side ends it", body = String, content_type = "text/event-stream"))
)]
pub async fn events(State(api): State<Arc<Api>>, caller: Caller, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut query = Query::new(uri.query());
    query.one("ticket");
    let after = query.cursor("after");
    let backfill = query.number("backfill", 0, BACKFILL_MAX, BACKFILL_DEFAULT);
    let pulse = query.flag("pulse");
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?")).filter(|id| !id.is_empty());
    // A browser sends it by itself; a mangled one is told like a parameter.
    let last = query.given_cursor("Last-Event-ID", last);
    let (own, view) = query.finish_filter(&caller.principal)?;
    let view = view.or_else(|| caller.principal.grant.views.as_ref()?.first().cloned());
    // Told as a problem while there is a status to tell it by; the session reads it itself, and again when it changes.
    viewed(&api, &caller, view.clone()).await?;
    let after = last.or(after);
    Ok(sse::respond(api.readers.clone(), came(caller, "events"), Wants { own, view, pulse }, after, backfill))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::offers_ours;

    #[test]
    fn subprotocols() {
        for (offered, ours) in [
            (&[][..], true),
            (&["tidings.v1"], true),
            (&["graphql-ws, tidings.v1"], true),
            (&["graphql-ws", "tidings.v1"], true),
            (&["graphql-ws"], false),
            (&["tidings.v2"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in offered {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
            }
            assert_eq!(offers_ours(&headers), ours, "{offered:?}");
        }
    }
}
