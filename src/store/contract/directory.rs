//! Events and what they hold.

use std::collections::BTreeSet;

use super::{Bounds, Open, Subject, activity, key};
use crate::store::{Change, ListQuery, MissingThing, NamedKind, Outcome};

fn event(subject: &Subject, event: &str, name: &str) -> Change {
    Change::PutEvent { workspace: subject.workspace, event: key(event), name: name.to_owned() }
}

fn campaign(subject: &Subject, event: &str, campaign: &str, name: &str) -> Change {
    Change::PutCampaign { workspace: subject.workspace, event: key(event), campaign: key(campaign), name: name.to_owned() }
}

pub(crate) async fn puts_create_and_replace(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "Expo".to_owned() }]);
    let changes = vec![
        campaign(&subject, "Expo", "c-1", "One"),
        event(&subject, "Expo", "Expo 2026"),
        event(&subject, "EXPO", "Expo '26"),
        campaign(&subject, "expo", "C-1", "One"),
        campaign(&subject, "expo", "c-1", "Two"),
    ];
    let created = |created| Outcome::Put { created };
    let committed = subject.commit(changes).await;
    assert_eq!(committed.outcomes, [missing, created(true), created(false), created(true), created(false)]);
    assert!(committed.batches.is_empty(), "a directory without members says nothing to the log");
    let directory = &subject.store.directory;
    let found = directory.event(subject.workspace, key("expo")).await.expect("read").expect("there");
    assert_eq!((found.key.as_str(), found.name.as_str(), found.partners), ("Expo", "Expo '26", 0));
    let found = directory.campaign(subject.workspace, key("expo"), key("c-1")).await.expect("read").expect("there");
    assert_eq!((found.key.as_str(), found.name.as_str()), ("C-1", "Two"));
    assert!(directory.campaign(subject.workspace, key("other"), key("c-1")).await.expect("read").is_none());
}

pub(crate) async fn creates_replace_nothing(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let only = |put| Change::Create(Box::new(put));
    let taken = |kind, key: &str, name: &str| Outcome::Taken { kind, key: key.to_owned(), name: name.to_owned() };
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "Straße".to_owned() }]);
    let changes = vec![
        only(campaign(&subject, "Straße", "c-1", "One")),
        only(event(&subject, "Straße", "First")),
        // In the same transaction, by fold.
        only(event(&subject, "STRASSE", "Second")),
        only(campaign(&subject, "strasse", "C-1", "One")),
        only(campaign(&subject, "straße", "c-1", "Two")),
    ];
    let created = Outcome::Put { created: true };
    let committed = subject.commit(changes).await;
    let (event_taken, campaign_taken) = (taken(NamedKind::Event, "Straße", "First"), taken(NamedKind::Campaign, "C-1", "One"));
    assert_eq!(committed.outcomes, [missing, created.clone(), event_taken, created, campaign_taken]);
    assert!(committed.changed.is_empty(), "nothing was renamed");
    let found = subject.store.directory.campaign(subject.workspace, key("strasse"), key("c-1")).await.expect("read").expect("there");
    assert_eq!((found.key.as_str(), found.name.as_str()), ("C-1", "One"));
}

pub(crate) async fn renames_are_told(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    subject.append(vec![activity(1, "page.viewed", "Expo", "Acme")]).await;
    let partner = |name: &str| Change::PutPartner {
        workspace: subject.workspace,
        event: key("expo"),
        partner: key("acme"),
        name: name.to_owned(),
        email: None,
        company: None,
        tags: Vec::new(),
    };
    let committed = subject.commit(vec![partner("Acme Inc"), event(&subject, "expo", "Expo"), event(&subject, "expo", "Expo 2026")]).await;
    let told: Vec<_> = committed.changed.iter().map(|c| (c.kind, &*c.event, &*c.key)).collect();
    assert_eq!(told, [(NamedKind::Partner, "expo", "Expo/Acme"), (NamedKind::Event, "expo", "Expo")]);
    assert!(subject.commit(vec![partner("Acme Inc"), event(&subject, "new", "New")]).await.changed.is_empty());
}

pub(crate) async fn lists_go_on(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let names = ["b", "A", "ä", "Z", "c", "\u{1F600}"];
    subject.append(names.iter().enumerate().map(|(n, p)| activity(n as u128, "page.viewed", "expo", p)).collect()).await;
    subject.commit(vec![event(&subject, "Zoo", "Zoo"), event(&subject, "art", "Art")]).await;
    let directory = &subject.store.directory;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let list = directory.partners(subject.workspace, key("expo"), ListQuery { after, limit: 2 }).await.expect("read");
        assert!(list.items.len() <= 2);
        seen.extend(list.items.iter().map(|p| p.key.folded().to_string()));
        after = list.next;
        if after.is_none() {
            break;
        }
    }
    let sorted: Vec<String> = names.iter().map(|n| key(n).folded().to_string()).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(seen, sorted, "by folded key, as bytes");

    let all = ListQuery { after: None, limit: 10 };
    let events = directory.events(subject.workspace, None, all.clone()).await.expect("read");
    let listed: Vec<_> = events.items.iter().map(|e| (e.key.as_str(), e.partners)).collect();
    assert_eq!(listed, [("art", 0), ("expo", 6), ("Zoo", 0)]);
    let only = directory.events(subject.workspace, Some(key("EXPO")), all.clone()).await.expect("read");
    assert_eq!(only.items.len(), 1);
    assert!(directory.messages(subject.workspace, key("expo"), all.clone()).await.expect("read").items.is_empty());
    assert!(directory.campaigns(subject.workspace, key("nowhere"), all).await.expect("read").items.is_empty());
}
