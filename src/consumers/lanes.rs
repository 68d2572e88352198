//! Whose turn it is, as a plain state machine: a lane is one consumer in one log.
//!
//! Workspaces take turns, and within one its lanes do. It reads no clock and starts nothing itself. It must never let a
//! lane work twice at a time, and never forget a call that came while it worked.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::auth::WorkspaceId;

/// Which consumer, in which log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Lane {
    pub workspace: WorkspaceId,
    pub consumer: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Until it is called.
    Waits,
    /// Until it is called, or then.
    Later(Instant),
    /// Until then, whoever calls.
    Rests(Instant),
    /// In the queue.
    Due,
    /// At work; whether it was called meanwhile.
    Works { called: bool },
}

/// How a lane has ended its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing more to do.
    Wait,
    /// More to do.
    Again,
    /// To be called then at the latest.
    Later(Instant),
    /// It failed, and is tried again then.
    Rest(Instant),
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    working_max: usize,
    working_of_workspace_max: usize,
    lanes: BTreeMap<Lane, State>,
    /// Those that are called or tried again by the time.
    times: BTreeSet<(Instant, Lane)>,
    /// Workspaces with a lane in the queue, the next one first.
    turns: VecDeque<WorkspaceId>,
    due: HashMap<WorkspaceId, VecDeque<Lane>>,
    working: HashMap<WorkspaceId, usize>,
    working_in_all: usize,
}

impl Lanes {
    pub(super) fn new(working_max: usize, working_of_workspace_max: usize) -> Self {
        Self {
            working_max,
            working_of_workspace_max,
            lanes: BTreeMap::new(),
            times: BTreeSet::new(),
            turns: VecDeque::new(),
            due: HashMap::new(),
            working: HashMap::new(),
            working_in_all: 0,
        }
    }

    /// Calls a lane, which is made when it is not there. False when it rests after a failure: then its own time counts.
    pub(super) fn call(&mut self, lane: &Lane) -> bool {
        match self.lanes.get_mut(lane) {
            Some(State::Works { called }) => *called = true,
            Some(State::Rests(_)) => return false,
            Some(State::Due) => {}
            Some(State::Waits | State::Later(_)) | None => self.queue(lane),
        }
        true
    }

    /// Takes a lane away. False while it works: it is to be taken away when it has ended.
    pub(super) fn remove(&mut self, lane: &Lane) -> bool {
        if matches!(self.lanes.get(lane), Some(State::Works { .. })) {
            return false;
        }
        self.set(lane, None);
        true
    }

