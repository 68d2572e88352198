//! Watches the clock: times of entries never go back, so after a clock that did, new ones stand still until it has caught
//! up, and whatever happens meanwhile looks late. Nothing is lost by it; somebody must be told.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::SqliteStore;
use crate::auth::Operator;
use crate::store::StoreError;
use crate::telemetry::RECORDED_AHEAD_MS;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Milliseconds ahead that are told: clocks are set right by less all the time.
const AHEAD_MS_TOLD: i64 = 5_000;
/// How often it is said.
const SAY_EVERY: Duration = Duration::from_secs(600);

impl SqliteStore {
    /// Until told to end: measures how far what was recorded is ahead of the clock, and says so where it is.
    pub async fn watch_clock(self, operator: Operator, end: CancellationToken) {
        let mut said = None::<Instant>;
        loop {
            match self.recorded_ahead_ms(operator).await {
                Ok(ahead) => {
                    metrics::gauge!(RECORDED_AHEAD_MS).set(ahead as f64);
                    if ahead < AHEAD_MS_TOLD {
                        said = None;
                    } else if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                        said = Some(Instant::now());
                        tracing::warn!(
                            ahead_ms = ahead,
                            "the newest entry was recorded later than it is now: the clock has gone back. Until it is there again, \
                             new activities get that time and are shown as late; see that the clock of this machine is right"
                        );
                    }
                }
                Err(fault) => tracing::debug!(%fault, "cannot see how far the log is ahead of the clock; trying again"),
            }
            if end.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Milliseconds that the newest entry of any log was recorded ahead of the clock; 0 when it was not.
    pub(super) async fn recorded_ahead_ms(&self, _operator: Operator) -> Result<i64, StoreError> {
        let newest: Option<i64> = sqlx::query_scalar("select max(recorded_at) from workspaces").fetch_one(&self.inner.apart).await?;
        Ok(newest.unwrap_or(0).saturating_sub(self.inner.clock.now().0).max(0))
    }
}
