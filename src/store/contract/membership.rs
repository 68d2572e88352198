//! Recipients and tags: who becomes one, who stays away, and what the log says of it.

use std::sync::Arc;

use super::{Bounds, NOW, Open, Subject, activity, appended, created, key};
use crate::auth::Actor;
use crate::domain::{EntryKind, MembershipChange, MembershipSet, NewActivity};
use crate::store::{AppendResult, Change, Committed, ListQuery, MissingThing, NamedKind, Outcome, RecipientSource};

fn changes(committed: &Committed) -> Vec<MembershipChange> {
    let entries = committed.batches.iter().flat_map(|b| &b.entries);
    entries.filter_map(|e| if let EntryKind::Membership(change) = &e.kind { Some((**change).clone()) } else { None }).collect()
}

fn change(set: MembershipSet, value: &str, added: &[&str], removed: &[&str]) -> MembershipChange {
    let texts = |texts: &[&str]| texts.iter().map(|t| Arc::from(*t)).collect();
    MembershipChange { event: "expo".into(), set, value: value.into(), added: texts(added), removed: texts(removed) }
}

fn sent(number: u128, flavor: &str, partner: &str) -> NewActivity {
    NewActivity { message: Some(key("Welcome")), ..activity(number, flavor, "Expo", partner) }
}

fn recipients(subject: &Subject, add: &[&str], remove: &[&str]) -> Change {
    let keys = |texts: &[&str]| texts.iter().map(|t| key(t)).collect();
    let (event, message) = (key("EXPO"), key("welcome"));
    Change::Recipients { workspace: subject.workspace, event, message, add: keys(add), remove: keys(remove), by: Actor::Server }
}

async fn listed(subject: &Subject) -> Vec<(String, RecipientSource)> {
    let query = ListQuery::first(100);
    let list = subject.store.directory.recipients(subject.workspace, key("expo"), key("welcome"), query).await.expect("read");
    list.items.into_iter().map(|r| (r.partner.key.to_string(), r.source)).collect()
}

