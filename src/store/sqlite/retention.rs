//! How long logs are kept, and the start of a log that goes.

use std::time::Instant;

use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::audit::{Action, AuditRow};
use super::chain::{Chain, chain_after};
use super::place::{place, seq_of};
use super::scan::{Range, head, recorded_at};
use super::tallies::keep_gone;
use super::writer::Transaction;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::Seq;
use crate::store::{Answer, Keeping, Kept, Outcome, Prune, Pruned, Retention, StoreError};

/// The flavor that stands for all.
const ALL: &str = "";

impl Transaction<'_> {
    /// Keeps how long a log is kept.
    pub(super) async fn retain(&mut self, workspace: WorkspaceId, retention: Retention, by: Actor) -> Result<Outcome, StoreError> {
        sqlx::query("delete from retention where workspace_id = ?").bind(workspace.number()).execute(&mut *self.connection).await?;
        if let Some(days) = retention.days {
            sqlx::query("insert into retention (workspace_id, flavor, days) values (?, ?, ?)")
                .bind(workspace.number())
                .bind(ALL)
                .bind(i64::from(days))
                .execute(&mut *self.connection)
                .await?;
        }
        let (action, kind, number, fields) = (Action::Changed, "retention", 0, vec!["days"]);
        self.audit.push(AuditRow { workspace, by, action, kind, number, fields });
        let kept = kept_within(self.connection, workspace).await?;
        Ok(Outcome::Retained(kept))
    }

    /// Takes away the start of a log. Entries of this very transaction may be among it: they are written before.
    pub(super) async fn prune(&mut self, prune: Prune) -> Result<Outcome, StoreError> {
        let begun = Instant::now();
        let Prune { workspace, before, rows_max } = prune;
        let head = self.log(workspace).await?.head;
        let up_to = head.pruned.saturating_add(rows_max.max(1)).min(head.seq);
        // `recorded_at` never goes back: what is older is the start of the log, whole.
        let last: Option<i64> = sqlx::query_scalar("select max(place) from entries where place > ? and place <= ? and recorded_at < ?")
            .bind(place(workspace, head.pruned))
            .bind(place(workspace, up_to))
            .bind(before.0)
            .fetch_one(&mut *self.connection)
            .await?;
        let Some(last) = last.map(seq_of) else {
            return Ok(Outcome::Pruned(Pruned { up_to: head.pruned, rows: 0, took: begun.elapsed() }));
        };
        keep_gone(self.connection, workspace, Range { low: head.pruned, high: last }).await?;
        let begins: Vec<u8> = sqlx::query_scalar("select chain_pruned from workspaces where id = ?")
            .bind(workspace.number())
            .fetch_one(&mut *self.connection)
            .await?;
        let gone = Range { low: head.pruned, high: last };
        let begins = chain_after(self.connection, workspace, Chain::read(&begins)?, gone).await?;
        sqlx::query("delete from entries where place > ? and place <= ?")
            .bind(place(workspace, head.pruned))
            .bind(place(workspace, last))
            .execute(&mut *self.connection)
            .await?;
        sqlx::query("update workspaces set pruned = ?, chain_pruned = ? where id = ?")
            .bind(i64::try_from(last).unwrap_or(i64::MAX))
            .bind(begins.0.to_vec())
            .bind(workspace.number())
            .execute(&mut *self.connection)
            .await?;
        self.log(workspace).await?.head.pruned = last;
        self.pruned.push((workspace, last));
        Ok(Outcome::Pruned(Pruned { up_to: last, rows: last - head.pruned, took: begun.elapsed() }))
    }
}

async fn kept_within(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Kept, StoreError> {
    let days: Option<i64> = sqlx::query_scalar("select days from retention where workspace_id = ? and flavor = ?")
        .bind(workspace.number())
        .bind(ALL)
        .fetch_optional(&mut *connection)
        .await?;
    let head = head(connection, workspace).await?;
    let oldest = recorded_at(connection, workspace, Range { low: head.pruned, high: Seq::MAX }).await?.map(|(_, at)| at);
    let since = (head.pruned > 0).then_some(oldest.unwrap_or(head.recorded_at));
    Ok(Kept { retention: Retention { days: days.and_then(|days| u32::try_from(days).ok()) }, oldest, since })
}

impl Keeping for SqliteStore {
    fn kept(&self, workspace: WorkspaceId) -> Answer<'_, Kept> {
        Box::pin(async move {
            let mut transaction = self.inner.apart.begin().await?;
            let kept = kept_within(&mut transaction, workspace).await;
            transaction.rollback().await?;
            kept
        })
    }
}
