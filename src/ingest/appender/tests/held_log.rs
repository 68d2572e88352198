//! A log that keeps nothing and can be held, made to fail and looked at: what no real store can be asked to do on time.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore};

use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, Seq};
use crate::filter::FilterSet;
use crate::store::{
    ActivityLog, Answer, Change, Committed, Count, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch, MembershipSnapshot,
    Outcome, Page, PageQuery, StoreError, StoredActivity,
};

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
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    commits: Vec<usize>,
}

impl HeldLog {
    /// A log that lets so many commits through.
    pub(super) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(permits), begun: Notify::new(), state: Mutex::default() })
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// How many changes each commit that went well held.
    pub(super) fn commits(&self) -> Vec<usize> {
        self.state().commits.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActivityLog for HeldLog {
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed> {
        async move {
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
            let mut outcomes = vec![Outcome::Put { created: true }; changes.len()];
            if mood == Mood::Forgetful {
                outcomes.pop();
            }
            Ok(Committed { outcomes, ..Committed::default() })
        }
        .boxed()
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
    fn activity(&self, _: WorkspaceId, _: ActivityId) -> Answer<'_, Option<StoredActivity>> {
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
