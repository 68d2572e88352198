//! A session over Server-Sent Events: one subscription, the same words as event names, the same objects as data.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::disconnect::{self, Disconnect};
use super::driver::{Driver, Output};
use super::frames::{self, Written};
use super::{Came, Readers, Wants};
use crate::domain::Cursor;

/// The name of the one subscription.
pub const STREAM_SUB: &str = "stream";
/// When a browser should come back by itself, in milliseconds.
const RETRY_MS: u64 = 1_000;
/// Events that wait for the socket; what follows waits in the outbox, which is bounded in bytes.
const EVENTS_WAITING_MAX: usize = 1;

/// Streams one subscription until the reader goes or the server drains. The caller has checked the read scope, and that
/// what is wanted names nothing that does not exist for the principal.
pub fn respond(readers: Readers, came: Came, wants: Wants, after: Option<Cursor>, backfill: usize) -> Response {
    // Held by the stream: shutting down waits until the reader was told.
    let token = readers.inner.tasks.token();
    let (tasks, runtime) = (readers.inner.tasks.clone(), readers.inner.runtime.clone());
    let span = came.span();
    let start = Stage::Entering { readers, came: Box::new(came), wants: Box::new(wants), after, backfill };
    // The session runs where all sessions run; the connection only writes what comes of it.
    let (events, written) = mpsc::channel(EVENTS_WAITING_MAX);
    tasks.spawn_on(run(start, events).instrument(span), &runtime);
    let frames = futures::stream::unfold((written, token), |(mut written, token)| async move {
        let bytes = written.recv().await?;
        Some((Ok::<_, Infallible>(bytes), (written, token)))
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
    Entering { readers: Readers, came: Box<Came>, wants: Box<Wants>, after: Option<Cursor>, backfill: usize },
    Running(Readers, Box<Driver>),
    Ended,
}

/// Until the stream has ended or its reader is gone.
async fn run(mut stage: Stage, events: mpsc::Sender<Bytes>) {
    loop {
        let next = tokio::select! {
            biased;
            () = events.closed() => return,
            next = Box::pin(step(stage)) => next,
        };
        let Some((bytes, after)) = next else { return };
        if events.send(bytes).await.is_err() {
            return;
        }
        stage = after;
    }
}

/// The next bytes; `None` when the stream has ended.
async fn step(stage: Stage) -> Option<(Bytes, Stage)> {
    match stage {
        Stage::Ended => None,
        Stage::Entering { readers, came, wants, after, backfill } => {
            let mut driver = match Driver::enter(&readers, *came).await {
                Ok(driver) => driver,
                Err(disconnect) => return Some((farewell(disconnect), Stage::Ended)),
            };
            driver.session.subscribe_to(STREAM_SUB.to_owned(), *wants, after, backfill, None);
            let retry = format!("retry: {RETRY_MS}\n\n");
            Some((retry.into(), Stage::Running(readers, driver)))
        }
        Stage::Running(readers, mut driver) => loop {
            match driver.advance().await {
                Some(Output::Frame(written, committed_at)) => {
                    driver.written(written.bytes(), committed_at);
                    return Some((event(&written), Stage::Running(readers, driver)));
                }
                Some(Output::End(disconnect)) => {
                    driver.ends(disconnect.reason);
                    return Some((farewell(disconnect), Stage::Ended));
                }
                // Its one subscription could not be served, which was said; nobody can ask for it on this stream.
                None if driver.session.subscriptions() == 0 => return Some((farewell(disconnect::TRY_LATER), Stage::Ended)),
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

/// The last bytes of a stream: `bye` where there is something to say, and when to come back.
fn farewell(disconnect: Disconnect) -> Bytes {
    let mut last = frames::write_bye(&disconnect).map_or_else(Vec::new, |bye| event(&bye).into());
    let retry = disconnect.reconnect_after_ms.unwrap_or(RETRY_MS);
    last.extend_from_slice(format!("retry: {retry}\n\n").as_bytes());
    last.into()
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
