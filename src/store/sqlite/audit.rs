//! Who has changed what: rows that are written in the transaction of the change itself, and never changed. They name things by
//! kind and number and tell which fields changed, never what stood in them.

use sqlx::sqlite::SqliteConnection;

use super::statements::ManyRows;
use super::writer::{Transaction, bind};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::UnixMs;
use crate::store::{NamedKind, StoreError};

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
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One change of one thing.
#[derive(Debug)]
pub(super) struct AuditRow {
    pub workspace: WorkspaceId,
    pub by: Actor,
    pub action: Action,
    pub kind: NamedKind,
    /// Number of the thing.
    pub number: i64,
    /// Names of the fields that changed.
    pub fields: Vec<&'static str>,
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
            bind(to, row.kind.as_str())?;
            bind(to, row.number)?;
            bind(to, row.fields.join(","))
        })
        .await
    }
}
