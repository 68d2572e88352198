//! Workspaces and credentials.

use super::{Bounds, NOW, Open, Subject, key};
use crate::auth::{Actor, KeyHash, Operator, Scope, Scopes};
use crate::domain::{Events, Origin, UnixMs};
use crate::store::{CredentialKind, NewCredential, Opened, RESUMABLE_MS, Revoked, StoreError};

fn new(kind: CredentialKind, hash: u8, parent: Option<i64>) -> NewCredential {
    NewCredential {
        name: "made in a test".to_owned(),
        scopes: Scopes::of(&[Scope::Read]),
        events: Events::only(key("Expo")),
        parent,
        ..NewCredential::new(kind, KeyHash([hash; 32]), NOW)
    }
}

pub(crate) async fn workspaces(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, operator) = (&subject.store.keyring, Operator::assume());
    let made = keyring.create_workspace(operator, key("Acme"), "Acme Events".to_owned()).await.expect("made");
    let again = keyring.create_workspace(operator, key("ACME"), "Other".to_owned()).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
    assert_eq!(keyring.workspace(made.id).await.expect("read"), made);
    assert_eq!(keyring.workspace_by_key(operator, key("aCME")).await.expect("read"), Some(made));
    assert_eq!(keyring.workspace_by_key(operator, key("none")).await.expect("read"), None);
    let all = keyring.workspaces(operator).await.expect("read");
    assert_eq!(all.iter().map(|w| w.key.as_str()).collect::<Vec<_>>(), ["Acme", "default"]);
}

pub(crate) async fn credentials(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let first = keyring.create_credential(workspace, new(CredentialKind::Key, 1, None)).await.expect("kept");
    let session = keyring.create_credential(workspace, new(CredentialKind::Session, 2, Some(first))).await.expect("kept");
    let second = keyring.create_credential(workspace, new(CredentialKind::Key, 3, None)).await.expect("kept");
    let found = keyring.find_credential(KeyHash([1; 32])).await.expect("read").expect("there");
    assert_eq!((found.number, found.kind, found.workspace, found.revoked_at), (first, CredentialKind::Key, workspace, None));
    assert_eq!((found.events.one().map(|e| e.as_str()), found.scopes), (Some("Expo"), Scopes::of(&[Scope::Read])));
    assert!(keyring.find_credential(KeyHash([9; 32])).await.expect("read").is_none());
    let listed: Vec<_> = keyring.keys(workspace).await.expect("read").into_iter().map(|c| c.number).collect();
    assert_eq!(listed, [second, first], "keys only, newest first");

    assert_eq!(keyring.credential(workspace, session).await.expect("read").expect("there").parent, Some(first));

    let other = keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    assert!(keyring.credential(other, first).await.expect("asked").is_none(), "another workspace's key");
    let begin = keyring.revoked_after(Operator::assume(), None).await.expect("read");
    assert_eq!((&begin.credentials[..], begin.up_to), (&[][..], 0));
    let later = UnixMs(NOW.0 + 10);
    assert_eq!(keyring.revoke(other, first, later, Actor::Server).await.expect("asked"), [] as [i64; 0], "another workspace's key");
    assert_eq!(keyring.revoke(workspace, first, later, Actor::Server).await.expect("asked"), [first, session]);
    assert_eq!(keyring.revoke(workspace, first, later, Actor::Server).await.expect("asked"), [] as [i64; 0], "revoked before");
    for hash in [1, 2] {
        let found = keyring.find_credential(KeyHash([hash; 32])).await.expect("read").expect("there");
        assert_eq!(found.revoked_at, Some(later), "what was made from it is revoked with it");
    }
    let after = |seen| keyring.revoked_after(Operator::assume(), Some(seen));
    let first_round = after(0).await.expect("read");
    assert_eq!(first_round.credentials, [first, session]);
    assert_eq!(after(first_round.up_to).await.expect("read"), Revoked { credentials: Vec::new(), up_to: first_round.up_to });
    // By number and not by time: a clock that was set back hides nothing.
    assert_eq!(keyring.revoke(workspace, second, UnixMs(1), Actor::Server).await.expect("asked"), [second]);
    assert_eq!(after(first_round.up_to).await.expect("read").credentials, [second]);
    // Whatever is made from a revoked one is born revoked, which ends nothing anew.
    let seen = after(0).await.expect("read").up_to;
    keyring.create_credential(workspace, new(CredentialKind::Session, 4, Some(first))).await.expect("kept");
    assert_eq!(keyring.find_credential(KeyHash([4; 32])).await.expect("read").expect("there").revoked_at, Some(later));
    assert_eq!(after(seen).await.expect("read").credentials, [] as [i64; 0]);
}

