//! Histograms against the definition: any log, filter set, span, stretches and place, whatever was done behind the writer, and
//! however often an answer has to be gone on with.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::plain::{Plain, occurred_at};
use super::sample::{Drawn, any_activity, any_correction, any_filter};
use super::{Bounds, NOW, Open, Subject};
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{NewActivity, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Histogram, HistogramQuery, Stretch};

/// Logs, and questions to each.
const CASES: u32 = 24;
const QUESTIONS: usize = 60;
/// Parts in which a log is appended, with what the backend does behind its writer in between.
const PARTS: usize = 5;
const STEPS_MAX: usize = 3;
/// Answers to one question at most; each counts one window at least.
const ANSWERS_MAX: usize = 200;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// When an activity of a test occurred, from the clock: now, this month, or long ago; a little ahead at most.
fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -20 * MINUTE_MS..=OCCURRED_AHEAD_MS_MAX,
        2 => (0i64..40, 0i64..4).prop_map(|(minute, ms)| -minute * MINUTE_MS + [0, 1, 59_999, -1][usize::try_from(ms).unwrap_or(0)]),
        2 => -40 * DAY_MS..0,
        1 => (0i64..6).prop_map(|month| -month * 30 * DAY_MS),
    ]
}

#[derive(Debug, Clone)]
struct Question {
    filter: FilterSet,
    /// Starts from the clock, with the bucket of each; the last is the end.
    cuts: Vec<(i64, i64)>,
    /// In thousandths of the log; `None` is all of it.
    up_to: Option<u64>,
}

/// Filters that counts by minute can tell.
const EASY: [&str; 7] = [
    "",
    "event=expo-2026",
    "flavor=message.*",
    "not.flavor=message.opened",
    "grade=human",
    "not.event=expo-2026&grade=machine",
    "event=nobody",
];

fn any_question() -> impl Strategy<Value = Question> {
    let easy = prop::sample::select(&EASY[..]).prop_map(|query| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        FilterSet::from_pairs(pairs).expect("a filter set")
    });
    let filter = prop_oneof![3 => easy, 1 => any_filter()];
    let width = prop_oneof![Just(1), Just(500), Just(30_000), Just(MINUTE_MS), Just(60 * MINUTE_MS), Just(DAY_MS)];
    // Starts that are whole minutes, hours or days, and some that are not; buckets that come again.
    let cuts = width.prop_flat_map(|width| {
        let cut = (any_time(), 0..9).prop_map(move |(at, bent)| if bent == 0 { at } else { at.div_euclid(width) * width });
        vec((cut, weighted(0.1, any_time())), 2..12)
    });
    let cuts = cuts.prop_map(|cuts| {
        let cuts: BTreeMap<i64, i64> = cuts.into_iter().map(|(at, bucket)| (at, bucket.unwrap_or(at))).collect();
        cuts.into_iter().collect()
    });
    (filter, cuts, weighted(0.4, 0u64..=1_000)).prop_map(|(filter, cuts, up_to)| Question { filter, cuts, up_to })
}

pub(crate) async fn histograms_agree_with_the_definition(open: Open) {
    try_cases(open, Bounds::SmallWindows(16)).await;
}

pub(crate) async fn histograms_that_are_gone_on_with_add_up(open: Open) {
    try_cases(open, Bounds::OneWindow(7)).await;
}

async fn try_cases(open: Open, bounds: Bounds) {
    let handle = tokio::runtime::Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: CASES, max_shrink_iters: 64, ..Config::default() });
        let activities = vec((any_activity(), any_time()), 1..150);
        let corrections = vec(vec(any_correction(), 0..8), PARTS);
        let input = ((activities, corrections), vec(0..=STEPS_MAX, PARTS), vec(any_question(), QUESTIONS));
        runner.run(&input, |((activities, corrections), steps, questions)| {
            handle.block_on(try_case((open, bounds), activities, corrections, steps, questions));
            Ok(())
        })
    });
    // The reason names the question; the whole input would fill screens.
    match tried.await.expect("ran") {
        Err(TestError::Fail(reason, ((activities, _), ..))) => panic!("with {} activities: {reason}", activities.len()),
        other => other.unwrap_or_else(|e| panic!("{e}")),
    }
}

