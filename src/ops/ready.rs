//! Whether the whole path works: a probe is made durable and comes through publisher and every shard.
//!
//! It leaves nothing behind: one row is overwritten, and no log grows. While anybody reads, or an alert stands, one is sent each second, so that
//! who sees nothing come knows that nothing came (`hub/pulse.rs`); `/ready` and the supervisor go by the same probes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::hub::Hub;
use crate::hub::pulse::{Pulse, Reason};
use crate::ingest::{Ingest, Refused};
use crate::session::Readers;
use crate::store::{Change, Outcome};
use crate::telemetry::READY;

/// Key of the workspace that versions before 0.2 appended to for this. It is kept where it is there, with what is in it,
/// and nothing is added to it; nobody gets a key for it.
pub const OPS_WORKSPACE: &str = "tidings-ops";
/// How long a probe may take that somebody waits for.
const BACK_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer holds: whoever asks more often is told it again, so that asking costs little.
const HOLDS_FOR: Duration = Duration::from_secs(2);
/// How often a probe is sent while anybody reads.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How long none has passed when those who read are told that the path is broken.
const BROKEN_AFTER: Duration = Duration::from_secs(3);

/// The check, and its last answer.
pub struct Ready {
    ingest: Ingest,
    hub: Hub,
    readers: Readers,
    clock: Clock,
    last: Mutex<Option<(Instant, Result<Duration, String>)>>,
}

impl Ready {
    /// A check of this way in and this hub.
    pub fn new(ingest: Ingest, hub: Hub, readers: Readers, clock: Clock) -> Self {
        Self { ingest, hub, readers, clock, last: Mutex::new(None) }
    }

    /// When the path was last known to work, and whether it is broken.
    pub fn pulse(&self) -> &Arc<Pulse> {
        self.hub.pulse()
    }

    /// How long the way took, just now or a moment ago.
    ///
    /// # Errors
    /// Where it broke, in words.
    pub async fn check(&self) -> Result<Duration, String> {
        // Whoever asks while a check runs waits for its answer.
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < HOLDS_FOR
        {
            return answer.clone();
        }
        let answer = match timeout(BACK_WITHIN, self.round()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("a probe did not come back within {} s", BACK_WITHIN.as_secs())),
        };
        if let Err(why) = &answer {
            tracing::warn!(why, "not ready");
        }
        told(&answer);
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    /// The same, asked now whatever was answered before: what was durable when it began is with every reader's shard when
    /// it has ended.
    ///
    /// # Errors
    /// Where it broke, in words.
    pub async fn round(&self) -> Result<Duration, String> {
        self.send(&AtomicBool::new(false)).await
    }

    /// Sends probes until shutdown, while anybody reads, and tells them when the path breaks and when it works again.
    pub async fn beat(self: Arc<Self>, shutdown: CancellationToken) {
        let mut every = interval(BEAT_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut passed = Instant::now();
        while shutdown.run_until_cancelled(every.tick()).await.is_some() {
            if self.readers.open() == 0 && !self.pulse().is_broken() && !self.pulse().is_watched() {
                passed = Instant::now();
                continue;
            }
            let stored = AtomicBool::new(false);
            let mut round = std::pin::pin!(self.send(&stored));
            let answer = loop {
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return,
                    answer = &mut round => break answer,
                    () = sleep_until(passed + BROKEN_AFTER), if !self.pulse().is_broken() => self.breaks(stored.load(Ordering::Relaxed)),
                }
            };
            match &answer {
                Ok(_) => passed = Instant::now(),
                Err(_) if passed.elapsed() >= BROKEN_AFTER => self.breaks(stored.load(Ordering::Relaxed)),
                Err(_) => {}
            }
            told(&answer);
            *self.last.lock().await = Some((Instant::now(), answer));
        }
    }

    fn breaks(&self, is_stored: bool) {
        let reason = if is_stored { Reason::NotDelivered } else { Reason::NotStored };
        if self.pulse().breaks(reason, self.clock.now()) {
            tracing::error!(reason = reason.as_str(), "no probe has come through; everybody who reads is told");
            self.readers.pulse_changed();
        }
    }

    /// One round; `stored` tells how far it has come.
    async fn send(&self, stored: &AtomicBool) -> Result<Duration, String> {
        let started = Instant::now();
        let outcome = self.ingest.change(Change::Probe).await.map_err(|refused| match refused {
            Refused::Busy => "the writer's queue is full, or the writer stands still",
            Refused::Unavailable => "the database cannot be written",
            Refused::Draining => "the server is going down",
        })?;
        let Outcome::Probed { number } = outcome else { return Err(format!("the store answered a probe with {outcome:?}")) };
        stored.store(true, Ordering::Relaxed);
        let durable_at = self.clock.now();
        if !self.hub.probed(number).await {
            return Err("the hub does not answer".to_owned());
        }
        if self.pulse().passed(durable_at) {
            tracing::info!("probes come through again; everybody who reads is told");
            self.readers.pulse_changed();
        }
        Ok(started.elapsed())
    }
}

fn told(answer: &Result<Duration, String>) {
    metrics::gauge!(READY).set(if answer.is_ok() { 1.0 } else { 0.0 });
}
