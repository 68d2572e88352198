//! Workspaces and credentials. Secrets come and go as hashes only.
//!
//! The command line writes here beside a running server; `data_version` tells the server that it did.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, FromRow};

use super::SqliteStore;
use crate::auth::{KeyHash, Operator, Scopes, WorkspaceId};
use crate::domain::{Key, UnixMs};
use crate::store::{Answer, Credential, CredentialKind, Keyring, NewCredential, StoreError, WorkspaceRecord};

/// What a [`CredentialRow`] is selected with. One that was taken is as good as revoked, but what was made from it is not.
const SELECT_CREDENTIAL: &str = "select id, kind, workspace_id, scopes, event, name, parent, created_at, expires_at,
    coalesce(revoked_at, taken_at) as revoked_at from credentials ";

#[derive(Debug, FromRow)]
struct WorkspaceRow {
    id: i64,
    key: String,
    name: String,
}

#[derive(Debug, FromRow)]
struct CredentialRow {
    id: i64,
    kind: String,
    workspace_id: i64,
    scopes: i64,
    event: Option<String>,
    name: String,
    parent: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl WorkspaceRow {
    fn record(self) -> WorkspaceRecord {
        WorkspaceRecord { id: Operator::assume().workspace(self.id), key: Key::trusted(&self.key), name: self.name }
    }
}

impl CredentialRow {
    fn credential(self) -> Result<Credential, StoreError> {
        let kind = CredentialKind::parse(&self.kind)
            .ok_or_else(|| StoreError::Corrupt(format!("credential {} is of the unknown kind {}", self.id, self.kind)))?;
        Ok(Credential {
            number: self.id,
            kind,
            workspace: Operator::assume().workspace(self.workspace_id),
            name: self.name,
            scopes: Scopes::from_bits(u8::try_from(self.scopes).unwrap_or(0)),
            event: self.event.as_deref().map(Key::trusted),
            parent: self.parent,
            created_at: UnixMs(self.created_at),
            expires_at: self.expires_at.map(UnixMs),
            revoked_at: self.revoked_at.map(UnixMs),
        })
    }
}

/// Makes the first workspace, unless there is one.
pub(super) async fn ensure_workspace(connection: &mut SqliteConnection, key: &str, name: &str, now: UnixMs) -> Result<(), StoreError> {
    let there: Option<i64> = sqlx::query_scalar("select id from workspaces limit 1").fetch_optional(&mut *connection).await?;
    match there {
        Some(_) => Ok(()),
        None => match insert_workspace(connection, &Key::trusted(key), name, now).await {
            // Another process was quicker.
            Ok(_) | Err(StoreError::Exists(_)) => Ok(()),
            Err(other) => Err(other),
        },
    }
}

async fn insert_workspace(connection: &mut SqliteConnection, key: &Key, name: &str, now: UnixMs) -> Result<WorkspaceRow, StoreError> {
    let row: Option<WorkspaceRow> = sqlx::query_as(
        "insert into workspaces (key, folded, name, epoch, recorded_at) values (?, ?, ?, ?, ?)
         on conflict (folded) do nothing returning id, key, name",
    )
    .bind(key.as_str())
    .bind(key.folded().clone())
    .bind(name)
    .bind(new_epoch()?)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.ok_or_else(|| StoreError::Exists(format!("a workspace with the key {key}")))
}

/// A random identity for a log; not negative, as the database keeps signed numbers.
fn new_epoch() -> Result<i64, StoreError> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Unavailable(format!("the machine has no randomness to give: {e}")))?;
    Ok(i64::from_be_bytes(bytes) & i64::MAX)
}

