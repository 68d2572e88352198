//! Workspaces and credentials. Secrets come and go as hashes only.
//!
//! The command line writes here beside a running server, which sees by the number of a revocation what it did.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, FromRow};

use super::SqliteStore;
use super::audit;
use super::chain::Chain;
use super::views;
use crate::auth::{Actor, KeyHash, Operator, Role, Scopes, WorkspaceId};
use crate::domain::{Epoch, Events, Key, Mask, Origin, UnixMs};
use crate::store::{
    Answer, Confined, Credential, CredentialKind, Keyring, NewCredential, OfMember, Opened, RESUMABLE_MS, Revoked, StoreError, Wall,
    WorkspaceRecord,
};

/// What is given to others, of which the audit says who gave it.
const AUDITED: [CredentialKind; 4] = [CredentialKind::Key, CredentialKind::Site, CredentialKind::Share, CredentialKind::Screen];

/// What a [`CredentialRow`] is made of.
const COLUMNS: &str = "id, kind, workspace_id, scopes, event, name, origins, parent, coalesce(root, id) as root, rate_per_s, created_at,
    expires_at, view, mask, exports, partner, used_at, wall, member, place, held,
    (select m.role from members m where m.id = credentials.member and m.removed_at is null) as role,
    (select m.events from members m where m.id = credentials.member) as member_events,
    (select w.body from walls w where w.workspace_id = credentials.workspace_id and w.folded = credentials.wall and w.deleted = 0) as shows";

/// What a [`CredentialRow`] is selected with. One that was taken is as good as revoked, but what was made from it is not.
pub(super) fn select(condition: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("select {COLUMNS}, coalesce(revoked_at, taken_at) as revoked_at from credentials where {condition}"))
}

#[derive(Debug, FromRow)]
struct WorkspaceRow {
    id: i64,
    key: String,
    name: String,
}

#[derive(Debug, FromRow)]
pub(super) struct CredentialRow {
    id: i64,
    kind: String,
    workspace_id: i64,
    scopes: i64,
    event: Option<String>,
    name: String,
    origins: Option<String>,
    parent: Option<i64>,
    root: i64,
    rate_per_s: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    view: Option<String>,
    mask: Option<String>,
    exports: bool,
    partner: Option<String>,
    used_at: Option<i64>,
    wall: Option<String>,
    member: Option<i64>,
    place: Option<String>,
    held: Option<String>,
    /// Of its member, as they are now.
    role: Option<String>,
    member_events: Option<String>,
    /// All of its wall but the name.
    shows: Option<String>,
}

impl WorkspaceRow {
    fn record(self) -> WorkspaceRecord {
        WorkspaceRecord { id: Operator::assume().workspace(self.id), key: Key::trusted(&self.key), name: self.name }
    }
}

impl CredentialRow {
    pub(super) fn credential(self) -> Result<Credential, StoreError> {
        let kind = CredentialKind::parse(&self.kind)
            .ok_or_else(|| StoreError::Corrupt(format!("credential {} is of the unknown kind {}", self.id, self.kind)))?;
        let wall = self.shows.as_deref().map(Wall::from_json).transpose();
        let wall = wall.map_err(|fault| StoreError::Corrupt(format!("the wall of the screen {} cannot be read: {fault}", self.id)))?;
        Ok(Credential {
            number: self.id,
            kind,
            workspace: Operator::assume().workspace(self.workspace_id),
            name: self.name,
            origins: self.origins.as_deref().map_or(Ok(Vec::new()), parse_origins)?,
            scopes: Scopes::from_bits(u8::try_from(self.scopes).unwrap_or(0)),
            events: match (&wall, self.event.as_deref()) {
                (Some(wall), None) => wall.events.clone(),
                (_, event) => Events::from_text(event),
            },
            confined: match (&wall, self.view.as_deref()) {
                (Some(wall), _) => Some(Confined::of_wall(wall)),
                // A screen without a wall reads nothing.
                (None, view) => view.or((kind == CredentialKind::Screen).then_some("")).map(|views| Confined {
                    views: views.lines().map(Key::trusted).collect(),
                    partner: self.partner.as_deref().map(Key::trusted),
                    // A word that is unknown hides the most.
                    mask: self.mask.as_deref().map(|word| Mask::parse(word).unwrap_or(Mask::Names)),
                    exports: self.exports,
                    operates: false,
                }),
            },
            wall: self.wall.as_deref().map(Key::trusted),
            member: self.member.map(|number| OfMember {
                number,
                role: self.role.as_deref().and_then(Role::parse),
                events: Events::from_text(self.member_events.as_deref()),
            }),
            // A word that is unknown reaches the least.
            held: self.held.as_deref().map(|word| Role::parse(word).unwrap_or(Role::Viewer)),
            place: self.place,
            used_at: self.used_at.map(UnixMs),
            parent: self.parent,
            root: self.root,
            rate_per_s: self.rate_per_s.and_then(|rate| u32::try_from(rate).ok()),
            created_at: UnixMs(self.created_at),
            expires_at: self.expires_at.map(UnixMs),
            revoked_at: self.revoked_at.map(UnixMs),
        })
    }
}