pub(crate) async fn observed_recipients(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let request = vec![sent(1, "message.sent", "Zeta"), sent(2, "message.sent", "acme"), sent(3, "message.delivered", "acme")];
    let committed = subject.commit(vec![subject.appending(request)]).await;
    // One entry a message, right after the activities of the request, partners in their order.
    assert_eq!(changes(&committed), [change(MembershipSet::Message, "welcome", &["zeta", "acme"], &[])]);
    assert_eq!(committed.batches[0].entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let observed = RecipientSource::Observed;
    assert_eq!(listed(&subject).await, [("acme".to_owned(), observed), ("Zeta".to_owned(), observed)]);
    // Already known, also within one transaction: no entry. Opening makes no recipient, nor does a mail without message.
    let unnamed = activity(7, "message.sent", "expo", "nameless");
    let later = [sent(4, "message.sent", "new"), sent(5, "message.delivered", "NEW"), sent(6, "message.opened", "opener"), unnamed];
    let committed = subject.commit(later.into_iter().map(|a| subject.appending(vec![a])).collect()).await;
    assert_eq!(changes(&committed), [change(MembershipSet::Message, "welcome", &["new"], &[])]);
    assert_eq!(appended(&committed.outcomes[1]), [AppendResult::Stored { seq: 7, recorded_at: NOW }]);
}

pub(crate) async fn removal_by_hand_wins(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    subject.append(vec![sent(1, "message.sent", "acme"), activity(2, "page.viewed", "expo", "globex")]).await;
    let committed = subject.commit(vec![recipients(&subject, &[], &["ACME", "globex"])]).await;
    assert_eq!(committed.outcomes, [Outcome::Recipients { added: 0, removed: 1, total: 0 }]);
    assert_eq!(changes(&committed), [change(MembershipSet::Message, "welcome", &[], &["acme"])]);
    // Neither the one that was a recipient nor the one that was not comes back by an activity.
    let committed = subject.commit(vec![subject.appending(vec![sent(3, "message.sent", "acme"), sent(4, "message.sent", "globex")])]).await;
    assert_eq!(changes(&committed), []);
    assert_eq!(listed(&subject).await, []);
    // Adding by hand wins over the removal.
    let committed = subject.commit(vec![recipients(&subject, &["acme"], &[])]).await;
    assert_eq!(committed.outcomes, [Outcome::Recipients { added: 1, removed: 0, total: 1 }]);
    assert_eq!(listed(&subject).await, [("acme".to_owned(), RecipientSource::Manual)]);
}

pub(crate) async fn recipients_by_hand(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let missing = |kind, key: &str| MissingThing { kind, key: key.to_owned() };
    assert_eq!(
        subject.commit(vec![recipients(&subject, &["acme"], &[])]).await.outcomes,
        [Outcome::Missing(vec![missing(NamedKind::Event, "EXPO")])]
    );
    let seen = ["acme", "globex", "initech"].into_iter().enumerate();
    subject.append(seen.map(|(n, p)| NewActivity { id_given: false, ..activity(n as u128, "page.viewed", "expo", p) }).collect()).await;
    let all = Outcome::Missing(vec![missing(NamedKind::Message, "welcome"), missing(NamedKind::Partner, "Nobody")]);
    assert_eq!(subject.commit(vec![recipients(&subject, &["acme", "Nobody"], &[])]).await.outcomes, [all]);

    let put = subject.message("expo", "Welcome", "Hi");
    let committed = subject.commit(vec![put, recipients(&subject, &["globex", "acme", "Acme"], &[])]).await;
    assert_eq!(created(&committed.outcomes), [Ok(true), Err(Outcome::Recipients { added: 2, removed: 0, total: 2 }.into())]);
    assert_eq!(changes(&committed), [change(MembershipSet::Message, "welcome", &["acme", "globex"], &[])]);
    let received = async |partner: &str| {
        let query = ListQuery::first(10);
        let list = subject.store.directory.received(subject.workspace, key("EXPO"), key(partner), query).await.expect("read");
        list.items.into_iter().map(|m| (m.key.to_string(), m.held)).collect::<Vec<_>>()
    };
    assert_eq!(received("ACME").await, [("Welcome".to_owned(), 2)]);
    assert_eq!(received("initech").await, []);
    // One that is missing changes nothing for the others.
    let committed = subject.commit(vec![recipients(&subject, &["initech"], &["acme", "nobody"])]).await;
    assert_eq!(committed.outcomes, [Outcome::Missing(vec![missing(NamedKind::Partner, "nobody")])]);
    // Both lists: removed. What changes nothing is no entry.
    let committed =
        subject.commit(vec![recipients(&subject, &["acme", "initech"], &["acme"]), recipients(&subject, &["globex"], &[])]).await;
    assert_eq!(committed.outcomes[0], Outcome::Recipients { added: 1, removed: 1, total: 2 });
    assert_eq!(committed.outcomes[1], Outcome::Recipients { added: 0, removed: 0, total: 2 });
    assert_eq!(changes(&committed), [change(MembershipSet::Message, "welcome", &["initech"], &["acme"])]);
    let message = subject.read(NamedKind::Message, Some("expo"), "welcome").await.expect("there");
    assert_eq!((message.thing.name(), message.held), ("Hi", 2));
}

pub(crate) async fn tags_are_entries(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let put = |tags: &[&str]| subject.partner("expo", "Acme", "Acme", tags);
    let committed = subject.commit(vec![subject.event("expo", "Expo"), put(&["Späť", "GOLD", "gold"])]).await;
    let tag = |value, added: &[&str], removed: &[&str]| change(MembershipSet::Tag, value, added, removed);
    assert_eq!(changes(&committed), [tag("gold", &["acme"], &[]), tag("späť", &["acme"], &[])]);
    let committed = subject.commit(vec![put(&["Gold", "silver"])]).await;
    assert_eq!(changes(&committed), [tag("silver", &["acme"], &[]), tag("späť", &[], &["acme"])]);
    let partner = subject.read(NamedKind::Partner, Some("expo"), "acme").await.expect("there");
    assert_eq!(partner.thing.tags(), ["Gold", "silver"], "the last spelling, sorted by fold");
    assert_eq!(changes(&subject.commit(vec![put(&["Gold", "silver"])]).await), []);
    let snapshot = subject.store.log.memberships(subject.workspace).await.expect("read");
    assert_eq!(snapshot.head.seq, 4);
    let tags: Vec<_> = snapshot.partners.iter().map(|p| (&*p.partner, p.memberships.tags.clone())).collect();
    assert_eq!(tags, [("acme", vec![Arc::from("gold"), Arc::from("silver")])]);
}
