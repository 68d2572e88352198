//! Events and what they hold.

use std::collections::BTreeSet;

use super::{Bounds, Open, Subject, activity, created, key, put};
use crate::auth::Actor;
use crate::domain::Events;
use crate::store::{At, Change, Condition, ListQuery, MissingThing, NamedKind, Outcome, Record, Thing};

pub(crate) async fn puts_create_and_replace(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "Expo".to_owned() }]);
    let changes = vec![
        subject.campaign("Expo", "c-1", "One"),
        subject.event("Expo", "Expo 2026"),
        subject.event("EXPO", "Expo '26"),
        subject.campaign("expo", "C-1", "One"),
        subject.campaign("expo", "c-1", "Two"),
    ];
    let committed = subject.commit(changes).await;
    assert_eq!(created(&committed.outcomes), [Err(missing.into()), Ok(true), Ok(false), Ok(true), Ok(false)]);
    assert!(committed.batches.is_empty(), "a directory without members says nothing to the log");
    let found = subject.read(NamedKind::Event, None, "expo").await.expect("there");
    assert_eq!((found.key.as_str(), found.thing.name(), found.held), ("Expo", "Expo '26", 0));
    let found = subject.read(NamedKind::Campaign, Some("expo"), "c-1").await.expect("there");
    assert_eq!((found.key.as_str(), found.thing.name()), ("C-1", "Two"));
    assert!(subject.read(NamedKind::Campaign, Some("other"), "c-1").await.is_none());
}

/// Who has the outcome need not read what was put: the reading could fail, and what is durable be told as lost.
pub(crate) async fn the_outcome_holds_what_is_there(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let workspace = subject.workspace;
    let whole = |name: &str, tags: &[&str]| Thing::Partner {
        name: name.to_owned(),
        email: Some("desk@acme.example".to_owned()),
        company: Some("Acme".to_owned()),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let partner =
        |partner: &str, tags: &[&str]| put(At::within(workspace, key("EXPO"), key(partner)), whole(&partner.to_uppercase(), tags));
    let message = |text: &str| subject.message("expo", "Hello", text);
    let add = Change::Recipients {
        workspace,
        event: key("expo"),
        message: key("hello"),
        add: vec![key("acme")],
        remove: Vec::new(),
        by: Actor::Server,
    };
    let changes = vec![
        subject.event("Expo", "Expo 2026"),
        partner("Acme", &["gold", "Blue"]),
        partner("acme", &["gold"]),
        message("Hi"),
        add,
        message("Hi again"),
        subject.campaign("expo", "c-1", "One"),
        subject.event("expo", "Expo"),
    ];
    let mut records = Vec::new();
    for outcome in subject.commit(changes).await.outcomes {
        match outcome {
            Outcome::Put { record, .. } => records.push(record),
            other => assert_eq!(other, Outcome::Recipients { added: 1, removed: 0, total: 1 }),
        }
    }
    let acme = |tags: &[&str]| Record { key: key("Acme"), thing: whole("ACME", tags), held: 0 };
    let hello = |subject: &str, held| Record { key: key("Hello"), thing: Thing::Message { subject: subject.to_owned() }, held };
    let expo = |name: &str, held| Record { key: key("Expo"), thing: Thing::Event { name: name.to_owned() }, held };
    let one = Record { key: key("c-1"), thing: Thing::Campaign { name: "One".to_owned() }, held: 0 };
    let want = [expo("Expo 2026", 0), acme(&["Blue", "gold"]), acme(&["gold"]), hello("Hi", 0), hello("Hi again", 1), one, expo("Expo", 1)];
    assert_eq!(records, want);
    let read = [
        subject.read(NamedKind::Partner, Some("expo"), "acme").await,
        subject.read(NamedKind::Message, Some("expo"), "hello").await,
        subject.read(NamedKind::Campaign, Some("expo"), "c-1").await,
        subject.read(NamedKind::Event, None, "expo").await,
    ];
    assert_eq!(read.map(|record| record.expect("there")), [2, 4, 5, 6].map(|at: usize| want[at].clone()));
}

pub(crate) async fn creates_replace_nothing(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let only = |change| match change {
        Change::Put { at, thing, by, .. } => Change::Put { at, thing, condition: Condition::Absent, by },
        other => other,
    };
    let taken = |named: &str, thing: Thing| Outcome::Refused { kind: thing.kind(), now: Some(Record { key: key(named), thing, held: 0 }) };
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "Straße".to_owned() }]);
    let changes = vec![
        only(subject.campaign("Straße", "c-1", "One")),
        only(subject.event("Straße", "First")),
        // In the same transaction, by fold.
        only(subject.event("STRASSE", "Second")),
        only(subject.campaign("strasse", "C-1", "One")),
        only(subject.campaign("straße", "c-1", "Two")),
    ];
    let committed = subject.commit(changes).await;
    let event_taken = taken("Straße", Thing::Event { name: "First".to_owned() });
    let campaign_taken = taken("C-1", Thing::Campaign { name: "One".to_owned() });
    assert_eq!(
        created(&committed.outcomes),
        [Err(missing.into()), Ok(true), Err(event_taken.into()), Ok(true), Err(campaign_taken.into())]
    );
    let told: Vec<_> = committed.changed.iter().map(|c| (c.kind, &*c.key)).collect();
    assert_eq!(told, [(NamedKind::Event, "Straße"), (NamedKind::Campaign, "Straße/C-1")], "what was refused is no news");
    let found = subject.read(NamedKind::Campaign, Some("strasse"), "c-1").await.expect("there");
    assert_eq!((found.key.as_str(), found.thing.name()), ("C-1", "One"));
}