fn parse_origins(text: &str) -> Result<Vec<Origin>, StoreError> {
    let origins: Vec<String> = serde_json::from_str(text).map_err(|fault| StoreError::Corrupt(format!("origins of a key: {fault}")))?;
    Ok(origins.into_iter().map(Origin::trusted).collect())
}

fn format_origins(origins: &[Origin]) -> Option<String> {
    let texts: Vec<_> = origins.iter().map(Origin::as_str).collect();
    (!texts.is_empty()).then(|| serde_json::json!(texts).to_string())
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
    let epoch = new_epoch()?;
    let begin = Chain::begin(Epoch(epoch.cast_unsigned())).0.to_vec();
    let row: Option<WorkspaceRow> = sqlx::query_as(
        "insert into workspaces (key, folded, name, epoch, recorded_at, chain, chain_pruned) values (?, ?, ?, ?, ?, ?6, ?6)
         on conflict (folded) do nothing returning id, key, name",
    )
    .bind(key.as_str())
    .bind(key.folded().clone())
    .bind(name)
    .bind(epoch)
    .bind(now.0)
    .bind(begin)
    .fetch_optional(&mut *connection)
    .await?;
    let row = row.ok_or_else(|| StoreError::Exists(format!("a workspace with the key {key}")))?;
    views::insert_standard(connection, row.id).await?;
    Ok(row)
}

/// A random identity for a log; not negative, as the database keeps signed numbers.
pub(super) fn new_epoch() -> Result<i64, StoreError> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Unavailable(format!("the machine has no randomness to give: {e}")))?;
    Ok(i64::from_be_bytes(bytes) & i64::MAX)
}

