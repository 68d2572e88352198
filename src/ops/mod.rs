//! Operations: metrics and health, on a listener of their own that is not for the public, and what a supervisor is told.

pub mod metrics;
pub mod ready;
pub mod supervisor;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use metrics::Recorder;
use ready::Ready;

/// What the operations listener answers from.
#[derive(Clone)]
pub struct Ops {
    /// The recorder of this process.
    pub recorder: Recorder,
    /// Whether a probe comes back through the hub.
    pub ready: Arc<Ready>,
}

/// `/metrics`, `/live`, `/ready`.
pub fn router(ops: Ops) -> Router {
    Router::new().route("/metrics", get(render)).route("/live", get(live)).route("/ready", get(ready)).with_state(ops)
}

async fn render(State(ops): State<Ops>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], ops.recorder.render()).into_response()
}

/// The process answers: that is all this says.
async fn live() -> &'static str {
    "live\n"
}

async fn ready(State(ops): State<Ops>) -> Response {
    match ops.ready.check().await {
        Ok(took) => (StatusCode::OK, format!("ready: a probe came back in {} ms\n", took.as_millis())).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}
