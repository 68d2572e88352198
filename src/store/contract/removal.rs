//! Things that are deleted: gone from lists and reads, their memberships by entries of the log, and still found by what names
//! them; and what makes them anew.

use super::{Bounds, Open, Subject, activity, appended, created, key, put};
use crate::auth::Actor;
use crate::domain::{EntryKind, Events, MembershipChange, MembershipSet, NewActivity, Seq};
use crate::filter::{Field, FilterSet};
use crate::store::{
    At, Change, Committed, Condition, FacetQuery, FacetValue, ListQuery, MissingThing, NamedKind, Order, Outcome, PageQuery, Quota, Record,
    Thing,
};

fn removing(subject: &Subject, kind: NamedKind, event: Option<&str>, one: &str) -> Change {
    let at = At { workspace: subject.workspace, event: event.map(key), key: key(one) };
    Change::Remove { at, kind, condition: Condition::None, by: Actor::Server }
}

fn changes(committed: &Committed) -> Vec<MembershipChange> {
    let entries = committed.batches.iter().flat_map(|b| &b.entries);
    entries.filter_map(|e| if let EntryKind::Membership(change) = &e.kind { Some((**change).clone()) } else { None }).collect()
}

fn left(set: MembershipSet, value: &str, removed: &[&str]) -> MembershipChange {
    let removed = removed.iter().map(|key| (*key).into()).collect();
    MembershipChange { event: "expo".into(), set, value: value.into(), added: Vec::new(), removed }
}

fn sent(number: u128, partner: &str) -> NewActivity {
    NewActivity { message: Some(key("Welcome")), ..activity(number, "message.sent", "Expo", partner) }
}

fn recipients(subject: &Subject, add: &[&str], remove: &[&str]) -> Change {
    let keys = |texts: &[&str]| texts.iter().map(|t| key(t)).collect();
    let (event, message) = (key("expo"), key("welcome"));
    Change::Recipients { workspace: subject.workspace, event, message, add: keys(add), remove: keys(remove), by: Actor::Server }
}

async fn found(subject: &Subject, pairs: &[(&str, &str)]) -> Vec<Seq> {
    let filter = FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set");
    let (order, limit, bytes_max) = (Order::OldestFirst, 100, usize::MAX);
    let query = PageQuery { filter, after: 0, up_to: None, since: None, until: None, order, limit, bytes_max, corrections: false };
    let page = subject.store.log.page(subject.workspace, query).await.expect("read");
    page.items.iter().map(|item| item.seq).collect()
}

async fn listed(subject: &Subject, kind: NamedKind, event: Option<&str>) -> Vec<String> {
    let list = subject.store.directory.list(kind, subject.workspace, event.map(key).into(), ListQuery::first(100)).await.expect("read");
    list.items.iter().map(|record| record.key.to_string()).collect()
}

async fn facet(subject: &Subject, field: Field) -> Vec<FacetValue> {
    let filter = FilterSet::from_pairs([("event", "expo")]).expect("a filter set");
    let query = FacetQuery { filter, within: FilterSet::default(), by: vec![field], since: None, until: None, values_max: 100 };
    subject.store.log.facets(subject.workspace, query).await.expect("read").by.remove(0).1
}

/// Expo with two partners who got Welcome, one of them with tags.
async fn furnished(open: Open) -> Subject {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let partner = subject.partner_of("expo", "Acme", "Acme Inc", Some("Acme"), &["gold", "Old"]);
    subject.commit(vec![subject.event("Expo", "Expo 2026"), partner, subject.campaign("expo", "c-1", "One")]).await;
    subject.append(vec![sent(1, "acme"), sent(2, "globex")]).await;
    assert_eq!(subject.head().await, 5, "two tags, two activities, new recipients");
    subject
}

