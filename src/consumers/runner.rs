//! The task that runs consumers: wakes lanes, lets them step, and ends with all of them.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lanes::{Ended, Lane, Lanes};
use super::step::{Memory, Step, Stepped, kind_of};
use super::{Calls, Consumer, Means, Next, Order, backoff};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::Seq;
use crate::store::Listener;
use crate::telemetry::CONSUMER_LAG;

/// A consumer, and where it works.
struct Added {
    consumer: Arc<dyn Consumer>,
    only: Option<WorkspaceId>,
}

/// A lane that has taken a step.
struct Back {
    lane: Lane,
    memory: Memory,
    stepped: Stepped,
}

pub(super) struct Runner {
    means: Means,
    operator: Operator,
    tasks: TaskTracker,
    grown: Listener,
    consumers: HashMap<Arc<str>, Added>,
    /// Every workspace that was heard of.
    workspaces: HashSet<WorkspaceId>,
    lanes: Lanes,
    /// Of lanes that do not work right now.
    memories: HashMap<Lane, Memory>,
    steps: JoinSet<Back>,
    /// Entries that each lane is behind.
    behind: HashMap<Lane, u64>,
    /// Their sum by kind of consumer.
    lags: HashMap<String, u64>,
    /// Who waits for a consumer to be gone.
    leaving: Vec<(Arc<str>, oneshot::Sender<()>)>,
    settling: Vec<oneshot::Sender<()>>,
    /// When the workspaces that are there are to be asked for again, because the store could not tell.
    look_again: Option<Instant>,
    looks: u32,
}

impl Runner {
    pub(super) fn new(means: Means, operator: Operator, tasks: TaskTracker) -> Self {
        let (grown, lanes) =
            (means.heads.listen(), Lanes::new(means.limits.working_max.max(1), means.limits.working_of_workspace_max.max(1)));
        Self {
            means,
            operator,
            tasks,
            grown,
            consumers: HashMap::new(),
            workspaces: HashSet::new(),
            lanes,
            memories: HashMap::new(),
            steps: JoinSet::new(),
            behind: HashMap::new(),
            lags: HashMap::new(),
            leaving: Vec::new(),
            settling: Vec::new(),
            look_again: None,
            looks: 0,
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>, shutdown: CancellationToken) {
        self.find_workspaces().await;
        let mut deaf = false;
        loop {
            self.begin_steps();
            self.tell_settled();
            let wake_at = self.lanes.wake_at().into_iter().chain(self.look_again).min();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(back) = self.steps.join_next() => if let Ok(back) = back { self.is_back(back) },
                order = orders.recv(), if !deaf => match order {
                    Some(order) => self.obey(order),
                    None => deaf = true,
                },
                grown = self.grown.grown() => grown.into_iter().for_each(|workspace| self.has_grown(workspace)),
                () = tokio::time::sleep_until(wake_at.unwrap_or_else(now).into()), if wake_at.is_some() => self.wake().await,
            }
        }
        // What is under way may end; nothing begins any more. What does not end in time is dropped, and done again later.
        let ended = async { while self.steps.join_next().await.is_some() {} };
        if timeout(self.means.limits.end_within, ended).await.is_err() {
            tracing::warn!(lanes = self.lanes.working(), "consumers did not end in time; what they work on is done again");
        }
        self.steps.shutdown().await;
    }

    /// Takes note of every workspace that is there: logs that grew before this process began are worked on too.
    async fn find_workspaces(&mut self) {
        self.look_again = None;
        match self.means.store.keyring.workspaces(self.operator).await {
            Ok(records) => records.into_iter().for_each(|record| self.is_there(record.id)),
            Err(fault) => {
                tracing::warn!(%fault, "consumers cannot see which workspaces there are; trying again");
                self.looks += 1;
                self.look_again = Some(now() + self.rest_after(self.looks));
            }
        }
    }

    async fn wake(&mut self) {
        let now = now();
        if self.look_again.is_some_and(|at| at <= now) {
            self.find_workspaces().await;
        }
        self.lanes.wake(now);
    }

    fn is_there(&mut self, workspace: WorkspaceId) {
        if self.workspaces.insert(workspace) {
            let names: Vec<Arc<str>> = self.of(workspace).map(|(name, _)| name.clone()).collect();
            for consumer in names {
                self.lanes.call(&Lane { workspace, consumer });
            }
        }
    }

    fn has_grown(&mut self, workspace: WorkspaceId) {
        self.is_there(workspace);
        let readers = self.of(workspace).filter(|(_, added)| added.consumer.calls() != Calls::Time);
        let names: Vec<Arc<str>> = readers.map(|(name, _)| name.clone()).collect();
        for consumer in names {
            let lane = Lane { workspace, consumer };
            self.lanes.call(&lane);
            self.measure(&lane, None);
        }
    }

