//! The accept loop: takes connections up to the limits, gives each to hyper, and drains.
//!
//! Our own because `axum::serve` sets no timer and so never ends a silent socket. Everything that a stranger can hold on
//! to here is bounded: connections in all and by address, the bytes and lines of a head, how long each phase may take.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::client::{Network, client_of};
use super::connection::{Phase, Socket, StreamPlace, Timeouts, Watch};
use super::edge::secured;
use super::error::{OVERLOADED, Problem};
use super::head;
use super::leftover::lend;
use super::places::{AddressPlace, Place, Places};
use super::requests::{Line, RequestId};
use crate::telemetry::{HTTP_ACCEPT_PAUSES, HTTP_CONNECTIONS_REFUSED};

/// Bytes that the kernel holds for a peer that reads slowly. What is beyond waits in the session's outbox, which is
/// bounded; the kernel's own default grows to megabytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// Silence after which the kernel asks whether a peer is still there, how often, and how many times.
const KEEPALIVE_TIME: Duration = Duration::from_secs(15);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
/// How long a reader may leave one write waiting while the server drains: who reads nothing does not hold up its end.
const WRITE_TIMEOUT_AT_END: Duration = Duration::from_secs(3);
/// Shortest and longest pause when no descriptor is left.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Limits of the listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address (an IPv6 network of 64 bits counts as one). Connections from this machine are
    /// not held to it: they are a proxy or a tool.
    pub connections_per_address_max: usize,
    /// Proxies whose `Forwarded` or `X-Forwarded-For` is believed, as in `10.0.0.0/8`: behind them a client counts by its
    /// own address.
    pub trusted_proxies: Vec<Network>,
    /// Seconds that a request's head may take.
    pub head_timeout_s: u64,
    /// Seconds that a connection may be kept without a request.
    pub idle_timeout_s: u64,
    /// Seconds that a reader may leave one write waiting, WebSockets apart: those have their own rule.
    pub write_timeout_s: u64,
    /// Seconds that requests under way may take to end when the server drains.
    pub drain_timeout_s: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_address_max: 1_000,
            trusted_proxies: Vec::new(),
            head_timeout_s: 10,
            idle_timeout_s: 75,
            write_timeout_s: 60,
            drain_timeout_s: 10,
        }
    }
}

impl HttpConfig {
    const fn timeouts(&self) -> Timeouts {
        Timeouts {
            head: Duration::from_secs(self.head_timeout_s),
            idle: Duration::from_secs(self.idle_timeout_s),
            write: Duration::from_secs(self.write_timeout_s),
        }
    }
}

/// A listener that is being served.
#[derive(Debug, Clone)]
pub struct Served {
    requests: TaskTracker,
}

impl Served {
    /// Waits until no request is without its answer, `within` at most. For when the listener has been told to stop.
    pub async fn finish_requests(&self, within: Duration) {
        self.requests.close();
        if timeout(within, self.requests.wait()).await.is_err() {
            tracing::warn!(requests = self.requests.len(), "requests did not end in time");
        }
    }
}

/// How a listener ends: `stop` ends accepting and lets each connection finish what it answers; `end` ends them all.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// No new connection, no new request.
    pub stop: CancellationToken,
    /// Nothing more.
    pub end: CancellationToken,
}

/// Serves a router on a bound listener until it is told to end; every task is one of `tasks`.
pub fn serve(listener: TcpListener, router: Router, config: &HttpConfig, tasks: &TaskTracker, ends: &Ends) -> Served {
    let requests = TaskTracker::new();
    let shared = Shared {
        router,
        config: config.clone(),
        places: Arc::default(),
        requests: requests.clone(),
        ends: ends.clone(),
        tasks: tasks.clone(),
    };
    tasks.spawn(accept(listener, Arc::new(shared)));
    Served { requests }
}

struct Shared {
    router: Router,
    config: HttpConfig,
    places: Arc<Places>,
    /// Requests whose answer has not begun.
    requests: TaskTracker,
    ends: Ends,
    tasks: TaskTracker,
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut pause = PAUSE_MIN;
    loop {
        let accepted = tokio::select! {
            () = shared.ends.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                pause = PAUSE_MIN;
                admit(tcp, peer, &shared);
            }
            Err(fault) if is_exhaustion(&fault) => {
                metrics::counter!(HTTP_ACCEPT_PAUSES).increment(1);
                tracing::warn!(%fault, pause_ms = pause.as_millis(), "cannot take more connections; accepting pauses");
                if shared.ends.stop.run_until_cancelled(sleep(pause)).await.is_none() {
                    return;
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
            // The peer went before it was accepted.
            Err(fault) => tracing::debug!(%fault, "a connection was not accepted"),
        }
    }
}

/// True when the process or the machine is out of descriptors or memory for sockets.
fn is_exhaustion(fault: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    fault.raw_os_error().is_some_and(|code| [ENFILE, EMFILE, ENOBUFS, ENOMEM].contains(&code))
}

fn admit(tcp: TcpStream, peer: SocketAddr, shared: &Arc<Shared>) {
    let place = match shared.places.take(peer.ip(), &shared.config) {
        Ok(place) => place,
        Err(reason) => {
            metrics::counter!(HTTP_CONNECTIONS_REFUSED, "reason" => reason).increment(1);
            // A new socket takes this much without waiting; if it does not, the peer learns by the close.
            let _ = tcp.try_write(&head::overloaded());
            return;
        }
    };
    if let Err(fault) = set_options(&tcp) {
        tracing::debug!(%fault, "a connection went while it was accepted");
        return;
    }
    shared.tasks.spawn(connection(tcp, peer.ip(), place, shared.clone()));
}

fn set_options(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_EVERY))
}