/// Keeps one secret.
pub(super) async fn insert_credential(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    new: NewCredential,
) -> Result<i64, StoreError> {
    // What is made from a credential that was revoked a moment ago is born revoked, and nothing outlives what it was
    // made from: `min` passes over null.
    let confined = new.confined;
    let number: i64 = sqlx::query_scalar(
        "with made_from as (select * from credentials where id = ?7),
              life (ends) as (select min(at) from (select ?9 as at union all select expires_at from made_from))
         insert into credentials (hash, kind, workspace_id, scopes, event, name, parent, created_at, expires_at, ends_at,
             revoked_at, revocation, root, rate_per_s, origins, view, mask, exports, partner, wall, member, place, held)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (select ends from life),
             case when ?2 in ('key', 'site') and ?7 is null then null else (select ends from life) end,
             (select revoked_at from made_from), (select revocation from made_from),
             (select coalesce(root, id) from made_from), coalesce(?10, (select rate_per_s from made_from)), ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             coalesce(?19, (select held from made_from)))
         returning id",
    )
    .bind(new.hash.0.to_vec())
    .bind(new.kind.as_str())
    .bind(workspace.number())
    .bind(i64::from(new.scopes.bits()))
    .bind(new.events.to_text())
    .bind(new.name)
    .bind(new.parent)
    .bind(new.created_at.0)
    .bind(new.expires_at.map(|at| at.0))
    .bind(new.rate_per_s.map(i64::from))
    .bind(format_origins(&new.origins))
    .bind(confined.as_ref().map(|to| to.views.iter().map(|view| view.folded().to_string()).collect::<Vec<_>>().join("\n")))
    .bind(confined.as_ref().and_then(|to| to.mask).map(Mask::as_str))
    .bind(confined.as_ref().is_some_and(|to| to.exports))
    .bind(confined.and_then(|to| to.partner).map(|partner| partner.folded().to_string()))
    .bind(new.wall.map(|wall| wall.folded().to_string()))
    .bind(new.member)
    .bind(new.place)
    .bind(new.held.map(Role::as_str))
    .fetch_one(connection)
    .await?;
    Ok(number)
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
                sqlx::query_as("select id, key, name from workspaces order by folded").fetch_all(&self.inner.apart).await?;
            Ok(rows.into_iter().map(WorkspaceRow::record).collect())
        })
    }

    fn workspace_by_key(&self, _operator: Operator, key: Key) -> Answer<'_, Option<WorkspaceRecord>> {
        Box::pin(async move {
            let row: Option<WorkspaceRow> = sqlx::query_as("select id, key, name from workspaces where folded = ?")
                .bind(key.folded().clone())
                .fetch_optional(&self.inner.apart)
                .await?;
            Ok(row.map(WorkspaceRow::record))
        })
    }

    fn workspace(&self, workspace: WorkspaceId) -> Answer<'_, WorkspaceRecord> {
        Box::pin(async move {
            let row: WorkspaceRow = sqlx::query_as("select id, key, name from workspaces where id = ?")
                .bind(workspace.number())
                .fetch_one(&self.inner.apart)
                .await?;
            Ok(row.record())
        })
    }

    fn create_credentials(&self, workspace: WorkspaceId, new: Vec<NewCredential>) -> Answer<'_, Vec<i64>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = sqlx::Connection::begin(writer.connection().await?).await?;
            let mut numbers = Vec::with_capacity(new.len());
            for new in new {
                let (kind, at, by) = (new.kind, new.created_at, new.by);
                let number = insert_credential(&mut transaction, workspace, new).await?;
                if AUDITED.contains(&kind) {
                    audit::note(&mut transaction, workspace, at, by, audit::Action::Made, kind.as_str(), number, "").await?;
                }
                numbers.push(number);
            }
            transaction.commit().await?;
            Ok(numbers)
        })
    }

    fn shares(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        Box::pin(async move {
            let rows: Vec<CredentialRow> = sqlx::query_as(select("workspace_id = ? and kind = 'share' order by id desc"))
                .bind(workspace.number())
                .fetch_all(&self.inner.apart)
                .await?;
            rows.into_iter().map(CredentialRow::credential).collect()
        })
    }

    fn screens(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        Box::pin(async move {
            let sql = "workspace_id = ? and kind = 'screen' and revoked_at is null order by id";
            let rows: Vec<CredentialRow> = sqlx::query_as(select(sql)).bind(workspace.number()).fetch_all(&self.inner.apart).await?;
            rows.into_iter().map(CredentialRow::credential).collect()
        })
    }

    fn change_screen(&self, workspace: WorkspaceId, number: i64, name: String, wall: Key) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            // By the wall itself, so that no screen is left without one.
            let sql = format!(
                "update credentials set name = ?1, wall = ?2 where id = ?3 and workspace_id = ?4 and kind = 'screen' and revoked_at is null
                 and exists (select 1 from walls w where w.workspace_id = ?4 and w.folded = ?2 and w.deleted = 0)
                 returning {COLUMNS}, revoked_at"
            );
            let row: Option<CredentialRow> = sqlx::query_as(AssertSqlSafe(sql))
                .bind(name)
                .bind(wall.folded().to_string())
                .bind(number)
                .bind(workspace.number())
                .fetch_optional(writer.connection().await?)
                .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn used(&self, number: i64, at: UnixMs) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let sql = "update credentials set used_at = ?1 where id = ?2 and (used_at is null or used_at < ?1)";
            sqlx::query(sql).bind(at.0).bind(number).execute(writer.connection().await?).await?;
            Ok(())
        })
    }

    fn find_credential(&self, hash: KeyHash) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let row: Option<CredentialRow> =
                sqlx::query_as(select("hash = ?")).bind(hash.0.to_vec()).fetch_optional(&self.inner.apart).await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn credential(&self, workspace: WorkspaceId, number: i64) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let row: Option<CredentialRow> = sqlx::query_as(select("id = ? and workspace_id = ?"))
                .bind(number)
                .bind(workspace.number())
                .fetch_optional(&self.inner.apart)
                .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn take_credential(&self, hash: KeyHash, now: UnixMs, opened: Option<Opened>) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            // One statement: of two that come at once, the second finds it taken.
            let sql = format!(
                "update credentials set taken_at = ?1, opened = ?3, resumable_until = ?4, ends_at = coalesce(?4, ?1)
                 where hash = ?2 and kind in ('link', 'ticket', 'invitation', 'reset') and taken_at is null
                 and revoked_at is null and (expires_at is null or expires_at > ?1)
                 returning {COLUMNS}, revoked_at"
            );
            let row: Option<CredentialRow> = sqlx::query_as(AssertSqlSafe(sql))
                .bind(now.0)
                .bind(hash.0.to_vec())
                .bind(opened.map(|o| o.0.to_vec()))
                .bind(opened.map(|_| now.0.saturating_add(RESUMABLE_MS)))
                .fetch_optional(writer.connection().await?)
                .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn resume_credential(&self, hash: KeyHash, now: UnixMs, opened: Opened) -> Answer<'_, Option<Credential>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let sql = format!(
                "update credentials set resumable_until = resumable_until + ?4, ends_at = resumable_until + ?4
                 where hash = ?2 and kind = 'ticket' and opened = ?3 and resumable_until > ?1 and revoked_at is null
                 returning {COLUMNS}, revoked_at"
            );
            let row: Option<CredentialRow> = sqlx::query_as(AssertSqlSafe(sql))
                .bind(now.0)
                .bind(hash.0.to_vec())
                .bind(opened.0.to_vec())
                .bind(RESUMABLE_MS)
                .fetch_optional(writer.connection().await?)
                .await?;
            row.map(CredentialRow::credential).transpose()
        })
    }

    fn is_site_origin(&self, origin: Origin, now: UnixMs) -> Answer<'_, bool> {
        Box::pin(async move {
            // By the primary key of `site_origins`, which has no others than site keys.
            let sql = "select exists (select 1 from site_origins s join credentials c on c.id = s.credential
                 where s.origin = ? and c.revoked_at is null and (c.expires_at is null or c.expires_at > ?))";
            Ok(sqlx::query_scalar(sql).bind(origin.as_str().to_owned()).bind(now.0).fetch_one(&self.inner.apart).await?)
        })
    }

    fn keys(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>> {
        Box::pin(async move {
            let rows: Vec<CredentialRow> = sqlx::query_as(select("workspace_id = ? and kind in ('key', 'site') order by id desc"))
                .bind(workspace.number())
                .fetch_all(&self.inner.apart)
                .await?;
            rows.into_iter().map(CredentialRow::credential).collect()
        })
    }

    fn revoke(&self, workspace: WorkspaceId, number: i64, now: UnixMs, by: Actor) -> Answer<'_, Vec<i64>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = sqlx::Connection::begin(writer.connection().await?).await?;
            // The number is one more than the newest, which is why the sweep leaves that one.
            let revoked: Vec<i64> = sqlx::query_scalar(
                "with recursive made (id) as (
                     select id from credentials where id = ?2 and workspace_id = ?3 and kind in ('key', 'site', 'session', 'share', 'screen') and revoked_at is null
                     union select c.id from made join credentials c on c.parent = made.id),
                 next (number) as (select coalesce(max(revocation), 0) + 1 from credentials where revocation is not null)
                 update credentials set revoked_at = ?1, revocation = (select number from next),
                     ends_at = case when kind in ('key', 'site') and parent is null then null else ?1 end
                 where id in (select id from made) and revoked_at is null returning id",
            )
            .bind(now.0)
            .bind(number)
            .bind(workspace.number())
            .fetch_all(&mut *transaction)
            .await?;
            if revoked.contains(&number) {
                let kind: String =
                    sqlx::query_scalar("select kind from credentials where id = ?").bind(number).fetch_one(&mut *transaction).await?;
                if AUDITED.iter().any(|audited| audited.as_str() == kind) {
                    audit::note(&mut transaction, workspace, now, by, audit::Action::Removed, &kind, number, "").await?;
                }
            }
            transaction.commit().await?;
            Ok(revoked)
        })
    }

    fn revoked_after(&self, _operator: Operator, seen: Option<i64>) -> Answer<'_, Revoked> {
        Box::pin(async move {
            // By `credentials_revocation`; what one second has revoked is little.
            let rows: Vec<(i64, i64)> = match seen {
                Some(seen) => {
                    let sql = "select id, revocation from credentials where revocation > ? order by revocation, id";
                    sqlx::query_as(sql).bind(seen).fetch_all(&self.inner.apart).await?
                }
                None => Vec::new(),
            };
            let up_to = match (rows.last(), seen) {
                (Some((_, newest)), _) => *newest,
                (None, Some(seen)) => seen,
                (None, None) => {
                    let sql = "select coalesce(max(revocation), 0) from credentials where revocation is not null";
                    sqlx::query_scalar(sql).fetch_one(&self.inner.apart).await?
                }
            };
            Ok(Revoked { credentials: rows.into_iter().map(|(id, _)| id).collect(), up_to })
        })
    }

    fn sweep(&self, _operator: Operator, before: UnixMs, seen: i64, rows_max: usize) -> Answer<'_, usize> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let deleted = sqlx::query(
                "delete from credentials where id in (
                     select id from credentials where ends_at < ?1 and coalesce(revocation, 0) <= ?2
                     and id is not (select id from credentials where revocation is not null order by revocation desc, id desc limit 1)
                     order by ends_at limit ?3)",
            )
            .bind(before.0)
            .bind(seen)
            .bind(i64::try_from(rows_max).unwrap_or(i64::MAX))
            .execute(writer.connection().await?)
            .await?;
            Ok(usize::try_from(deleted.rows_affected()).unwrap_or(usize::MAX))
        })
    }
}
