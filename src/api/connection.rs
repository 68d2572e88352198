//! One connection: a socket that counts against the limits until it is closed, and the watch over how long it may be
//! silent.
//!
//! An upgraded connection leaves here: only its socket, with its place in the limits, lives on in the session.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::head;
use super::places::{AddressPlace, Place};

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing has come since the last answer.
    Idle = 0,
    /// A request's head has begun to come.
    Head = 1,
    /// A request is being answered.
    Answering = 2,
}

/// What the socket has seen, read by the task that watches it.
#[derive(Debug)]
pub struct Watch {
    base: Instant,
    phase: AtomicU8,
    /// Milliseconds after `base` at which the phase began.
    since: AtomicI64,
    /// Milliseconds after `base` at which a write began to wait; -1 while none does.
    stalled: AtomicI64,
}

impl Watch {
    /// A connection that was just accepted and owes its first head.
    pub fn new() -> Self {
        Self { base: Instant::now(), phase: AtomicU8::new(Phase::Head as u8), since: AtomicI64::new(0), stalled: AtomicI64::new(-1) }
    }

    /// The phase begins now.
    pub fn enter(&self, phase: Phase) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn now(&self) -> i64 {
        i64::try_from(self.base.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn after(&self, ms: i64, more: Duration) -> Instant {
        self.base + Duration::from_millis(u64::try_from(ms).unwrap_or(0)) + more
    }

    /// When the connection is to be closed unless something happens, and why.
    pub fn deadline(&self, limits: &Timeouts) -> Option<(Instant, &'static str)> {
        let since = self.since.load(Ordering::Relaxed);
        let phase = match self.phase.load(Ordering::Relaxed) {
            0 => Some((self.after(since, limits.idle), "idle")),
            1 => Some((self.after(since, limits.head), "slow_head")),
            _ => None,
        };
        let stalled = self.stalled.load(Ordering::Relaxed);
        let stall = (stalled >= 0).then(|| (self.after(stalled, limits.write), "slow_read"));
        [phase, stall].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a connection may keep the server waiting.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From its first byte, or from accepting, to the end of a request's head.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// For one write to be taken.
    pub write: Duration,
}

/// The place of a stream that has taken its connection over, by the address that it is forwarded for. Given back when the
/// socket is closed.
#[derive(Debug, Clone, Default)]
pub struct StreamPlace(Arc<OnceLock<AddressPlace>>);

impl StreamPlace {
    /// Holds the place from now on; what is held already is given back to the caller.
    pub fn hold(&self, place: Option<AddressPlace>) -> Option<AddressPlace> {
        place.and_then(|place| self.0.set(place).err())
    }
}

/// A socket with its place in the limits.
pub struct Socket {
    tcp: TcpStream,
    watch: Arc<Watch>,
    _place: Place,
    _stream: StreamPlace,
}

impl Socket {
    /// Wraps an accepted socket.
    pub const fn new(tcp: TcpStream, watch: Arc<Watch>, place: Place, stream: StreamPlace) -> Self {
        Self { tcp, watch, _place: place, _stream: stream }
    }

    fn wrote<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let stalled = &self.watch.stalled;
        match poll {
            Poll::Pending if stalled.load(Ordering::Relaxed) < 0 => stalled.store(self.watch.now(), Ordering::Relaxed),
            Poll::Pending => {}
            Poll::Ready(_) => stalled.store(-1, Ordering::Relaxed),
        }
        poll
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.tcp).poll_read(cx, buf));
        if buf.filled().len() > before && self.watch.phase.load(Ordering::Relaxed) == Phase::Idle as u8 {
            self.watch.enter(Phase::Head);
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Some(instead) = head::in_place_of(buf) else {
            let poll = Pin::new(&mut self.tcp).poll_write(cx, buf);
            return self.wrote(poll);
        };
        // Nothing has been sent on this connection that is not taken yet, so the kernel takes it whole.
        let poll = Pin::new(&mut self.tcp).poll_write(cx, &instead).map_ok(|_| buf.len());
        self.wrote(poll)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(first) = bufs.iter().find(|buf| !buf.is_empty())
            && head::written_by_hyper(first).is_some()
        {
            return self.poll_write(cx, first);
        }
        let poll = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.wrote(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Phase, Timeouts, Watch};

    const LIMITS: Timeouts = Timeouts { head: Duration::from_secs(10), idle: Duration::from_secs(75), write: Duration::from_secs(60) };

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_deadline() {
        let watch = Watch::new();
        let left = |watch: &Watch| watch.deadline(&LIMITS).map(|(at, why)| ((at - tokio::time::Instant::now()).as_secs(), why));
        assert_eq!(left(&watch), Some((10, "slow_head")));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(left(&watch), Some((6, "slow_head")));
        watch.enter(Phase::Answering);
        assert_eq!(left(&watch), None);
        watch.enter(Phase::Idle);
        assert_eq!(left(&watch), Some((75, "idle")));
    }
}