pub(crate) async fn a_partner_goes_and_comes_anew(open: Open) {
    let subject = furnished(open).await;
    subject.commit(vec![recipients(&subject, &[], &["globex"]), subject.partner("expo", "idle", "Idle", &[])]).await;
    let told = subject.commit(vec![removing(&subject, NamedKind::Partner, Some("EXPO"), "ACME")]).await;
    assert_eq!(told.outcomes, [Outcome::Removed]);
    let (tag, message) = (MembershipSet::Tag, MembershipSet::Message);
    assert_eq!(changes(&told), [left(tag, "gold", &["acme"]), left(tag, "old", &["acme"]), left(message, "welcome", &["acme"])]);
    assert_eq!(told.changed.iter().map(|c| (c.kind, &*c.key)).collect::<Vec<_>>(), [(NamedKind::Partner, "Expo/Acme")]);
    assert_eq!(subject.read(NamedKind::Partner, Some("expo"), "acme").await, None);
    assert_eq!(listed(&subject, NamedKind::Partner, Some("expo")).await, ["globex", "idle"]);
    assert_eq!(subject.read(NamedKind::Event, None, "expo").await.expect("there").held, 2);
    assert_eq!(subject.read(NamedKind::Message, Some("expo"), "welcome").await.expect("there").held, 0);
    assert!(subject.store.log.memberships(subject.workspace).await.expect("read").partners.is_empty());
    // What names it is found by its key, in facets too; by its memberships no longer.
    let two = [("partner", "acme"), ("partner", "expo/ACME")].map(|pair| [pair]);
    for pairs in &two {
        assert_eq!(found(&subject, pairs).await, [3], "{pairs:?}");
    }
    assert_eq!(found(&subject, &[("tag", "gold")]).await, [0; 0]);
    assert_eq!(found(&subject, &[("message", "welcome")]).await, [0; 0]);
    let named = |value: &str, label: &str, count| FacetValue { value: value.to_owned(), label: Some(label.to_owned()), count };
    let (acme, globex) = (named("Acme", "Acme Inc", 1), named("globex", "globex", 1));
    assert_eq!(facet(&subject, Field::Partner).await, [acme.clone(), globex.clone(), named("idle", "Idle", 0)]);
    subject.commit(vec![removing(&subject, NamedKind::Partner, Some("expo"), "idle")]).await;
    assert_eq!(facet(&subject, Field::Partner).await, [acme, globex], "nobody picks what is gone and has done nothing");
    assert!(facet(&subject, Field::Tag).await.is_empty());

    // Gone is gone, for a second deletion, for recipients, and for who may make nothing.
    let missing = |key: &str| Outcome::Missing(vec![MissingThing { kind: NamedKind::Partner, key: key.to_owned() }]);
    let committed =
        subject.commit(vec![removing(&subject, NamedKind::Partner, Some("expo"), "acme"), recipients(&subject, &["acme"], &[])]);
    assert_eq!(committed.await.outcomes, [missing("acme"), missing("acme")]);

    // By hand: anew, with its own spelling and nothing of before; the activities of before are its own.
    let committed = subject.commit(vec![subject.partner("expo", "ACME", "Acme Ltd", &["silver"])]).await;
    assert_eq!(created(&committed.outcomes), [Ok(true)]);
    assert_eq!(committed.changed.len(), 1, "who was told that it is gone is told that it is there");
    let thing = Thing::Partner { name: "Acme Ltd".to_owned(), email: None, company: None, tags: vec!["silver".to_owned()] };
    let want = Record { key: key("ACME"), thing, held: 0 };
    let now = subject.read(NamedKind::Partner, Some("expo"), "acme").await.expect("there");
    assert_eq!((now.key.as_str(), &now), ("ACME", &want));
    assert_eq!(found(&subject, &[("partner", "acme"), ("tag", "silver")]).await, [3]);
}

pub(crate) async fn an_activity_makes_anew_what_was_deleted(open: Open) {
    let subject = furnished(open).await;
    subject.commit(vec![recipients(&subject, &[], &["globex"]), removing(&subject, NamedKind::Partner, Some("expo"), "acme")]).await;
    subject.commit(vec![removing(&subject, NamedKind::Partner, Some("expo"), "globex")]).await;
    // As on first sight: counted, refused where nothing may be made, and with no memory of what was taken off by hand.
    let strict = Change::Append {
        workspace: subject.workspace,
        activities: vec![sent(3, "globex")],
        create_unknown: false,
        quota: Quota::default(),
    };
    let over = Quota { workspace_max: Some(0), sender: None };
    let over = Change::Append { workspace: subject.workspace, activities: vec![sent(4, "globex")], create_unknown: true, quota: over };
    for outcome in subject.commit(vec![strict, over]).await.outcomes {
        assert!(!matches!(appended(&outcome)[0], crate::store::AppendResult::Stored { .. }), "{outcome:?}");
    }
    let committed = subject.commit(vec![subject.appending(vec![sent(5, "GLOBEX"), sent(6, "Acme")])]).await;
    let both = MembershipChange {
        added: vec!["globex".into(), "acme".into()],
        removed: Vec::new(),
        ..left(MembershipSet::Message, "welcome", &[])
    };
    assert_eq!(changes(&committed), [both]);
    let now = subject.read(NamedKind::Partner, Some("expo"), "globex").await.expect("there");
    assert_eq!((now.key.as_str(), now.thing.name()), ("GLOBEX", "GLOBEX"));
    let now = subject.read(NamedKind::Partner, Some("expo"), "acme").await.expect("there");
    assert_eq!((now.thing.name(), now.thing.contact(), now.thing.tags()), ("Acme", (None, None), &[][..]));
    assert_eq!(found(&subject, &[("partner", "globex")]).await.len(), 2, "of before and of now");
    assert_eq!(subject.read(NamedKind::Event, None, "expo").await.expect("there").held, 2);
}

