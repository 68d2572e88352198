//! The task that keeps tallies: folds what was appended, saves, and lets go of what does not fit.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::SqliteStore;
use super::super::error::unsigned;
use crate::auth::{Operator, WorkspaceId};
use crate::store::StoreError;
use crate::tallies::limits::{FOLD_PAUSE, FOLD_RETRY};
use crate::tallies::{Cube, Folded as _, Folding, LogTallies, Minutes, Parts};
use crate::telemetry::{TALLY_BEHIND, TALLY_CELLS, TALLY_COMBINATIONS};

impl SqliteStore {
    /// Keeps tallies until told to end; then it saves what a start would else have to fold again. For the one process
    /// that has the file to itself.
    pub async fn keep_tallies(self, operator: Operator, end: CancellationToken) {
        let mut pause = match self.find_logs(operator).await {
            Ok(()) => Duration::ZERO,
            Err(fault) => told(&fault),
        };
        loop {
            tokio::select! {
                () = end.cancelled() => break,
                () = sleep(pause) => {}
            }
            let begun = Instant::now();
            // Wherever it is given up, nothing is half done.
            let round = tokio::select! {
                () = end.cancelled() => break,
                round = self.round() => round,
            };
            pause = match round {
                // A log that is far behind takes half of a core, not all of it.
                Ok(true) => begun.elapsed(),
                Ok(false) => {
                    tokio::select! {
                        () = end.cancelled() => break,
                        () = self.inner.tallies.wake.notified() => FOLD_PAUSE,
                    }
                }
                Err(fault) => told(&fault),
            };
        }
        for (workspace, log) in self.inner.tallies.all() {
            if let Err(fault) = self.save(workspace, &log, self.inner.tallies.limits.behind).await {
                told(&fault);
            }
        }
    }

    /// Takes note of every log that is there.
    async fn find_logs(&self, operator: Operator) -> Result<(), StoreError> {
        let logs: Vec<(i64, i64)> = sqlx::query_as("select id, seq from workspaces").fetch_all(&self.inner.apart).await?;
        for (number, seq) in logs {
            self.inner.tallies.reaches(operator.workspace(number), unsigned(seq)?);
        }
        Ok(())
    }

    /// One step for every log that is behind, so that none waits for another. True when there is more to fold.
    pub(super) async fn round(&self) -> Result<bool, StoreError> {
        let tallies = &self.inner.tallies;
        let (mut more, mut behind) = (false, 0);
        for (workspace, log) in tallies.all() {
            let corrected = log.corrected.swap(false, Ordering::Relaxed) && !log.rests.load(Ordering::Relaxed);
            if log.wanted.swap(false, Ordering::Relaxed) || corrected || log.is_behind(&tallies.limits) {
                let folded = self.fold(workspace).await?;
                // There may be more corrections than one step takes.
                if folded && corrected {
                    log.corrected.store(true, Ordering::Relaxed);
                }
                more |= folded && (corrected || log.is_behind(&tallies.limits));
                self.save(workspace, &log, tallies.limits.save).await?;
            }
            behind += log.behind();
        }
        let (combinations, cells) = self.let_go().await?;
        metrics::gauge!(TALLY_BEHIND).set(behind as f64);
        metrics::gauge!(TALLY_COMBINATIONS).set(combinations as f64);
        metrics::gauge!(TALLY_CELLS).set(cells as f64);
        Ok(more)
    }

    /// Saves a log whose tallies have moved on by so many entries, and by a quarter of what is to be written.
    async fn save(&self, workspace: WorkspaceId, log: &LogTallies, moved: u64) -> Result<(), StoreError> {
        let mut folding = log.folding.lock().await;
        let parts = log.parts().await;
        if parts.seq().saturating_sub(folding.saved) < moved.max(parts.size() as u64 / 4) {
            return Ok(());
        }
        self.save_now(workspace, parts, &mut folding).await
    }

    async fn save_now(
        &self,
        workspace: WorkspaceId,
        parts: Parts<Arc<Cube>, Arc<Minutes>>,
        folding: &mut Folding,
    ) -> Result<(), StoreError> {
        let (seq, corrected, pruned) = (parts.seq(), parts.corrected(), parts.pruned());
        self.save_parts(workspace, parts).await?;
        folding.saved = seq;
        self.delete_corrections(workspace, corrected).await?;
        self.delete_gone(workspace, pruned).await
    }

    /// Lets go of the logs that were asked for longest ago, while more is held than may be. How many combinations and
    /// counts by minute are held then.
    async fn let_go(&self) -> Result<(usize, usize), StoreError> {
        let limits = self.inner.tallies.limits;
        let mut held = Vec::new();
        for (workspace, log) in self.inner.tallies.all() {
            let parts = log.parts().await;
            let sizes = (parts.cube.map_or(0, |cube| cube.size()), parts.minutes.map_or(0, |minutes| minutes.size()));
            if sizes != (0, 0) {
                held.push((log.asked.load(Ordering::Relaxed), sizes, workspace, log));
            }
        }
        held.sort_unstable_by_key(|(asked, ..)| *asked);
        let mut sum = held.iter().fold((0, 0), |sum, (_, sizes, ..)| (sum.0 + sizes.0, sum.1 + sizes.1));
        for (_, sizes, workspace, log) in held {
            if sum.0 <= limits.held_max && sum.1 <= limits.cells_held_max {
                break;
            }
            self.rest(workspace, &log).await?;
            sum = (sum.0 - sizes.0, sum.1 - sizes.1);
        }
        Ok(sum)
    }

    /// Saves a log's tallies and lets go of them.
    async fn rest(&self, workspace: WorkspaceId, log: &LogTallies) -> Result<(), StoreError> {
        let mut folding = log.folding.lock().await;
        let parts = log.parts().await;
        if parts.seq() > folding.saved {
            self.save_now(workspace, parts, &mut folding).await?;
        }
        *log.cube.held.lock().await = None;
        *log.minutes.held.lock().await = None;
        folding.loaded = false;
        log.rests.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Says what went wrong, and how long to wait.
fn told(fault: &StoreError) -> Duration {
    tracing::warn!(%fault, "tallies cannot be kept right now; counts are read row by row until they can");
    FOLD_RETRY
}
