//! A session over a WebSocket.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::response::Response;
use futures::FutureExt as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::Instrument as _;

use super::disconnect::{self, Disconnect};
use super::driver::{Driver, Output};
use super::frames;
use super::socket::{Upgrade, Wire};
use super::{Came, Readers};
use crate::domain::limits::INBOUND_FRAME_BYTES_MAX;

/// Bytes that the kernel may hold for a connection on both sides together, about: a peer that took more than this since a
/// ping was sent has read past the ping, answered or not.
const KERNEL_BYTES: u64 = 8 * 1024 * 1024;
/// How long one frame may take to be written once the server is to end.
const WRITE_WITHIN_AT_END: Duration = Duration::from_secs(2);
/// Pings and pongs of one connection in a second: each ping is answered. Beyond it the connection ends with 4429.
const CONTROLS_PER_SECOND_MAX: u32 = 100;
/// How long a goodbye may take: our last frames, the peer's own close frame, and its end of the connection.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Answers the upgrade and runs the session until it ends. The caller has checked origin, subprotocol and the read scope.
pub fn upgrade(readers: Readers, came: Came, upgrade: Upgrade) -> Response {
    let response = upgrade.response();
    let tasks = readers.inner.tasks.clone();
    // On the heap: futures that hold one another by value hold it twice, once to move it from.
    let runtime = readers.inner.runtime.clone();
    let span = came.span();
    let session = Box::pin(async move {
        match upgrade.connect().await {
            Ok(wire) => Box::pin(serve(readers, came, wire)).await,
            Err(error) => tracing::debug!(%error, "a reader went before it was answered"),
        }
    });
    tasks.spawn_on(session.instrument(span), &runtime);
    response
}

async fn serve(readers: Readers, came: Came, mut wire: Wire) {
    let end = match Driver::enter(&readers, came).await {
        Ok(driver) => AssertUnwindSafe(run(&readers, driver, &mut wire)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a session broke off by a fault of ours; its reader is sent away to come back");
            End::Ours(disconnect::INTERNAL)
        }),
        Err(disconnect) => End::Ours(disconnect),
    };
    Box::pin(farewell(&mut wire, end)).await;
}

/// How a connection ends.
enum End {
    /// The peer has closed it, and awaits the answer.
    Theirs,
    /// The peer is gone.
    Gone,
    /// We close it.
    Ours(Disconnect),
}

impl From<Disconnect> for End {
    fn from(disconnect: Disconnect) -> Self {
        Self::Ours(disconnect)
    }
}

/// Runs until one side ends it.
async fn run(readers: &Readers, mut driver: Box<Driver>, wire: &mut Wire) -> End {
    let end = match converse(readers, &mut driver, wire).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    match &end {
        End::Gone => {}
        End::Theirs => driver.ends("closed"),
        End::Ours(disconnect) => driver.ends(disconnect.reason),
    }
    end
}

async fn converse(readers: &Readers, driver: &mut Driver, wire: &mut Wire) -> Result<Infallible, End> {
    let config = &readers.inner.config;
    let mut pulse = Pulse { ping_at_ms: config.ping_every_s * 1000, pong_by_ms: None, sent: 0, sent_at_ping: 0 };
    let mut words = Rate { second: 0, count: 0, max: config.words_per_second_max };
    let mut controls = Rate { second: 0, count: 0, max: CONTROLS_PER_SECOND_MAX };
    let welcome = driver.welcome();
    within(readers, wire.write(&welcome)).await?;
    driver.arm(pulse.due_ms());
    loop {
        while let Some(output) = driver.advance().await {
            match output {
                Output::End(disconnect) => return Err(disconnect.into()),
                Output::Frame(written, committed_at) => {
                    pulse.sent += written.bytes() as u64;
                    within(readers, wire.write(&written)).await?;
                    driver.written(written.bytes(), committed_at);
                }
            }
        }
        let came = tokio::select! {
            biased;
            () = readers.inner.shutdown.cancelled() => {
                driver.session.say_bye();
                continue;
            }
            came = wire.next() => Some(came),
            () = driver.idle() => None,
        };
        match came {
            None => {}
            Some(None) => return Err(End::Gone),
            Some(Some(Err(error))) => return Err(broken(&error)),
            Some(Some(Ok(message))) => {
                pulse.heard(driver.now_ms(), config.ping_every_s);
                match message {
                    Message::Text(_) | Message::Binary(_) if size(&message) > INBOUND_FRAME_BYTES_MAX => {
                        return Err(disconnect::TOO_BIG.into());
                    }
                    Message::Text(text) if words.count(driver.now_ms()) => driver.said(&text),
                    Message::Binary(_) => return Err(disconnect::POLICY.into()),
                    Message::Close(_) => return Err(End::Theirs),
                    Message::Ping(_) | Message::Pong(_) if controls.count(driver.now_ms()) => {}
                    // What was answered before goes out first.
                    Message::Text(_) | Message::Ping(_) | Message::Pong(_) => driver.session.end(disconnect::TOO_MANY),
                    Message::Frame(_) => {}
                }
            }
        }
        if pulse.is_due(driver.now_ms(), config.pong_within_s)? {
            within(readers, wire.control(Message::Ping(bytes::Bytes::new()))).await?;
        }
        driver.arm(pulse.due_ms());
    }
}