pub(crate) async fn a_message_goes_with_its_recipients(open: Open) {
    let subject = furnished(open).await;
    let committed = subject.commit(vec![removing(&subject, NamedKind::Message, Some("expo"), "welcome")]).await;
    assert_eq!(changes(&committed), [left(MembershipSet::Message, "welcome", &["acme", "globex"])]);
    assert_eq!(listed(&subject, NamedKind::Message, Some("expo")).await, Vec::<String>::new());
    let list = subject.store.directory.recipients(subject.workspace, key("expo"), key("welcome"), ListQuery::first(9)).await.expect("read");
    assert!(list.items.is_empty());
    assert_eq!(found(&subject, &[("message", "welcome")]).await, [0; 0]);
    assert_eq!(found(&subject, &[("about", "welcome")]).await, [3, 4]);
    assert_eq!(facet(&subject, Field::About).await.len(), 1, "it is counted under its key");
    assert!(facet(&subject, Field::Message).await.is_empty());
    let missing = Outcome::Missing(vec![MissingThing { kind: NamedKind::Message, key: "welcome".to_owned() }]);
    let committed = subject.commit(vec![recipients(&subject, &["acme"], &[]), subject.message("expo", "welcome", "Again")]).await;
    assert_eq!(created(&committed.outcomes), [Err(missing.into()), Ok(true)]);
    assert_eq!(subject.read(NamedKind::Message, Some("expo"), "welcome").await.expect("there").held, 0, "nobody has got this one");
    assert_eq!(changes(&subject.commit(vec![subject.appending(vec![sent(7, "acme")])]).await).len(), 1);
    assert_eq!(found(&subject, &[("message", "welcome")]).await, [3, 7]);
}

pub(crate) async fn an_event_goes_when_it_has_no_partners(open: Open) {
    let subject = furnished(open).await;
    let event = || removing(&subject, NamedKind::Event, None, "expo");
    let partner = |one| removing(&subject, NamedKind::Partner, Some("expo"), one);
    let in_use = |by: &str| Outcome::InUse { kind: NamedKind::Event, by: by.to_owned() };
    let committed = subject.commit(vec![event(), partner("acme"), event(), partner("globex"), event(), event()]).await;
    let gone = Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: "expo".to_owned() }]);
    let want = [in_use("2 partners"), Outcome::Removed, in_use("1 partner"), Outcome::Removed, Outcome::Removed, gone];
    assert_eq!(committed.outcomes, want);
    assert_eq!(listed(&subject, NamedKind::Event, None).await, Vec::<String>::new());
    for (kind, one) in [(NamedKind::Message, "welcome"), (NamedKind::Campaign, "c-1"), (NamedKind::Partner, "acme")] {
        assert_eq!(subject.read(kind, Some("expo"), one).await, None, "{kind:?}");
        assert_eq!(listed(&subject, kind, Some("expo")).await, Vec::<String>::new(), "{kind:?}");
    }
    assert_eq!(found(&subject, &[("event", "expo")]).await, [3, 4]);
    assert_eq!(found(&subject, &[("event", "expo"), ("partner", "acme")]).await, [3]);

    // Anew it is empty; what was in it comes back by what names it alone.
    assert_eq!(created(&subject.commit(vec![subject.event("EXPO", "Expo 2027")]).await.outcomes), [Ok(true)]);
    let now = subject.read(NamedKind::Event, None, "expo").await.expect("there");
    assert_eq!((now.key.as_str(), now.held), ("EXPO", 0));
    assert_eq!(subject.read(NamedKind::Campaign, Some("expo"), "c-1").await, None);
    // Deleted again, and made by an activity, with all that it names, under the numbers of before.
    subject.commit(vec![event()]).await;
    let whole = NewActivity { campaign: Some(key("C-1")), ..sent(8, "acme") };
    subject.append(vec![whole]).await;
    assert_eq!(listed(&subject, NamedKind::Partner, Some("expo")).await, ["acme"]);
    assert_eq!(listed(&subject, NamedKind::Campaign, Some("expo")).await, ["C-1"]);
    assert_eq!(found(&subject, &[("event", "expo"), ("partner", "acme")]).await.len(), 2);
}

