//! The reference for ingest one by one: a bare axum handler that parses a JSON body and answers with a little JSON.

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::machine::Outcome;
use crate::reference::listen;

async fn echo(Json(draft): Json<Value>) -> Json<Value> {
    Json(json!({"id": draft.get("id"), "seq": 1, "recorded_at": "2026-01-01T00:00:00.000Z", "cursor": "AAAAAAAAAAAAAAAAAAAAAAAA"}))
}

/// Serves on one thread until it is ended.
pub fn serve() -> Outcome<()> {
    listen(Router::new().route("/v1/activities", post(echo)))
}
