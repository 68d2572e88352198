//! How alerts stand. Written beside the log, as webhooks and credentials are.

use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::SqliteStore;
use super::error::unsigned;
use super::things::{ThingRow, sql};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Key, UnixMs};
use crate::store::{
    AlertBoard, AlertLine, AlertState, Alerting, AlertsKept, Answer, FAULT_BYTES_MAX, HISTORY_MAX, Mute, NamedKind, NoticeRecord,
    StandingAlert, StandingChannel, StoreError, Thing, Turned,
};

#[derive(FromRow)]
struct NoticeRow {
    line: String,
    alert: i64,
    channel: String,
    body: String,
    attempts: i64,
    tried_at: Option<i64>,
    done: bool,
    fault: Option<String>,
}

const NOTICE_COLUMNS: &str = "line, alert, channel, body, attempts, tried_at, done, fault";

impl NoticeRow {
    fn notice(self) -> Result<NoticeRecord, StoreError> {
        Ok(NoticeRecord {
            line: line_id(&self.line)?,
            alert: self.alert,
            channel: Key::trusted(&self.channel),
            body: self.body,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            tried_at: self.tried_at.map(UnixMs),
            done: self.done,
            fault: self.fault,
        })
    }
}

fn line_id(text: &str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(text).map_err(|fault| StoreError::Corrupt(format!("a line of an alert has the id {text:?}: {fault}")))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|fault| StoreError::Corrupt(format!("how an alert stands cannot be read: {fault}")))
}

