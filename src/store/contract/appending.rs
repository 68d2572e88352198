//! What becomes of activities.

use serde_json::Value;

use super::plain::Plain;
use super::{Bounds, NOW, Open, Subject, activity, appended, key};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{EntryKind, Flavor, NewActivity, UnixMs};
use crate::store::{AppendResult, At, Change, Committed, ListQuery, MissingThing, NamedKind, Outcome, Quota, StoredActivity, UnderId};

fn seqs(results: &[AppendResult]) -> Vec<Option<u64>> {
    results.iter().map(|r| if let AppendResult::Stored { seq, .. } = r { Some(*seq) } else { None }).collect()
}

pub(super) async fn flavors(subject: &Subject, workspace: WorkspaceId) -> Vec<String> {
    let all = ListQuery::first(100);
    subject.store.directory.flavors(workspace, all).await.expect("read").items
}

pub(crate) async fn seq_has_no_hole_and_follows_the_order(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let of = |numbers: std::ops::Range<u128>| numbers.map(|n| activity(n, "page.viewed", "expo", "acme")).collect::<Vec<_>>();
    let first = subject.commit(vec![subject.appending(of(0..3)), subject.appending(vec![]), subject.appending(of(3..103))]).await;
    let results: Vec<_> = first.outcomes.iter().map(|o| seqs(&appended(o))).collect();
    assert_eq!(results[0], [Some(1), Some(2), Some(3)]);
    assert_eq!(results[1], []);
    assert_eq!(results[2], (4..104).map(Some).collect::<Vec<_>>());
    assert_eq!(seqs(&subject.append(of(103..104)).await), [Some(104)]);
    let head = subject.store.log.head(subject.workspace).await.expect("head");
    assert_eq!((head.seq, head.pruned, head.recorded_at), (104, 0, NOW));
    assert_eq!(first.batches.len(), 1);
    assert_eq!(first.batches[0].epoch, head.epoch);
}

/// Who has the outcome need not ask where the log ends: the question could fail, and what is durable be told as lost.
pub(crate) async fn the_outcome_tells_where_it_ends(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let one = |number| activity(number, "page.viewed", "expo", "acme");
    let epoch = subject.store.log.head(subject.workspace).await.expect("head").epoch;
    let strange = Change::Append {
        workspace: subject.workspace,
        activities: vec![activity(9, "a.b", "no", "p")],
        create_unknown: false,
        quota: Quota::default(),
    };
    let changes = vec![
        subject.appending(vec![]),
        subject.appending(vec![one(1), one(2)]),
        subject.appending(vec![one(1)]),
        strange,
        subject.appending(vec![one(3), one(2)]),
    ];
    let ends = |committed: Committed| {
        let end = |outcome: &Outcome| {
            if let Outcome::Appended { cursor, .. } = outcome { (cursor.epoch, cursor.seq) } else { panic!("{outcome:?}") }
        };
        committed.outcomes.iter().map(end).collect::<Vec<_>>()
    };
    let at = |seq| (epoch, seq);
    assert_eq!(ends(subject.commit(changes).await), [at(0), at(2), at(1), at(2), at(3)]);
    assert_eq!(ends(subject.commit(vec![subject.appending(vec![])]).await), [at(3)]);
}

pub(crate) async fn probes_leave_nothing(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let committed = subject.commit(vec![Change::Probe, subject.appending(vec![activity(1, "a.b", "expo", "acme")]), Change::Probe]).await;
    let [Outcome::Probed { number: first }, outcome, Outcome::Probed { number: second }] = committed.outcomes.as_slice() else {
        panic!("{committed:?}")
    };
    assert_eq!(appended(outcome), [AppendResult::Stored { seq: 1, recorded_at: NOW }]);
    assert!(first < second);
    assert_eq!((committed.probe, committed.batches.len()), (Some(*second), 1));
    let committed = subject.commit(vec![Change::Probe]).await;
    assert!(committed.probe > Some(*second) && committed.batches.is_empty(), "{committed:?}");
    assert_eq!(subject.head().await, 1);
}

pub(crate) async fn same_id_in_all_arrangements(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let one = |number| activity(number, "page.viewed", "expo", "acme");
    let other = |number| NewActivity { content_hash: [8; 16], ..one(number) };
    let stored = |seq| AppendResult::Stored { seq, recorded_at: NOW };
    let duplicate = |seq| AppendResult::Duplicate { seq, recorded_at: NOW };
    let conflict = |seq| AppendResult::Conflict { seq };

    assert_eq!(subject.append(vec![one(1), one(1), other(1), one(2)]).await, [stored(1), duplicate(1), conflict(1), stored(2)]);
    // In a later transaction, at a later time: the first receipt is given again.
    subject.clock.set(UnixMs(NOW.0 + 1));
    assert_eq!(subject.append(vec![other(2), one(2), one(1)]).await, [conflict(2), duplicate(2), duplicate(1)]);
    // In another request of the same transaction, also across a change of the directory.
    let later = UnixMs(NOW.0 + 1);
    let put = subject.event("expo", "Expo");
    let committed = subject
        .commit(vec![subject.appending(vec![one(3)]), subject.appending(vec![one(3)]), put, subject.appending(vec![other(3)])])
        .await;
    let [first, second, put, third] = committed.outcomes.as_slice() else { panic!("{committed:?}") };
    assert_eq!(appended(first), [AppendResult::Stored { seq: 3, recorded_at: later }]);
    assert_eq!(appended(second), [AppendResult::Duplicate { seq: 3, recorded_at: later }]);
    assert!(matches!(put, Outcome::Put { created: false, .. }));
    assert_eq!(appended(third), [conflict(3)]);
    assert_eq!(subject.head().await, 3);
    // A transaction that stores nothing publishes nothing.
    assert!(subject.commit(vec![subject.appending(vec![one(1)])]).await.batches.is_empty());
}

