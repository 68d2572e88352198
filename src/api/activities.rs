//! `POST /v1/activities`: takes drafts in, answers when they are durable.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::authenticate::Caller;
use super::body::Sent;
use super::error::{
    BODY_MALFORMED, BODY_TOO_LARGE, DRAINING, EVENT_FORBIDDEN, FaultBody, ID_CONFLICT, INVALID, MEDIA_TYPE, OVERLOADED, PARAMETER_INVALID,
    Problem, QUOTA_EXCEEDED, UNAVAILABLE,
};
use super::extract::NoQuery;
use super::{Api, idempotency};
use crate::auth::Actor;
use crate::domain::limits::REQUEST_BYTES_MAX;
use crate::domain::{Cursor, Fault, Invalid};
use crate::ingest::{BodyError, Drafts, EVENT_ATTRIBUTES, EVENT_HEADER_PREFIX, Head, Receipt, Refused, Submitted};
use crate::telemetry::INGEST_REFUSED;

/// What was left out, cut or read, by the place of its draft, in order.
type Warnings = Vec<(usize, Vec<Fault>)>;

/// Bytes that one compressed byte can become: the limit of deflate.
const INFLATED_TIMES_MAX: usize = 1_032;

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
    /// What was left out, cut or read of the fields that only enrich: `source_url`, `referrer_url`, `user_agent`, `ip`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<FaultBody>)]
    warnings: Vec<OwnedFault>,
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
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<OwnedFault>,
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
    /// What was left out, cut or read of a stored one.
    #[schema(value_type = Option<Vec<FaultBody>>)]
    warnings: Option<Vec<FaultBody<'static>>>,
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

impl From<Fault> for OwnedFault {
    fn from(fault: Fault) -> Self {
        Self { path: fault.path, code: fault.code, message: fault.message }
    }
}

/// Send activities: one object, an array, NDJSON, or CloudEvents; gzip is fine. 2xx means durable.
///
/// An empty text in a field that may be left out is a field that is left out. `source_url`, `referrer_url`, `user_agent`
/// and `ip` only enrich: what cannot be used of them is left out, cut or read, and told in `warnings`. NDJSON goes under
/// its other usual names too (`application/ndjson`, `jsonl`, `x-jsonlines`, `jsonlines`), `text/plain` is read as JSON,
/// and `ce-*` headers make a CloudEvent in binary mode of the request.
///
/// Events, partners, messages, campaigns and flavors that nothing has yet are made on first sight: at most 10,000 a minute by
/// a key and 1,000,000 in a workspace, unless the server is told otherwise. A draft that would make more is refused with
/// `quota_exceeded`, whole; one that names nothing new always goes through, and the directory's own routes have no such limit.
#[utoipa::path(
    post,
    path = "/v1/activities",
    tag = "Activities",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the id of the one draft, which has none itself: sent again with the same key, it is the same activity. 1 to 255 bytes", min_length = 1, max_length = 255),
        ("ce-specversion" = Option<String>, Header, description = "`1.0`: with ce-id, ce-source, ce-type and perhaps ce-time, the request is a CloudEvent in binary mode; type is the flavor, source and id make the id"),
    ),
    request_body(
        description = "One draft, an array of at most 5,000, one a line, or CloudEvents; at most 5 MiB after inflating",
        content(
            (crate::api::sent::Drafts = "application/json"),
            (String = "application/x-ndjson"),
            (crate::api::sent::CloudEvent = "application/cloudevents+json"),
            (Vec<crate::api::sent::CloudEvent> = "application/cloudevents-batch+json"),
        )
    ),
    responses(
        (status = 201, description = "One draft was stored", body = ReceiptBody),
        (status = 200, description = "Many: one result each. One that was stored before: its first receipt", body = crate::api::sent::Answered),
        (status = 409, description = "The id is taken by other content (`id_conflict`)", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too many or too large", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "A type or encoding that is not taken", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Fields of the one draft are at fault", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Over the rate of the key (`rate_limited`), or the one draft names what is new and no more may be made on first sight (`quota_exceeded`)", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Busy or restarting; send it again", body = super::error::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn submit(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, mut sent: Sent) -> Result<Response, Problem> {
    // Before anything is read or parsed: a flood costs as little as it can.
    api.rates.request(&caller)?;
    let bytes = sent.bytes().await?;
    let principal = &caller.principal;
    let head = head_of(&sent.headers, &caller)?;
    let mut place = sent.place;
    if sent.headers.contains_key(header::CONTENT_ENCODING) {
        place.grow_to(bytes.len().saturating_mul(INFLATED_TIMES_MAX).min(REQUEST_BYTES_MAX)).map_err(refused)?;
    }
    // Before any of it is parsed: what would wait too long costs no more than its reading.
    place.begin().map_err(refused)?;
    let read = api.ingest.read(&head, bytes, &principal.grant.events).await;
    let Drafts { many, items, warnings } = read.map_err(unreadable)?;
    api.rates.drafts(&caller, items.len())?;
    let making = Some(api.rates.making(&caller));
    let received = Instant::now();
    let Submitted { receipts, cursor } =
        api.ingest.submit(place, principal.workspace, items, !caller.only_collects(), making).await.map_err(refused)?;
    api.receipt_to_commit.record(received.elapsed().as_secs_f64());
    let stored = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Stored { duplicate: false, .. })).count() as u64;
    if let Some(key) = principal.actor.number().filter(|_| matches!(principal.actor, Actor::Key(_) | Actor::Site(_))) {
        api.system.sources.note(principal.workspace, key, principal.grant.events.one().cloned(), stored, api.clock.now());
    }
    // Nothing is asked from here on: what is durable is told as durable.
    match many {
        true => Ok(Json(results(receipts, warnings, cursor)).into_response()),
        false => one(receipts, warnings, cursor),
    }
}

