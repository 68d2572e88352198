//! A log in memory that can be held, made to fail and looked at: what no real store can be asked to do on time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Publisher;
use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, NewActivity, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::hub::{Hub, HubConfig};
use crate::store::{
    ActivityLog, Answer, AppendResult, Change, Committed, Count, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch,
    MembershipSnapshot, MissingThing, NamedKind, Outcome, Page, PageQuery, StoreError, StoredActivity,
};

/// The time at which everything is recorded.
pub(super) const RECORDED_AT: UnixMs = UnixMs(1_795_338_843_999);

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
pub(super) struct MemoryLog {
    /// One permit lets one commit through.
    pub(super) gate: Semaphore,
    /// Told at the begin of each commit.
    pub(super) begun: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    seq: Seq,
    ids: HashMap<ActivityId, (Seq, [u8; 16])>,
    commits: Vec<usize>,
}

/// A publisher over this log, in front of a hub that nobody reads.
pub(super) fn publisher(log: &Arc<MemoryLog>, tasks: &TaskTracker, shutdown: &CancellationToken) -> Publisher {
    let (hub, opens) = Hub::start(HubConfig::default(), tasks, shutdown);
    Publisher::start(log.clone(), hub, opens, tasks, shutdown.clone())
}

impl MemoryLog {
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

    /// How many activities there are.
    pub(super) fn stored(&self) -> Seq {
        self.state().seq
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, activity: &NewActivity, create_unknown: bool) -> AppendResult {
        if !create_unknown && activity.partner.as_str() == "stranger" {
            return AppendResult::Missing(MissingThing { kind: NamedKind::Partner, key: "stranger".to_owned() });
        }
        match self.ids.get(&activity.id) {
            Some((seq, hash)) if *hash == activity.content_hash => AppendResult::Duplicate { seq: *seq, recorded_at: RECORDED_AT },
            Some((seq, _)) => AppendResult::Conflict { seq: *seq },
            None => {
                self.seq += 1;
                self.ids.insert(activity.id, (self.seq, activity.content_hash));
                AppendResult::Stored { seq: self.seq, recorded_at: RECORDED_AT }
            }
        }
    }

    fn outcome(&mut self, change: Change) -> Outcome {
        match change {
            Change::Append { activities, create_unknown, .. } => {
                Outcome::Appended(activities.iter().map(|activity| self.append(activity, create_unknown)).collect())
            }
            _ => Outcome::Put { created: true },
        }
    }
}

impl ActivityLog for MemoryLog {
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
            let mut outcomes: Vec<_> = changes.into_iter().map(|change| state.outcome(change)).collect();
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
