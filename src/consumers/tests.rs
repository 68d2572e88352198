//! Consumers over a real store: what fails, is slow, is killed or poisoned skips nothing and comes in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::runner::Runner;
use super::{Calls, Consumer, ConsumerLimits, Consumers, Fault, Means, Next, Work, Writes};
use crate::auth::{Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::Seq;
use crate::seeds;
use crate::store::contract::{NOW, activity, key};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Change, Heads, Outcome, Quota, Reads, Store, TurnLimits};

/// How long a test may stand still before it counts as stuck.
const STUCK: Duration = Duration::from_secs(30);

/// A store, its one writer and three workspaces.
struct World {
    means: Means,
    workspaces: Vec<WorkspaceId>,
    writer: Arc<Direct>,
    appended: AtomicU64,
    _folder: tempfile::TempDir,
}

/// Writes as the appender does, and fails where it is told to.
struct Direct {
    store: Store,
    heads: Heads,
    /// Writes, of which each such one fails; 0 for none.
    fails_each: AtomicUsize,
    writes: AtomicUsize,
}

impl Writes for Direct {
    fn write(&self, change: Change) -> BoxFuture<'_, Result<Outcome, String>> {
        Box::pin(async move {
            let (write, each) = (self.writes.fetch_add(1, Ordering::Relaxed), self.fails_each.load(Ordering::Relaxed));
            let fails = each > 0 && write % each == each - 1;
            if fails && write % 2 == 0 {
                return Err("a test".to_owned());
            }
            let committed = self.store.log.commit(vec![change]).await.map_err(|fault| fault.to_string())?;
            for batch in &committed.batches {
                self.heads.reaches(batch.workspace, batch.entries.last().expect("entries").seq);
            }
            if fails {
                return Err("the answer is lost".to_owned());
            }
            Ok(committed.outcomes.into_iter().next().expect("an outcome"))
        })
    }
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(NOW);
        let opened = SqliteStore::open(&folder.path().join("a.db"), clock.clone(), SqliteOptions::default()).await;
        let store = opened.expect("opens").store();
        for name in ["b", "c"] {
            store.keyring.create_workspace(Operator::assume(), key(name), name.to_owned()).await.expect("made");
        }
        let records = store.keyring.workspaces(Operator::assume()).await.expect("read");
        let heads = Heads::default();
        let (fails_each, writes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let writer = Arc::new(Direct { store: store.clone(), heads: heads.clone(), fails_each, writes });
        let limits = ConsumerLimits {
            page_entries: 7,
            working_max: 4,
            working_of_workspace_max: 2,
            attempts_max: 3,
            rest_first: Duration::from_millis(1),
            rest_max: Duration::from_millis(4),
            end_within: Duration::from_millis(1),
            ..ConsumerLimits::default()
        };
        let reads = Reads::new(store.clone(), TurnLimits::default());
        let means = Means { store, reads, writes: writer.clone(), heads, clock, limits };
        Self { means, workspaces: records.iter().map(|r| r.id).collect(), writer, appended: AtomicU64::new(1), _folder: folder }
    }

    async fn append(&self, workspace: WorkspaceId, count: u64) {
        let from = self.appended.fetch_add(count, Ordering::Relaxed);
        let activities = (from..from + count).map(|n| activity(u128::from(n), "page.viewed", "expo", "acme")).collect();
        let append = Change::Append { workspace, activities, create_unknown: true, quota: Quota::default() };
        let committed = self.means.store.log.commit(vec![append]).await.expect("stored");
        self.means.heads.reaches(workspace, committed.batches[0].entries.last().expect("entries").seq);
    }

    async fn head(&self, workspace: WorkspaceId) -> Seq {
        self.means.store.log.head(workspace).await.expect("read").seq
    }

    async fn cursor(&self, workspace: WorkspaceId, name: &str) -> Option<Seq> {
        self.means.store.cursors.cursor(workspace, name.into()).await.expect("read").map(|cursor| cursor.seq)
    }

    async fn letters(&self, workspace: WorkspaceId, name: &str) -> BTreeSet<Seq> {
        let letters = self.means.store.cursors.dead_letters(workspace, name.into(), usize::MAX).await.expect("read");
        letters.into_iter().flat_map(|letter| letter.first..=letter.last).collect()
    }

    /// A runner that can be killed.
    fn run(&self) -> (Consumers, JoinHandle<()>, TaskTracker, CancellationToken) {
        let (orders, taken) = mpsc::channel(8);
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let runner = Runner::new(self.means.clone(), Operator::assume(), tasks.clone());
        let task = tokio::spawn(tasks.track_future(runner.run(taken, shutdown.clone())));
        (Consumers { orders }, task, tasks, shutdown)
    }
}

async fn settled(consumers: &Consumers) {
    tokio::time::timeout(STUCK, consumers.settled()).await.expect("comes to rest");
}