/// What the headers say of the drafts.
fn head_of<'h>(headers: &'h HeaderMap, caller: &Caller) -> Result<Head<'h>, Problem> {
    let text = |name| headers.get(name).map(|v: &axum::http::HeaderValue| v.to_str().unwrap_or("?"));
    let attribute = |name: &'h str| name.strip_prefix(EVENT_HEADER_PREFIX).filter(|name| EVENT_ATTRIBUTES.contains(name));
    let event_headers = headers.iter().filter_map(|(name, value)| Some((attribute(name.as_str())?, value.as_bytes())));
    Ok(Head {
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
        event_headers: event_headers.collect(),
        made_id: idempotency::made_id(headers, caller)?,
    })
}

fn one(receipts: Vec<Receipt>, mut warnings: Warnings, cursor: Cursor) -> Result<Response, Problem> {
    match receipts.into_iter().next() {
        Some(Receipt::Stored { id, seq, recorded_at, duplicate }) => {
            let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
            let (id, recorded_at, cursor) = (id.to_string(), recorded_at.to_string(), cursor.to_string());
            let warnings = warnings.pop().map(|(_, faults)| faults).unwrap_or_default().into_iter().map(Into::into).collect();
            Ok((status, Json(ReceiptBody { id, seq, recorded_at, cursor, duplicate, warnings })).into_response())
        }
        Some(Receipt::Rejected(invalid)) => Err(rejected(invalid)),
        Some(Receipt::OverQuota { invalid, retry_after_s }) => {
            metrics::counter!(INGEST_REFUSED, "reason" => QUOTA_EXCEEDED.word).increment(1);
            Err(Problem::invalid(QUOTA_EXCEEDED, invalid).retry_after(retry_after_s))
        }
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

/// Faults that one answer tells in full; of each further draft at fault it tells the first. Drafts of two bytes each must not
/// make an answer of megabytes.
const RESULT_FAULTS_MAX: usize = 1_000;

fn results(receipts: Vec<Receipt>, warnings: Warnings, cursor: Cursor) -> ReceiptsBody {
    let mut warnings = warnings.into_iter().peekable();
    let mut told_in_full = 0;
    let mut body =
        ReceiptsBody { accepted: 0, duplicates: 0, rejected: 0, cursor: cursor.to_string(), results: Vec::with_capacity(receipts.len()) };
    for (index, receipt) in receipts.into_iter().enumerate() {
        body.results.push(match receipt {
            Receipt::Stored { id, seq, duplicate, .. } => {
                *(if duplicate { &mut body.duplicates } else { &mut body.accepted }) += 1;
                let told = warnings.next_if(|(of, _)| *of == index).map(|(_, faults)| faults).unwrap_or_default();
                ResultBody::Stored { index, id: id.to_string(), seq, duplicate, warnings: told.into_iter().map(Into::into).collect() }
            }
            Receipt::Rejected(mut invalid) | Receipt::OverQuota { mut invalid, .. } => {
                body.rejected += 1;
                if told_in_full >= RESULT_FAULTS_MAX {
                    invalid.faults.truncate(1);
                }
                told_in_full += invalid.faults.len();
                // The store may refuse what was sound.
                let _ = warnings.next_if(|(of, _)| *of == index);
                ResultBody::Rejected { index, errors: invalid.faults.into_iter().map(Into::into).collect() }
            }
        });
    }
    body
}

fn unreadable(fault: BodyError) -> Problem {
    let code = match fault.code() {
        "unsupported_media_type" | "unsupported_encoding" => MEDIA_TYPE,
        "too_many_drafts" | "body_too_large" => BODY_TOO_LARGE,
        "one_id_for_many" | "id_beside_made_id" => PARAMETER_INVALID,
        _ => BODY_MALFORMED,
    };
    let path = if code == PARAMETER_INVALID { idempotency::HEADER } else { "" };
    Problem::invalid(code, Invalid::one(path, fault.code(), fault.to_string()))
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
