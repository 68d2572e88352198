//! A session over a WebSocket.

use std::time::Duration;

use axum::response::Response;
use futures::FutureExt as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Readers;
use super::disconnect::{self, Disconnect};
use super::driver::{Driver, Output};
use super::socket::{Upgrade, Wire};
use crate::auth::Principal;
use crate::domain::limits::INBOUND_FRAME_BYTES_MAX;

/// Bytes that the kernel may hold for a connection on both sides together, about: a peer that took more than this since a
/// ping was sent has read past the ping, answered or not.
const KERNEL_BYTES: u64 = 8 * 1024 * 1024;
/// How long one frame may take to be written once the server is to end.
const WRITE_WITHIN_AT_END: Duration = Duration::from_secs(2);
/// How long to wait for the peer's own close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Answers the upgrade and runs the session until it ends. The caller has checked origin, subprotocol and the read scope.
pub fn upgrade(readers: Readers, principal: Principal, upgrade: Upgrade) -> Response {
    let response = upgrade.response();
    let tasks = readers.inner.tasks.clone();
    // On the heap: futures that hold one another by value hold it twice, once to move it from.
    tasks.spawn(Box::pin(async move {
        match upgrade.connect().await {
            Ok(wire) => Box::pin(serve(readers, principal, wire)).await,
            Err(error) => tracing::debug!(%error, "a reader went before it was answered"),
        }
    }));
    response
}

async fn serve(readers: Readers, principal: Principal, mut wire: Wire) {
    let ended = match Driver::enter(&readers, &principal).await {
        Some(driver) => run(&readers, driver, &mut wire).await,
        None => Err(Disconnect { code: 1013, reason: "try_again_later", reconnect_after_ms: Some(2_000) }),
    };
    if let Err(disconnect) = ended {
        close(&mut wire, disconnect).await;
    }
}

/// Runs until the peer goes (`Ok`) or we end it.
async fn run(readers: &Readers, mut driver: Box<Driver>, wire: &mut Wire) -> Result<(), Disconnect> {
    let config = &readers.inner.config;
    let mut pulse = Pulse { ping_at_ms: config.ping_every_s * 1000, pong_by_ms: None, sent: 0, sent_at_ping: 0 };
    let mut words = WordRate { second: 0, count: 0, max: config.words_per_second_max };
    let welcome = driver.welcome();
    within(readers, wire.write(&welcome)).await?;
    driver.arm(pulse.due_ms());
    loop {
        while let Some(output) = driver.advance().await {
            match output {
                Output::End(disconnect) => return Err(disconnect),
                Output::Frame(written, committed_at) => {
                    pulse.sent += written.bytes() as u64;
                    within(readers, wire.write(&written)).await?;
                    driver.written(committed_at);
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
            Some(None) => return Ok(()),
            Some(Some(Err(error))) => return refused(&error),
            Some(Some(Ok(message))) => {
                pulse.heard(driver.now_ms(), config.ping_every_s);
                match message {
                    Message::Text(_) | Message::Binary(_) if size(&message) > INBOUND_FRAME_BYTES_MAX => return Err(disconnect::TOO_BIG),
                    Message::Text(text) => {
                        words.count(driver.now_ms())?;
                        driver.said(&text);
                    }
                    Message::Binary(_) => return Err(disconnect::POLICY),
                    Message::Close(_) => return Ok(()),
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
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

/// What to answer to a frame that could not be read.
fn refused(error: &Error) -> Result<(), Disconnect> {
    match error {
        Error::Capacity(_) => Err(disconnect::TOO_BIG),
        Error::Utf8(_) => Err(Disconnect { code: 1007, reason: "not_utf8", reconnect_after_ms: None }),
        Error::Protocol(_) => Err(Disconnect { code: 1002, reason: "protocol", reconnect_after_ms: None }),
        _ => Ok(()),
    }
}

async fn close(wire: &mut Wire, disconnect: Disconnect) {
    let frame = CloseFrame { code: disconnect.code.into(), reason: disconnect.reason.into() };
    let goodbye = async {
        if wire.control(Message::Close(Some(frame))).await.is_ok() {
            // The peer's answer is awaited, so that what it sent last does not reset the connection under our frame.
            while let Some(Ok(_)) = wire.next().await {}
        }
    };
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

/// Words in the present second.
struct WordRate {
    second: u64,
    count: u32,
    max: u32,
}

impl WordRate {
    fn count(&mut self, now_ms: u64) -> Result<(), Disconnect> {
        if now_ms / 1000 != self.second {
            (self.second, self.count) = (now_ms / 1000, 0);
        }
        self.count += 1;
        if self.count > self.max { Err(disconnect::TOO_MANY) } else { Ok(()) }
    }
}