pub(crate) async fn unknown_things_are_created_or_refused(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let named = |number, message: &str| NewActivity {
        message: Some(key(message)),
        campaign: Some(key("Invite-1")),
        ..activity(number, "message.opened", "Expo", "Acme")
    };
    let strict = |activities| Change::Append { workspace: subject.workspace, activities, create_unknown: false, quota: Quota::default() };
    let missing = |kind, key: &str| vec![AppendResult::Missing(MissingThing { kind, key: key.to_owned() })];
    let results = |committed: Committed| committed.outcomes.iter().map(appended).collect::<Vec<_>>();

    assert_eq!(results(subject.commit(vec![strict(vec![named(1, "welcome")])]).await), [missing(NamedKind::Event, "Expo")]);
    // What one request creates, the next one of the same transaction finds.
    let committed = subject.commit(vec![subject.appending(vec![named(1, "welcome")]), strict(vec![named(2, "WELCOME")])]).await;
    let stored = |seq| vec![AppendResult::Stored { seq, recorded_at: NOW }];
    assert_eq!(results(committed), [stored(1), stored(2)]);
    assert_eq!(results(subject.commit(vec![strict(vec![named(3, "Other")])]).await), [missing(NamedKind::Message, "Other")]);

    let partner = subject.read(NamedKind::Partner, Some("expo"), "ACME").await.expect("there");
    assert_eq!((partner.key.as_str(), partner.thing.name()), ("Acme", "Acme"), "the first spelling is kept, the name is the key");
    let message = subject.read(NamedKind::Message, Some("expo"), "welcome").await.expect("there");
    assert_eq!((message.thing.name(), message.held), ("welcome", 0));
}

pub(crate) async fn a_refused_activity_creates_nothing(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    subject.append(vec![activity(1, "page.viewed", "expo", "acme")]).await;
    let duplicate = activity(1, "booth.visited", "expo", "newcomer");
    let conflict = NewActivity { content_hash: [9; 16], ..activity(1, "booth.visited", "expo", "newcomer") };
    let results = subject.append(vec![duplicate, conflict]).await;
    assert_eq!(results, [AppendResult::Duplicate { seq: 1, recorded_at: NOW }, AppendResult::Conflict { seq: 1 }]);
    assert_eq!(subject.read(NamedKind::Partner, Some("expo"), "newcomer").await, None);
    assert!(flavors(&subject, subject.workspace).await.is_empty());
    subject.append(vec![activity(2, "booth.visited", "expo", "acme")]).await;
    assert_eq!(flavors(&subject, subject.workspace).await, ["booth.visited"]);
    subject.append(vec![activity(3, "booth.left", "expo", "acme"), activity(4, "door.opened", "expo", "acme")]).await;
    let page = |after: Option<&str>| {
        let query = ListQuery { after: after.map(str::to_owned), ..ListQuery::first(2) };
        subject.store.directory.flavors(subject.workspace, query)
    };
    let first = page(None).await.expect("read");
    assert_eq!((&*first.items, first.next.as_deref()), (&["booth.left", "booth.visited"].map(str::to_owned)[..], Some("booth.visited")));
    let last = page(first.next.as_deref()).await.expect("read");
    assert_eq!((&*last.items, last.next), (&["door.opened".to_owned()][..], None));
}

pub(crate) async fn recorded_at_never_goes_back(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut plain = Plain::default();
    for (number, at, want) in [(1, 0, 0), (2, 500, 500), (3, -60_000, 500), (4, 200, 500), (5, 501, 501)] {
        subject.clock.set(UnixMs(NOW.0 + at));
        let committed = subject.commit(vec![subject.appending(vec![activity(number, "page.viewed", "expo", "acme")])]).await;
        assert_eq!(committed.batches[0].entries[0].recorded_at, UnixMs(NOW.0 + want));
        plain.apply(&committed);
    }
    // Whatever the clocks do, nothing occurs later than it is recorded by more than senders may be ahead.
    let ahead = NewActivity { occurred_at: UnixMs(NOW.0 + 400_000), ..activity(6, "page.viewed", "expo", "acme") };
    let AppendResult::Stored { recorded_at, .. } = subject.append(vec![ahead]).await[0] else { panic!("not stored") };
    assert_eq!(recorded_at, UnixMs(NOW.0 + 100_000));
}

