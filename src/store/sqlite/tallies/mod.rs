//! Tallies: how many activities of a log have each combination of the columns that filters and facets use.
//!
//! They are folded behind the writer: one task reads what was appended, like any reader, and adds it up in memory
//! (`fold.rs`, `cube.rs`); an append pays nothing for it. A read takes the tallies up to their seq, and from there to the
//! head it scans rows (`ask.rs`, `super::facets`, `super::count`). They are saved now and then (`saved.rs`, `codec.rs`), so
//! that a start need not read the log again; a save and the seq that it stands for become true together.
//!
//! Tallies never decide what an answer is, only how soon it comes: where they cannot tell, or cannot be trusted, rows are
//! scanned. `tidings check` holds them to the log (`compare.rs`).

pub(super) mod ask;
mod codec;
mod compare;
pub(super) mod cube;
mod fold;
mod keep;
pub mod limits;
pub(super) mod saved;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sqlx::sqlite::SqliteConnection;
use tokio::sync::Notify;

use self::cube::Cube;
use super::place::place;
use super::rows::kind;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::store::{Committed, Head, StoreError};

pub(super) use compare::faults;
pub use limits::TallyLimits;

/// The tallies of every log.
#[derive(Debug)]
pub(super) struct Tallies {
    pub limits: TallyLimits,
    /// One small record a workspace.
    logs: Mutex<BTreeMap<WorkspaceId, Arc<LogTallies>>>,
    /// Told when a log is far enough ahead of its tallies, or asked for while they are not held.
    wake: Notify,
    /// Counts questions, so that it is known which log was asked for longest ago.
    questions: AtomicU64,
}

/// The tallies of one log.
#[derive(Debug, Default)]
struct LogTallies {
    /// What readers take. Held for as long as it takes to take it, or to add one step.
    cube: Arc<tokio::sync::Mutex<Option<Arc<Cube>>>>,
    /// Held by whoever folds or saves: one at a time.
    folding: tokio::sync::Mutex<Folding>,
    /// The last seq that is known to be there.
    head: AtomicU64,
    /// The seq of the cube.
    folded: AtomicU64,
    /// The number of the last question.
    asked: AtomicU64,
    /// The log is not folded before it has come to here: it has too many combinations. 0 while it has not.
    given_up: AtomicU64,
    /// True after it was let go of: it is not folded until it is asked for or far behind.
    rests: AtomicBool,
    /// True when it was asked for while it rested.
    wanted: AtomicBool,
}

/// What whoever folds knows.
#[derive(Debug, Default)]
struct Folding {
    /// True once what was saved was looked for.
    loaded: bool,
    /// The seq that was saved last.
    saved: Seq,
}

impl Tallies {
    pub(super) fn new(limits: TallyLimits) -> Self {
        Self { limits, logs: Mutex::default(), wake: Notify::new(), questions: AtomicU64::new(1) }
    }

    /// The record of a log.
    fn of(&self, workspace: WorkspaceId) -> Arc<LogTallies> {
        // A panic between two reads of a map leaves it whole.
        let mut logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        logs.entry(workspace).or_default().clone()
    }

    fn all(&self) -> Vec<(WorkspaceId, Arc<LogTallies>)> {
        let logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        logs.iter().map(|(workspace, log)| (*workspace, log.clone())).collect()
    }

    /// Takes note of a commit: all that the way in ever does for tallies.
    pub(super) fn appended(&self, committed: &Committed) {
        for batch in &committed.batches {
            if let Some(last) = batch.entries.last() {
                self.reaches(batch.workspace, last.seq);
            }
        }
    }

    /// Takes note of how far a log goes.
    fn reaches(&self, workspace: WorkspaceId, seq: Seq) {
        let log = self.of(workspace);
        log.head.fetch_max(seq, Ordering::Relaxed);
        if log.is_behind(&self.limits) {
            self.wake.notify_one();
        }
    }

    /// The tallies of a log as they are. They must be taken before the snapshot that they are completed from, so that
    /// they end at or below its head.
    pub(super) async fn take(&self, workspace: WorkspaceId) -> Option<Arc<Cube>> {
        let log = self.of(workspace);
        log.asked.store(self.questions.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if log.rests.swap(false, Ordering::Relaxed) {
            log.wanted.store(true, Ordering::Relaxed);
            self.wake.notify_one();
        }
        log.cube.lock().await.clone()
    }
}

impl LogTallies {
    /// True when it is worth a fold.
    fn is_behind(&self, limits: &TallyLimits) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        let behind = head.saturating_sub(self.folded.load(Ordering::Relaxed));
        let enough = if self.rests.load(Ordering::Relaxed) { limits.save.max(limits.behind) } else { limits.behind };
        head >= self.given_up.load(Ordering::Relaxed) && behind >= limits.lag.saturating_add(enough)
    }
}

impl Cube {
    /// True when what is folded still is what the log says: it is the same log, nothing of it was pruned since, and no
    /// entry above the tallies changed rows below.
    pub(super) async fn is_of(&self, connection: &mut SqliteConnection, workspace: WorkspaceId, head: Head) -> Result<bool, StoreError> {
        let same = self.origin.epoch == head.epoch && self.origin.pruned == head.pruned && self.seq <= head.seq;
        Ok(same && last_correction(connection, workspace, self.seq, head.seq).await? <= self.origin.began)
    }
}

/// The seq of the last entry in (`after`, `up_to`] that changes or removes rows below it; 0 when there is none. Relies on
/// `entries_barrier`.
///
/// Amendments and erasures are not written yet. Until they are taken from the tallies one by one (the old combination of
/// the row minus one, the new one plus one, for a row that was folded before the entry was written), a log that has one is
/// scanned until it is folded anew, from the start: right, and slow. Whoever writes them must see to that here and in
/// `fold.rs`.
async fn last_correction(connection: &mut SqliteConnection, workspace: WorkspaceId, after: Seq, up_to: Seq) -> Result<Seq, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(
        "select max(place) from entries indexed by entries_barrier where kind <> 0 and kind >= ? and place > ? and place <= ?",
    )
    .bind(kind::AMENDMENT)
    .bind(place(workspace, after))
    .bind(place(workspace, up_to))
    .fetch_one(connection)
    .await?;
    Ok(last.map_or(0, super::place::seq_of))
}
