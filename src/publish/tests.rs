//! The task, with a log whose answers are held back by workspace.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::FutureExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Publisher;
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{ActivityId, Entry, EntryKind, Epoch, Events, Mark, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::hub::names::{News, Told};
use crate::hub::outbox::Outbox;
use crate::hub::{Hub, HubConfig, Seat};
use crate::store::{
    ActivityLog, Answer, Change, ChangedName, Committed, Count, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch,
    MembershipSnapshot, NamedKind, Page, PageQuery, StoreError, UnderId,
};

const EPOCH: Epoch = Epoch(7);

fn workspace(number: i64) -> WorkspaceId {
    Operator::assume().workspace(number)
}

fn entries(seqs: impl IntoIterator<Item = Seq>) -> Vec<Arc<Entry>> {
    seqs.into_iter().map(|seq| Arc::new(Entry { seq, recorded_at: UnixMs(0), mark: None, kind: EntryKind::Shell })).collect()
}

/// How reads of one workspace go.
#[derive(Debug, Clone)]
enum Mood {
    Well,
    Failing,
    /// As many as there are permits; the rest waits.
    Held(Arc<Semaphore>),
}

/// Logs of entries 1, 2, 3 for ever.
#[derive(Default)]
struct HeldLogs {
    moods: Mutex<HashMap<WorkspaceId, Mood>>,
    /// Where the logs end when they are opened.
    head: AtomicU64,
    reads: Mutex<Vec<(WorkspaceId, Seq)>>,
}

impl HeldLogs {
    fn set(&self, workspace: WorkspaceId, mood: Mood) {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace, mood);
    }

    async fn pass(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        let mood = self.moods.lock().unwrap_or_else(PoisonError::into_inner).get(&workspace).cloned().unwrap_or(Mood::Well);
        match mood {
            Mood::Well => Ok(()),
            Mood::Failing => Err(StoreError::Unavailable("a planted failure".to_owned())),
            Mood::Held(gate) => {
                gate.acquire().await.expect("open").forget();
                Ok(())
            }
        }
    }
}

impl ActivityLog for HeldLogs {
    fn memberships(&self, workspace: WorkspaceId) -> Answer<'_, MembershipSnapshot> {
        let head = Head { epoch: EPOCH, seq: self.head.load(Ordering::Relaxed), mark: None, pruned: 0, recorded_at: UnixMs(0) };
        async move { self.pass(workspace).await.map(|()| MembershipSnapshot { head, partners: Vec::new() }) }.boxed()
    }
    fn entries(&self, workspace: WorkspaceId, after: Seq, _: usize) -> Answer<'_, LogBatch> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).push((workspace, after));
        let batch = LogBatch { workspace, epoch: EPOCH, pruned: 0, entries: entries([after + 1]) };
        async move { self.pass(workspace).await.map(|()| batch) }.boxed()
    }
    fn commit(&self, _: Vec<Change>) -> Answer<'_, Committed> {
        unasked()
    }
    fn mark(&self, _: WorkspaceId, _: Seq) -> Answer<'_, Option<Mark>> {
        unasked()
    }
    fn head(&self, _: WorkspaceId) -> Answer<'_, Head> {
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
    async { Err(StoreError::Refused("the publisher only reads entries".to_owned())) }.boxed()
}

