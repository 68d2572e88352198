//! Many partners put at once: what single puts would leave, all or none.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};

use super::plain::Plain;
use super::{Bounds, Open, Subject, key};
use crate::auth::Actor;
use crate::domain::{EntryKind, Events, Key};
use crate::store::{At, Change, Condition, Existing, ListQuery, MissingThing, NamedKind, Outcome, Record, Thing};

fn partner(name: &str, company: Option<&str>, tags: &[&str]) -> Thing {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Thing::Partner { name: name.to_owned(), email: None, company: company.map(str::to_owned), tags }
}

fn many(subject: &Subject, partners: Vec<(Key, Thing)>, existing: Existing) -> Change {
    Change::PutMany { workspace: subject.workspace, event: key("expo"), partners, existing, by: Actor::Server }
}

async fn all(subject: &Subject) -> Vec<Record> {
    subject
        .store
        .directory
        .list(NamedKind::Partner, subject.workspace, Events::only(key("expo")), ListQuery::first(100))
        .await
        .expect("read")
        .items
}

pub(crate) async fn many_are_put_in_one(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let sent = || vec![(key("Zeta"), partner("Zeta", None, &["new", "vip"])), (key("acme"), partner("Acme", None, &["New"]))];
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "expo".to_owned() }]);
    let committed = subject.commit(vec![many(&subject, sent(), Existing::Replace), subject.event("expo", "Expo")]).await;
    assert_eq!(committed.outcomes[0], missing);
    let committed = subject.commit(vec![many(&subject, sent(), Existing::Replace)]).await;
    assert_eq!(committed.outcomes, [Outcome::ManyPut { created: 2, replaced: 0, unchanged: 0 }]);
    let entries: Vec<_> = committed.batches[0].entries.iter().map(|entry| &entry.kind).collect();
    let [EntryKind::Membership(new), EntryKind::Membership(vip)] = entries.as_slice() else { panic!("{entries:?}") };
    let told = |keys: &[std::sync::Arc<str>]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!((&*new.value, told(&new.added), &*vip.value, told(&vip.added)), ("new", "acme zeta".to_owned(), "vip", "zeta".to_owned()));
    assert_eq!(committed.changed.len(), 2, "whoever picks partners hears of them");

    // Again: nothing is written, nobody is told. One that differs is replaced, or kept.
    let committed = subject.commit(vec![many(&subject, sent(), Existing::Replace)]).await;
    assert_eq!((committed.outcomes, committed.changed.len()), (vec![Outcome::ManyPut { created: 0, replaced: 0, unchanged: 2 }], 0));
    let other = || vec![(key("ACME"), partner("Acme Inc", Some("A"), &[])), (key("globex"), partner("Globex", None, &[]))];
    let committed = subject.commit(vec![many(&subject, other(), Existing::Keep), many(&subject, other(), Existing::Replace)]).await;
    let want = [Outcome::ManyPut { created: 1, replaced: 0, unchanged: 1 }, Outcome::ManyPut { created: 0, replaced: 1, unchanged: 1 }];
    assert_eq!(committed.outcomes, want);
    let now = subject.read(NamedKind::Partner, Some("expo"), "acme").await.expect("there");
    assert_eq!(now, Record { key: key("acme"), thing: partner("Acme Inc", Some("A"), &[]), held: 0 });
    // What was deleted is made anew.
    let at = At::within(subject.workspace, key("expo"), key("acme"));
    let remove = Change::Remove { at, kind: NamedKind::Partner, condition: Condition::None, by: Actor::Server };
    let committed = subject.commit(vec![remove, many(&subject, other(), Existing::Keep)]).await;
    assert_eq!(committed.outcomes[1], Outcome::ManyPut { created: 1, replaced: 0, unchanged: 1 });
    assert_eq!(subject.read(NamedKind::Partner, Some("expo"), "acme").await.expect("there").key.as_str(), "ACME");
    assert_eq!(subject.read(NamedKind::Event, None, "expo").await.expect("there").held, 3);
}

pub(crate) async fn many_leave_what_single_ones_would(open: Open) {
    const KEYS: [&str; 6] = ["acme", "ACME", "Straße", "strasse", "p-1", "globex"];
    let handle = tokio::runtime::Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let one = (select(&KEYS[..]), select(&["A", "B"][..]), subsequence(vec!["gold", "Gold", "late", "Straße"], 0..4));
        let request = (vec(one, 1..6), any::<bool>());
        let mut runner = TestRunner::new(Config { cases: 40, ..Config::default() });
        runner.run(&vec(request, 1..5), |requests| {
            handle.block_on(try_case(open, requests));
            Ok(())
        })
    });
    tried.await.expect("ran").unwrap_or_else(|fault| panic!("{fault}"));
}

type Request = (Vec<(&'static str, &'static str, Vec<&'static str>)>, bool);

async fn try_case(open: Open, requests: Vec<Request>) {
    let (at_once, one_by_one) = (Subject::fresh(open, Bounds::Usual).await, Subject::fresh(open, Bounds::Usual).await);
    let mut plain = Plain::default();
    for subject in [&at_once, &one_by_one] {
        subject.commit(vec![subject.event("expo", "Expo")]).await;
    }
    for (partners, keeps) in requests {
        // The last of a key counts; in a map by fold, as the request's own rule has each once.
        let mut last: Vec<(Key, Thing)> = Vec::new();
        for (of, name, tags) in partners {
            last.retain(|(key, _)| *key != super::key(of));
            last.push((key(of), partner(name, None, &tags)));
        }
        let existing = if keeps { Existing::Keep } else { Existing::Replace };
        plain.apply(&at_once.commit(vec![many(&at_once, last.clone(), existing)]).await);
        for (of, thing) in last {
            let condition = if keeps { Condition::Absent } else { Condition::None };
            let at = At::within(one_by_one.workspace, key("expo"), of);
            one_by_one.commit(vec![Change::Put { at, thing, condition, by: Actor::Server }]).await;
        }
        assert_eq!(all(&at_once).await, all(&one_by_one).await);
        plain.assert_same_memberships(&at_once.store.log.memberships(at_once.workspace).await.expect("read"));
        let memberships = async |subject: &Subject| {
            let mut partners = subject.store.log.memberships(subject.workspace).await.expect("read").partners;
            partners.sort_by(|a, b| a.partner.cmp(&b.partner));
            partners
        };
        assert_eq!(memberships(&at_once).await, memberships(&one_by_one).await);
    }
}
