//! A session over Server-Sent Events: one subscription, the same words as event names, the same objects as data.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;

use super::Readers;
use super::driver::{Driver, Output};
use super::frames::Written;
use crate::auth::Principal;
use crate::domain::Cursor;
use crate::filter::FilterSet;

/// The name of the one subscription.
pub const STREAM_SUB: &str = "stream";
/// When a browser should come back by itself, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// Streams one subscription until the reader goes or the server drains. The caller has checked the read scope and narrowed
/// the filter to what the principal may see.
pub fn respond(readers: Readers, principal: Principal, filter: FilterSet, after: Option<Cursor>, backfill: usize) -> Response {
    // Held by the stream: shutting down waits until the reader was told.
    let token = readers.inner.tasks.token();
    let start = Stage::Entering { readers, principal, filter: Box::new(filter), after, backfill };
    let frames = futures::stream::unfold((start, token), |(stage, token)| async move {
        let (bytes, stage) = step(stage).await?;
        Some((Ok::<_, Infallible>(bytes), (stage, token)))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold live events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

enum Stage {
    Entering { readers: Readers, principal: Principal, filter: Box<FilterSet>, after: Option<Cursor>, backfill: usize },
    Running(Readers, Box<Driver>),
    Ended,
}

/// The next bytes; `None` when the stream has ended.
async fn step(stage: Stage) -> Option<(Bytes, Stage)> {
    match stage {
        Stage::Ended => None,
        Stage::Entering { readers, principal, filter, after, backfill } => {
            let Some(mut driver) = Driver::enter(&readers, &principal).await else {
                return Some((Bytes::from_static(b"retry: 2000\n\n"), Stage::Ended));
            };
            driver.session.subscribe_to(STREAM_SUB.to_owned(), *filter, after, backfill, None);
            let retry = format!("retry: {RETRY_MS}\n\n");
            Some((retry.into(), Stage::Running(readers, driver)))
        }
        Stage::Running(readers, mut driver) => loop {
            match driver.advance().await {
                Some(Output::Frame(written, committed_at)) => {
                    driver.written(committed_at);
                    return Some((event(&written), Stage::Running(readers, driver)));
                }
                Some(Output::End(disconnect)) => {
                    let retry = disconnect.reconnect_after_ms.unwrap_or(RETRY_MS);
                    return Some((format!("retry: {retry}\n\n").into(), Stage::Ended));
                }
                None => {}
            }
            tokio::select! {
                biased;
                () = readers.inner.shutdown.cancelled() => driver.session.say_bye(),
                () = driver.idle() => {}
            }
        },
    }
}

fn event(written: &Written) -> Bytes {
    let mut text = Vec::with_capacity(written.bytes() + 96);
    // The data is one line: JSON has no bare line break.
    text.extend_from_slice(b"event: ");
    text.extend_from_slice(written.word.as_bytes());
    text.extend_from_slice(b"\ndata: ");
    written.pieces().for_each(|piece| text.extend_from_slice(piece));
    if let Some(position) = written.position {
        text.extend_from_slice(b"\nid: ");
        text.extend_from_slice(position.to_string().as_bytes());
    }
    text.extend_from_slice(b"\n\n");
    text.into()
}