pub(crate) async fn names_are_those_of_the_moment(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let put = |name: &str, company: Option<&str>| subject.partner_of("expo", "acme", name, company, &[]);
    let append = |number| subject.appending(vec![activity(number, "page.viewed", "EXPO", "ACME")]);
    let event = subject.event("expo", "Expo 2026");
    let committed = subject.commit(vec![event, put("Acme Inc", Some("Acme")), append(1), put("Acme Ltd", None), append(2)]).await;
    let entries: Vec<_> = committed.batches[0].entries.iter().filter_map(|e| e.activity().cloned()).collect();
    let body = |at: usize| serde_json::from_slice::<Value>(&entries[at].body).expect("JSON");
    assert_eq!(body(0)["event"], serde_json::json!({"key": "expo", "name": "Expo 2026"}));
    assert_eq!(body(0)["partner"], serde_json::json!({"key": "acme", "name": "Acme Inc", "company": "Acme"}));
    assert_eq!(body(1)["partner"], serde_json::json!({"key": "acme", "name": "Acme Ltd", "company": null}));
    assert_eq!(body(0)["flavor"]["label"], "Page viewed");
    assert!(entries[0].facts.search.has_word("acme inc") && !entries[1].facts.search.has_word("acme inc"));
}

pub(crate) async fn entries_read_back_as_published(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut plain = Plain::default();
    let sent = NewActivity {
        message: Some(key("Welcome")),
        campaign: Some(key("c-1")),
        flavor: Flavor::trusted("message.sent"),
        id_given: false,
        ..activity(1, "message.sent", "Expo", "Straße")
    };
    plain.apply(&subject.commit(vec![subject.appending(vec![sent, activity(2, "page.viewed", "expo", "acme")])]).await);
    assert_eq!(plain.entries.len(), 3, "two activities and a new recipient");
    for (after, limit, want) in [(0, 10, 0..3), (0, 2, 0..2), (1, 1, 1..2), (3, 10, 3..3)] {
        let batch = subject.store.log.entries(subject.workspace, after, limit).await.expect("read");
        assert_eq!(batch.entries, plain.entries[want], "after {after}, limit {limit}");
    }
    let id = plain.entries[0].activity().expect("an activity").facts.id;
    let there = subject.store.log.activity(subject.workspace, id).await.expect("read");
    let UnderId::Activity(StoredActivity { seq, entry, memberships }) = there else { panic!("{there:?}") };
    assert_eq!((seq, Some(&entry)), (1, plain.entries[0].activity()));
    assert_eq!(memberships, plain.of(&entry));
    assert!(matches!(plain.entries[2].kind, EntryKind::Membership(_)));
    let unknown = activity(99, "page.viewed", "expo", "acme").id;
    assert!(matches!(subject.store.log.activity(subject.workspace, unknown).await.expect("read"), UnderId::Nothing));
}

pub(crate) async fn workspaces_do_not_meet(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let other = subject.store.keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    let one = || vec![activity(1, "booth.visited", "expo", "acme")];
    let into = |workspace| Change::Append { workspace, activities: one(), create_unknown: true, quota: Quota::default() };
    let committed = subject.commit(vec![into(other), into(subject.workspace), into(other)]).await;
    let stored = vec![AppendResult::Stored { seq: 1, recorded_at: NOW }];
    let duplicate = vec![AppendResult::Duplicate { seq: 1, recorded_at: NOW }];
    assert_eq!(committed.outcomes.iter().map(appended).collect::<Vec<_>>(), [stored.clone(), stored, duplicate]);
    let batches: Vec<_> = committed.batches.iter().map(|b| (b.workspace, b.entries.len())).collect();
    assert_eq!(batches, [(subject.workspace, 1), (other, 1)]);
    assert_ne!(committed.batches[0].epoch, committed.batches[1].epoch);
    let third = subject.store.keyring.create_workspace(Operator::assume(), key("third"), "Third".to_owned()).await.expect("made").id;
    assert!(matches!(subject.store.log.activity(third, one()[0].id).await.expect("read"), UnderId::Nothing));
    assert!(subject.store.directory.one(NamedKind::Event, At::top(third, key("expo"))).await.expect("read").is_none());
    assert!(flavors(&subject, third).await.is_empty());
    assert!(subject.store.log.entries(third, 0, 10).await.expect("read").entries.is_empty());
}

pub(crate) async fn large_batches(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut plain = Plain::default();
    let many: Vec<_> = (0..5_000u128).map(|n| activity(n, "page.viewed", "expo", &format!("p-{}", n % 700))).collect();
    plain.apply(&subject.commit(vec![subject.appending(many.clone())]).await);
    assert_eq!(plain.entries.len(), 5_000);
    let again = subject.append(many).await;
    assert!(again.iter().all(|r| matches!(r, AppendResult::Duplicate { .. })));
    assert_eq!(subject.read(NamedKind::Event, None, "expo").await.expect("there").held, 700);
    let end = subject.store.log.entries(subject.workspace, 4_990, 1_000).await.expect("read").entries;
    assert_eq!(end, plain.entries[4_990..]);
}
