//! One reader's life: the words, the subscriptions, catching up, and how it ends.
//!
//! [`machine`] is the session as a plain state machine, with no socket, clock or store of its own: words in, actions out. Of a
//! subscription, `stage` says where it stands, and `live`, `refilter`, `accord`, `catch_up`, `seals` and `read` what becomes of
//! it; `driver` carries out what is asked; [`ws`] and [`sse`] put it on the wire. A slow reader costs what its outbox may hold
//! and then one cursor.

mod accord;
mod catch_up;
pub mod disconnect;
mod driver;
mod found;
pub mod frames;
mod live;
pub mod machine;
#[cfg(test)]
mod model;
mod names;
mod open;
#[cfg(test)]
mod planted;
pub mod protocol;
pub mod read;
mod refilter;
mod seals;
pub mod socket;
pub mod sse;
mod stage;
mod subscription;
mod told;
mod viewing;
mod words;
pub mod ws;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{Principal, WorkspaceId};
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::hub::outbox::Outbox;
use crate::hub::{Hub, Seat};
use crate::screens::Screens;
use crate::store::{ChangedName, Reads};
use crate::telemetry;
use disconnect::{Disconnect, TRY_LATER};
pub use open::Grants;
use open::{OpenStreams, Standing};
pub use viewing::{Wants, only as only_views};

/// How often it is looked whose credential has expired.
const EXPIRY_EVERY: Duration = Duration::from_secs(1);

/// Sizes and times of sessions.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Bytes that wait for one session at most; beyond it the session is served from the log.
    pub outbox_bytes_max: usize,
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
        Self { outbox_bytes_max: 1024 * 1024, ping_every_s: 25, pong_within_s: 10, write_within_s: 30, words_per_second_max: 500 }
    }
}

/// Who came to read, and how.
#[derive(Debug, Clone)]
pub struct Came {
    /// Who.
    pub principal: Principal,
    /// The request that they came by, as the log names it.
    pub request_id: String,
    /// `websocket` or `events`.
    pub by: &'static str,
}

impl Came {
    /// What is told in the course of the session stands in this.
    fn span(&self) -> tracing::Span {
        let Self { principal, request_id, by } = self;
        tracing::debug_span!("session", %request_id, by, workspace = principal.workspace.number(), actor = %principal.actor)
    }
}

/// What every reader's session works with. Cheap to clone.
#[derive(Clone)]
pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    reads: Reads,
    clock: Clock,
    config: SessionConfig,
    tasks: TaskTracker,
    /// What sessions run on: that of whoever made this, not of the request that brought one.
    runtime: Handle,
    shutdown: CancellationToken,
    open: Arc<OpenStreams>,
    grants: Grants,
    screens: Arc<Screens>,
    count: AtomicUsize,
    meters: Meters,
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
    _standing: Standing,
}

impl Readers {
    #[expect(clippy::too_many_arguments, reason = "composition names each part once")]
    /// Readers of this hub, and of the log by turns, on the runtime that this is called on. Their sessions say `bye` on `shutdown`.
    pub fn new(
        hub: Hub,
        reads: Reads,
        grants: Grants,
        screens: Arc<Screens>,
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
        let inner = Inner {
            hub,
            reads,
            clock,
            config,
            tasks: tasks.clone(),
            runtime: Handle::current(),
            shutdown,
            open: Arc::default(),
            grants,
            screens,
            count: AtomicUsize::new(0),
            meters,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Names of a workspace have changed, or what stands behind them: every stream is told.
    pub async fn changed(&self, workspace: WorkspaceId, names: Arc<[Arc<ChangedName>]>) {
        self.inner.hub.changed(workspace, Some(names)).await;
    }

    /// Cancelled when streams end.
    pub fn shutdown(&self) -> CancellationToken {
        self.inner.shutdown.clone()
    }

    /// What is known of screens.
    pub fn screens(&self) -> &Screens {
        &self.inner.screens
    }

    /// Ends every stream, open or about to be, that hangs on one of these credentials: 4401.
    pub fn revoked(&self, credentials: &[i64]) {
        // In this order: who stands in the list after it was gone through hears that something was revoked.
        self.inner.grants.revocations.hear();
        self.inner.open.revoked(credentials);
    }

    /// The path has broken, or works again: every stream is told.
    pub fn pulse_changed(&self) {
        self.inner.open.pulse_changed();
    }

    /// Until shutdown: ends every stream whose credential has expired. By the time of day, looked at again and again, so
    /// that a clock that is set right counts.
    pub async fn keep_expiry(self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(EXPIRY_EVERY)).await.is_some() {
            self.inner.open.expire(self.inner.clock.now());
        }
    }

    /// When the whole path was last known to work.
    pub fn checked_at(&self) -> Option<UnixMs> {
        self.inner.hub.pulse().checked_at()
    }

    /// Sessions that are open.
    pub fn open(&self) -> usize {
        self.inner.count.load(Ordering::Relaxed)
    }

    /// Takes a seat in the principal's workspace.
    async fn enter(&self, principal: &Principal) -> Result<Guest, Disconnect> {
        let inner = &self.inner;
        let outbox = Arc::new(Outbox::new(inner.config.outbox_bytes_max));
        let standing = inner.open.stand(principal.credential, principal.grant.until, outbox.clone());
        let seat = inner.hub.seat(principal.workspace, outbox).await.ok_or(TRY_LATER)?;
        inner.count.fetch_add(1, Ordering::Relaxed);
        inner.meters.sessions.increment(1.0);
        let guest = Guest { readers: self.clone(), seat: Some(seat), lagging: false, _standing: standing };
        inner.grants.still(principal, inner.clock.now()).await?;
        Ok(guest)
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
            self.readers.inner.count.fetch_sub(1, Ordering::Relaxed);
            self.readers.inner.meters.sessions.decrement(1.0);
            seat.leave();
        }
    }
}
