//! What outlets keep: shares and what they are confined to, webhooks and how far they have come.

use super::{Bounds, NOW, Open, Subject, activity, key};
use crate::auth::{Actor, KeyHash, Operator, Right, Scope, Scopes};
use crate::domain::{Events, Mask, UnixMs};
use crate::store::{
    At, Change, Condition, Confined, CredentialKind, NamedKind, NewCredential, Outcome, PutWebhook, StoreError, WEBHOOKS_MAX,
    WebhookProgress, WebhookTerms,
};

fn share(hash: u8, parent: Option<i64>, confined: Option<Confined>) -> NewCredential {
    NewCredential {
        name: "made in a test".to_owned(),
        scopes: Scopes::of(&[Scope::Read]),
        events: Events::only(key("expo")),
        confined,
        parent,
        ..NewCredential::new(if parent.is_some() { CredentialKind::Session } else { CredentialKind::Share }, KeyHash([hash; 32]), NOW)
    }
}

async fn removed(subject: &Subject, view: &str) -> Outcome {
    let at = At::top(subject.workspace, key(view));
    let change = Change::Remove { at, kind: NamedKind::View, condition: Condition::None, by: Actor::Server };
    subject.commit(vec![change]).await.outcomes.pop().expect("an outcome")
}

pub(crate) async fn shares_are_confined(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (keyring, workspace) = (&subject.store.keyring, subject.workspace);
    let to =
        Confined { views: vec![key("All-Opens")], partner: Some(key("Acme")), mask: Some(Mask::Names), exports: true, operates: false };
    let new = vec![share(1, None, Some(to.clone())), share(2, None, Some(Confined { mask: None, exports: false, ..to.clone() }))];
    let made = keyring.create_credentials(workspace, new).await.expect("kept");
    let session = keyring.create_credential(workspace, share(3, Some(made[0]), Some(to.clone()))).await.expect("kept");
    let found = keyring.find_credential(KeyHash([3; 32])).await.expect("read").expect("there");
    let grant = found.grant();
    assert_eq!((found.confined.as_ref(), found.actor()), (Some(&to), Actor::Share(made[0])));
    assert_eq!((grant.views, grant.partner, grant.mask), (Some(to.views), to.partner, to.mask));
    assert!(grant.rights.has(Right::Export) && !grant.rights.has(Right::Directory));
    let listed = keyring.shares(workspace).await.expect("read");
    assert_eq!(listed.iter().map(|share| share.number).collect::<Vec<_>>(), [made[1], made[0]], "newest first, and no sessions");
    assert!(!listed[0].grant().rights.has(Right::Export));
    assert!(keyring.keys(workspace).await.expect("read").is_empty());
    for (at, want) in [(5, 5), (3, 5), (9, 9)] {
        keyring.used(made[0], UnixMs(NOW.0 + at)).await.expect("noted");
        let used_at = keyring.credential(workspace, made[0]).await.expect("read").expect("there").used_at;
        assert_eq!(used_at, Some(UnixMs(NOW.0 + want)), "never back");
    }
    assert!(matches!(removed(&subject, "all-opens").await, Outcome::InUse { .. }));
    assert_eq!(keyring.revoke(workspace, made[0], NOW, Actor::Server).await.expect("asked"), [made[0], session]);
    assert_eq!(keyring.revoke(workspace, made[1], NOW, Actor::Server).await.expect("asked"), [made[1]]);
    assert_eq!(removed(&subject, "all-opens").await, Outcome::Removed);
    // All or none: the hash of the second is taken.
    let twice = vec![share(7, None, None), share(1, None, None)];
    assert!(keyring.create_credentials(workspace, twice).await.is_err());
    assert!(keyring.find_credential(KeyHash([7; 32])).await.expect("read").is_none());
}

pub(crate) async fn webhooks_keep_their_place(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (webhooks, workspace) = (&subject.store.webhooks, subject.workspace);
    subject.append(vec![activity(1, "a.b", "expo", "acme"), activity(2, "a.b", "expo", "acme")]).await;
    let terms = |enabled| WebhookTerms { url: "https://hooks.example/".to_owned(), view: key("all-opens"), events: Events::ALL, enabled };
    let put = |name: &str, after| PutWebhook { key: key(name), terms: terms(true), secret: format!("whsec_{name}"), after, at: NOW };
    let (made, hook) = webhooks.put(workspace, put("Desk", None)).await.expect("kept");
    assert!(made && hook.progress.cursor >= 2, "it begins at the end of the log: {hook:?}");
    let end = hook.progress.cursor;
    let tried = WebhookProgress {
        batch_to: Some(end + 3),
        attempts: 2,
        tried_at: Some(NOW),
        answered: Some(500),
        fault: Some("in vain".to_owned()),
        next_at: Some(UnixMs(NOW.0 + 1)),
        ..hook.progress.clone()
    };
    assert!(webhooks.progress(workspace, hook.number, end, tried.clone()).await.expect("kept"));
    assert_eq!(webhooks.one(workspace, key("desk")).await.expect("read").expect("there").progress, tried);
    assert!(!webhooks.progress(workspace, hook.number, end + 1, tried.clone()).await.expect("asked"), "it stands elsewhere");
    // Asked for something else it goes on where it stood, with the batch that was tried, and at once.
    let (made, again) = webhooks.put(workspace, put("DESK", None)).await.expect("kept");
    assert_eq!((made, again.key.as_str(), again.secret.as_str()), (false, "Desk", "whsec_Desk"));
    assert_eq!((again.progress.batch_to, again.progress.attempts, again.progress.next_at), (Some(end + 3), 0, None));
    let (_, back) = webhooks.put(workspace, put("desk", Some(1))).await.expect("kept");
    assert_eq!((back.progress.cursor, back.progress.batch_to), (1, None), "brought back, it begins anew");
    let until = UnixMs(NOW.0 + 9);
    let rotated = webhooks.rotate(workspace, key("desk"), "whsec_new".to_owned(), until).await.expect("kept").expect("there");
    assert_eq!((rotated.secret.as_str(), rotated.secret_before), ("whsec_new", Some(("whsec_Desk".to_owned(), until))));
    assert!(matches!(removed(&subject, "all-opens").await, Outcome::InUse { .. }));
    let other = subject.store.keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    assert!(webhooks.one(other, key("desk")).await.expect("asked").is_none() && webhooks.list(other).await.expect("asked").is_empty());
    assert!(!webhooks.progress(other, hook.number, 1, tried).await.expect("asked"));
    for n in 1..WEBHOOKS_MAX {
        webhooks.put(workspace, put(&format!("w{n}"), None)).await.expect("kept");
    }
    let more = webhooks.put(workspace, put("one-more", None)).await;
    assert!(matches!(more, Err(StoreError::Refused(_))), "{more:?}");
    assert_eq!(webhooks.all(Operator::assume()).await.expect("read").len(), WEBHOOKS_MAX);
    assert!(webhooks.remove(workspace, key("desk")).await.expect("asked"));
    assert!(!webhooks.remove(workspace, key("desk")).await.expect("asked"));
}
