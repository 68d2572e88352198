//! Turns: fair by workspace and by key, bounded, and never lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt as _;
use proptest::prelude::*;

use super::rota::{Asked, Rota};
use super::{Purpose, Reader, Reads, TurnLimits};
use crate::auth::Operator;
use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

const LIMITS: TurnLimits = TurnLimits { at_once: 3, wait: Duration::from_secs(2), waiting_of_key_max: 4, waiting_max: 12 };

fn reader(workspace: i64, root: i64) -> Reader {
    Reader { workspace: Operator::assume().workspace(workspace), root, purpose: Purpose::Request }
}

fn stream(workspace: i64, root: i64) -> Reader {
    Reader { purpose: Purpose::Stream, ..reader(workspace, root) }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask(Reader),
    Give,
    /// The nth of those who read is done.
    Done(usize),
    /// The nth of those who wait goes away.
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = (1..4i64, 1..4i64, any::<bool>()).prop_map(|(workspace, root, streams)| match streams {
        true => stream(workspace, root),
        false => reader(workspace, root),
    });
    let step = prop_oneof![
        5 => who.prop_map(Step::Ask),
        4 => Just(Step::Give),
        3 => (0..8usize).prop_map(Step::Done),
        1 => (0..20usize).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 0..200)
}

/// What the rota must do, kept beside it.
#[derive(Default)]
struct Beside {
    waiting: BTreeMap<u64, Reader>,
    reading: Vec<Reader>,
    /// By who waits and could read: those who were given a turn since it could.
    passed: BTreeMap<i64, BTreeMap<i64, usize>>,
    passed_keys: BTreeMap<Reader, BTreeMap<Reader, usize>>,
}

impl Beside {
    fn held(&self, workspace: i64) -> usize {
        self.reading.iter().filter(|r| r.workspace.number() == workspace).count()
    }

    fn waiting_workspaces(&self) -> BTreeSet<i64> {
        self.waiting.values().map(|r| r.workspace.number()).collect()
    }

    fn given(&mut self, number: u64, reader: Reader) {
        assert_eq!(self.waiting.remove(&number), Some(reader), "one that waits");
        let first = self.waiting.iter().find(|(_, other)| **other == reader).map(|(number, _)| *number);
        assert!(first.is_none_or(|first| first > number), "the oldest of its key comes first");
        self.reading.push(reader);
        let workspace = reader.workspace.number();
        assert!(self.reading.len() <= LIMITS.at_once && self.held(workspace) <= LIMITS.of_workspace_max(), "no more than there are");
        self.passed.remove(&workspace);
        self.passed_keys.remove(&reader);
        let others = self.waiting_workspaces().into_iter().filter(|w| *w != workspace && self.held(*w) < LIMITS.of_workspace_max());
        for other in others.collect::<Vec<_>>() {
            let times = self.passed.entry(other).or_default().entry(workspace).or_default();
            *times += 1;
            assert!(*times <= 1, "workspace {workspace} had {times} turns while {other} waited for one");
        }
        let same: BTreeSet<Reader> = self.waiting.values().copied().filter(|o| o.workspace == reader.workspace && *o != reader).collect();
        for other in same {
            let times = self.passed_keys.entry(other).or_default().entry(reader).or_default();
            *times += 1;
            assert!(*times <= 1, "{reader:?} had {times} turns while {other:?} waited for one");
        }
    }

    fn settle(&mut self) {
        let (workspaces, keys) = (self.waiting_workspaces(), self.waiting.values().copied().collect::<BTreeSet<_>>());
        let full: BTreeSet<i64> = workspaces.iter().copied().filter(|w| self.held(*w) >= LIMITS.of_workspace_max()).collect();
        // One that could not have had a turn was passed by nobody.
        self.passed.retain(|workspace, _| workspaces.contains(workspace) && !full.contains(workspace));
        self.passed_keys.retain(|reader, _| keys.contains(reader));
    }
}