/// Ends as a server does, and proves that nothing is left.
async fn end(task: JoinHandle<()>, tasks: TaskTracker, shutdown: CancellationToken) {
    shutdown.cancel();
    tasks.close();
    tokio::time::timeout(STUCK, tasks.wait()).await.expect("ends");
    task.await.expect("ended");
    assert_eq!(tasks.len(), 0);
}

/// Writes down what it is given, and holds it to where its cursor stands.
struct Scribe {
    store: Store,
    calls: Calls,
    /// By workspace: what it was given, in order.
    given: Mutex<BTreeMap<WorkspaceId, Vec<Seq>>>,
    chance: AtomicU64,
    /// Entries that it fails at.
    poison: fn(Seq) -> Poison,
    /// At one entry of so many, more than a page has, it fails for no reason; 0 for none.
    fails_each: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Poison {
    None,
    Refused,
    Panic,
    Hangs,
}

impl Scribe {
    fn new(world: &World, calls: Calls, fails_each: u64, poison: fn(Seq) -> Poison) -> Arc<Self> {
        let (given, chance) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Self { store: world.means.store.clone(), calls, given, chance, poison, fails_each })
    }

    fn given(&self, workspace: WorkspaceId) -> Vec<Seq> {
        self.given.lock().expect("whole").get(&workspace).cloned().unwrap_or_default()
    }
}

impl Consumer for Scribe {
    fn name(&self) -> Arc<str> {
        "scribe".into()
    }

    fn calls(&self) -> Calls {
        self.calls
    }

    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>> {
        Box::pin(async move {
            let first = work.entries.first().expect("never called for nothing").seq;
            let stands = self.store.cursors.cursor(work.workspace, self.name()).await.expect("read").expect("begun");
            assert_eq!(first, stands.seq + 1, "a page begins where the cursor stands");
            for entry in &work.entries {
                self.given.lock().expect("whole").entry(work.workspace).or_default().push(entry.seq);
                match (self.poison)(entry.seq) {
                    Poison::None => {}
                    Poison::Refused => return Err(Fault::Entry { seq: entry.seq, reason: "not to be borne".to_owned() }),
                    Poison::Panic => panic!("at {}", entry.seq),
                    Poison::Hangs => std::future::pending().await,
                }
                if self.fails_each > 0 && self.chance.fetch_add(1, Ordering::Relaxed) % self.fails_each == self.fails_each - 1 {
                    return Err(Fault::Unavailable("nobody is there".to_owned()));
                }
            }
            Ok(Next::Wait)
        })
    }
}

/// Everything was given, in order and without a hole: who goes back goes on from there to what is next.
fn hold_given(given: &[Seq], head: Seq) {
    let mut most = 0;
    for seq in given {
        assert!(*seq <= most + 1, "{seq} after {most}");
        most = most.max(*seq);
    }
    assert_eq!(most, head, "everything was given");
}

#[tokio::test]
async fn what_fails_and_is_killed_skips_nothing() {
    let poison: fn(Seq) -> Poison = |seq| if seq % 19 == 4 { Poison::Refused } else { Poison::None };
    for seed in seeds::run("TIDINGS_CONSUMERS", 6, &[]) {
        let (world, mut chance) = (World::new().await, seed | 1);
        let mut below = |n: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % n
        };
        world.writer.fails_each.store(usize::try_from(3 + below(5)).expect("small"), Ordering::Relaxed);
        let scribe = Scribe::new(&world, Calls::EntriesFromStart, 8 + below(20), poison);
        let mut running = world.run();
        running.0.add(scribe.clone(), None).await;
        for _ in 0..40 {
            let workspace = world.workspaces[usize::try_from(below(3)).expect("small")];
            match below(6) {
                0..=2 => world.append(workspace, 1 + below(12)).await,
                3 => tokio::time::timeout(STUCK, running.0.settled()).await.expect("comes to rest"),
                4 => tokio::task::yield_now().await,
                _ => {
                    running.1.abort();
                    let _ = running.1.await;
                    // What it worked on is dropped with it; it is waited for, so that only one works at a time.
                    running.2.close();
                    tokio::time::timeout(STUCK, running.2.wait()).await.expect("gone");
                    running = world.run();
                    running.0.add(scribe.clone(), None).await;
                }
            }
        }
        settled(&running.0).await;
        for workspace in &world.workspaces {
            let head = world.head(*workspace).await;
            hold_given(&scribe.given(*workspace), head);
            assert_eq!(world.cursor(*workspace, "scribe").await, Some(head), "seed {seed}");
            let bad: BTreeSet<Seq> = (1..=head).filter(|seq| poison(*seq) != Poison::None).collect();
            assert_eq!(world.letters(*workspace, "scribe").await, bad, "seed {seed}: these and no others are dead letters");
        }
        end(running.1, running.2, running.3).await;
    }
}