pub(crate) async fn site_keys_have_origins(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let origin = |text: &str| Origin::trusted(text.to_owned());
    let (shop, fair, other) = (origin("https://shop.example"), origin("https://fair.example:8443"), origin("https://other.example"));
    let site = |hash, origins: &[&Origin], expires_at| {
        let origins = origins.iter().map(|origin| (*origin).clone()).collect();
        keyring.create_credential(workspace, NewCredential { origins, expires_at, ..new(CredentialKind::Site, hash, None) })
    };
    let both = site(1, &[&fair, &shop, &shop], None).await.expect("kept");
    let key = keyring.create_credential(workspace, new(CredentialKind::Key, 2, None)).await.expect("kept");
    let short = site(3, &[&other], Some(UnixMs(NOW.0 + 10))).await.expect("kept");
    let listed: Vec<_> = keyring.keys(workspace).await.expect("read").into_iter().map(|c| (c.number, c.kind, c.origins)).collect();
    let want = [
        (short, CredentialKind::Site, vec![other.clone()]),
        (key, CredentialKind::Key, Vec::new()),
        (both, CredentialKind::Site, vec![fair.clone(), shop.clone(), shop.clone()]),
    ];
    assert_eq!(listed, want, "with the other keys, newest first");
    let known = async |at: i64| {
        let mut known = Vec::new();
        for origin in [&shop, &fair, &other, &origin("https://evil.example")] {
            known.push(keyring.is_site_origin(origin.clone(), UnixMs(NOW.0 + at)).await.expect("asked"));
        }
        known
    };
    assert_eq!(known(9).await, [true, true, true, false]);
    assert_eq!(known(10).await, [true, true, false, false], "the one has expired");
    assert_eq!(keyring.revoke(workspace, both, NOW, Actor::Server).await.expect("asked"), [both]);
    assert_eq!(known(0).await, [false, false, true, false]);
    // Of a row that is gone nothing is left: its number may come again.
    let session = keyring.create_credential(workspace, new(CredentialKind::Session, 4, None)).await.expect("kept");
    let made = NewCredential { origins: vec![shop.clone()], ..new(CredentialKind::Site, 5, Some(session)) };
    let made = keyring.create_credential(workspace, made).await.expect("kept");
    assert_eq!(keyring.revoke(workspace, session, NOW, Actor::Server).await.expect("asked"), [session, made]);
    keyring.revoke(workspace, key, NOW, Actor::Server).await.expect("asked");
    assert_eq!(keyring.sweep(Operator::assume(), UnixMs(NOW.0 + 1), 9, 100).await.expect("swept"), 2);
    let again = keyring.create_credential(workspace, new(CredentialKind::Key, 6, None)).await.expect("kept");
    assert_eq!((again <= made, known(0).await), (true, vec![false, false, true, false]));
}

pub(crate) async fn credentials_end_with_what_they_are_made_from(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let at = |ms: i64| Some(UnixMs(NOW.0 + ms));
    let make = |kind, hash, parent, expires_at| {
        keyring.create_credential(workspace, NewCredential { expires_at, rate_per_s: (hash == 1).then_some(7), ..new(kind, hash, parent) })
    };
    let key = make(CredentialKind::Key, 1, None, at(100)).await.expect("kept");
    let session = make(CredentialKind::Session, 2, Some(key), at(500)).await.expect("kept");
    let by_hand = make(CredentialKind::Key, 3, Some(session), None).await.expect("kept");
    let ticket = make(CredentialKind::Ticket, 4, Some(by_hand), at(30)).await.expect("kept");
    let lasting = make(CredentialKind::Key, 5, None, None).await.expect("kept");
    for (number, expires_at, root, rate) in [
        (key, at(100), key, Some(7)),
        (session, at(100), key, Some(7)),
        (by_hand, at(100), key, Some(7)),
        (ticket, at(30), key, Some(7)),
        (lasting, None, lasting, None),
    ] {
        let found = keyring.credential(workspace, number).await.expect("read").expect("there");
        assert_eq!((found.expires_at, found.root, found.rate_per_s), (expires_at, root, rate), "{number}");
        assert_eq!((found.is_good(UnixMs(NOW.0 + 29)), found.is_good(UnixMs(NOW.0 + 100))), (true, number == lasting), "{number}");
    }
    assert_eq!(
        keyring.revoke(workspace, session, NOW, Actor::Server).await.expect("asked"),
        [session, by_hand, ticket],
        "and not the key it came from"
    );
}