pub(crate) async fn renames_are_told(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    subject.append(vec![activity(1, "page.viewed", "Expo", "Acme")]).await;
    let partner = |name: &str| subject.partner("expo", "acme", name, &[]);
    let committed = subject.commit(vec![partner("Acme Inc"), subject.event("expo", "Expo"), subject.event("expo", "Expo 2026")]).await;
    let told: Vec<_> = committed.changed.iter().map(|c| (c.kind, &*c.event, &*c.key)).collect();
    assert_eq!(told, [(NamedKind::Partner, "expo", "Expo/Acme"), (NamedKind::Event, "expo", "Expo")]);
    // What is new belongs into lists; what is as it was does not change them.
    let committed = subject.commit(vec![partner("Acme Inc"), subject.event("new", "New")]).await;
    assert_eq!(committed.changed.iter().map(|c| &*c.key).collect::<Vec<_>>(), ["new"]);
    // They show tags and addresses too.
    let committed = subject.commit(vec![subject.partner("expo", "acme", "Acme Inc", &["gold"])]).await;
    assert_eq!(committed.changed.iter().map(|c| &*c.key).collect::<Vec<_>>(), ["Expo/Acme"]);
}

pub(crate) async fn lists_go_on(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let names = ["b", "A", "ä", "Z", "c", "\u{1F600}"];
    subject.append(names.iter().enumerate().map(|(n, p)| activity(n as u128, "page.viewed", "expo", p)).collect()).await;
    subject.commit(vec![subject.event("Zoo", "Zoo"), subject.event("art", "Art")]).await;
    let directory = &subject.store.directory;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let list = directory
            .list(NamedKind::Partner, subject.workspace, Events::only(key("expo")), ListQuery { after, ..ListQuery::first(2) })
            .await
            .expect("read");
        assert!(list.items.len() <= 2);
        seen.extend(list.items.iter().map(|p| p.key.folded().to_string()));
        after = list.next;
        if after.is_none() {
            break;
        }
    }
    let sorted: Vec<String> = names.iter().map(|n| key(n).folded().to_string()).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(seen, sorted, "by folded key, as bytes");

    let all = ListQuery::first(10);
    let events = directory.list(NamedKind::Event, subject.workspace, Events::ALL, all.clone()).await.expect("read");
    let listed: Vec<_> = events.items.iter().map(|e| (e.key.as_str(), e.held)).collect();
    assert_eq!(listed, [("art", 0), ("expo", 6), ("Zoo", 0)]);
    let only = directory.list(NamedKind::Event, subject.workspace, Events::only(key("EXPO")), all.clone()).await.expect("read");
    assert_eq!(only.items.len(), 1);
    assert!(
        directory.list(NamedKind::Message, subject.workspace, Events::only(key("expo")), all.clone()).await.expect("read").items.is_empty()
    );
    assert!(
        directory.list(NamedKind::Campaign, subject.workspace, Events::only(key("nowhere")), all).await.expect("read").items.is_empty()
    );
}
