//! Whether the whole path works: an activity of our own is made durable and comes back through the hub.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::auth::WorkspaceId;
use crate::hub::Hub;
use crate::ingest::{Ingest, Receipt, Refused};
use crate::telemetry::READY;

/// Key of the workspace that the activities go to. It belongs to the server; nobody gets a key for it.
pub const OPS_WORKSPACE: &str = "tidings-ops";
/// How long an activity may take to come back.
const BACK_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer holds: whoever asks more often is told it again, so that asking costs little.
const HOLDS_FOR: Duration = Duration::from_secs(2);
/// How often it is looked whether the activity has come back.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Bytes of the outbox of the seat in the hub; nothing is ever put there.
const OUTBOX_BYTES: usize = 1024;
const DRAFT: &[u8] = br#"{"flavor":"canary.sent","event":"canary","partner":"canary"}"#;

/// The check, and its last answer.
pub struct Ready {
    ingest: Ingest,
    hub: Hub,
    workspace: WorkspaceId,
    last: Mutex<Option<(Instant, Result<Duration, String>)>>,
}

impl Ready {
    /// A check that appends to `workspace`.
    pub fn new(ingest: Ingest, hub: Hub, workspace: WorkspaceId) -> Self {
        Self { ingest, hub, workspace, last: Mutex::new(None) }
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
            Err(_) => Err(format!("an activity did not come back within {} s", BACK_WITHIN.as_secs())),
        };
        if let Err(why) = &answer {
            tracing::warn!(why, "not ready");
        }
        metrics::gauge!(READY).set(if answer.is_ok() { 1.0 } else { 0.0 });
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn round(&self) -> Result<Duration, String> {
        let started = Instant::now();
        let seat = self.hub.seat(self.workspace, OUTBOX_BYTES).await.ok_or("the hub does not answer")?;
        let outcome = self.there_and_back(&seat).await;
        seat.leave();
        outcome.map(|()| started.elapsed())
    }

    async fn there_and_back(&self, seat: &crate::hub::Seat) -> Result<(), String> {
        let drafts = self.ingest.read(Some("application/json"), None, Bytes::from_static(DRAFT), None).await;
        let drafts = drafts.map_err(|fault| fault.to_string())?;
        let receipts = self.ingest.submit(self.workspace, drafts.items, true).await.map_err(|refused| match refused {
            Refused::Busy => "the writer's queue is full",
            Refused::Unavailable => "the database cannot be written",
            Refused::Draining => "the server is going down",
        })?;
        let Some(Receipt::Stored { seq, .. }) = receipts.first() else { return Err("the activity was rejected".to_owned()) };
        while seat.room.head() < *seq {
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