pub(crate) async fn what_has_ended_is_swept(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace, operator) = (&subject.store.keyring, subject.workspace, Operator::assume());
    let at = |ms: i64| Some(UnixMs(NOW.0 + ms));
    let make =
        |kind, hash, parent, expires_at| keyring.create_credential(workspace, NewCredential { expires_at, ..new(kind, hash, parent) });
    let kept = make(CredentialKind::Key, 1, None, at(1)).await.expect("kept");
    let session = make(CredentialKind::Session, 2, Some(make(CredentialKind::Key, 3, None, None).await.expect("kept")), at(1_000)).await;
    let session = session.expect("kept");
    let by_hand = make(CredentialKind::Key, 4, Some(session), None).await.expect("kept");
    let ticket = make(CredentialKind::Ticket, 5, Some(session), at(10)).await.expect("kept");
    let used = make(CredentialKind::Ticket, 6, Some(session), at(10)).await.expect("kept");
    let opens = Opened::of("/v1/activities/stream?ticket=x");
    keyring.take_credential(KeyHash([6; 32]), NOW, Some(opens)).await.expect("asked").expect("taken");
    let sweep = |before: i64, seen, rows| keyring.sweep(operator, UnixMs(NOW.0 + before), seen, rows);
    let there = async || {
        let mut found = Vec::new();
        for number in [kept, session, by_hand, ticket, used] {
            found.push(keyring.credential(workspace, number).await.expect("read").is_some());
        }
        found
    };
    assert_eq!(sweep(10, 0, 100).await.expect("swept"), 0, "nothing has ended before");
    assert_eq!(sweep(11, 0, 100).await.expect("swept"), 1, "an unused ticket");
    assert_eq!(there().await, [true, true, true, false, true], "a used one may come back");
    let revoked = keyring.revoke(workspace, session, UnixMs(NOW.0 + 20), Actor::Server).await.expect("asked");
    assert_eq!(revoked, [session, by_hand, used]);
    assert_eq!(sweep(21, 0, 100).await.expect("swept"), 0, "whoever follows revocations has not seen it");
    assert_eq!(sweep(21, 1, 1).await.expect("swept"), 1, "no more than was said");
    assert_eq!(sweep(21, 1, 100).await.expect("swept"), 1);
    // The newest revocation stays, or the next would get its number again.
    assert_eq!(keyring.revoked_after(operator, Some(0)).await.expect("read").up_to, 1);
    assert_eq!(keyring.revoke(workspace, kept, NOW, Actor::Server).await.expect("asked"), [kept]);
    assert_eq!(keyring.revoked_after(operator, Some(1)).await.expect("read").up_to, 2);
    assert_eq!(sweep(i64::MAX / 4, 2, 100).await.expect("swept"), 1);
    assert_eq!(there().await, [true, false, false, false, false], "keys that were made from nothing are kept");
}

pub(crate) async fn one_time_credentials(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let parent = keyring.create_credential(workspace, new(CredentialKind::Key, 1, None)).await.expect("kept");
    let link = keyring.create_credential(workspace, new(CredentialKind::Link, 2, Some(parent))).await.expect("kept");
    let ticket = NewCredential { expires_at: Some(UnixMs(NOW.0 + 30)), ..new(CredentialKind::Ticket, 3, None) };
    keyring.create_credential(workspace, ticket).await.expect("kept");
    let opens = Opened::of("/v1/activities/stream?ticket=x");
    let take = |hash: u8, at: i64| keyring.take_credential(KeyHash([hash; 32]), UnixMs(NOW.0 + at), (hash == 3).then_some(opens));
    let resume = |at: i64, opens: Opened| keyring.resume_credential(KeyHash([3; 32]), UnixMs(NOW.0 + at), opens);
    assert!(resume(0, opens).await.expect("asked").is_none(), "not used yet");
    assert!(take(1, 0).await.expect("asked").is_none(), "a key is not taken");
    assert!(take(3, 30).await.expect("asked").is_none(), "it has ended");
    assert!(take(3, 29).await.expect("asked").is_some());
    assert!(take(3, 29).await.expect("asked").is_none(), "nobody after the first");
    // It opens the same again for ten minutes from its taking, and for ten more each time.
    assert!(resume(30, Opened::of("/v1/activities/stream?ticket=x&partner=p")).await.expect("asked").is_none(), "something else");
    for (at, good) in [(29 + RESUMABLE_MS - 1, true), (29 + 2 * RESUMABLE_MS - 1, true), (29 + 3 * RESUMABLE_MS, false)] {
        assert_eq!(resume(at, opens).await.expect("asked").is_some(), good, "{at}");
    }
    let taken = take(2, 0).await.expect("asked").expect("the first");
    assert_eq!((taken.number, taken.parent, taken.revoked_at), (link, Some(parent), None));
    assert!(keyring.find_credential(KeyHash([2; 32])).await.expect("read").expect("there").revoked_at.is_some());
    // The session made from it lives on, and goes with the key that all came from.
    let session = keyring.create_credential(workspace, new(CredentialKind::Session, 5, Some(link))).await.expect("kept");
    assert_eq!(keyring.find_credential(KeyHash([5; 32])).await.expect("read").expect("there").revoked_at, None);
    let later = UnixMs(NOW.0 + 50);
    assert_eq!(keyring.revoked_after(Operator::assume(), Some(0)).await.expect("read").credentials, [] as [i64; 0], "taken is not revoked");
    assert_eq!(keyring.revoke(workspace, parent, later, Actor::Server).await.expect("asked"), [parent, link, session]);
}
