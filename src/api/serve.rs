//! The accept loop: takes connections up to the limits, gives each to hyper, and drains.
//!
//! Our own because `axum::serve` sets no timer and so never ends a silent socket. Everything that a stranger can hold on
//! to here is bounded: connections in all and by address, the bytes and lines of a head, how long each phase may take.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use dashmap::DashMap;
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

use super::connection::{Phase, Socket, Timeouts, Watch};
use super::leftover::lend;
use crate::telemetry::{HTTP_ACCEPT_PAUSES, HTTP_CONNECTIONS, HTTP_CONNECTIONS_REFUSED};

/// Bytes of a request's head, and of the buffer that it is read into.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Lines of a request's head.
const HEAD_LINES_MAX: usize = 100;
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
/// What a connection beyond the limits is told.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-type: application/problem+json\r\n\
    cache-control: no-store\r\nx-content-type-options: nosniff\r\nx-frame-options: DENY\r\nreferrer-policy: no-referrer\r\n\
    content-security-policy: default-src 'none'\r\ncontent-length: 138\r\n\r\n\
    {\"type\":\"/docs#overloaded\",\"title\":\"The server is busy\",\"status\":503,\"code\":\"overloaded\",\"detail\":\"too many connections; try again later\"}";

/// Limits of the listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address (an IPv6 network of 64 bits counts as one). Connections from this machine are
    /// not held to it: they are a proxy or a tool.
    pub connections_per_address_max: usize,
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

/// Connections in all and by address.
#[derive(Debug, Default)]
struct Places {
    all: AtomicUsize,
    by_address: DashMap<IpAddr, usize>,
}

/// One connection's place in the limits, given back when its socket is closed.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    fn take(self: &Arc<Self>, peer: IpAddr, config: &HttpConfig) -> Result<Place, &'static str> {
        if self.all.fetch_add(1, Ordering::Relaxed) >= config.connections_max {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err("connections_max");
        }
        let mut place = Place { places: self.clone(), address: None };
        let peer = peer.to_canonical();
        if !peer.is_loopback() {
            let address = network_of(peer);
            let mut count = self.by_address.entry(address).or_insert(0);
            if *count >= config.connections_per_address_max {
                drop(count);
                return Err("connections_per_address_max");
            }
            *count += 1;
            drop(count);
            place.address = Some(address);
        }
        metrics::gauge!(HTTP_CONNECTIONS).increment(1);
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            self.places.by_address.remove_if_mut(&address, |_, count| {
                *count = count.saturating_sub(1);
                *count == 0
            });
        }
        metrics::gauge!(HTTP_CONNECTIONS).decrement(1);
    }
}

/// The address that counts: of IPv6 the network, since one host owns all of it.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
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
            let _ = tcp.try_write(REFUSAL);
            return;
        }
    };
    if let Err(fault) = set_options(&tcp) {
        tracing::debug!(%fault, "a connection went while it was accepted");
        return;
    }
    shared.tasks.spawn(connection(tcp, place, shared.clone()));
}

fn set_options(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_EVERY))
}

async fn connection(tcp: TcpStream, place: Place, shared: Arc<Shared>) {
    let watch = Arc::new(Watch::new());
    let io = TokioIo::new(Socket::new(tcp, watch.clone(), place));
    let service = {
        let (watch, shared) = (watch.clone(), shared.clone());
        service_fn(move |request| answer(request, watch.clone(), shared.clone()))
    };
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_LINES_MAX)
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

async fn answer(request: Request<Incoming>, watch: Arc<Watch>, shared: Arc<Shared>) -> Result<Response<Body>, Infallible> {
    watch.enter(Phase::Answering);
    // Cloning the router is two reference counts; it is a service for one request at a time.
    let answered = async {
        let (request, leftover) = lend(request);
        let answered = shared.router.clone().oneshot(request).await;
        if let Some(leftover) = leftover {
            leftover.discard().await;
        }
        answered
    };
    let Ok(response) = shared.requests.track_future(answered).await;
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, Body::new(Answered { body, watch })))
}

/// An answer's body: when it is done with, the connection is idle again.
struct Answered {
    body: Body,
    watch: Arc<Watch>,
}

impl hyper::body::Body for Answered {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<bytes::Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
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
        self.watch.enter(Phase::Idle);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{HttpConfig, Places, REFUSAL, network_of};

    #[test]
    fn places_are_counted_and_given_back() {
        let config = HttpConfig { connections_max: 3, connections_per_address_max: 1, ..HttpConfig::default() };
        let places = Arc::new(Places::default());
        let far: IpAddr = "203.0.113.9".parse().expect("address");
        let near: IpAddr = "::ffff:127.0.0.1".parse().expect("address");
        let first = places.take(far, &config).expect("room");
        assert_eq!(places.take(far, &config).expect_err("one an address"), "connections_per_address_max");
        let _near = (places.take(near, &config).expect("room"), places.take(near, &config).expect("room"));
        assert_eq!(places.take(near, &config).expect_err("three in all"), "connections_max");
        drop(first);
        assert!(places.by_address.is_empty());
        assert_eq!(places.all.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let one: IpAddr = "2001:db8:1:2:3:4:5:6".parse().expect("address");
        let other: IpAddr = "2001:db8:1:2:ffff::1".parse().expect("address");
        assert_eq!(network_of(one), network_of(other));
    }

    #[test]
    fn the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(REFUSAL).expect("ascii");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("json")["status"], 503);
    }
}