    /// Lets those whose time has come into the queue.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some((_, lane)) = self.times.first().filter(|(at, _)| *at <= now).cloned() {
            self.queue(&lane);
        }
    }

    /// When the next time comes.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.times.first().map(|(at, _)| *at)
    }

    /// The next that may begin to work, if one may. Where there are several nodes, this is where the lease of the lane is to
    /// be held; whoever does not get it lets the lane rest.
    pub(super) fn next(&mut self) -> Option<Lane> {
        if self.working_in_all >= self.working_max {
            return None;
        }
        let may = |workspace: &WorkspaceId| self.working.get(workspace).is_none_or(|n| *n < self.working_of_workspace_max);
        let at = self.turns.iter().position(may)?;
        let workspace = self.turns.remove(at)?;
        let due = self.due.get_mut(&workspace)?;
        let lane = due.pop_front();
        if due.is_empty() {
            self.due.remove(&workspace);
        } else {
            self.turns.push_back(workspace);
        }
        let lane = lane?;
        self.lanes.insert(lane.clone(), State::Works { called: false });
        *self.working.entry(workspace).or_insert(0) += 1;
        self.working_in_all += 1;
        Some(lane)
    }

    /// A lane has ended its work.
    pub(super) fn ended(&mut self, lane: &Lane, ended: Ended) {
        let Some(State::Works { called }) = self.lanes.get(lane).copied() else { return };
        self.working_in_all -= 1;
        if let Some(working) = self.working.get_mut(&lane.workspace) {
            *working -= 1;
            if *working == 0 {
                self.working.remove(&lane.workspace);
            }
        }
        match ended {
            Ended::Rest(until) => self.set(lane, Some(State::Rests(until))),
            Ended::Again => self.queue(lane),
            Ended::Wait | Ended::Later(_) if called => self.queue(lane),
            Ended::Wait => self.set(lane, Some(State::Waits)),
            Ended::Later(at) => self.set(lane, Some(State::Later(at))),
        }
    }

    /// True when nobody works, is due, or rests after a failure.
    pub(super) fn is_settled(&self) -> bool {
        self.working_in_all == 0 && self.turns.is_empty() && !self.lanes.values().any(|state| matches!(state, State::Rests(_)))
    }

    /// Lanes at work.
    pub(super) fn working(&self) -> usize {
        self.working_in_all
    }

    fn queue(&mut self, lane: &Lane) {
        self.set(lane, Some(State::Due));
        let due = self.due.entry(lane.workspace).or_default();
        if due.is_empty() {
            self.turns.push_back(lane.workspace);
        }
        due.push_back(lane.clone());
    }

    /// Changes the state of a lane that does not stand in the queue afterwards, or is put there next.
    fn set(&mut self, lane: &Lane, state: Option<State>) {
        let before = match state {
            Some(state) => self.lanes.insert(lane.clone(), state),
            None => self.lanes.remove(lane),
        };
        match before {
            Some(State::Later(at) | State::Rests(at)) => drop(self.times.remove(&(at, lane.clone()))),
            Some(State::Due) => {
                if let Some(due) = self.due.get_mut(&lane.workspace) {
                    due.retain(|queued| queued != lane);
                    if due.is_empty() {
                        self.due.remove(&lane.workspace);
                        self.turns.retain(|workspace| *workspace != lane.workspace);
                    }
                }
            }
            Some(State::Waits | State::Works { .. }) | None => {}
        }
        if let Some(State::Later(at) | State::Rests(at)) = state {
            self.times.insert((at, lane.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Ended, Lane, Lanes};
    use crate::auth::Operator;

    fn lane(workspace: i64, consumer: &str) -> Lane {
        Lane { workspace: Operator::assume().workspace(workspace), consumer: consumer.into() }
    }

    fn begun(lanes: &mut Lanes) -> Vec<Lane> {
        std::iter::from_fn(|| lanes.next()).collect()
    }

    #[test]
    fn workspaces_take_turns_and_each_has_a_share() {
        let mut lanes = Lanes::new(4, 3);
        for name in ["a", "b", "c", "d", "e"] {
            assert!(lanes.call(&lane(1, name)));
        }
        lanes.call(&lane(2, "a"));
        assert_eq!(begun(&mut lanes), [lane(1, "a"), lane(2, "a"), lane(1, "b"), lane(1, "c")]);
        lanes.ended(&lane(2, "a"), Ended::Again);
        assert_eq!(begun(&mut lanes), [lane(2, "a")], "one has had its share, so the other goes on");
        lanes.ended(&lane(1, "a"), Ended::Wait);
        assert_eq!(begun(&mut lanes), [lane(1, "d")]);
        lanes.ended(&lane(1, "b"), Ended::Again);
        assert_eq!(begun(&mut lanes), [lane(1, "e")], "behind those that waited");
    }

    #[test]
    fn a_call_is_never_forgotten() {
        let (mut lanes, now, one) = (Lanes::new(9, 9), Instant::now(), lane(1, "a"));
        let later = now + Duration::from_secs(1);
        lanes.call(&one);
        assert!(!lanes.is_settled());
        for ended in [Ended::Wait, Ended::Later(later)] {
            assert_eq!(begun(&mut lanes), std::slice::from_ref(&one));
            assert!(lanes.call(&one) && lanes.call(&one), "while it works");
            lanes.ended(&one, ended);
        }
        assert_eq!(begun(&mut lanes), std::slice::from_ref(&one));
        assert_eq!(begun(&mut lanes), [], "never twice at a time");
        lanes.ended(&one, Ended::Later(later));
        assert!(lanes.is_settled() && lanes.wake_at() == Some(later));
        lanes.wake(now);
        assert_eq!(begun(&mut lanes), []);
        lanes.wake(later);
        assert_eq!(begun(&mut lanes), std::slice::from_ref(&one), "its time has come");
        lanes.ended(&one, Ended::Later(later));
        lanes.call(&one);
        assert_eq!((begun(&mut lanes).len(), lanes.wake_at()), (1, None), "called before its time");
    }

    #[test]
    fn who_has_failed_rests_whoever_calls() {
        let (mut lanes, now, one) = (Lanes::new(9, 9), Instant::now(), lane(1, "a"));
        let until = now + Duration::from_secs(1);
        lanes.call(&one);
        assert_eq!(begun(&mut lanes).len(), 1);
        lanes.ended(&one, Ended::Rest(until));
        assert!(!lanes.call(&one) && begun(&mut lanes).is_empty() && !lanes.is_settled());
        lanes.wake(until);
        assert_eq!(begun(&mut lanes).len(), 1);
        assert!(!lanes.remove(&one), "not while it works");
        lanes.ended(&one, Ended::Again);
        assert!(lanes.remove(&one) && begun(&mut lanes).is_empty() && lanes.is_settled());
    }
}
