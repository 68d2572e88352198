//! Every entry once and in order, whichever way it came: over the queue, from the store, or both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Batch, Feed};
use crate::domain::{Entry, EntryKind, Seq, UnixMs};

const NONE: [Seq; 0] = [];

fn entries(seqs: impl IntoIterator<Item = Seq>) -> Vec<Arc<Entry>> {
    seqs.into_iter().map(|seq| Arc::new(Entry { seq, recorded_at: UnixMs(0), mark: None, kind: EntryKind::Shell })).collect()
}

fn seqs(batches: impl IntoIterator<Item = Batch>) -> Vec<Seq> {
    batches.into_iter().flat_map(|(entries, _)| entries).map(|entry| entry.seq).collect()
}

#[test]
fn a_hole_of_one_is_read() {
    let (now, mut feed) = (Instant::now(), Feed::new(4));
    assert_eq!(seqs(feed.offered(entries([5]), now)), [5]);
    assert_eq!(seqs(feed.offered(entries([7]), now)), NONE, "6 is missing");
    assert_eq!(feed.ask(now), Some(5));
    assert_eq!(feed.ask(now), None, "once");
    let (is_next, on) = feed.read(entries([6, 7]), now);
    assert_eq!((is_next, seqs(on), feed.ask(now)), (true, vec![6, 7], None));
}

#[test]
fn what_was_read_comes_out_of_the_queue_too() {
    let (now, mut feed) = (Instant::now(), Feed::new(0));
    feed.reaches(3);
    assert_eq!(feed.ask(now), Some(0));
    assert_eq!(seqs(feed.offered(entries([1]), now)), NONE, "it is being read");
    assert_eq!(seqs(feed.read(entries([1, 2, 3]), now).1), [1, 2, 3]);
    assert_eq!(seqs(feed.offered(entries([2, 3]), now)), NONE);
    assert_eq!(seqs(feed.offered(entries([3, 4]), now)), [4], "the rest of it is new");
}

#[test]
fn a_store_that_fails_is_asked_later_and_later() {
    let (mut now, mut feed) = (Instant::now(), Feed::new(0));
    feed.reaches(1);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(feed.ask(now), Some(0));
        feed.failed(now);
        assert_eq!(feed.ask(now), None);
        let at = feed.retry_at().expect("it is asked again");
        pauses.push((at - now).as_millis());
        now = at;
    }
    assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    assert_eq!(feed.ask(now), Some(0));
    assert!(!feed.read(entries([2]), now).0, "not what was asked for");
    feed.failed(now);
    assert_eq!(feed.ask(now + Duration::from_secs(8)), Some(0));
    assert_eq!(seqs(feed.read(entries([1]), now).1), [1]);
}

#[derive(Debug, Clone)]
enum Step {
    /// So many entries become durable; the batch is lost on its way, or waits in the queue.
    Commit { count: u64, lost: bool },
    /// The first batch comes out of the queue.
    Deliver,
    /// It is looked what was lost.
    Level,
    /// The store is asked, if it is to be.
    Ask,
    /// The store answers with so many entries, or fails.
    Answer { count: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4u64, prop::bool::weighted(0.3)).prop_map(|(count, lost)| Step::Commit { count, lost }),
        3 => Just(Step::Deliver),
        1 => Just(Step::Level),
        2 => Just(Step::Ask),
        2 => (0..5u64).prop_map(|count| Step::Answer { count }),
    ]
}

proptest! {
    #[test]
    fn each_once_in_order_and_none_left(steps in prop::collection::vec(step(), 1..120)) {
        let (mut now, mut feed) = (Instant::now(), Feed::new(10));
        let (mut durable, mut queue, mut asked, mut handed) = (10, std::collections::VecDeque::new(), None, Vec::new());
        let end = [Step::Level, Step::Deliver, Step::Ask, Step::Answer { count: 4 }];
        let rest = std::iter::repeat_n(end, 400).flatten();
        for step in steps.into_iter().chain(rest) {
            now += Duration::from_secs(9);
            match step {
                Step::Commit { count, lost } => {
                    let batch = durable + 1..=durable + count;
                    durable += count;
                    if !lost {
                        queue.push_back(batch);
                    }
                }
                Step::Deliver => {
                    if let Some(batch) = queue.pop_front() {
                        handed.extend(seqs(feed.offered(entries(batch), now)));
                    }
                }
                Step::Level => feed.reaches(durable),
                Step::Ask => asked = asked.or(feed.ask(now)),
                Step::Answer { count } => match asked.take() {
                    None => {}
                    Some(_) if count == 0 => feed.failed(now),
                    Some(after) => {
                        let (is_next, on) = feed.read(entries(after + 1..=durable.min(after + count)), now);
                        prop_assert!(is_next);
                        handed.extend(seqs(on));
                    }
                },
            }
        }
        prop_assert_eq!(handed, (11..=durable).collect::<Vec<_>>());
    }
}
