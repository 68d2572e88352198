//! Groups, bounds, failures and the drain, with a store that is held at a gate so that nothing depends on time.

mod held_log;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::poll;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::held_log::{HeldLog, Mood};
use super::{Appender, Refused};
use crate::auth::{Actor, Operator};
use crate::domain::Key;
use crate::ingest::place::REQUEST_BYTES;
use crate::ingest::tests::publisher;
use crate::store::{At, Change, Condition, Outcome, Thing};

const OPEN: usize = 1_000_000;

struct Bench {
    log: Arc<HeldLog>,
    appender: Appender,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Bench {
    fn new(permits: usize, queue_bytes_max: usize) -> Self {
        let (log, tasks, shutdown) = (HeldLog::new(permits), TaskTracker::new(), CancellationToken::new());
        let publisher = publisher(log.clone(), &tasks, &shutdown);
        let appender = Appender::start(log.clone(), publisher, queue_bytes_max, &tasks, shutdown.clone()).expect("a thread");
        Self { log, appender, tasks, shutdown }
    }

    /// Proves that the writer ends and nothing waits.
    async fn finish(&self) {
        self.shutdown.cancel();
        self.log.gate.add_permits(OPEN);
        self.tasks.close();
        self.tasks.wait().await;
        assert_eq!(self.appender.queued_bytes(), 0);
        assert_eq!(self.appender.change_now(put()).await, Err(Refused::Draining));
    }
}

fn put_in(workspace: i64) -> Change {
    let workspace = Operator::assume().workspace(workspace);
    let at = At::top(workspace, Key::trusted("expo"));
    Change::Put { at, thing: Thing::Event { name: "Expo".to_owned() }, condition: Condition::None, by: Actor::Server }
}

fn put() -> Change {
    put_in(1)
}

/// What a lone put holds of the queue.
fn held() -> usize {
    put().weight() + REQUEST_BYTES
}

const STORED: Result<Outcome, Refused> = Ok(Outcome::Recipients { added: 0, removed: 0, total: 0 });

#[tokio::test]
async fn what_waits_is_one_transaction() {
    let bench = Bench::new(0, 1 << 20);
    let mut first = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.begun.notified().await;
    let mut others: Vec<_> = (0..5).map(|_| Box::pin(bench.appender.change_now(put()))).collect();
    for other in &mut others {
        assert!(poll!(other).is_pending());
    }
    assert_eq!(bench.appender.queued_bytes(), 6 * held());
    bench.log.gate.add_permits(2);
    assert_eq!(first.await, STORED);
    for other in others {
        assert_eq!(other.await, STORED);
    }
    assert_eq!(bench.log.commits(), [1, 5]);
    bench.finish().await;
}

/// The writer is on a thread of its own: it makes durable what waits while everything else stands still.
#[tokio::test]
async fn a_commit_waits_for_no_other_task() {
    let bench = Bench::new(0, 1 << 20);
    let mut sent = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut sent).is_pending());
    bench.log.gate.add_permits(1);
    // This blocks the only thread of the runtime.
    bench.log.wait_for_commits(1);
    assert_eq!(sent.await, STORED);
    bench.finish().await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_takes_again() {
    let bench = Bench::new(0, 4 * held());
    let mut first = pin!(bench.appender.change_now(put()));
    let mut second = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    let mut third = pin!(bench.appender.change_now(put()));
    assert_eq!(poll!(&mut third), Poll::Ready(Err(Refused::Busy)), "a workspace may have a half");
    let mut other = pin!(bench.appender.change_now(put_in(2)));
    assert!(poll!(&mut other).is_pending(), "another finds room all the same");
    bench.log.gate.add_permits(OPEN);
    assert_eq!((first.await, second.await, other.await), (STORED, STORED, STORED));
    assert_eq!(bench.appender.queued_bytes(), 0);
    assert_eq!(bench.appender.change_now(put()).await, STORED);
    bench.finish().await;
}

