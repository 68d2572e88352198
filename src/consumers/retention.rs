//! Retention: what a log has kept for longer than its workspace asks for is taken away, in short steps through the one writer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Calls, Consumer, Fault, Next, Work, Writes};
use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::store::{Change, Kept, Outcome, Prune, Pruned, Store};
use crate::telemetry::RETENTION_PRUNED;

/// Its name.
pub const RETENTION: &str = "retention";
/// How long one step may hold the writer; the rows of a step follow from it.
pub const STEP_MAX: Duration = Duration::from_millis(50);
/// Entries of the first step, and of the least.
const STEP_ROWS_FIRST: u64 = 256;
const STEP_ROWS_MIN: u64 = 16;
/// Entries of the largest step.
const STEP_ROWS_MAX: u64 = 16_384;
/// How soon it looks again at the earliest, so that what becomes old one by one goes together.
const LOOK_AFTER_MIN: Duration = Duration::from_secs(60);
/// How soon at the latest: the clock may be set.
const LOOK_AFTER_MAX: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;

/// The consumer.
pub struct RetentionConsumer {
    store: Store,
    writes: Arc<dyn Writes>,
    clock: Clock,
    /// Entries of the next step, of logs that are under way.
    rows: Mutex<HashMap<WorkspaceId, u64>>,
}

impl RetentionConsumer {
    /// Of every log.
    pub fn new(store: Store, writes: Arc<dyn Writes>, clock: Clock) -> Self {
        Self { store, writes, clock, rows: Mutex::default() }
    }

    async fn step(&self, workspace: WorkspaceId) -> Result<Next, Fault> {
        let unavailable = |why: String| Fault::Unavailable(why);
        let kept = self.store.keeping.kept(workspace).await.map_err(|fault| unavailable(fault.to_string()))?;
        let now = self.clock.now();
        let Some(before) = cut(&kept, now) else { return Ok(look_again(&kept, now)) };
        let rows_max = self.rows().get(&workspace).copied().unwrap_or(STEP_ROWS_FIRST);
        let pruned = match self.writes.write(Change::Prune(Prune { workspace, before, rows_max })).await.map_err(unavailable)? {
            Outcome::Pruned(pruned) => pruned,
            other => return Err(unavailable(format!("the store answered with {other:?}"))),
        };
        metrics::counter!(RETENTION_PRUNED).increment(pruned.rows);
        if pruned.rows < rows_max {
            self.rows().remove(&workspace);
            // Asked again at once: the oldest that is left says when.
            return Ok(if pruned.rows == 0 { Next::After(LOOK_AFTER_MIN) } else { Next::Again });
        }
        self.rows().insert(workspace, next_rows(rows_max, &pruned));
        // As long as it held the writer it leaves it to others.
        tokio::time::sleep(pruned.took).await;
        Ok(Next::Again)
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, u64>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumer for RetentionConsumer {
    fn name(&self) -> Arc<str> {
        RETENTION.into()
    }

    fn calls(&self) -> Calls {
        Calls::Time
    }

    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>> {
        Box::pin(self.step(work.workspace))
    }
}

/// What was recorded before this goes; `None` when nothing does.
fn cut(kept: &Kept, now: UnixMs) -> Option<UnixMs> {
    let before = UnixMs(now.0.saturating_sub(i64::from(kept.retention.days?).saturating_mul(DAY_MS)));
    kept.oldest.filter(|oldest| *oldest < before).map(|_| before)
}

/// When the oldest entry is old enough.
fn look_again(kept: &Kept, now: UnixMs) -> Next {
    let Some(days) = kept.retention.days else { return Next::Wait };
    let due = kept.oldest.map_or(i64::MAX, |oldest| oldest.0.saturating_add(i64::from(days).saturating_mul(DAY_MS)));
    let left = Duration::from_millis(due.saturating_sub(now.0).max(0).unsigned_abs().saturating_add(1));
    Next::After(left.clamp(LOOK_AFTER_MIN, LOOK_AFTER_MAX))
}

/// Entries of the next step: twice as many while that would still be half of what a step may take, half as many after one
/// that took more than half.
fn next_rows(rows: u64, pruned: &Pruned) -> u64 {
    let next = match () {
        () if pruned.took < STEP_MAX / 5 => rows * 2,
        () if pruned.took > STEP_MAX / 2 => rows / 2,
        () => rows,
    };
    next.clamp(STEP_ROWS_MIN, STEP_ROWS_MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DAY_MS, cut, look_again, next_rows};
    use crate::consumers::Next;
    use crate::domain::UnixMs;
    use crate::store::{Kept, Pruned, Retention};

    fn kept(days: Option<u32>, oldest: Option<i64>) -> Kept {
        Kept { retention: Retention { days }, oldest: oldest.map(UnixMs), since: None }
    }

    #[test]
    fn goes_by_the_oldest_entry_and_the_days() {
        let now = UnixMs(100 * DAY_MS);
        let hour = Duration::from_secs(3_600);
        for (kept, before, next) in [
            (kept(None, Some(0)), None, Next::Wait),
            (kept(Some(30), None), None, Next::After(hour)),
            (kept(Some(30), Some(70 * DAY_MS)), None, Next::After(Duration::from_secs(60))),
            (kept(Some(30), Some(70 * DAY_MS - 1)), Some(70 * DAY_MS), Next::After(Duration::from_secs(60))),
            (kept(Some(30), Some(70 * DAY_MS + 600_000)), None, Next::After(Duration::from_millis(600_001))),
            (kept(Some(30), Some(90 * DAY_MS)), None, Next::After(hour)),
        ] {
            assert_eq!((cut(&kept, now).map(|at| at.0), look_again(&kept, now)), (before, next), "{kept:?}");
        }
    }

    #[test]
    fn steps_follow_the_time_that_they_take() {
        for (rows, ms, want) in [(256, 1, 512), (256, 12, 256), (256, 40, 128), (16_384, 0, 16_384), (16, 900, 16)] {
            let pruned = Pruned { up_to: 1, rows, took: Duration::from_millis(ms) };
            assert_eq!(next_rows(rows, &pruned), want, "{rows} in {ms} ms");
        }
    }
}