impl SqliteStore {
    async fn things_of(&self, workspace: WorkspaceId, kind: NamedKind) -> Result<Vec<(i64, Key, Thing)>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(sql(kind).select);
        query.push("where k.workspace_id = ").push_bind(workspace.number()).push(" and k.deleted = 0 order by k.folded");
        let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&self.inner.apart).await?;
        let thing = |row: ThingRow| {
            let id = row.id;
            row.record(kind).map(|record| (id, record.key, record.thing))
        };
        rows.into_iter().map(thing).collect()
    }

    async fn read_board(&self, workspace: WorkspaceId) -> Result<AlertBoard, StoreError> {
        let number = workspace.number();
        let key: String = sqlx::query_scalar("select key from workspaces where id = ?").bind(number).fetch_one(&self.inner.apart).await?;
        let cursor: Option<(i64, Option<String>)> = sqlx::query_as("select seq, mute from alert_cursors where workspace_id = ?")
            .bind(number)
            .fetch_optional(&self.inner.apart)
            .await?;
        let (cursor, mute) = cursor.map_or((None, None), |(seq, mute)| (Some(seq), mute));
        let states: Vec<(i64, String)> =
            sqlx::query_as("select alert, body from alert_states where workspace_id = ?").bind(number).fetch_all(&self.inner.apart).await?;
        let secrets: Vec<(String, String)> = sqlx::query_as("select channel, secret from channel_secrets where workspace_id = ?")
            .bind(number)
            .fetch_all(&self.inner.apart)
            .await?;
        let sql = format!("select {NOTICE_COLUMNS} from alert_notices where workspace_id = ? and done = 0 order by line, channel");
        let waiting: Vec<NoticeRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(number).fetch_all(&self.inner.apart).await?;
        let mut alerts = Vec::new();
        for (number, key, thing) in self.things_of(workspace, NamedKind::Alert).await? {
            let Thing::Alert { name, alert } = thing else { continue };
            let state = states.iter().find(|(of, _)| *of == number).map(|(_, body)| read::<AlertState>(body)).transpose()?;
            alerts.push(StandingAlert { number, key, name, alert: *alert, state });
        }
        let mut channels = Vec::new();
        for (_, key, thing) in self.things_of(workspace, NamedKind::Channel).await? {
            let Thing::Channel { name, channel } = thing else { continue };
            let secret = secrets.iter().find(|(of, _)| **of == **key.folded()).map(|(_, secret)| secret.clone());
            channels.push(StandingChannel { key, name, channel: *channel, secret });
        }
        Ok(AlertBoard {
            workspace: key,
            cursor: cursor.map(unsigned).transpose()?,
            mute: mute.as_deref().map(read::<Mute>).transpose()?,
            alerts,
            channels,
            waiting: waiting.into_iter().map(NoticeRow::notice).collect::<Result<_, _>>()?,
        })
    }

    async fn write_alerts(&self, workspace: WorkspaceId, kept: AlertsKept) -> Result<(), StoreError> {
        let mut writer = self.inner.writer.lock().await;
        let mut transaction = sqlx::Connection::begin(writer.connection().await?).await?;
        let number = workspace.number();
        sqlx::query(
            "insert into alert_cursors (workspace_id, seq, mute) values (?1, ?2, ?3)
             on conflict (workspace_id) do update set seq = ?2, mute = ?3",
        )
        .bind(number)
        .bind(i64::try_from(kept.cursor).unwrap_or(i64::MAX))
        .bind(kept.mute.and_then(|mute| serde_json::to_string(&mute).ok()))
        .execute(&mut *transaction)
        .await?;
        for (alert, state) in kept.states {
            sqlx::query(
                "insert into alert_states (alert, workspace_id, body) values (?1, ?2, ?3) on conflict (alert) do update set body = ?3",
            )
            .bind(alert)
            .bind(number)
            .bind(state.to_json())
            .execute(&mut *transaction)
            .await?;
        }
        for line in kept.lines {
            sqlx::query("insert into alert_lines (id, alert, at, turned, by, body) values (?, ?, ?, ?, ?, ?) on conflict (id) do nothing")
                .bind(line.id.to_string())
                .bind(line.alert)
                .bind(line.at.0)
                .bind(line.turned.as_str())
                .bind(line.by)
                .bind(line.text)
                .execute(&mut *transaction)
                .await?;
            // The oldest go, and what was told of them.
            let gone: Vec<String> = sqlx::query_scalar(
                "delete from alert_lines where id in (select id from alert_lines where alert = ? order by at desc, id desc limit -1 offset ?)
                 returning id",
            )
            .bind(line.alert)
            .bind(i64::try_from(HISTORY_MAX).unwrap_or(i64::MAX))
            .fetch_all(&mut *transaction)
            .await?;
            for id in gone {
                sqlx::query("delete from alert_notices where line = ?").bind(id).execute(&mut *transaction).await?;
            }
        }
        for notice in kept.notices {
            let fault = notice.fault.map(|mut fault| {
                fault.truncate(fault.floor_char_boundary(FAULT_BYTES_MAX));
                fault
            });
            sqlx::query(
                "insert into alert_notices (line, channel, workspace_id, alert, body, attempts, tried_at, done, fault)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 on conflict (line, channel) do update set attempts = ?6, tried_at = ?7, done = ?8, fault = ?9",
            )
            .bind(notice.line.to_string())
            .bind(notice.channel.folded().to_string())
            .bind(number)
            .bind(notice.alert)
            .bind(notice.body)
            .bind(i64::from(notice.attempts))
            .bind(notice.tried_at.map(|at| at.0))
            .bind(notice.done)
            .bind(fault)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn read_history(
        &self,
        workspace: WorkspaceId,
        alert: Key,
        limit: usize,
    ) -> Result<Vec<(AlertLine, Vec<NoticeRecord>)>, StoreError> {
        let rows: Vec<(String, i64, i64, String, Option<String>, String)> = sqlx::query_as(
            "select l.id, l.alert, l.at, l.turned, l.by, l.body from alert_lines l join alerts a on a.id = l.alert
             where a.workspace_id = ? and a.folded = ? and a.deleted = 0 order by l.at desc, l.id desc limit ?",
        )
        .bind(workspace.number())
        .bind(alert.folded().to_string())
        .bind(i64::try_from(limit.min(HISTORY_MAX)).unwrap_or(i64::MAX))
        .fetch_all(&self.inner.apart)
        .await?;
        let mut history = Vec::with_capacity(rows.len());
        for (id, alert, at, turned, by, text) in rows {
            let sql = format!("select {NOTICE_COLUMNS} from alert_notices where line = ? order by channel");
            let notices: Vec<NoticeRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(&id).fetch_all(&self.inner.apart).await?;
            let turned = Turned::parse(&turned).ok_or_else(|| StoreError::Corrupt(format!("an alert has {turned}")))?;
            let line = AlertLine { id: line_id(&id)?, alert, at: UnixMs(at), turned, by, text };
            history.push((line, notices.into_iter().map(NoticeRow::notice).collect::<Result<_, _>>()?));
        }
        Ok(history)
    }
}

impl Alerting for SqliteStore {
    fn alerted(&self, operator: Operator) -> Answer<'_, Vec<WorkspaceId>> {
        Box::pin(async move {
            let sql = "select workspace_id from alerts where deleted = 0 union select workspace_id from channels where deleted = 0";
            let numbers: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&self.inner.apart).await?;
            Ok(numbers.into_iter().map(|number| operator.workspace(number)).collect())
        })
    }

    fn board(&self, workspace: WorkspaceId) -> Answer<'_, AlertBoard> {
        Box::pin(self.read_board(workspace))
    }

    fn keep_alerts(&self, workspace: WorkspaceId, kept: AlertsKept) -> Answer<'_, ()> {
        Box::pin(self.write_alerts(workspace, kept))
    }

    fn alert_history(&self, workspace: WorkspaceId, alert: Key, limit: usize) -> Answer<'_, Vec<(AlertLine, Vec<NoticeRecord>)>> {
        Box::pin(self.read_history(workspace, alert, limit))
    }

    fn channel_secret(&self, workspace: WorkspaceId, channel: Key, secret: String, only_new: bool) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let sql = match only_new {
                true => "insert into channel_secrets (workspace_id, channel, secret) values (?1, ?2, ?3) on conflict do nothing",
                false => {
                    "insert into channel_secrets (workspace_id, channel, secret) values (?1, ?2, ?3)
                     on conflict (workspace_id, channel) do update set secret = ?3"
                }
            };
            let written = sqlx::query(sql)
                .bind(workspace.number())
                .bind(channel.folded().to_string())
                .bind(secret)
                .execute(writer.connection().await?)
                .await?;
            Ok(written.rows_affected() > 0)
        })
    }
}
