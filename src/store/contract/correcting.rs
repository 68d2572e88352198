//! Amendments and erasures: what stands after them in every way of reading, and what sending again does then.

use super::plain::Plain;
use super::{Bounds, NOW, Open, Subject, activity, appended, key};
use crate::auth::Actor;
use crate::domain::{ActivityId, Cursor, Grade, Graded, NewActivity, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{AppendResult, Change, Correction, Order, Outcome, PageEnd, PageQuery, UnderId};

fn graded(grade: Grade, reasons: &[&str]) -> Graded {
    Graded { grade, reasons: reasons.iter().map(|reason| (*reason).into()).collect() }
}

fn amend(subject: &Subject, number: u128, within: Option<&str>, graded: Graded) -> Change {
    Change::Amend { workspace: subject.workspace, id: id(number), within: within.map(key).into(), graded, by: Actor::Server }
}

fn erase(subject: &Subject, number: u128, within: Option<&str>) -> Change {
    Change::Erase { workspace: subject.workspace, id: id(number), within: within.map(key).into(), by: Actor::Server }
}

fn id(number: u128) -> ActivityId {
    activity(number, "page.viewed", "expo", "acme").id
}

fn filter(pairs: &[(&str, &str)]) -> FilterSet {
    FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set")
}

async fn outcome(subject: &Subject, plain: &mut Plain, change: Change) -> Outcome {
    let committed = subject.commit(vec![change]).await;
    plain.apply(&committed);
    committed.outcomes.into_iter().next().expect("one")
}

async fn seqs(subject: &Subject, pairs: &[(&str, &str)]) -> Vec<Seq> {
    page(subject, pairs, 0, usize::MAX, 1_000).await.0
}

/// Seqs, corrections and how far, oldest first.
async fn page(
    subject: &Subject,
    pairs: &[(&str, &str)],
    after: Seq,
    bytes_max: usize,
    limit: usize,
) -> (Vec<Seq>, Vec<Correction>, Option<Seq>) {
    let (filter, order) = (filter(pairs), Order::OldestFirst);
    let query = PageQuery { filter, after, up_to: None, since: None, until: None, order, limit, bytes_max, corrections: true };
    let page = subject.store.log.page(subject.workspace, query).await.expect("page");
    let reached = (page.end != PageEnd::Range).then_some(page.reached);
    (page.items.into_iter().map(|item| item.seq).collect(), page.corrections, reached)
}

/// Whole entries read back as they were published, corrected by what came later.
async fn assert_entries(subject: &Subject, plain: &Plain) {
    let batch = subject.store.log.entries(subject.workspace, 0, 1_000).await.expect("read");
    assert_eq!(batch.entries, plain.entries);
}

pub(crate) async fn a_grade_is_amended_once_and_told(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let mut plain = Plain::default();
    plain.apply(&subject.commit(vec![subject.appending((1..=3).map(|n| activity(n, "page.viewed", "expo", "acme")).collect())]).await);
    let at = |outcome: &Outcome| match outcome {
        Outcome::Amended { cursor: Cursor { seq, .. } } => *seq,
        other => panic!("{other:?}"),
    };
    let scanner = graded(Grade::Machine, &["scanner", "opened_at_once"]);
    assert_eq!(at(&outcome(&subject, &mut plain, amend(&subject, 2, None, scanner.clone())).await), 4);
    assert_eq!(at(&outcome(&subject, &mut plain, amend(&subject, 2, None, scanner.clone())).await), 4, "the same again is no entry");
    let as_it_was = graded(Grade::Unclear, &["not_graded"]);
    assert_eq!(at(&outcome(&subject, &mut plain, amend(&subject, 1, None, as_it_was)).await), 1, "it has that grade from the start");
    let other_reason = graded(Grade::Machine, &["scanner"]);
    for _ in 0..2 {
        assert_eq!(at(&outcome(&subject, &mut plain, amend(&subject, 2, None, other_reason.clone())).await), 5, "the last entry tells it");
    }
    assert_eq!(subject.head().await, 5);
    assert_entries(&subject, &plain).await;
    for (pairs, want) in [
        (&[("grade", "machine")][..], &[2][..]),
        (&[("grade", "unclear")], &[1, 3]),
        (&[("not.grade", "unclear")], &[2]),
        (&[], &[1, 2, 3]),
    ] {
        assert_eq!(seqs(&subject, pairs).await, want, "{pairs:?}");
        let count = subject.store.log.count(subject.workspace, filter(pairs), 0, 3).await.expect("count");
        assert_eq!((count.stored, count.barrier), (want.len() as u64, 5), "{pairs:?}");
    }
    let there = subject.store.log.activity(subject.workspace, id(2)).await.expect("read");
    let UnderId::Activity(there) = there else { panic!("{there:?}") };
    let body: serde_json::Value = serde_json::from_slice(&there.entry.body).expect("JSON");
    assert_eq!((there.entry.facts.grade, &body["grade_reasons"]), (Grade::Machine, &serde_json::json!(["scanner"])));
    // The id is where it was, with the content that was sent.
    let again = subject.append(vec![activity(2, "page.viewed", "expo", "acme")]).await;
    assert_eq!(again, [AppendResult::Duplicate { seq: 2, recorded_at: NOW }]);
}

pub(crate) async fn an_erased_activity_is_gone_and_its_id_stays_taken(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let mut plain = Plain::default();
    let sent = |n: u128| NewActivity { message: Some(key("welcome")), ..activity(n, "message.opened", "expo", "acme") };
    plain.apply(&subject.commit(vec![subject.appending((1..=4).map(sent).collect())]).await);
    outcome(&subject, &mut plain, amend(&subject, 2, None, graded(Grade::Human, &["clicked"]))).await;
    assert_eq!(outcome(&subject, &mut plain, erase(&subject, 2, None)).await, Outcome::Erased);
    assert_eq!(outcome(&subject, &mut plain, erase(&subject, 2, None)).await, Outcome::Gone);
    assert_eq!(outcome(&subject, &mut plain, amend(&subject, 2, None, graded(Grade::Human, &["clicked"]))).await, Outcome::Gone);
    assert_eq!(subject.head().await, 6);
    assert_entries(&subject, &plain).await;
    let there = subject.store.log.activity(subject.workspace, id(2)).await.expect("read");
    assert!(matches!(&there, UnderId::Erased { event } if **event == *"expo"), "{there:?}");
    let number = id(2).to_string();
    for pairs in [&[][..], &[("partner", "acme")], &[("not.partner", "globex")], &[("about", "welcome")], &[("not.text", "x")]] {
        let pairs = if pairs == [("not.text", "x")] { &[("text", "acme")][..] } else { pairs };
        assert_eq!(seqs(&subject, pairs).await, [1, 3, 4], "{pairs:?}");
        assert_eq!(subject.store.log.count(subject.workspace, filter(pairs), 0, 6).await.expect("count").stored, 3, "{pairs:?}");
    }
    assert_eq!(seqs(&subject, &[("id", &number)]).await, Vec::<Seq>::new());
    // The same draft again is a duplicate, and other content is another; neither is stored.
    assert_eq!(subject.append(vec![sent(2)]).await, [AppendResult::Duplicate { seq: 2, recorded_at: NOW }]);
    let other = NewActivity { content_hash: [9; 16], ..sent(2) };
    assert_eq!(subject.append(vec![other]).await, [AppendResult::Conflict { seq: 2 }]);
    assert_eq!(subject.head().await, 6);
    assert_eq!(seqs(&subject, &[]).await, [1, 3, 4]);
}

pub(crate) async fn what_is_not_there_for_a_key_is_not_corrected(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut plain = Plain::default();
    let both = vec![activity(1, "page.viewed", "Expo", "acme"), activity(2, "page.viewed", "fair", "acme")];
    plain.apply(&subject.commit(vec![subject.appending(both)]).await);
    let human = || graded(Grade::Human, &["clicked"]);
    for change in [
        amend(&subject, 9, None, human()),
        erase(&subject, 9, None),
        amend(&subject, 2, Some("expo"), human()),
        erase(&subject, 2, Some("expo")),
    ] {
        assert_eq!(outcome(&subject, &mut plain, change).await, Outcome::NoActivity);
    }
    assert_eq!(subject.head().await, 2);
    assert!(matches!(outcome(&subject, &mut plain, amend(&subject, 1, Some("EXPO"), human())).await, Outcome::Amended { .. }));
    assert_eq!(outcome(&subject, &mut plain, erase(&subject, 1, Some("expo"))).await, Outcome::Erased);
    // What was erased is there for nobody else either.
    assert_eq!(outcome(&subject, &mut plain, erase(&subject, 1, Some("fair"))).await, Outcome::NoActivity);
    assert_eq!(outcome(&subject, &mut plain, erase(&subject, 1, Some("expo"))).await, Outcome::Gone);
}

pub(crate) async fn corrections_come_with_the_page(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(4)).await;
    let mut plain = Plain::default();
    for n in 1..=6u128 {
        subject.clock.set(UnixMs(NOW.0 + i64::try_from(n).expect("small")));
        let (event, message) = if n % 3 == 0 { ("fair", None) } else { ("expo", Some(key("welcome"))) };
        let flavor = if n == 1 { "message.sent" } else { "page.viewed" };
        let one = NewActivity { message, ..activity(n, flavor, event, &format!("p-{}", n % 2)) };
        plain.apply(&subject.commit(vec![subject.appending(vec![one])]).await);
    }
    for (number, grade) in [(1, Grade::Human), (2, Grade::Machine), (1, Grade::Machine), (3, Grade::Human), (1, Grade::Unclear)] {
        outcome(&subject, &mut plain, amend(&subject, number, None, graded(grade, &["because"]))).await;
    }
    outcome(&subject, &mut plain, erase(&subject, 2, None)).await;
    outcome(&subject, &mut plain, erase(&subject, 3, None)).await;
    for n in 7..=9u128 {
        plain.apply(&subject.commit(vec![subject.appending(vec![activity(n, "page.viewed", "expo", "p-1")])]).await);
    }
    for pairs in [
        &[][..],
        &[("grade", "human")],
        &[("not.grade", "machine")],
        &[("partner", "p-1"), ("grade", "machine")],
        &[("event", "fair")],
        &[("message", "welcome"), ("grade", "machine")],
        &[("not.event", "expo")],
        &[("partner", "nobody")],
    ] {
        let want = plain.told(&filter(pairs), 0, Seq::MAX);
        let items: Vec<Seq> = plain.matching(&filter(pairs)).into_iter().map(|(seq, _)| seq).collect();
        for (limit, bytes_max) in [(1_000, usize::MAX), (1, usize::MAX), (2, usize::MAX), (1_000, 1), (1_000, 900)] {
            let (mut after, mut all) = (0, (Vec::new(), Vec::new()));
            loop {
                let (items, corrections, reached) = page(&subject, pairs, after, bytes_max, limit).await;
                assert!(items.len() <= limit && corrections.len() <= limit, "{pairs:?}");
                let told: usize = corrections.iter().map(|c| c.json.len()).sum();
                assert!(corrections.len() <= 1 || told <= bytes_max, "{pairs:?}");
                let last = items.iter().chain(corrections.iter().map(|c| &c.at)).max().copied().unwrap_or(0);
                assert!(reached.is_none_or(|reached| reached > after && reached >= last), "it goes on");
                all.0.extend(items);
                all.1.extend(corrections);
                let Some(reached) = reached else { break };
                after = reached;
            }
            assert_eq!(all, (items.clone(), want.clone()), "{pairs:?} by {limit} and {bytes_max}");
        }
    }
    let query = PageQuery {
        filter: filter(&[]),
        after: 0,
        up_to: None,
        since: None,
        until: None,
        order: Order::OldestFirst,
        limit: 1_000,
        bytes_max: usize::MAX,
        corrections: false,
    };
    let page = subject.store.log.page(subject.workspace, query).await.expect("page");
    assert_eq!(page.corrections, [], "nobody is told who does not ask");
}

pub(crate) async fn one_transaction_may_correct_what_it_appends(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut plain = Plain::default();
    let one = |n| subject.appending(vec![activity(n, "page.viewed", "expo", "acme")]);
    let changes = vec![
        one(1),
        amend(&subject, 1, None, graded(Grade::Human, &["clicked"])),
        one(2),
        amend(&subject, 1, None, graded(Grade::Machine, &["scanner"])),
        erase(&subject, 2, None),
        one(2),
        one(3),
        erase(&subject, 1, None),
        amend(&subject, 1, None, graded(Grade::Human, &["clicked"])),
    ];
    let committed = subject.commit(changes).await;
    plain.apply(&committed);
    assert_eq!(appended(&committed.outcomes[5]), [AppendResult::Duplicate { seq: 3, recorded_at: NOW }]);
    assert_eq!(committed.outcomes[8], Outcome::Gone);
    assert_entries(&subject, &plain).await;
    assert_eq!(seqs(&subject, &[]).await, [6]);
    assert_eq!(subject.head().await, 7);
}