#[tokio::test]
async fn what_panics_or_hangs_is_found_entry_by_entry() {
    let poison: fn(Seq) -> Poison = |seq| match seq {
        9 => Poison::Panic,
        12 => Poison::Hangs,
        _ => Poison::None,
    };
    std::panic::set_hook(Box::new(|_| {}));
    let mut world = World::new().await;
    // The store answers within this time, or is tried again: what is at fault is told by what never ends.
    world.means.limits.work_time_max = Duration::from_secs(1);
    world.means.limits.attempts_max = 2;
    let scribe = Scribe::new(&world, Calls::EntriesFromStart, 0, poison);
    let running = world.run();
    running.0.add(scribe.clone(), None).await;
    let mine = world.workspaces[0];
    world.append(mine, 30).await;
    settled(&running.0).await;
    let _ = std::panic::take_hook();
    assert_eq!(world.letters(mine, "scribe").await.into_iter().collect::<Vec<_>>(), [9, 12]);
    hold_given(&scribe.given(mine), 30);
    assert_eq!(world.cursor(mine, "scribe").await, Some(30));
    end(running.1, running.2, running.3).await;
}

#[tokio::test]
async fn consumers_begin_where_they_say_and_leave_when_told() {
    let world = World::new().await;
    let mine = world.workspaces[0];
    world.append(mine, 10).await;
    let running = world.run();
    let scribe = Scribe::new(&world, Calls::EntriesFromHead, 0, |_| Poison::None);
    running.0.add(scribe.clone(), Some(mine)).await;
    settled(&running.0).await;
    world.append(mine, 9).await;
    world.append(world.workspaces[1], 3).await;
    settled(&running.0).await;
    assert_eq!(scribe.given(mine), (11..=19).collect::<Vec<_>>());
    assert_eq!(world.cursor(world.workspaces[1], "scribe").await, None, "of one log only");
    running.0.remove("scribe".into()).await;
    world.append(mine, 1).await;
    settled(&running.0).await;
    assert_eq!(world.cursor(mine, "scribe").await, Some(19), "gone, and its cursor stays");
    running.0.add(scribe.clone(), None).await;
    settled(&running.0).await;
    assert_eq!(scribe.given(mine).last(), Some(&20), "it goes on where it stood");
    end(running.1, running.2, running.3).await;
}

/// Waits at a gate in one workspace, and asks for time.
struct Gated {
    slow: WorkspaceId,
    gate: Semaphore,
    begun: Notify,
    calls: AtomicUsize,
    asks: AtomicBool,
}

impl Consumer for Gated {
    fn name(&self) -> Arc<str> {
        "gated/7".into()
    }

    fn calls(&self) -> Calls {
        Calls::Time
    }

    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>> {
        Box::pin(async move {
            assert!(work.entries.is_empty());
            self.calls.fetch_add(1, Ordering::Relaxed);
            if work.workspace == self.slow {
                self.begun.notify_one();
                self.gate.acquire().await.expect("open").forget();
            }
            if self.asks.swap(false, Ordering::Relaxed) {
                return Ok(Next::Again);
            }
            Ok(Next::After(Duration::from_secs(3_600)))
        })
    }
}

#[tokio::test]
async fn who_is_slow_holds_up_nobody_else_and_ends_with_the_server() {
    let world = World::new().await;
    let slow = world.workspaces[0];
    let (gate, begun, calls, asks) = (Semaphore::new(0), Notify::new(), AtomicUsize::new(0), AtomicBool::new(false));
    let gated = Arc::new(Gated { slow, gate, begun, calls, asks });
    let scribe = Scribe::new(&world, Calls::EntriesFromStart, 0, |_| Poison::None);
    let (orders, task, tasks, shutdown) = world.run();
    orders.add(gated.clone(), None).await;
    gated.begun.notified().await;
    orders.add(scribe.clone(), None).await;
    for workspace in &world.workspaces {
        world.append(*workspace, 20).await;
    }
    // Nobody can come to rest while one is held; the others are done when their cursors say so.
    let done = async {
        for workspace in &world.workspaces {
            while world.cursor(*workspace, "scribe").await != Some(20) {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(STUCK, done).await.expect("nobody waits for who is slow");
    orders.stir(slow, "gated/7".into()).await;
    gated.gate.add_permits(1);
    gated.begun.notified().await;
    assert_eq!(gated.calls.load(Ordering::Relaxed), 4, "called while it worked, so it works again");
    gated.gate.add_permits(1);
    settled(&orders).await;
    gated.asks.store(true, Ordering::Relaxed);
    orders.stir(world.workspaces[1], "gated/7".into()).await;
    settled(&orders).await;
    assert_eq!(gated.calls.load(Ordering::Relaxed), 6, "called, and once more as it asked");
    orders.stir(slow, "gated/7".into()).await;
    gated.begun.notified().await;
    end(task, tasks, shutdown).await;
}