async fn connection(tcp: TcpStream, peer: IpAddr, place: Place, shared: Arc<Shared>) {
    let watch = Arc::new(Watch::new());
    let streams = StreamPlace::default();
    let io = TokioIo::new(Socket::new(tcp, watch.clone(), place, streams.clone()));
    let service = {
        let (watch, shared) = (watch.clone(), shared.clone());
        service_fn(move |request| answer(request, peer, watch.clone(), streams.clone(), shared.clone()))
    };
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(head::HEAD_BYTES_MAX)
        .max_headers(head::HEAD_LINES_MAX)
        .serve_connection(io, service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    let mut timeouts = shared.config.timeouts();
    let mut draining = false;
    loop {
        let (at, why) = watch.deadline(&timeouts).unwrap_or((Instant::now() + timeouts.write, ""));
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(fault) = ended {
                    tracing::debug!(%fault, "a connection ended early");
                }
                return;
            }
            () = shared.ends.end.cancelled() => return,
            () = shared.ends.stop.cancelled(), if !draining => {
                draining = true;
                timeouts.write = timeouts.write.min(WRITE_TIMEOUT_AT_END);
                served.as_mut().graceful_shutdown();
            }
            () = sleep_until(at) => {
                let overdue = watch.deadline(&timeouts).filter(|(at, _)| *at <= Instant::now());
                if let Some((_, why)) = overdue {
                    metrics::counter!(HTTP_CONNECTIONS_REFUSED, "reason" => why).increment(1);
                    return;
                }
                tracing::trace!(why, "something came in time");
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: IpAddr,
    watch: Arc<Watch>,
    streams: StreamPlace,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    watch.enter(Phase::Answering);
    let id = RequestId::next();
    let line = Line::begun(id, request.method().clone());
    id.within(answer_as(line, request, peer, watch, streams, shared)).await
}

async fn answer_as(
    mut line: Line,
    mut request: Request<Incoming>,
    peer: IpAddr,
    watch: Arc<Watch>,
    streams: StreamPlace,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let client = client_of(peer, request.headers(), &shared.config.trusted_proxies);
    request.extensions_mut().insert(client);
    // The connection has a place by its peer; a request that is forwarded takes one by whom it is for.
    let forwarded = client.0 != peer.to_canonical();
    let place = match forwarded.then(|| shared.places.take_address(client, &shared.config)).transpose() {
        Ok(place) => place.flatten(),
        Err(reason) => {
            metrics::counter!(HTTP_CONNECTIONS_REFUSED, "reason" => reason).increment(1);
            let problem = Problem::new(OVERLOADED, "too many requests and streams from this address; try again later");
            let mut response = secured(problem.retry_after(5).into_response());
            line.answered(&mut response);
            return Ok(response.map(|body| Body::new(Answered { body, watch, line, read: None, _place: None })));
        }
    };
    // Cloning the router is two reference counts; it is a service for one request at a time.
    let answered = async {
        let (request, leftover) = lend(request);
        let read = leftover.as_ref().map(|leftover| leftover.read.clone());
        let answered = shared.router.clone().oneshot(request).await;
        if let Some(leftover) = leftover {
            // Beside the answer, not before it: a refusal must not wait for who sends slowly.
            shared.tasks.spawn(shared.ends.end.clone().run_until_cancelled_owned(leftover.discard()));
        }
        (answered, read)
    };
    let (Ok(mut response), read) = shared.requests.track_future(answered).await;
    line.answered(&mut response);
    let (parts, body) = response.into_parts();
    // A WebSocket's answer ends at once; its place is held by the socket until that is closed.
    let place = if parts.status == StatusCode::SWITCHING_PROTOCOLS { streams.hold(place) } else { place };
    Ok(Response::from_parts(parts, Body::new(Answered { body, watch, line, read, _place: place })))
}

/// An answer's body: when it is done with, its line is written, the connection is idle again, and its client has given its
/// place back.
struct Answered {
    body: Body,
    watch: Arc<Watch>,
    line: Line,
    /// Bytes that were read of the request's body, where it has one.
    read: Option<Arc<AtomicU64>>,
    _place: Option<AddressPlace>,
}

impl hyper::body::Body for Answered {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<bytes::Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.line.bytes_out += frame.data_ref().map_or(0, bytes::Bytes::len) as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.line.bytes_in = self.read.as_ref().map_or(0, |read| read.load(Ordering::Relaxed));
        self.watch.enter(Phase::Idle);
    }
}