proptest! {
    #[test]
    fn nobody_is_passed_twice_and_nobody_is_forgotten(steps in steps()) {
        // A turn is known by its number: what wakes one who waits is told it after it has asked.
        let (mut rota, mut beside, mut next) = (Rota::new(LIMITS), Beside::default(), 1u64);
        let give = |rota: &mut Rota<u64>, beside: &mut Beside| {
            let given = rota.give();
            if let Some((reader, number)) = given {
                beside.given(number, reader);
            } else {
                let free = beside.reading.len() < LIMITS.at_once;
                let could = beside.waiting_workspaces().into_iter().any(|w| beside.held(w) < LIMITS.of_workspace_max());
                assert!(!(free && could), "a free turn is given");
            }
            given.is_some()
        };
        for step in steps {
            match step {
                Step::Ask(reader) => {
                    let requests = beside.waiting.values().filter(|r| r.purpose == Purpose::Request).count();
                    let same = beside.waiting.values().filter(|r| **r == reader).count();
                    let full = reader.purpose == Purpose::Request && (requests >= LIMITS.waiting_max || same >= LIMITS.waiting_of_key_max);
                    match rota.ask(reader, next) {
                        Asked::Full => prop_assert!(full),
                        Asked::Waits(number) => {
                            prop_assert!(!full);
                            prop_assert_eq!(number, next);
                            beside.waiting.insert(number, reader);
                            next += 1;
                        }
                    }
                }
                Step::Give => drop(give(&mut rota, &mut beside)),
                Step::Done(nth) if !beside.reading.is_empty() => {
                    let reader = beside.reading.remove(nth % beside.reading.len());
                    rota.done(reader);
                }
                Step::Leave(nth) if !beside.waiting.is_empty() => {
                    let (number, reader) = beside.waiting.iter().nth(nth % beside.waiting.len()).map(|(n, r)| (*n, *r)).expect("one");
                    beside.waiting.remove(&number);
                    prop_assert!(rota.leave(reader, number));
                    prop_assert!(!rota.leave(reader, number), "once");
                }
                Step::Done(_) | Step::Leave(_) => {}
            }
            beside.settle();
            prop_assert_eq!(rota.waiting(), beside.waiting.len());
        }
        // Whoever waits gets its turn when those before it are done.
        while !beside.waiting.is_empty() {
            while give(&mut rota, &mut beside) {}
            let reader = beside.reading.remove(0);
            rota.done(reader);
            beside.settle();
        }
        prop_assert_eq!(rota.waiting(), 0);
    }
}

async fn reads(limits: TurnLimits) -> (Reads, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("a.db"), Clock::System, SqliteOptions::default()).await.expect("opened");
    (Reads::new(store.store(), limits), folder)
}

#[tokio::test]
async fn another_workspace_begins_at_once_and_then_they_take_turns() {
    let (reads, _folder) = reads(LIMITS).await;
    let (first, second) = (reads.turn(reader(1, 1)).await.expect("free"), reads.turn(reader(1, 1)).await.expect("free"));
    let mut third = Box::pin(reads.turn(reader(1, 1)));
    assert!(third.as_mut().now_or_never().is_none(), "one turn is left for others");
    let other = reads.turn(reader(2, 9)).await.expect("at once");
    let mut fourth = Box::pin(reads.turn(reader(2, 9)));
    assert!(fourth.as_mut().now_or_never().is_none(), "all are taken");
    drop(first);
    let third = third.await.expect("it came first");
    drop(second);
    let fourth = fourth.await.expect("the next one");
    drop((third, fourth, other));
    assert_eq!(reads.rota().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_told_in_time_and_a_stream_waits() {
    let (reads, _folder) = reads(TurnLimits { at_once: 1, ..LIMITS }).await;
    let held = reads.turn(reader(1, 1)).await.expect("free");
    let mut streaming = Box::pin(reads.turn(stream(1, 1)));
    assert!(streaming.as_mut().now_or_never().is_none());
    assert!(matches!(reads.turn(reader(1, 2)).await, Err(StoreError::Busy(_))), "waited for as long as it may");
    let mut waiting: Vec<_> = (0..LIMITS.waiting_of_key_max).map(|_| Box::pin(reads.turn(reader(1, 1)))).collect();
    for one in &mut waiting {
        assert!(one.as_mut().now_or_never().is_none());
    }
    assert!(matches!(reads.turn(reader(1, 1)).now_or_never(), Some(Err(StoreError::Busy(_)))), "too many wait");
    drop(waiting);
    drop(held);
    drop(streaming.await.expect("its turn"));
    assert_eq!(reads.rota().waiting(), 0, "who went away does not wait");
}

#[tokio::test]
async fn a_turn_that_came_as_its_reader_went_is_given_back() {
    let (reads, _folder) = reads(TurnLimits { at_once: 1, ..LIMITS }).await;
    let held = reads.turn(reader(1, 1)).await.expect("free");
    let mut gone = Box::pin(reads.turn(reader(1, 1)));
    assert!(gone.as_mut().now_or_never().is_none());
    // The turn is handed over, and whoever waited never looks.
    drop(held);
    drop(gone);
    drop(reads.turn(reader(2, 1)).now_or_never().expect("at once").expect("the turn is there"));
}
