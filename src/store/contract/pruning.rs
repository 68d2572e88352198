//! Taking away the start of a log: what is left is all there is, for every reader.

use super::{Bounds, NOW, Open, Subject, activity, key};
use crate::auth::{Actor, Operator};
use crate::domain::{ActivityId, Seq, UnixMs};
use crate::filter::{Field, FilterSet};
use crate::store::{
    AppendResult, Change, FacetQuery, HistogramQuery, Order, Outcome, PageEnd, PageQuery, Prune, Pruned, Retention, UnderId,
};
use crate::tallies::Stretch;

const MINUTE_MS: i64 = 60_000;

impl Subject {
    /// Forty activities, ten a minute: the first in the minute of [`NOW`].
    async fn forty(&self) {
        for minute in 0..4 {
            self.clock.set(UnixMs(NOW.0 + minute * MINUTE_MS));
            let numbers = (minute * 10 + 1)..=(minute * 10 + 10);
            let flavor = |n: i64| if n % 2 == 0 { "page.viewed" } else { "link.clicked" };
            let make = |n: i64| crate::domain::NewActivity {
                occurred_at: UnixMs(NOW.0 + minute * MINUTE_MS),
                ..activity(n.unsigned_abs().into(), flavor(n), "expo", &format!("p{}", n % 3))
            };
            self.append(numbers.map(make).collect()).await;
        }
    }

    async fn prune(&self, before: UnixMs, rows_max: u64) -> Pruned {
        let prune = Change::Prune(Prune { workspace: self.workspace, before, rows_max });
        let committed = self.commit(vec![prune]).await;
        let [Outcome::Pruned(pruned)] = committed.outcomes.as_slice() else { panic!("{:?}", committed.outcomes) };
        let told: Vec<_> = (pruned.rows > 0).then_some((self.workspace, pruned.up_to)).into_iter().collect();
        assert_eq!((committed.pruned, committed.batches.len()), (told, 0), "it is told, and no entry of the log");
        *pruned
    }

    async fn seqs(&self, after: Seq, up_to: Option<Seq>, order: Order) -> (Vec<Seq>, Seq, PageEnd) {
        let (filter, since, until, limit, bytes_max) = (FilterSet::default(), None, None, 1_000, usize::MAX);
        let page = PageQuery { filter, after, up_to, since, until, order, limit, bytes_max, corrections: false };
        let page = self.store.log.page(self.workspace, page).await.expect("read");
        (page.items.iter().map(|item| item.seq).collect(), page.head.pruned, page.end)
    }

    /// Everything that counts agrees that the log has these, all of them.
    async fn counts_only(&self, first: Seq, last: Seq) {
        let all = last + 1 - first;
        let facets = FacetQuery {
            filter: FilterSet::default(),
            within: FilterSet::default(),
            by: vec![Field::Flavor],
            since: None,
            until: None,
            values_max: 9,
        };
        let facets = self.store.log.facets(self.workspace, facets).await.expect("read");
        let by_flavor: u64 = facets.by[0].1.iter().map(|value| value.count).sum();
        assert_eq!((facets.total, by_flavor), (all, all), "facets of {first} to {last}");
        let stretch = Stretch { from: UnixMs(0), bucket: UnixMs(0) };
        let (filter, until) = (FilterSet::default(), UnixMs(NOW.0 * 2));
        let histogram = HistogramQuery { filter, up_to: None, stretches: vec![stretch], until };
        let histogram = self.store.log.histogram(self.workspace, histogram).await.expect("read");
        assert_eq!(histogram.items.iter().map(|bucket| bucket.count).sum::<u64>(), all, "histogram of {first} to {last}");
        let count = self.store.log.count(self.workspace, FilterSet::default(), 0, last).await.expect("counted");
        assert_eq!((count.stored, count.pruned), (all, first - 1), "count of {first} to {last}");
    }
}