impl Keyring for SqliteStore {
    fn create_workspace(&self, _operator: Operator, key: Key, name: String) -> Answer<'_, WorkspaceRecord> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let row = insert_workspace(writer.connection().await?, &key, &name, self.inner.clock.now()).await?;
            Ok(row.record())
        })
    }

    fn workspaces(&self, _operator: Operator) -> Answer<'_, Vec<WorkspaceRecord>> {
        Box::pin(async move {
            let rows: Vec<WorkspaceRow> =
                sqlx::query_as("select id, key, name from workspaces order by folded").fetch_all(&self.inner.readers).await?;
            Ok(rows.into_iter().map(WorkspaceRow::record).collect())
        })
    }

    fn workspace_by_key(&self, _operator: Operator, key: Key) -> Answer<'_, Option<WorkspaceRecord>> {
        Box::pin(async move {
            let row: Option<WorkspaceRow> = sqlx::query_as("select id, key, name from workspaces where folded = ?")
                .bind(key.folded().clone())
                .fetch_optional(&self.inner.readers)
                .await?;
            Ok(row.map(WorkspaceRow::record))
        })
    }

    fn workspace(&self, workspace: WorkspaceId) -> Answer<'_, WorkspaceRecord> {
        Box::pin(async move {
            let row: WorkspaceRow = sqlx::query_as("select id, key, name from workspaces where id = ?")
                .bind(workspace.number())
                .fetch_one(&self.inner.readers)
                .await?;
            Ok(row.record())
        })
    }

    fn create_credential(&self, workspace: WorkspaceId, new: NewCredential) -> Answer<'_, i64> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            // What is made from a credential that was revoked a moment ago is born revoked.
            let number: i64 = sqlx::query_scalar(
                "insert into credentials (hash, kind, workspace_id, scopes, event, name, parent, created_at, expires_at, revoked_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (select p.revoked_at from credentials p where p.id = ?7)) returning id",
            )
            .bind(new.hash.0.to_vec())
            .bind(new.kind.as_str())
            .bind(workspace.number())
            .bind(i64::from(new.scopes.bits()))
            .bind(new.event.as_ref().map(|e| e.as_str().to_owned()))
            .bind(new.name)
            .bind(new.parent)
            .bind(new.created_at.0)
            .bind(new.expires_at.map(|at| at.0))
            .fetch_one(writer.connection().await?)
            .await?;
            Ok(number)
        })
    }

    fn find_credential(&self, hash: KeyHash) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let row: Option<CredentialRow> = sqlx::query_as(AssertSqlSafe(format!("{SELECT_CREDENTIAL} where hash = ?")))
                .bind(hash.0.to_vec())
                .fetch_optional(&self.inner.readers)
                .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn take_credential(&self, hash: KeyHash, now: UnixMs) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            // One statement: of two that come at once, the second finds it taken.
            let row: Option<CredentialRow> = sqlx::query_as(
                "update credentials set taken_at = ?1 where hash = ?2 and kind in ('link', 'ticket') and taken_at is null
                 and revoked_at is null and (expires_at is null or expires_at > ?1)
                 returning id, kind, workspace_id, scopes, event, name, parent, created_at, expires_at, revoked_at",
            )
            .bind(now.0)
            .bind(hash.0.to_vec())
            .fetch_optional(writer.connection().await?)
            .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn keys(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        Box::pin(async move {
            let sql = format!("{SELECT_CREDENTIAL} where workspace_id = ? and kind = 'key' order by id desc");
            let rows: Vec<CredentialRow> =
                sqlx::query_as(AssertSqlSafe(sql)).bind(workspace.number()).fetch_all(&self.inner.readers).await?;
            rows.into_iter().map(CredentialRow::credential).collect()
        })
    }

    fn revoke(&self, workspace: WorkspaceId, number: i64, now: UnixMs) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let revoked: Vec<i64> = sqlx::query_scalar(
                "with recursive made (id) as (
                     select id from credentials where id = ?2 and workspace_id = ?3 and kind in ('key', 'session') and revoked_at is null
                     union select c.id from made join credentials c on c.parent = made.id)
                 update credentials set revoked_at = ?1 where id in (select id from made) and revoked_at is null returning id",
            )
            .bind(now.0)
            .bind(number)
            .bind(workspace.number())
            .fetch_all(writer.connection().await?)
            .await?;
            Ok(!revoked.is_empty())
        })
    }

    fn revoked_since(&self, _operator: Operator, since: UnixMs) -> Answer<'_, Vec<i64>> {
        Box::pin(async move {
            let numbers = sqlx::query_scalar("select id from credentials where revoked_at >= ? order by id")
                .bind(since.0)
                .fetch_all(&self.inner.readers)
                .await?;
            Ok(numbers)
        })
    }

    fn data_version(&self) -> Answer<'_, i64> {
        Box::pin(async move {
            // Asked on the writer, the only connection of this process that writes: what it did itself does not count.
            let mut writer = self.inner.writer.lock().await;
            Ok(sqlx::query_scalar("pragma data_version").fetch_one(writer.connection().await?).await?)
        })
    }
}