pub(crate) async fn conditions_are_of_what_is_there(open: Open) {
    let subject = furnished(open).await;
    let read = || subject.read(NamedKind::Partner, Some("expo"), "acme");
    let at = || At::within(subject.workspace, key("expo"), key("acme"));
    let before = read().await.expect("there");
    let replace = |name: &str, condition| {
        let thing = Thing::Partner { name: name.to_owned(), email: None, company: None, tags: Vec::new() };
        Change::Put { at: at(), thing, condition, by: Actor::Server }
    };
    let only = |record: &Record| Condition::Unchanged(vec![record.tag()]);
    let committed = subject.commit(vec![replace("First", only(&before)), replace("Second", only(&before))]).await;
    let now = read().await.expect("there");
    assert_eq!(now.thing.name(), "First", "of two who had read the same, one");
    let refused = Outcome::Refused { kind: NamedKind::Partner, now: Some(now.clone()) };
    assert_eq!(committed.outcomes[1], refused);
    let remove = |condition| Change::Remove { at: at(), kind: NamedKind::Partner, condition, by: Actor::Server };
    let committed =
        subject.commit(vec![remove(only(&before)), remove(only(&now)), replace("x", only(&now)), replace("x", Condition::Present)]).await;
    let nothing = Outcome::Refused { kind: NamedKind::Partner, now: None };
    assert_eq!(committed.outcomes, [refused, Outcome::Removed, nothing.clone(), nothing]);
    let fresh = put(at(), now.thing.clone());
    let Change::Put { at, thing, .. } = fresh else { panic!("a put") };
    let committed = subject.commit(vec![Change::Put { at, thing, condition: Condition::Absent, by: Actor::Server }]).await;
    assert_eq!(created(&committed.outcomes), [Ok(true)], "what was deleted is absent");
}

pub(crate) async fn lists_are_searched_by_words(open: Open) {
    let subject = furnished(open).await;
    let email =
        Thing::Partner { name: "Zürich AG".to_owned(), email: Some("desk@zag.example".to_owned()), company: None, tags: Vec::new() };
    subject
        .commit(vec![put(At::within(subject.workspace, key("expo"), key("p-1")), email), subject.message("expo", "m-2", "Last call")])
        .await;
    let search = async |kind, words: &[&str]| {
        let asked = ListQuery { words: words.iter().map(|word| (*word).to_owned()).collect(), ..ListQuery::first(1) };
        let list = subject.store.directory.list(kind, subject.workspace, Events::only(key("expo")), asked).await.expect("read");
        (list.items.iter().map(|record| record.key.to_string()).collect::<Vec<_>>().join(" "), list.next.is_some())
    };
    for (kind, words, want) in [
        (NamedKind::Partner, &["acme"][..], ("Acme", false)),
        (NamedKind::Partner, &["inc", "acm"], ("Acme", false)),
        (NamedKind::Partner, &["zürich"], ("p-1", false)),
        (NamedKind::Partner, &["zag.example"], ("p-1", false)),
        (NamedKind::Partner, &["glob"], ("globex", false)),
        (NamedKind::Partner, &["e"], ("Acme", true)),
        (NamedKind::Partner, &["acme", "zag"], ("", false)),
        (NamedKind::Partner, &["%"], ("", false)),
        (NamedKind::Message, &["last"], ("m-2", false)),
        (NamedKind::Campaign, &["one"], ("c-1", false)),
        (NamedKind::Event, &["2026"], ("Expo", false)),
    ] {
        let (keys, more) = search(kind, words).await;
        assert_eq!((keys.as_str(), more), want, "{kind:?} {words:?}");
    }
    // Neither an old name nor what is gone is found.
    subject.commit(vec![subject.partner("expo", "p-1", "Other", &[]), removing(&subject, NamedKind::Partner, Some("expo"), "acme")]).await;
    for words in [&["zürich"][..], &["acme"]] {
        assert_eq!(search(NamedKind::Partner, words).await.0, "", "{words:?}");
    }
}