pub(crate) async fn the_start_of_a_log_goes_in_steps(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    subject.forty().await;
    let (mine, log) = (subject.workspace, &subject.store.log);
    let before = UnixMs(NOW.0 + 2 * MINUTE_MS);
    assert_eq!(subject.prune(NOW, 100).await.rows, 0, "nothing is older");
    for (up_to, rows) in [(8, 8), (16, 8), (20, 4), (20, 0)] {
        let pruned = subject.prune(before, 8).await;
        assert_eq!((pruned.up_to, pruned.rows), (up_to, rows));
        let all: Vec<Seq> = (up_to + 1..=40).collect();
        assert_eq!(subject.seqs(0, None, Order::OldestFirst).await, (all.clone(), up_to, PageEnd::Range));
        assert_eq!(subject.seqs(0, None, Order::NewestFirst).await.0, all.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(subject.seqs(0, Some(up_to), Order::NewestFirst).await, (vec![], up_to, PageEnd::Range), "nothing lies before it");
        let entries = log.entries(mine, 3, 5).await.expect("read");
        assert_eq!((entries.pruned, entries.entries.len()), (up_to, 0), "it is told that what was asked for is gone");
        let entries = log.entries(mine, up_to, 5).await.expect("read").entries;
        assert_eq!(entries.first().expect("one").seq, up_to + 1);
        subject.counts_only(up_to + 1, 40).await;
    }
    let id = |n: u128| ActivityId(activity(n, "page.viewed", "expo", "p").id.0);
    assert!(matches!(log.activity(mine, id(3)).await.expect("read"), UnderId::Nothing), "gone");
    assert!(matches!(log.activity(mine, id(21)).await.expect("read"), UnderId::Activity(_)));
    let again = subject.append(vec![crate::domain::NewActivity { occurred_at: NOW, ..activity(3, "link.clicked", "expo", "p0") }]).await;
    assert!(matches!(again[0], AppendResult::Duplicate { seq: 3, .. }), "its id stays taken: {again:?}");
    // All of it, with what comes in the same transaction behind.
    subject.clock.set(UnixMs(NOW.0 + 9 * MINUTE_MS));
    let prune = Change::Prune(Prune { workspace: mine, before: UnixMs(NOW.0 + 9 * MINUTE_MS), rows_max: 1_000 });
    let committed = subject.commit(vec![prune, subject.appending(vec![activity(99, "a.b", "expo", "p0")])]).await;
    assert!(matches!(committed.outcomes[0], Outcome::Pruned(Pruned { up_to: 40, rows: 20, .. })), "{:?}", committed.outcomes);
    assert_eq!(subject.seqs(0, None, Order::OldestFirst).await, (vec![41], 40, PageEnd::Range), "seq goes on");
    subject.counts_only(41, 41).await;
    let head = log.head(mine).await.expect("read");
    assert_eq!((head.seq, head.pruned), (41, 40));
}

pub(crate) async fn counts_that_are_kept_follow_a_prune(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    subject.forty().await;
    subject.step_behind(40).await;
    subject.counts_only(1, 40).await;
    for up_to in [5, 6, 19, 30, 39] {
        let minute = i64::try_from(up_to / 10).expect("small");
        subject
            .prune(UnixMs(NOW.0 + (minute + 1) * MINUTE_MS), up_to - subject.store.log.head(subject.workspace).await.expect("read").pruned)
            .await;
        subject.counts_only(up_to + 1, 40).await;
        subject.step_behind(1).await;
        subject.counts_only(up_to + 1, 40).await;
        subject.step_behind(20).await;
        subject.counts_only(up_to + 1, 40).await;
    }
}

pub(crate) async fn what_is_asked_to_be_kept_is_told(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let other = subject.store.keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    let kept = |workspace| subject.store.keeping.kept(workspace);
    let fresh = kept(subject.workspace).await.expect("read");
    assert_eq!((fresh.retention, fresh.oldest, fresh.since), (Retention::default(), None, None));
    subject.forty().await;
    for days in [Some(30), Some(7), None] {
        let retention = Retention { days };
        let outcomes = subject.commit(vec![Change::Retain { workspace: subject.workspace, retention, by: Actor::Server }]).await.outcomes;
        let kept_now = kept(subject.workspace).await.expect("read");
        assert_eq!(outcomes, [Outcome::Retained(kept_now)]);
        assert_eq!((kept_now.retention, kept_now.oldest, kept_now.since), (retention, Some(NOW), None));
    }
    assert_eq!(kept(other).await.expect("read").retention, Retention::default(), "each has its own");
    subject.prune(UnixMs(NOW.0 + MINUTE_MS), 100).await;
    assert_eq!(kept(subject.workspace).await.expect("read").since, Some(UnixMs(NOW.0 + MINUTE_MS)));
    subject.prune(UnixMs(NOW.0 + 9 * MINUTE_MS), 100).await;
    let gone = kept(subject.workspace).await.expect("read");
    assert_eq!((gone.oldest, gone.since), (None, Some(UnixMs(NOW.0 + 3 * MINUTE_MS))), "nothing is there");
}
