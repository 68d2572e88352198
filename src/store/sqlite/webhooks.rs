//! Webhooks and how far they have come, in a table of their own. They are written beside the log, as credentials are.

use sqlx::{AssertSqlSafe, FromRow};

use super::SqliteStore;
use super::error::unsigned;
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Events, Key, Seq, UnixMs};
use crate::store::{Answer, FAULT_BYTES_MAX, PutWebhook, StoreError, WEBHOOKS_MAX, Webhook, WebhookProgress, WebhookTerms, Webhooks};

const COLUMNS: &str =
    "id, workspace_id, key, url, view, event, enabled, secret, secret_before, secret_before_until, created_at, cursor, batch_to,
    attempts, tried_at, answered, fault, next_at, ended";

fn select(condition: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("select {COLUMNS} from webhooks where {condition}"))
}

#[derive(FromRow)]
struct WebhookRow {
    id: i64,
    workspace_id: i64,
    key: String,
    url: String,
    view: String,
    event: Option<String>,
    enabled: bool,
    secret: String,
    secret_before: Option<String>,
    secret_before_until: Option<i64>,
    created_at: i64,
    cursor: i64,
    batch_to: Option<i64>,
    attempts: i64,
    tried_at: Option<i64>,
    answered: Option<i64>,
    fault: Option<String>,
    next_at: Option<i64>,
    ended: bool,
}

impl WebhookRow {
    fn webhook(self) -> Result<Webhook, StoreError> {
        Ok(Webhook {
            number: self.id,
            workspace: Operator::assume().workspace(self.workspace_id),
            key: Key::trusted(&self.key),
            terms: WebhookTerms {
                url: self.url,
                view: Key::trusted(&self.view),
                events: Events::from_text(self.event.as_deref()),
                enabled: self.enabled,
            },
            secret: self.secret,
            secret_before: self.secret_before.zip(self.secret_before_until.map(UnixMs)),
            created_at: UnixMs(self.created_at),
            progress: WebhookProgress {
                cursor: unsigned(self.cursor)?,
                batch_to: self.batch_to.map(unsigned).transpose()?,
                attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
                tried_at: self.tried_at.map(UnixMs),
                answered: self.answered.and_then(|status| u16::try_from(status).ok()),
                fault: self.fault,
                next_at: self.next_at.map(UnixMs),
                ended: self.ended,
            },
        })
    }
}

fn signed(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

impl Webhooks for SqliteStore {
    fn all(&self, _: Operator) -> Answer<'_, Vec<Webhook>> {
        Box::pin(async move {
            let rows: Vec<WebhookRow> = sqlx::query_as(select("true order by id")).fetch_all(&self.inner.apart).await?;
            rows.into_iter().map(WebhookRow::webhook).collect()
        })
    }

    fn list(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Webhook>> {
        Box::pin(async move {
            let sql = select("workspace_id = ? order by folded");
            let rows: Vec<WebhookRow> = sqlx::query_as(sql).bind(workspace.number()).fetch_all(&self.inner.apart).await?;
            rows.into_iter().map(WebhookRow::webhook).collect()
        })
    }

    fn one(&self, workspace: WorkspaceId, key: Key) -> Answer<'_, Option<Webhook>> {
        Box::pin(async move {
            let found = sqlx::query_as(select("workspace_id = ? and folded = ?")).bind(workspace.number()).bind(key.folded().to_string());
            let row: Option<WebhookRow> = found.fetch_optional(&self.inner.apart).await?;
            row.map(WebhookRow::webhook).transpose()
        })
    }

    fn put(&self, workspace: WorkspaceId, put: PutWebhook) -> Answer<'_, (bool, Webhook)> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = sqlx::Connection::begin(writer.connection().await?).await?;
            let there: Vec<String> = sqlx::query_scalar("select folded from webhooks where workspace_id = ?")
                .bind(workspace.number())
                .fetch_all(&mut *transaction)
                .await?;
            let made = !there.iter().any(|folded| **folded == **put.key.folded());
            if made && there.len() >= WEBHOOKS_MAX {
                return Err(StoreError::Refused(format!("a workspace has {WEBHOOKS_MAX} webhooks at most; delete one first")));
            }
            let sql = format!(
                "insert into webhooks (workspace_id, key, folded, url, view, event, enabled, secret, created_at, cursor)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce(?10, (select seq from workspaces where id = ?1)))
                 on conflict (workspace_id, folded) do update set url = ?4, view = ?5, event = ?6, enabled = ?7, cursor = coalesce(?10, cursor),
                     batch_to = case when ?10 is null and view = ?5 then batch_to end, attempts = 0, next_at = null, ended = 0
                 returning {COLUMNS}"
            );
            let row: WebhookRow = sqlx::query_as(AssertSqlSafe(sql))
                .bind(workspace.number())
                .bind(put.key.as_str().to_owned())
                .bind(put.key.folded().to_string())
                .bind(put.terms.url)
                .bind(put.terms.view.folded().to_string())
                .bind(put.terms.events.to_text())
                .bind(put.terms.enabled)
                .bind(put.secret)
                .bind(put.at.0)
                .bind(put.after.map(signed))
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok((made, row.webhook()?))
        })
    }

    fn remove(&self, workspace: WorkspaceId, key: Key) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let gone = sqlx::query("delete from webhooks where workspace_id = ? and folded = ?")
                .bind(workspace.number())
                .bind(key.folded().to_string())
                .execute(writer.connection().await?)
                .await?;
            Ok(gone.rows_affected() > 0)
        })
    }

    fn rotate(&self, workspace: WorkspaceId, key: Key, secret: String, before_until: UnixMs) -> Answer<'_, Option<Webhook>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let sql = format!(
                "update webhooks set secret_before = secret, secret_before_until = ?4, secret = ?3
                 where workspace_id = ?1 and folded = ?2 returning {COLUMNS}"
            );
            let row: Option<WebhookRow> = sqlx::query_as(AssertSqlSafe(sql))
                .bind(workspace.number())
                .bind(key.folded().to_string())
                .bind(secret)
                .bind(before_until.0)
                .fetch_optional(writer.connection().await?)
                .await?;
            row.map(WebhookRow::webhook).transpose()
        })
    }

    fn progress(&self, workspace: WorkspaceId, number: i64, from: Seq, progress: WebhookProgress) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let fault = progress.fault.map(|mut fault| {
                fault.truncate(fault.floor_char_boundary(FAULT_BYTES_MAX));
                fault
            });
            let kept = sqlx::query(
                "update webhooks set cursor = ?4, batch_to = ?5, attempts = ?6, tried_at = ?7, answered = ?8, fault = ?9, next_at = ?10, ended = ?11
                 where id = ?1 and workspace_id = ?2 and cursor = ?3",
            )
            .bind(number)
            .bind(workspace.number())
            .bind(signed(from))
            .bind(signed(progress.cursor))
            .bind(progress.batch_to.map(signed))
            .bind(i64::from(progress.attempts))
            .bind(progress.tried_at.map(|at| at.0))
            .bind(progress.answered.map(i64::from))
            .bind(fault)
            .bind(progress.next_at.map(|at| at.0))
            .bind(progress.ended)
            .execute(writer.connection().await?)
            .await?;
            Ok(kept.rows_affected() > 0)
        })
    }
}