/// Bytes of a data message.
fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => 0,
    }
}

async fn within(readers: &Readers, writing: impl Future<Output = Result<(), Error>>) -> Result<(), Disconnect> {
    let mut writing = std::pin::pin!(writing);
    // Nearly every write is taken at once. Only one that waits gets timers, and those on the heap: in here every
    // connection would hold room for them.
    if let Some(written) = writing.as_mut().now_or_never() {
        return written.map_err(|_| disconnect::NO_PONG);
    }
    let too_long = Box::pin(async {
        tokio::select! {
            () = tokio::time::sleep(readers.write_within()) => {}
            // Who reads nothing does not hold up the end of the server.
            () = readers.inner.shutdown.cancelled() => tokio::time::sleep(WRITE_WITHIN_AT_END).await,
        }
    });
    tokio::select! {
        biased;
        written = writing => written.map_err(|_| disconnect::NO_PONG),
        // The peer is gone, or reads nothing: either way there is nobody to tell why.
        () = too_long => Err(disconnect::NO_PONG),
    }
}

/// What follows from a frame that could not be read.
fn broken(error: &Error) -> End {
    match error {
        Error::Capacity(_) => disconnect::TOO_BIG.into(),
        Error::Utf8(_) => disconnect::NOT_UTF8.into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) => disconnect::PROTOCOL.into(),
        _ => End::Gone,
    }
}

/// Says goodbye, whichever way it ends: what is queued goes out, a close is answered, and ours is not lost to a reset.
async fn farewell(wire: &mut Wire, end: End) {
    let goodbye = async {
        match end {
            End::Gone => return Ok(()),
            End::Theirs => wire.answer_close().await,
            End::Ours(disconnect) => {
                if let Some(bye) = frames::write_bye(&disconnect) {
                    wire.write(&bye).await?;
                }
                let frame = CloseFrame { code: disconnect.code.into(), reason: disconnect.reason.into() };
                wire.control(Message::Close(Some(frame))).await?;
                wire.closed().await;
            }
        }
        wire.linger().await;
        Ok::<_, Error>(())
    };
    // Who is gone, or reads nothing, cannot be told.
    let _ = tokio::time::timeout(CLOSE_WITHIN, goodbye).await;
}

/// Whether the peer is there: pings when nothing was heard, and a time for the answer.
struct Pulse {
    ping_at_ms: u64,
    pong_by_ms: Option<u64>,
    sent: u64,
    sent_at_ping: u64,
}

impl Pulse {
    fn heard(&mut self, now_ms: u64, ping_every_s: u64) {
        self.pong_by_ms = None;
        self.ping_at_ms = now_ms + ping_every_s * 1000;
    }

    fn due_ms(&self) -> u64 {
        self.pong_by_ms.unwrap_or(self.ping_at_ms)
    }

    /// True when a ping is to be sent now.
    fn is_due(&mut self, now_ms: u64, pong_within_s: u64) -> Result<bool, Disconnect> {
        if now_ms < self.due_ms() {
            return Ok(false);
        }
        if self.pong_by_ms.is_some() && self.sent - self.sent_at_ping < KERNEL_BYTES {
            return Err(disconnect::NO_PONG);
        }
        self.pong_by_ms = Some(now_ms + pong_within_s * 1000);
        self.sent_at_ping = self.sent;
        Ok(true)
    }
}

/// What came in the present second.
struct Rate {
    second: u64,
    count: u32,
    max: u32,
}

impl Rate {
    /// Counts one more; false when it is too many.
    fn count(&mut self, now_ms: u64) -> bool {
        if now_ms / 1000 != self.second {
            (self.second, self.count) = (now_ms / 1000, 0);
        }
        self.count += 1;
        self.count <= self.max
    }
}