#[tokio::test]
async fn a_place_is_taken_by_length_and_given_back() {
    let bench = Bench::new(OPEN, 1_000_000);
    let owner = Some(Operator::assume().workspace(1));
    let mut place = bench.appender.reserve(owner, 400_000).expect("room");
    assert!(matches!(bench.appender.reserve(owner, 400_000), Err(Refused::Busy)), "refused before anything of it is read");
    assert_eq!(place.grow_to(2_000_000), Err(Refused::Busy));
    assert_eq!(place.grow_to(500_000), Ok(()), "what came of a begun one is more than was told");
    assert_eq!(bench.appender.queued_bytes(), 500_000 + REQUEST_BYTES);
    place.begin().expect("nothing waits");
    assert_eq!(bench.appender.change(place, put()).await, STORED);
    assert_eq!(bench.appender.queued_bytes(), 0);
    bench.finish().await;
}

/// What waits is bounded in time: who is not in a transaction after a second is told so, and nothing of it is stored; who
/// is in one is told what became of it, however long that takes.
#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_and_not_stored() {
    let bench = Bench::new(0, 1 << 20);
    let mut first = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.wait_for_begun();
    assert_eq!(bench.appender.change_now(put_in(2)).await, Err(Refused::Busy));
    assert_eq!(bench.appender.queued_bytes(), held(), "its place is free again");
    assert!(poll!(&mut first).is_pending(), "it is being written");
    tokio::time::advance(super::WAIT_MAX * 2).await;
    assert!(poll!(&mut first).is_pending(), "it is being written");
    bench.log.gate.add_permits(1);
    assert_eq!(first.await, STORED);
    assert_eq!(bench.log.commits(), [1]);
    bench.finish().await;
}

#[tokio::test]
async fn turns_go_by_workspace() {
    let bench = Bench::new(0, 1 << 30);
    let mut first = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.begun.notified().await;
    let large = |workspace| {
        let (workspace, add) = (Operator::assume().workspace(workspace), vec![Key::trusted("p"); 5_000]);
        Change::Recipients {
            workspace,
            event: Key::trusted("expo"),
            message: Key::trusted("m"),
            add,
            remove: Vec::new(),
            by: Actor::Server,
        }
    };
    let mut flood: Vec<_> = (0..4).map(|_| Box::pin(bench.appender.change_now(large(1)))).collect();
    for one in &mut flood {
        assert!(poll!(one).is_pending());
    }
    let mut quiet = pin!(bench.appender.change_now(put_in(2)));
    assert!(poll!(&mut quiet).is_pending());
    bench.log.gate.add_permits(2);
    assert_eq!((first.await, quiet.await), (STORED, STORED));
    assert_eq!(bench.log.commits(), [1, 1], "before all that was there before it");
    bench.log.gate.add_permits(OPEN);
    for one in flood {
        assert_eq!(one.await, STORED);
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_failing_store_tells_its_senders_and_the_next_is_tried() {
    for mood in [Mood::Failing, Mood::Panicking, Mood::Forgetful] {
        let bench = Bench::new(OPEN, 1 << 20);
        bench.log.set_mood(mood);
        assert_eq!(bench.appender.change_now(put()).await, Err(Refused::Unavailable), "{mood:?}");
        bench.log.set_mood(Mood::Well);
        assert_eq!(bench.appender.change_now(put()).await, STORED, "{mood:?}");
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_drain_finishes_what_waits_and_takes_no_more() {
    let bench = Bench::new(0, 1 << 20);
    let mut first = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.begun.notified().await;
    let mut second = pin!(bench.appender.change_now(put()));
    assert!(poll!(&mut second).is_pending());
    bench.shutdown.cancel();
    assert_eq!(bench.appender.change_now(put()).await, Err(Refused::Draining));
    assert!(matches!(bench.appender.reserve(None, 1), Err(Refused::Draining)));
    bench.log.gate.add_permits(OPEN);
    assert_eq!((first.await, second.await), (STORED, STORED));
    bench.finish().await;
}

#[tokio::test]
async fn a_sender_that_goes_away_changes_nothing() {
    let bench = Bench::new(0, 1 << 20);
    {
        let mut gone = pin!(bench.appender.change_now(put()));
        assert!(poll!(&mut gone).is_pending());
    }
    bench.log.gate.add_permits(OPEN);
    assert_eq!(bench.appender.change_now(put()).await, STORED);
    assert_eq!(bench.log.commits().iter().sum::<usize>(), 2);
    bench.finish().await;
}