async fn try_case(
    (open, bounds): (Open, Bounds),
    activities: Vec<(NewActivity, i64)>,
    corrections: Vec<Vec<Drawn>>,
    steps: Vec<usize>,
    questions: Vec<Question>,
) {
    let subject = Subject::fresh(open, bounds).await;
    let mut plain = Plain::default();
    let activities: Vec<_> = activities.into_iter().map(|(a, at)| NewActivity { occurred_at: UnixMs(NOW.0 + at), ..a }).collect();
    for ((part, steps), corrections) in activities.chunks(activities.len().div_ceil(PARTS)).zip(steps).zip(corrections) {
        plain.apply(&subject.commit(vec![subject.appending(part.to_vec())]).await);
        subject.step_behind(steps).await;
        for drawn in &corrections {
            let change = plain.correcting(subject.workspace, drawn);
            plain.apply(&subject.commit(change.into_iter().collect()).await);
        }
    }
    for question in questions {
        let head = plain.entries.len() as Seq;
        let Some(((until, _), cuts)) = question.cuts.split_last() else { continue };
        let stretches = cuts.iter().map(|(at, bucket)| Stretch { from: UnixMs(NOW.0 + at), bucket: UnixMs(NOW.0 + bucket) });
        let up_to = question.up_to.map(|thousandths| head * thousandths / 1_000);
        let until = UnixMs(NOW.0 + until);
        let query = HistogramQuery { filter: question.filter.clone(), up_to, stretches: stretches.collect(), until };
        assert_whole(&subject, &plain, &query).await;
    }
}

/// Answers added up are what the definition says, and each says truly what it has not counted.
async fn assert_whole(subject: &Subject, plain: &Plain, query: &HistogramQuery) {
    let mut sums: BTreeMap<UnixMs, u64> = BTreeMap::new();
    let mut asked = query.clone();
    for _ in 0..ANSWERS_MAX {
        let found: Histogram = subject.store.log.histogram(subject.workspace, asked.clone()).await.expect("histogram");
        assert!(found.items.windows(2).all(|pair| pair[0].start < pair[1].start), "{query:?}: {found:?}");
        found.items.iter().for_each(|bucket| *sums.entry(bucket.start).or_default() += bucket.count);
        let want = counted(plain, query, found.left.map_or(0, |left| left.up_to));
        let case =
            format!("{} up to {:?} of {} in {:?} until {:?}", query.filter, asked.up_to, plain.entries.len(), query.stretches, query.until);
        assert_eq!(sums, want, "{case}, left {:?}", found.left);
        let Some(left) = found.left else { return };
        let all = counted_from(plain, query, 0, left.before);
        assert_eq!(counted_from(plain, query, left.up_to, left.before), all, "{case}: nothing at or after {:?} is left", left.before);
        assert!(asked.up_to.is_none_or(|before| left.up_to < before), "{case}: it goes on");
        asked.up_to = Some(left.up_to);
    }
    panic!("{query:?} does not come to an end");
}

/// What the definition counts above a place.
fn counted(plain: &Plain, query: &HistogramQuery, above: Seq) -> BTreeMap<UnixMs, u64> {
    counted_from(plain, query, above, UnixMs(i64::MIN))
}

fn counted_from(plain: &Plain, query: &HistogramQuery, above: Seq, since: UnixMs) -> BTreeMap<UnixMs, u64> {
    let mut counts = BTreeMap::new();
    for (seq, activity) in plain.matching(&query.filter) {
        let at = occurred_at(activity);
        let stretch = query.stretches.iter().rev().find(|stretch| stretch.from <= at);
        if let Some(stretch) =
            stretch.filter(|_| at < query.until && at >= since && seq > above && query.up_to.is_none_or(|up_to| seq <= up_to))
        {
            *counts.entry(stretch.bucket).or_default() += 1;
        }
    }
    counts
}
