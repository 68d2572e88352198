//! A log that keeps nothing and can be held, made to fail and looked at: what no real store can be asked to do on time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore};

use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, Mark, Seq};
use crate::filter::FilterSet;
use crate::store::{
    ActivityLog, Answer, Change, Committed, Count, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch, MembershipSnapshot,
    Outcome, Page, PageQuery, StoreError, UnderId,
};

/// How long a test may stand still before it counts as stuck.
const STUCK: Duration = Duration::from_secs(30);

/// What the next commits do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// Store.
    #[default]
    Well,
    /// Answer with an error.
    Failing,
    /// Panic.
    Panicking,
    /// Store, but keep the last outcome to itself.
    Forgetful,
}

#[derive(Debug)]
pub(super) struct HeldLog {
    /// One permit lets one commit through.
    pub(super) gate: Semaphore,
    /// Told at the begin of each commit.
    pub(super) begun: Notify,
    state: Mutex<State>,
    /// Told when the state changes, for those who block their thread.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    commits: Vec<usize>,
    begun: usize,
}

impl HeldLog {
    /// A log that lets so many commits through.
    pub(super) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(permits), begun: Notify::new(), state: Mutex::default(), changed: Condvar::new() })
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// How many changes each commit that went well held.
    pub(super) fn commits(&self) -> Vec<usize> {
        self.state().commits.clone()
    }

    /// Blocks this thread until so many commits went well.
    pub(super) fn wait_for_commits(&self, count: usize) {
        self.wait_until(|state| state.commits.len() >= count);
    }

    /// Blocks this thread until a commit has begun.
    pub(super) fn wait_for_begun(&self) {
        self.wait_until(|state| state.begun > 0);
    }

    fn wait_until(&self, so: impl Fn(&State) -> bool) {
        let waited = self.changed.wait_timeout_while(self.state(), STUCK, |state| !so(state));
        assert!(!waited.unwrap_or_else(PoisonError::into_inner).1.timed_out(), "the writer stands still");
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActivityLog for HeldLog {
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed> {
        async move {
            self.state().begun += 1;
            self.changed.notify_all();
            self.begun.notify_one();
            if let Ok(permit) = self.gate.acquire().await {
                permit.forget();
            }
            let mood = self.state().mood;
            match mood {
                Mood::Failing => return Err(StoreError::Unavailable("the disk is full".to_owned())),
                Mood::Panicking => panic!("a planted panic"),
                Mood::Well | Mood::Forgetful => {}
            }
            let mut state = self.state();
            state.commits.push(changes.len());
            self.changed.notify_all();
            let mut outcomes = vec![Outcome::Recipients { added: 0, removed: 0, total: 0 }; changes.len()];
            if mood == Mood::Forgetful {
                outcomes.pop();
            }
            Ok(Committed { outcomes, ..Committed::default() })
        }
        .boxed()
    }

    fn mark(&self, _: WorkspaceId, _: Seq) -> Answer<'_, Option<Mark>> {
        unasked()
    }
    fn head(&self, _: WorkspaceId) -> Answer<'_, Head> {
        unasked()
    }
    fn memberships(&self, _: WorkspaceId) -> Answer<'_, MembershipSnapshot> {
        unasked()
    }
    fn entries(&self, _: WorkspaceId, _: Seq, _: usize) -> Answer<'_, LogBatch> {
        unasked()
    }
    fn page(&self, _: WorkspaceId, _: PageQuery) -> Answer<'_, Page> {
        unasked()
    }
    fn activity(&self, _: WorkspaceId, _: ActivityId) -> Answer<'_, UnderId> {
        unasked()
    }
    fn count(&self, _: WorkspaceId, _: FilterSet, _: Seq, _: Seq) -> Answer<'_, Count> {
        unasked()
    }
    fn facets(&self, _: WorkspaceId, _: FacetQuery) -> Answer<'_, Facets> {
        unasked()
    }
    fn histogram(&self, _: WorkspaceId, _: HistogramQuery) -> Answer<'_, Histogram> {
        unasked()
    }
}

fn unasked<T: Send + 'static>() -> Answer<'static, T> {
    async { Err(StoreError::Refused("the way in only writes".to_owned())) }.boxed()
}
