//! The tallies of every log: which are held, how far each is folded, and which is worth a fold.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::cube::{Cube, Origin};
use super::limits::TallyLimits;
use super::minutes::Minutes;
use super::part::{Folded as _, Part};
use super::parts::Parts;
use crate::auth::WorkspaceId;
use crate::domain::Seq;

/// The tallies of every log.
#[derive(Debug)]
pub(crate) struct Tallies {
    pub limits: TallyLimits,
    /// One small record a workspace.
    logs: Mutex<BTreeMap<WorkspaceId, Arc<LogTallies>>>,
    /// Told when a log is far enough ahead of its tallies, or asked for while they are not held.
    pub(crate) wake: Notify,
    /// Counts questions, so that it is known which log was asked for longest ago.
    questions: AtomicU64,
}

/// The tallies of one log.
#[derive(Debug, Default)]
pub(crate) struct LogTallies {
    pub(crate) cube: Part<Cube>,
    pub(crate) minutes: Part<Minutes>,
    /// Held by whoever folds or saves: one at a time.
    pub(crate) folding: tokio::sync::Mutex<Folding>,
    /// The last seq that is known to be there.
    pub(crate) head: AtomicU64,
    /// The number of the last question.
    pub(crate) asked: AtomicU64,
    /// True after it was let go of: it is not folded until it is asked for or far behind.
    pub(crate) rests: AtomicBool,
    /// True when it was asked for while it rested.
    pub(crate) wanted: AtomicBool,
    /// True when activities were corrected since it was last folded.
    pub(crate) corrected: AtomicBool,
}

/// What whoever folds knows.
#[derive(Debug, Default)]
pub(crate) struct Folding {
    /// True once what was saved was looked for.
    pub(crate) loaded: bool,
    /// The seq that was saved last.
    pub(crate) saved: Seq,
}

impl Tallies {
    pub(crate) fn new(limits: TallyLimits) -> Self {
        Self { limits, logs: Mutex::default(), wake: Notify::new(), questions: AtomicU64::new(1) }
    }

    /// The record of a log.
    pub(crate) fn of(&self, workspace: WorkspaceId) -> Arc<LogTallies> {
        // A panic between two reads of a map leaves it whole.
        let mut logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        logs.entry(workspace).or_default().clone()
    }

    pub(crate) fn all(&self) -> Vec<(WorkspaceId, Arc<LogTallies>)> {
        let logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        logs.iter().map(|(workspace, log)| (*workspace, log.clone())).collect()
    }

    /// Takes note of how far a log goes: all that the way in ever does for tallies.
    pub(crate) fn reaches(&self, workspace: WorkspaceId, seq: Seq) {
        let log = self.of(workspace);
        log.head.fetch_max(seq, Ordering::Relaxed);
        if log.is_behind(&self.limits) {
            self.wake.notify_one();
        }
    }

    /// Takes note that activities of a log were corrected: what is counted is brought in line soon, whatever was appended.
    pub(crate) fn corrected(&self, workspace: WorkspaceId) {
        self.of(workspace).corrected.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// The combinations of a log as they are. They must be taken before the snapshot that they are completed from, so that
    /// they end at or below its head.
    pub(crate) async fn take(&self, workspace: WorkspaceId) -> Option<Arc<Cube>> {
        self.asked_for(workspace).cube.take().await
    }

    /// The counts by minute of a log as they are; as with [`take`](Self::take).
    pub(crate) async fn take_minutes(&self, workspace: WorkspaceId) -> Option<Arc<Minutes>> {
        self.asked_for(workspace).minutes.take().await
    }

    /// The record of a log that somebody asks for.
    fn asked_for(&self, workspace: WorkspaceId) -> Arc<LogTallies> {
        let log = self.of(workspace);
        log.asked.store(self.questions.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if log.rests.swap(false, Ordering::Relaxed) {
            log.wanted.store(true, Ordering::Relaxed);
            self.wake.notify_one();
        }
        log
    }
}

impl LogTallies {
    /// True when it is worth a fold.
    pub(crate) fn is_behind(&self, limits: &TallyLimits) -> bool {
        let enough = if self.rests.load(Ordering::Relaxed) { limits.save.max(limits.behind) } else { limits.behind };
        self.behind() >= limits.lag.saturating_add(enough)
    }

    /// Entries that are not folded, of what is to be.
    pub(crate) fn behind(&self) -> u64 {
        let head = self.head.load(Ordering::Relaxed);
        let folded = [self.cube.due_at(head), self.minutes.due_at(head)];
        folded.into_iter().flatten().min().map_or(0, |folded| head.saturating_sub(folded))
    }

    /// Begins what is not held and to be folded, or all of that anew.
    pub(crate) async fn begin(&self, origin: Origin, anew: bool) {
        if self.cube.is_due(origin.corrected) && (anew || self.cube.take().await.is_none()) {
            self.cube.put(Some(Cube::begun(origin))).await;
        }
        if self.minutes.is_due(origin.corrected) && (anew || self.minutes.take().await.is_none()) {
            self.minutes.put(Some(Minutes::begun(origin))).await;
        }
    }

    /// What is held now.
    pub(crate) async fn parts(&self) -> Parts<Arc<Cube>, Arc<Minutes>> {
        Parts {
            cube_given_up: self.cube.given_up.load(Ordering::Relaxed),
            minutes_given_up: self.minutes.given_up.load(Ordering::Relaxed),
            cube: self.cube.take().await,
            minutes: self.minutes.take().await,
        }
    }
}
