//! One reader's life: the words, the subscriptions, catching up, and how it ends.
//!
//! [`machine`] and `catch_up` are the session as a plain state machine, with no socket, clock or store of its own;
//! `driver` carries out what it asks; [`ws`] and [`sse`] put it on the wire. A slow reader costs what its outbox may hold
//! and then one cursor.

mod catch_up;
pub mod disconnect;
mod driver;
mod found;
pub mod frames;
pub mod machine;
#[cfg(test)]
mod model;
pub mod protocol;
pub mod socket;
pub mod sse;
mod subscription;
mod words;
pub mod ws;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Principal;
use crate::clock::Clock;
use crate::hub::outbox::{Ending, Outbox};
use crate::hub::shard::SessionNo;
use crate::hub::{Hub, Seat};
use crate::store::ActivityLog;
use crate::telemetry;

/// Sizes and times of sessions.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Bytes that wait for one session at most; beyond it the session is served from the log.
    pub outbox_bytes_max: usize,
    /// Reads of the store for sessions at one time; further ones wait.
    pub reads_max: usize,
    /// Seconds between pings.
    pub ping_every_s: u64,
    /// Seconds for the answer to a ping.
    pub pong_within_s: u64,
    /// Seconds that writing one frame may take before the peer counts as dead.
    pub write_within_s: u64,
    /// Words of one connection in a second; beyond it the connection ends with 4429.
    pub words_per_second_max: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            outbox_bytes_max: 1024 * 1024,
            reads_max: 16,
            ping_every_s: 25,
            pong_within_s: 10,
            write_within_s: 30,
            words_per_second_max: 500,
        }
    }
}

/// What every reader's session works with. Cheap to clone.
#[derive(Clone)]
pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    log: Arc<dyn ActivityLog>,
    clock: Clock,
    config: SessionConfig,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    open: DashMap<SessionNo, Open>,
    count: AtomicUsize,
    reads: Semaphore,
    meters: Meters,
}

/// A session that is open, by what it came in with.
struct Open {
    credential: i64,
    outbox: Arc<Outbox>,
}

/// Handles of the metrics that every frame touches: looking them up by name costs more than counting.
struct Meters {
    sessions: Gauge,
    lagging: Gauge,
    lags: Counter,
    frames: Counter,
    commit_to_socket: Histogram,
}

/// Holds a session's place; dropping it leaves the hub, however the session ended.
struct Guest {
    readers: Readers,
    seat: Option<Seat>,
    lagging: bool,
}

impl Readers {
    /// Readers of this hub and log. Their sessions say `bye` on `shutdown`.
    pub fn new(
        hub: Hub,
        log: Arc<dyn ActivityLog>,
        clock: Clock,
        config: SessionConfig,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let meters = Meters {
            sessions: gauge!(telemetry::SESSIONS),
            lagging: gauge!(telemetry::SESSIONS_LAGGING),
            lags: counter!(telemetry::SESSION_LAGS),
            frames: counter!(telemetry::SESSION_FRAMES),
            commit_to_socket: histogram!(telemetry::COMMIT_TO_SOCKET_SECONDS),
        };
        let reads = Semaphore::new(config.reads_max.max(1));
        let inner = Inner {
            hub,
            log,
            clock,
            config,
            tasks: tasks.clone(),
            shutdown,
            open: DashMap::new(),
            count: AtomicUsize::new(0),
            reads,
            meters,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Ends every open stream that came in by one of these credentials: 4401.
    pub fn revoked(&self, credentials: &[i64]) {
        for open in self.inner.open.iter().filter(|o| credentials.contains(&o.credential)) {
            open.outbox.end(Ending::Revoked);
        }
    }

    /// Sessions that are open.
    pub fn open(&self) -> usize {
        self.inner.count.load(Ordering::Relaxed)
    }

    /// Takes a seat in the principal's workspace; `None` while it cannot be opened.
    async fn enter(&self, principal: &Principal) -> Option<Guest> {
        let seat = self.inner.hub.seat(principal.workspace, self.inner.config.outbox_bytes_max).await?;
        self.inner.open.insert(seat.session, Open { credential: principal.key, outbox: seat.outbox.clone() });
        self.inner.count.fetch_add(1, Ordering::Relaxed);
        self.inner.meters.sessions.increment(1.0);
        Some(Guest { readers: self.clone(), seat: Some(seat), lagging: false })
    }

    fn write_within(&self) -> Duration {
        Duration::from_secs(self.inner.config.write_within_s)
    }
}

impl Guest {
    fn set_lagging(&mut self, lagging: bool) {
        let meters = &self.readers.inner.meters;
        match (self.lagging, lagging) {
            (false, true) => {
                meters.lagging.increment(1.0);
                meters.lags.increment(1);
            }
            (true, false) => meters.lagging.decrement(1.0),
            _ => {}
        }
        self.lagging = lagging;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.set_lagging(false);
        if let Some(seat) = self.seat.take() {
            self.readers.inner.open.remove(&seat.session);
            self.readers.inner.count.fetch_sub(1, Ordering::Relaxed);
            self.readers.inner.meters.sessions.decrement(1.0);
            seat.leave();
        }
    }
}