struct Bench {
    log: Arc<HeldLogs>,
    hub: Hub,
    publisher: Publisher,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Bench {
    fn new() -> Self {
        let (log, tasks, shutdown) = (Arc::new(HeldLogs::default()), TaskTracker::new(), CancellationToken::new());
        let (hub, opens) = Hub::start(HubConfig { shards: 2, ..HubConfig::default() }, &tasks, &shutdown);
        let publisher = Publisher::start(log.clone(), hub.clone(), opens, &tasks, shutdown.clone());
        Self { log, hub, publisher, tasks, shutdown }
    }

    async fn seat(&self, number: i64) -> Seat {
        self.hub.seat(workspace(number), Arc::new(Outbox::new(1 << 20))).await.expect("opened")
    }

    fn offer(&self, number: i64, seqs: impl IntoIterator<Item = Seq>) {
        let batch = LogBatch { workspace: workspace(number), epoch: EPOCH, pruned: 0, entries: entries(seqs) };
        self.publisher.offer(Committed { batches: vec![batch], ..Committed::default() }, Instant::now());
    }

    fn probe(&self, number: u64) {
        self.publisher.offer(Committed { probe: Some(number), ..Committed::default() }, Instant::now());
    }

    async fn finish(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Gives way to the tasks until the shard of this seat is there.
async fn reaches(seat: &Seat, head: Seq) {
    while seat.room.head() < head {
        tokio::task::yield_now().await;
    }
}

fn recent(seat: &Seat) -> Vec<Seq> {
    let batches = seat.room.recent(0, seat.room.head()).expect("kept");
    batches.iter().flat_map(|batch| batch.iter()).map(|entry| entry.seq).collect()
}

#[tokio::test]
async fn who_cannot_be_read_delays_nobody() {
    for mood in [Mood::Failing, Mood::Held(Arc::new(Semaphore::new(0)))] {
        let bench = Bench::new();
        let (broken, well) = (bench.seat(1).await, bench.seat(2).await);
        bench.log.set(workspace(1), mood.clone());
        bench.offer(1, [2]);
        bench.offer(2, [1, 2]);
        reaches(&well, 2).await;
        // A hole of its own is read all the same, and a third is opened.
        bench.offer(2, [4]);
        reaches(&well, 4).await;
        let third = bench.seat(3).await;
        bench.offer(3, [1]);
        reaches(&third, 1).await;
        assert_eq!((broken.room.head(), recent(&well)), (0, vec![1, 2, 3, 4]));
        if let Mood::Held(gate) = mood {
            gate.add_permits(1_000);
            reaches(&broken, 2).await;
            assert_eq!(recent(&broken), [1, 2]);
        }
        bench.finish().await;
    }
}

#[tokio::test]
async fn who_comes_back_after_a_start_finds_the_newest_without_the_store() {
    let bench = Bench::new();
    bench.log.head.store(5_000, Ordering::Relaxed);
    let seat = bench.seat(1).await;
    bench.offer(1, [5_001]);
    reaches(&seat, 5_001).await;
    assert_eq!(seat.room.recent_from(), 1_000);
    let kept = seat.room.recent(4_998, 5_001).expect("kept");
    assert_eq!(kept.iter().flat_map(|batch| batch.iter()).map(|entry| entry.seq).collect::<Vec<_>>(), [4_999, 5_000, 5_001]);
    bench.finish().await;
}

#[tokio::test]
async fn opening_one_delays_nobody() {
    let bench = Bench::new();
    let gate = Arc::new(Semaphore::new(0));
    bench.log.set(workspace(1), Mood::Held(gate.clone()));
    let hub = bench.hub.clone();
    let mut opening = std::pin::pin!(hub.seat(workspace(1), Arc::new(Outbox::new(1 << 20))));
    assert!(futures::poll!(&mut opening).is_pending());
    let well = bench.seat(2).await;
    // What becomes durable while the first is opened is in its snapshot, or is read after it.
    bench.offer(1, [1, 2]);
    bench.offer(2, [1]);
    reaches(&well, 1).await;
    gate.add_permits(1_000);
    let first = opening.await.expect("opened");
    reaches(&first, 2).await;
    assert_eq!(recent(&first), [1, 2]);
    bench.finish().await;
}

#[tokio::test(start_paused = true)]
async fn who_failed_is_tried_again() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    bench.log.set(workspace(1), Mood::Failing);
    bench.offer(1, [2]);
    while bench.log.reads.lock().unwrap_or_else(PoisonError::into_inner).len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    bench.log.set(workspace(1), Mood::Well);
    while seat.room.head() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(recent(&seat), [1, 2]);
    bench.finish().await;
}

#[tokio::test]
async fn a_hole_of_one_is_filled_and_nothing_comes_twice() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    for batch in [vec![1], vec![3], vec![2, 3], vec![3, 4], vec![4], vec![6]] {
        bench.offer(1, batch);
    }
    reaches(&seat, 6).await;
    assert_eq!(recent(&seat), [1, 2, 3, 4, 5, 6]);
    bench.finish().await;
}

#[tokio::test]
async fn what_does_not_fit_the_queue_is_read() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    let many = super::QUEUE_BATCHES_MAX as u64 + 50;
    // Nothing runs between these: the queue is full before the last of them, and those are dropped.
    (1..=many).for_each(|seq| bench.offer(1, [seq]));
    reaches(&seat, many).await;
    assert_eq!(recent(&seat), (1..=many).collect::<Vec<_>>());
    bench.finish().await;
}

#[tokio::test]
async fn a_notice_waits_in_no_queue() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    (1..=super::QUEUE_BATCHES_MAX as u64 + 5).for_each(|seq| bench.offer(1, [seq]));
    for key in ["expo/acme", "expo/globex"] {
        let name = ChangedName { workspace: workspace(1), kind: NamedKind::Partner, event: "expo".into(), key: key.into() };
        bench.publisher.offer(Committed { changed: vec![name], ..Committed::default() }, Instant::now());
    }
    let mut told = Told::default();
    let news = loop {
        match seat.room.names().next(&mut told, &Events::ALL) {
            Some(news) => break news,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(news, News { kind: NamedKind::Partner, keys: Some(vec!["expo/acme".into(), "expo/globex".into()]) });
    bench.finish().await;
}

#[tokio::test]
async fn a_probe_passes_behind_what_was_durable_before_it() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    bench.probe(1);
    assert!(bench.hub.probed(1).await);
    let gate = Arc::new(Semaphore::new(0));
    bench.log.set(workspace(1), Mood::Held(gate.clone()));
    bench.offer(1, [2]);
    bench.probe(2);
    // Another workspace, opened behind it, shows that the publisher has been there.
    let other = bench.seat(2).await;
    bench.offer(2, [1]);
    reaches(&other, 1).await;
    let hub = bench.hub.clone();
    let mut probed = std::pin::pin!(hub.probed(2));
    assert!(futures::poll!(&mut probed).is_pending(), "entry 1 is missing");
    gate.add_permits(1_000);
    assert!(probed.await);
    assert_eq!(seat.room.head(), 2);
    bench.finish().await;
}

#[tokio::test]
async fn a_probe_is_not_lost_where_the_queue_is_full() {
    let bench = Bench::new();
    let seat = bench.seat(1).await;
    (1..=super::QUEUE_BATCHES_MAX as u64 + 5).for_each(|seq| bench.offer(1, [seq]));
    bench.probe(1);
    assert!(bench.hub.probed(1).await);
    assert_eq!(seat.room.head(), super::QUEUE_BATCHES_MAX as u64 + 5);
    bench.finish().await;
}
