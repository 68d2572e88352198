//! Who has changed what: rows that are written in the transaction of the change itself, and never changed. They name things by
//! kind and number and tell which fields changed, never what stood in them.

use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::statements::ManyRows;
use super::writer::{Transaction, bind};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::Seq;
use crate::domain::UnixMs;
use crate::store::{Answer, Audit, AuditEntry, StoreError};
use sqlx::FromRow;

const INSERT: ManyRows = ManyRows {
    head: "insert into audit (workspace_id, at, actor, actor_number, action, kind, number, fields) values ",
    row: "(?,?,?,?,?,?,?,?)",
    tail: "",
};

/// What was done with a thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// It was made, or made anew.
    Made,
    /// Fields of it were changed.
    Changed,
    /// It was deleted.
    Removed,
    /// It was taken out.
    Exported,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Exported => "exported",
        }
    }
}

/// One change of one thing.
#[derive(Debug)]
pub(super) struct AuditRow {
    pub workspace: WorkspaceId,
    pub by: Actor,
    pub action: Action,
    /// The word of what it was.
    pub kind: &'static str,
    /// Number of the thing.
    pub number: i64,
    /// Names of the fields that changed.
    pub fields: Vec<&'static str>,
}

impl AuditRow {
    /// One of an activity, by its place in the log.
    pub fn of_activity(workspace: WorkspaceId, by: Actor, action: Action, seq: Seq, fields: Vec<&'static str>) -> Self {
        Self { workspace, by, action, kind: "activity", number: i64::try_from(seq).unwrap_or(i64::MAX), fields }
    }
}

/// Writes one row, in a transaction of the caller's.
#[expect(clippy::too_many_arguments, reason = "the columns of a row")]
pub(super) async fn note(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    at: UnixMs,
    by: Actor,
    action: Action,
    kind: &str,
    number: i64,
    fields: &str,
) -> Result<(), StoreError> {
    let sql = "insert into audit (workspace_id, at, actor, actor_number, action, kind, number, fields) values (?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(workspace.number())
        .bind(at.0)
        .bind(by.kind())
        .bind(by.number())
        .bind(action.as_str())
        .bind(kind)
        .bind(number)
        .bind(fields)
        .execute(connection)
        .await?;
    Ok(())
}

impl Transaction<'_> {
    /// Writes what was noted, all changes of the transaction in as few statements as there are sizes.
    pub(super) async fn write_audit(&mut self) -> Result<(), StoreError> {
        let (rows, at) = (std::mem::take(&mut self.audit), self.now.0);
        self.insert(INSERT, rows, |to, row| {
            bind(to, row.workspace.number())?;
            bind(to, at)?;
            bind(to, row.by.kind())?;
            bind(to, row.by.number())?;
            bind(to, row.action.as_str())?;
            bind(to, row.kind)?;
            bind(to, row.number)?;
            bind(to, row.fields.join(","))
        })
        .await
    }
}

/// Lines with what they are about: its key by its number, while it is there.
const SELECT: &str = "select a.id, a.at, a.actor, a.actor_number, a.action, a.kind, a.number, a.fields,
    case a.actor
        when 'member' then (select p.email from members m join people p on p.id = m.person where m.id = a.actor_number)
        when 'key' then (select c.name from credentials c where c.id = a.actor_number) end as called,
    case a.kind
        when 'event' then (select t.key from events t where t.id = a.number)
        when 'partner' then (select t.key from partners t where t.id = a.number)
        when 'message' then (select t.key from messages t where t.id = a.number)
        when 'campaign' then (select t.key from campaigns t where t.id = a.number)
        when 'view' then (select t.key from views t where t.id = a.number)
        when 'wall' then (select t.key from walls t where t.id = a.number)
        when 'channel' then (select t.key from channels t where t.id = a.number)
        when 'alert' then (select t.key from alerts t where t.id = a.number)
        when 'member' then (select p.email from members m join people p on p.id = m.person where m.id = a.number)
        else (select nullif(c.name, '') from credentials c where c.id = a.number and c.kind = a.kind) end as key
    from audit a where a.workspace_id = ? and a.id < ? order by a.id desc limit ?";

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    actor: String,
    actor_number: Option<i64>,
    action: String,
    kind: String,
    number: i64,
    fields: String,
    called: Option<String>,
    key: Option<String>,
}

impl Audit for SqliteStore {
    fn page(&self, workspace: WorkspaceId, before: Option<i64>, limit: usize) -> Answer<'_, Vec<AuditEntry>> {
        Box::pin(async move {
            let rows: Vec<Row> = sqlx::query_as(SELECT)
                .bind(workspace.number())
                .bind(before.unwrap_or(i64::MAX))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.inner.apart)
                .await?;
            let entry = |row: Row| AuditEntry {
                number: row.id,
                at: UnixMs(row.at),
                by: Actor::parse(&row.actor, row.actor_number),
                called: row.called.filter(|called| !called.is_empty()),
                action: row.action,
                kind: row.kind,
                of: row.number,
                key: row.key,
                fields: row.fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect(),
            };
            Ok(rows.into_iter().map(entry).collect())
        })
    }

    fn exported(&self, workspace: WorkspaceId, by: Actor) -> Answer<'_, ()> {
        Box::pin(async move {
            let now = self.inner.clock.now();
            let mut writer = self.inner.writer.lock().await;
            note(writer.connection().await?, workspace, now, by, Action::Exported, "activities", 0, "").await
        })
    }
}
