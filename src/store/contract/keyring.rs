//! Workspaces and credentials.

use super::{Bounds, NOW, Open, Subject, key};
use crate::auth::{KeyHash, Operator, Scope, Scopes};
use crate::domain::UnixMs;
use crate::store::{CredentialKind, NewCredential, StoreError};

fn new(kind: CredentialKind, hash: u8, parent: Option<i64>) -> NewCredential {
    NewCredential {
        kind,
        hash: KeyHash([hash; 32]),
        name: "made in a test".to_owned(),
        scopes: Scopes::of(&[Scope::Read]),
        event: Some(key("Expo")),
        parent,
        created_at: NOW,
        expires_at: None,
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
    assert_eq!((found.event.as_ref().map(|e| e.as_str()), found.scopes), (Some("Expo"), Scopes::of(&[Scope::Read])));
    assert!(keyring.find_credential(KeyHash([9; 32])).await.expect("read").is_none());
    let listed: Vec<_> = keyring.keys(workspace).await.expect("read").into_iter().map(|c| c.number).collect();
    assert_eq!(listed, [second, first], "keys only, newest first");

    let other = keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    let later = UnixMs(NOW.0 + 10);
    assert!(!keyring.revoke(other, first, later).await.expect("asked"), "another workspace's key");
    assert!(keyring.revoke(workspace, first, later).await.expect("asked"));
    assert!(!keyring.revoke(workspace, first, later).await.expect("asked"), "revoked before");
    for hash in [1, 2] {
        let found = keyring.find_credential(KeyHash([hash; 32])).await.expect("read").expect("there");
        assert_eq!(found.revoked_at, Some(later), "what was made from it is revoked with it");
    }
    let since = |at| keyring.revoked_since(Operator::assume(), at);
    assert_eq!(since(later).await.expect("read"), [first, session]);
    assert_eq!(since(UnixMs(later.0 + 1)).await.expect("read"), [] as [i64; 0]);
    // Whatever is made from a revoked one is born revoked.
    keyring.create_credential(workspace, new(CredentialKind::Session, 4, Some(first))).await.expect("kept");
    assert_eq!(keyring.find_credential(KeyHash([4; 32])).await.expect("read").expect("there").revoked_at, Some(later));
}

pub(crate) async fn one_time_credentials(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let parent = keyring.create_credential(workspace, new(CredentialKind::Key, 1, None)).await.expect("kept");
    let link = keyring.create_credential(workspace, new(CredentialKind::Link, 2, Some(parent))).await.expect("kept");
    let ticket = NewCredential { expires_at: Some(UnixMs(NOW.0 + 30)), ..new(CredentialKind::Ticket, 3, None) };
    keyring.create_credential(workspace, ticket).await.expect("kept");
    let take = |hash: u8, at: i64| keyring.take_credential(KeyHash([hash; 32]), UnixMs(NOW.0 + at));
    assert!(take(1, 0).await.expect("asked").is_none(), "a key is not taken");
    assert!(take(3, 30).await.expect("asked").is_none(), "it has ended");
    assert!(take(3, 29).await.expect("asked").is_some());
    assert!(take(3, 29).await.expect("asked").is_none(), "nobody after the first");
    let taken = take(2, 0).await.expect("asked").expect("the first");
    assert_eq!((taken.number, taken.parent, taken.revoked_at), (link, Some(parent), None));
    assert!(keyring.find_credential(KeyHash([2; 32])).await.expect("read").expect("there").revoked_at.is_some());
    // The session made from it lives on, and goes with the key that all came from.
    let session = keyring.create_credential(workspace, new(CredentialKind::Session, 5, Some(link))).await.expect("kept");
    assert_eq!(keyring.find_credential(KeyHash([5; 32])).await.expect("read").expect("there").revoked_at, None);
    let later = UnixMs(NOW.0 + 50);
    assert_eq!(keyring.revoked_since(Operator::assume(), NOW).await.expect("read"), [] as [i64; 0], "taken is not revoked");
    assert!(keyring.revoke(workspace, parent, later).await.expect("asked"));
    assert_eq!(keyring.revoked_since(Operator::assume(), later).await.expect("read"), [parent, link, session]);
}
