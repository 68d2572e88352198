//! What is remembered of credentials, with a keyring that holds its answers back.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use tokio::sync::{Notify, Semaphore};

use super::{Authenticator, SESSION_COOKIE, bearer, cookie};
use crate::auth::{Actor, KeyHash, Operator, Revocations, Scope, Scopes, SecretKey, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Key, Origin, UnixMs};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Answer, Credential, CredentialKind, Keyring, NewCredential, Opened, Revoked, WorkspaceRecord};

const NOW: UnixMs = UnixMs(1_767_225_600_000);

/// A keyring that has read and keeps the answer to itself until it is let through.
struct SlowAnswer {
    keyring: Arc<dyn Keyring>,
    read: Notify,
    gate: Semaphore,
}

impl Keyring for SlowAnswer {
    fn find_credential(&self, hash: KeyHash) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let found = self.keyring.find_credential(hash).await;
            self.read.notify_one();
            let _through = self.gate.acquire().await;
            found
        })
    }
    fn create_workspace(&self, operator: Operator, key: Key, name: String) -> Answer<'_, WorkspaceRecord> {
        self.keyring.create_workspace(operator, key, name)
    }
    fn workspaces(&self, operator: Operator) -> Answer<'_, Vec<WorkspaceRecord>> {
        self.keyring.workspaces(operator)
    }
    fn workspace_by_key(&self, operator: Operator, key: Key) -> Answer<'_, Option<WorkspaceRecord>> {
        self.keyring.workspace_by_key(operator, key)
    }
    fn workspace(&self, workspace: WorkspaceId) -> Answer<'_, WorkspaceRecord> {
        self.keyring.workspace(workspace)
    }
    fn create_credentials(&self, workspace: WorkspaceId, new: Vec<NewCredential>) -> Answer<'_, Vec<i64>> {
        self.keyring.create_credentials(workspace, new)
    }
    fn shares(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        self.keyring.shares(workspace)
    }
    fn screens(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        self.keyring.screens(workspace)
    }
    fn change_screen(&self, workspace: WorkspaceId, number: i64, name: String, wall: Key) -> Answer<'_, Option<Credential>> {
        self.keyring.change_screen(workspace, number, name, wall)
    }
    fn used(&self, number: i64, at: UnixMs) -> Answer<'_, ()> {
        self.keyring.used(number, at)
    }
    fn credential(&self, workspace: WorkspaceId, number: i64) -> Answer<'_, Option<Credential>> {
        self.keyring.credential(workspace, number)
    }
    fn take_credential(&self, hash: KeyHash, now: UnixMs, opened: Option<Opened>) -> Answer<'_, Option<Credential>> {
        self.keyring.take_credential(hash, now, opened)
    }
    fn resume_credential(&self, hash: KeyHash, now: UnixMs, opened: Opened) -> Answer<'_, Option<Credential>> {
        self.keyring.resume_credential(hash, now, opened)
    }
    fn is_site_origin(&self, origin: Origin, now: UnixMs) -> Answer<'_, bool> {
        self.keyring.is_site_origin(origin, now)
    }
    fn keys(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        self.keyring.keys(workspace)
    }
    fn revoke(&self, workspace: WorkspaceId, number: i64, now: UnixMs, by: Actor) -> Answer<'_, Vec<i64>> {
        self.keyring.revoke(workspace, number, now, by)
    }
    fn revoked_after(&self, operator: Operator, seen: Option<i64>) -> Answer<'_, Revoked> {
        self.keyring.revoked_after(operator, seen)
    }
    fn sweep(&self, operator: Operator, before: UnixMs, seen: i64, rows_max: usize) -> Answer<'_, usize> {
        self.keyring.sweep(operator, before, seen, rows_max)
    }
}

struct Door {
    keyring: Arc<SlowAnswer>,
    workspace: WorkspaceId,
    revocations: Revocations,
    authenticator: Authenticator,
    clock: Clock,
    sqlite: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Door {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(NOW);
        let sqlite = SqliteStore::open(&folder.path().join("a.db"), clock.clone(), SqliteOptions::default()).await.expect("opens");
        let keyring = sqlite.store().keyring;
        let workspace = keyring.workspace_by_key(Operator::assume(), Key::trusted("default")).await.expect("read").expect("there").id;
        let keyring = Arc::new(SlowAnswer { keyring, read: Notify::new(), gate: Semaphore::new(0) });
        let revocations = Revocations::default();
        let authenticator = Authenticator::new(keyring.clone(), revocations.clone(), clock.clone());
        Self { keyring, workspace, revocations, authenticator, clock, sqlite, _folder: folder }
    }

    async fn key(&self, expires_at: Option<UnixMs>) -> (SecretKey, i64) {
        let secret = SecretKey::generate("key").expect("random");
        let new =
            NewCredential { scopes: Scopes::of(&[Scope::Read]), expires_at, ..NewCredential::new(CredentialKind::Key, secret.hash(), NOW) };
        let number = self.keyring.create_credential(self.workspace, new).await.expect("kept");
        (secret, number)
    }

    async fn knows(&self, secret: &SecretKey) -> bool {
        self.authenticator.find(secret.expose(), &[CredentialKind::Key]).await.expect("asked").is_some()
    }
}

#[tokio::test]
async fn what_was_read_before_a_revocation_is_not_remembered_after_it() {
    let door = Door::open().await;
    let (secret, number) = door.key(None).await;
    let revoked = async {
        door.keyring.read.notified().await;
        door.keyring.revoke(door.workspace, number, NOW, Actor::Server).await.expect("revoked");
        door.revocations.hear();
        door.keyring.gate.add_permits(100);
    };
    let (_, ()) = tokio::join!(door.knows(&secret), revoked);
    assert!(!door.knows(&secret).await, "the answer was old when it came");
    door.sqlite.close().await.expect("closes");
}

#[tokio::test]
async fn an_expired_credential_is_good_for_nothing_remembered_or_not() {
    let door = Door::open().await;
    door.keyring.gate.add_permits(100);
    let (secret, _) = door.key(Some(UnixMs(NOW.0 + 10))).await;
    let (other, _) = door.key(Some(UnixMs(NOW.0 + 10))).await;
    assert!(door.knows(&secret).await);
    door.clock.set(UnixMs(NOW.0 + 10));
    assert!(!door.knows(&secret).await, "remembered");
    assert!(!door.knows(&other).await, "read");
    door.sqlite.close().await.expect("closes");
}

#[test]
fn reads_what_a_client_presents() {
    for (given, want) in [("Bearer td_x", Some("td_x")), ("bearer  td_x ", Some("td_x")), ("Basic abc", None), ("td_x", None), ("", None)] {
        assert_eq!(bearer(given), want, "{given:?}");
    }
    let mut headers = HeaderMap::new();
    assert_eq!(cookie(&headers, SESSION_COOKIE), None);
    headers.append(header::COOKIE, HeaderValue::from_static("a=b; tidings_session=td_session_1; c=d"));
    assert_eq!(cookie(&headers, SESSION_COOKIE), Some("td_session_1"));
}