    /// The consumers of a log.
    fn of(&self, workspace: WorkspaceId) -> impl Iterator<Item = (&Arc<str>, &Added)> {
        self.consumers.iter().filter(move |(_, added)| added.only.is_none_or(|only| only == workspace))
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Add { consumer, only } => {
                let name = consumer.name();
                self.consumers.insert(name.clone(), Added { consumer, only });
                let workspaces: Vec<_> =
                    self.workspaces.iter().copied().chain(only).filter(|w| only.is_none_or(|only| only == *w)).collect();
                for workspace in workspaces {
                    self.lanes.call(&Lane { workspace, consumer: name.clone() });
                }
            }
            Order::Remove { name, done } => {
                self.consumers.remove(&name);
                self.leaving.push((name, done));
                self.let_go();
            }
            Order::Stir { workspace, name } => {
                self.is_there(workspace);
                if self.of(workspace).any(|(known, _)| *known == name) {
                    let lane = Lane { workspace, consumer: name };
                    self.memories.entry(lane.clone()).or_default().timed = true;
                    self.lanes.call(&lane);
                }
            }
            Order::Settle { settled } => self.settling.push(settled),
        }
    }

    fn begin_steps(&mut self) {
        while let Some(lane) = self.lanes.next() {
            let Some(Added { consumer, .. }) = self.consumers.get(&lane.consumer) else {
                self.lanes.ended(&lane, Ended::Wait);
                self.lanes.remove(&lane);
                continue;
            };
            let (means, consumer, mut memory) = (self.means.clone(), consumer.clone(), self.memories.remove(&lane).unwrap_or_default());
            let step = async move {
                let step = Step { means: &means, lane: &lane, consumer: &*consumer, memory: &mut memory }.take();
                let stepped = AssertUnwindSafe(step).catch_unwind().await;
                match stepped {
                    Ok(stepped) => Back { lane, memory, stepped },
                    // Of the store: the consumer's own are caught where it works.
                    Err(_) => Back { lane, memory: Memory::lost(memory.failures + 1), stepped: Stepped::Failed },
                }
            };
            self.steps.spawn(self.tasks.track_future(step));
        }
    }

    fn is_back(&mut self, back: Back) {
        let Back { lane, mut memory, stepped } = back;
        let now = now();
        let ended = match stepped {
            Stepped::Done(next) => {
                memory.failures = 0;
                match next {
                    Next::Wait => Ended::Wait,
                    Next::Again => Ended::Again,
                    Next::Rest(time) => Ended::Rest(now + time),
                    Next::After(time) => {
                        memory.timed = true;
                        Ended::Later(now + time)
                    }
                }
            }
            Stepped::Failed => Ended::Rest(now + self.rest_after(memory.failures)),
        };
        self.lanes.ended(&lane, ended);
        self.measure(&lane, memory.cursor);
        if let Some(told) = self.memories.remove(&lane) {
            // It was stirred while it worked.
            memory.timed |= told.timed;
        }
        self.memories.insert(lane, memory);
        self.let_go();
    }

    /// Takes away the lanes of consumers that are leaving, and tells who waits for it.
    fn let_go(&mut self) {
        for (name, done) in std::mem::take(&mut self.leaving) {
            let is_back = self.consumers.contains_key(&name);
            let mut gone = true;
            for workspace in self.workspaces.iter().copied().filter(|_| !is_back).collect::<Vec<_>>() {
                let lane = Lane { workspace, consumer: name.clone() };
                gone &= self.lanes.remove(&lane);
                self.memories.remove(&lane);
                self.measure(&lane, Some(Seq::MAX));
            }
            if gone {
                let _ = done.send(());
            } else {
                self.leaving.push((name, done));
            }
        }
    }

    /// Tells who waits for it that nobody has anything to do, once that is so.
    fn tell_settled(&mut self) {
        if self.settling.is_empty() {
            return;
        }
        // News that came before the question are work that was due then.
        self.grown.take().into_iter().for_each(|workspace| self.has_grown(workspace));
        self.begin_steps();
        if self.lanes.is_settled() && self.look_again.is_none() {
            for settled in self.settling.drain(..) {
                let _ = settled.send(());
            }
        }
    }

    /// Takes note of how far a lane is behind.
    fn measure(&mut self, lane: &Lane, cursor: Option<Seq>) {
        let cursor = cursor.or_else(|| self.memories.get(lane).and_then(|memory| memory.cursor));
        let Some(cursor) = cursor else { return };
        let behind = self.means.heads.of(lane.workspace).saturating_sub(cursor);
        let before = match behind {
            0 => self.behind.remove(lane),
            _ => self.behind.insert(lane.clone(), behind),
        };
        let kind = kind_of(&lane.consumer).to_owned();
        let lag = self.lags.entry(kind.clone()).or_insert(0);
        *lag = (*lag + behind).saturating_sub(before.unwrap_or(0));
        metrics::gauge!(CONSUMER_LAG, "consumer" => kind).set(*lag as f64);
    }

    fn rest_after(&self, failures: u32) -> std::time::Duration {
        backoff::rest(failures, self.means.limits.rest_first, self.means.limits.rest_max, backoff::chance())
    }
}

/// The moment, by the clock that the runtime's timers go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
