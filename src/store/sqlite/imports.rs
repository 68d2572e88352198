//! Imports of partner lists, in tables of their own, written beside the directory.

use sqlx::{Connection as _, FromRow};

use super::SqliteStore;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Key, UnixMs};
use crate::store::{Answer, Import, ImportRow, ImportState, Imports, NewImport, StoreError, UNDO_MS, partner_from_json, partner_to_json};

const SELECT: &str =
    "select id, event, at, actor, actor_number, tag, mapping, made, changed, same, state from imports where workspace_id = ? and ";

#[derive(FromRow)]
struct Row {
    id: i64,
    event: String,
    at: i64,
    actor: String,
    actor_number: Option<i64>,
    tag: String,
    mapping: String,
    made: i64,
    changed: i64,
    same: i64,
    state: i64,
}

impl Row {
    fn import(self) -> Import {
        Import {
            number: self.id,
            list: NewImport {
                event: Key::trusted(&self.event),
                at: UnixMs(self.at),
                by: Actor::parse(&self.actor, self.actor_number),
                tag: self.tag,
                mapping: self.mapping,
                new: unsigned(self.made),
                changed: unsigned(self.changed),
                same: unsigned(self.same),
            },
            state: match self.state {
                0 => ImportState::Begun,
                1 => ImportState::Done,
                _ => ImportState::Undone,
            },
        }
    }
}

const fn number(state: ImportState) -> i64 {
    match state {
        ImportState::Begun => 0,
        ImportState::Done => 1,
        ImportState::Undone => 2,
    }
}

fn unsigned(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Imports for SqliteStore {
    fn begin(&self, workspace: WorkspaceId, new: NewImport) -> Answer<'_, i64> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            let past = new.at.0.saturating_sub(UNDO_MS);
            sqlx::query("delete from import_rows where import in (select id from imports where at < ?)")
                .bind(past)
                .execute(&mut *transaction)
                .await?;
            let sql = "insert into imports (workspace_id, event, at, actor, actor_number, tag, mapping, made, changed, same)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id";
            let made: i64 = sqlx::query_scalar(sql)
                .bind(workspace.number())
                .bind(new.event.folded().to_string())
                .bind(new.at.0)
                .bind(new.by.kind())
                .bind(new.by.number())
                .bind(new.tag)
                .bind(new.mapping)
                .bind(signed(new.new))
                .bind(signed(new.changed))
                .bind(signed(new.same))
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(made)
        })
    }

    fn note(&self, import: i64, rows: Vec<ImportRow>) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            for row in rows {
                sqlx::query("insert into import_rows (import, key, was, became) values (?, ?, ?, ?) on conflict do nothing")
                    .bind(import)
                    .bind(row.key.as_str().to_owned())
                    .bind(row.was.as_ref().and_then(partner_to_json))
                    .bind(partner_to_json(&row.became).unwrap_or_default())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(())
        })
    }

    fn settle(&self, workspace: WorkspaceId, import: i64, state: ImportState) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            sqlx::query("update imports set state = ? where workspace_id = ? and id = ?")
                .bind(number(state))
                .bind(workspace.number())
                .bind(import)
                .execute(writer.connection().await?)
                .await?;
            Ok(())
        })
    }

    fn of_event(&self, workspace: WorkspaceId, event: Key) -> Answer<'_, Vec<Import>> {
        Box::pin(async move {
            let sql = sqlx::AssertSqlSafe(format!("{SELECT} event = ? order by id desc limit 100"));
            let rows: Vec<Row> =
                sqlx::query_as(sql).bind(workspace.number()).bind(event.folded().to_string()).fetch_all(&self.inner.apart).await?;
            Ok(rows.into_iter().map(Row::import).collect())
        })
    }

    fn import(&self, workspace: WorkspaceId, import: i64) -> Answer<'_, Option<Import>> {
        Box::pin(async move {
            let sql = sqlx::AssertSqlSafe(format!("{SELECT} id = ?"));
            let row: Option<Row> = sqlx::query_as(sql).bind(workspace.number()).bind(import).fetch_optional(&self.inner.apart).await?;
            Ok(row.map(Row::import))
        })
    }

    fn rows(&self, workspace: WorkspaceId, import: i64) -> Answer<'_, Vec<ImportRow>> {
        Box::pin(async move {
            let sql = "select r.key, r.was, r.became from import_rows r join imports i on i.id = r.import
                where i.workspace_id = ? and i.id = ? order by r.key";
            let rows: Vec<(String, Option<String>, String)> =
                sqlx::query_as(sql).bind(workspace.number()).bind(import).fetch_all(&self.inner.apart).await?;
            let corrupt = |fault: String| StoreError::Corrupt(format!("what the import {import} did cannot be read: {fault}"));
            let read = |(key, was, became): (String, Option<String>, String)| {
                Ok(ImportRow {
                    key: Key::trusted(&key),
                    was: was.as_deref().map(partner_from_json).transpose().map_err(corrupt)?,
                    became: partner_from_json(&became).map_err(corrupt)?,
                })
            };
            rows.into_iter().map(read).collect()
        })
    }
}
