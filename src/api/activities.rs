//! `POST /v1/activities`: takes drafts in, answers when they are durable.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::body;
use super::error::{
    BODY_MALFORMED, BODY_TOO_LARGE, DRAINING, EVENT_FORBIDDEN, FaultBody, ID_CONFLICT, INVALID, MEDIA_TYPE, OVERLOADED, Problem,
    UNAVAILABLE,
};
use super::query::Query;
use crate::domain::limits::REQUEST_BYTES_MAX;
use crate::domain::{Cursor, Invalid};
use crate::ingest::{BodyError, Drafts, Receipt, Refused};
use crate::telemetry::INGEST_REFUSED;

/// The receipt of one activity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptBody {
    /// The sender's id, or the one that was made.
    #[schema(format = Uuid)]
    id: String,
    /// Its place in the log.
    seq: u64,
    /// When it was made durable.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The position after it: read on from there.
    cursor: String,
    /// True when the same activity was stored before; this is its first receipt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    duplicate: bool,
}

/// What became of many activities.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Receipts)]
pub struct ReceiptsBody {
    /// How many were stored now.
    accepted: usize,
    /// How many were stored before.
    duplicates: usize,
    /// How many were refused.
    rejected: usize,
    /// The position after all of them.
    cursor: String,
    /// One for each draft, in order.
    #[schema(value_type = Vec<ResultDoc>)]
    results: Vec<ResultBody>,
}

/// What became of one of many.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ResultBody {
    Stored {
        index: usize,
        id: String,
        seq: u64,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
    },
    Rejected {
        index: usize,
        errors: Vec<OwnedFault>,
    },
}

/// What became of one of many: either `id` and `seq`, or `errors`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptResult)]
pub struct ResultDoc {
    /// Which draft, counted from 0.
    index: usize,
    /// Its id.
    #[schema(format = Uuid)]
    id: Option<String>,
    /// Its place in the log.
    seq: Option<u64>,
    /// True when it was stored before.
    duplicate: Option<bool>,
    /// Every field at fault; nothing of this draft was stored.
    #[schema(value_type = Option<Vec<FaultBody>>)]
    errors: Option<Vec<FaultBody<'static>>>,
}

#[derive(Debug, Serialize)]
struct OwnedFault {
    path: String,
    code: &'static str,
    message: String,
}

/// Send activities: one object, an array, NDJSON, or CloudEvents; gzip is fine. 2xx means durable.
#[utoipa::path(
    post,
    path = "/v1/activities",
    tag = "Activities",
    request_body(
        description = "One draft, an array of at most 5,000, one a line, or CloudEvents; at most 5 MiB after inflating",
        content(
            (crate::api::openapi::Drafts = "application/json"),
            (String = "application/x-ndjson"),
            (crate::api::openapi::CloudEvent = "application/cloudevents+json"),
            (Vec<crate::api::openapi::CloudEvent> = "application/cloudevents-batch+json"),
        )
    ),
    responses(
        (status = 201, description = "One draft was stored", body = ReceiptBody),
        (status = 200, description = "Many: one result each. One that was stored before: its first receipt", body = crate::api::openapi::Answered),
        (status = 409, description = "The id is taken by other content (`id_conflict`)", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too many or too large", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "A type or encoding that is not taken", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Fields of the one draft are at fault", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Over the rate of the key", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Busy or restarting; send it again", body = super::error::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn submit(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Query::new(uri.query()).finish()?;
    // Before anything is read or parsed: a flood costs as little as it can.
    api.rates.request(caller.root)?;
    api.ingest.admit().map_err(refused)?;
    let bytes = body::read(&headers, body, REQUEST_BYTES_MAX).await?;
    let text = |name| headers.get(name).map(|v: &axum::http::HeaderValue| v.to_str().unwrap_or("?"));
    let principal = &caller.principal;
    let read = api.ingest.read(text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING), bytes, principal.event.as_ref()).await;
    let Drafts { many, items } = read.map_err(unreadable)?;
    api.rates.drafts(caller.root, items.len())?;
    let receipts = api.ingest.submit(principal.workspace, items, true).await.map_err(refused)?;
    let last = receipts.iter().filter_map(|r| if let Receipt::Stored { seq, .. } = r { Some(*seq) } else { None }).max();
    let cursor = api.cursor(principal.workspace, last).await?;
    match many {
        true => Ok(Json(results(receipts, cursor)).into_response()),
        false => one(receipts, cursor),
    }
}

fn one(receipts: Vec<Receipt>, cursor: Cursor) -> Result<Response, Problem> {
    match receipts.into_iter().next() {
        Some(Receipt::Stored { id, seq, recorded_at, duplicate }) => {
            let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
            let (id, recorded_at, cursor) = (id.to_string(), recorded_at.to_string(), cursor.to_string());
            Ok((status, Json(ReceiptBody { id, seq, recorded_at, cursor, duplicate })).into_response())
        }
        Some(Receipt::Rejected(invalid)) => Err(rejected(invalid)),
        None => Err(Problem::new(BODY_MALFORMED, "the body holds no draft")),
    }
}

fn rejected(invalid: Invalid) -> Problem {
    let has = |word: &str| invalid.faults.iter().any(|f| f.code == word);
    let code = match () {
        () if has(ID_CONFLICT.word) => ID_CONFLICT,
        () if has(EVENT_FORBIDDEN.word) => EVENT_FORBIDDEN,
        // The one draft is the whole body.
        () if invalid.faults.iter().any(|f| f.path.is_empty() && f.code == "too_large") => BODY_TOO_LARGE,
        () => INVALID,
    };
    Problem::invalid(code, invalid)
}

fn results(receipts: Vec<Receipt>, cursor: Cursor) -> ReceiptsBody {
    let mut body =
        ReceiptsBody { accepted: 0, duplicates: 0, rejected: 0, cursor: cursor.to_string(), results: Vec::with_capacity(receipts.len()) };
    for (index, receipt) in receipts.into_iter().enumerate() {
        body.results.push(match receipt {
            Receipt::Stored { id, seq, duplicate, .. } => {
                *(if duplicate { &mut body.duplicates } else { &mut body.accepted }) += 1;
                ResultBody::Stored { index, id: id.to_string(), seq, duplicate }
            }
            Receipt::Rejected(invalid) => {
                body.rejected += 1;
                let errors = invalid.faults.into_iter().map(|f| OwnedFault { path: f.path, code: f.code, message: f.message });
                ResultBody::Rejected { index, errors: errors.collect() }
            }
        });
    }
    body
}

fn unreadable(fault: BodyError) -> Problem {
    let code = match fault.code() {
        "unsupported_media_type" | "unsupported_encoding" => MEDIA_TYPE,
        "too_many_drafts" | "body_too_large" => BODY_TOO_LARGE,
        _ => BODY_MALFORMED,
    };
    Problem::invalid(code, Invalid::one("", fault.code(), fault.to_string()))
}

/// What the one writer could not take.
pub fn refused(refused: Refused) -> Problem {
    let code = match refused {
        Refused::Busy => OVERLOADED,
        Refused::Unavailable => UNAVAILABLE,
        Refused::Draining => DRAINING,
    };
    metrics::counter!(INGEST_REFUSED, "reason" => code.word).increment(1);
    Problem::new(code, code.cure).retry_after(1)
}
