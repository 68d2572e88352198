//! What `tidings check` looks at: the file itself, and what the log promises.

use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::check_chain;
use super::error::unsigned;
use super::place::{place, seq_of};
use super::tallies;
use crate::auth::{Operator, WorkspaceId};
use crate::domain::Seq;
use crate::store::{Finding, StoreError};

/// Faults of one kind that are told.
const FINDINGS_MAX: i64 = 20;

impl SqliteStore {
    pub(super) async fn read_whole(&self) -> Result<Vec<Finding>, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let findings = check_within(&mut transaction).await;
        transaction.rollback().await?;
        findings
    }
}

/// The same on a connection that sees one state.
pub(super) async fn check_within(connection: &mut SqliteConnection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let file: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut *connection).await?;
    findings.extend(file.into_iter().filter(|line| line != "ok").map(|text| Finding { workspace: None, text }));
    let workspaces: Vec<(i64, String, i64, i64)> =
        sqlx::query_as("select id, key, seq, pruned from workspaces order by id").fetch_all(&mut *connection).await?;
    for (number, key, head, pruned) in workspaces {
        let workspace = Operator::assume().workspace(number);
        let mut texts = holes(connection, workspace, unsigned(pruned)?, unsigned(head)?).await?;
        texts.extend(ids(connection, workspace).await?);
        texts.extend(corrections(connection, workspace).await?);
        texts.extend(check_chain::faults(connection, workspace, unsigned(pruned)?).await?);
        texts.extend(tallies::faults(connection, workspace).await?);
        findings.extend(texts.into_iter().map(|text| Finding { workspace: Some(key.clone()), text }));
    }
    Ok(findings)
}

/// Seqs run from the one after what was pruned to the head, and times never go back.
async fn holes(connection: &mut SqliteConnection, workspace: WorkspaceId, pruned: Seq, head: Seq) -> Result<Vec<String>, StoreError> {
    let faults: Vec<(i64, i64, bool)> = sqlx::query_as(
        "select place, before, backwards from (
             select place, lag(place) over w as before, recorded_at < lag(recorded_at) over w as backwards
             from entries where place > ?1 and place <= ?2 window w as (order by place))
         where place <> before + 1 or backwards limit ?3",
    )
    .bind(place(workspace, 0))
    .bind(place(workspace, Seq::MAX))
    .bind(FINDINGS_MAX)
    .fetch_all(&mut *connection)
    .await?;
    let mut texts: Vec<String> = faults
        .into_iter()
        .map(|(at, before, backwards)| match backwards {
            true => format!("entry {} was recorded before entry {}", seq_of(at), seq_of(before)),
            false => format!("after entry {} comes entry {}", seq_of(before), seq_of(at)),
        })
        .collect();
    let (first, last): (Option<i64>, Option<i64>) =
        sqlx::query_as("select min(place), max(place) from entries where place > ?1 and place <= ?2")
            .bind(place(workspace, 0))
            .bind(place(workspace, Seq::MAX))
            .fetch_one(connection)
            .await?;
    let (first, last) = (first.map_or(pruned + 1, seq_of), last.map_or(pruned, seq_of));
    if first != pruned + 1 {
        texts.push(format!("the log begins with entry {first}; it was pruned up to {pruned}"));
    }
    if last != head {
        texts.push(format!("the log ends with entry {last}; its head is {head}"));
    }
    Ok(texts)
}

/// Each activity has its id, and each id that is not pruned has its activity.
async fn ids(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    let without_id: Vec<(i64,)> = sqlx::query_as(
        "select n.place from entries n left join activity_ids i on i.workspace_id = ?1 and i.id = n.id
         where n.place > ?2 and n.place <= ?3 and n.kind = 0
         and (i.seq is null or i.workspace_id << 40 | i.seq <> n.place or i.recorded_at <> n.recorded_at) limit ?4",
    )
    .bind(workspace.number())
    .bind(place(workspace, 0))
    .bind(place(workspace, Seq::MAX))
    .bind(FINDINGS_MAX)
    .fetch_all(&mut *connection)
    .await?;
    let without_entry: Vec<(i64,)> = sqlx::query_as(
        "select i.seq from activity_ids i join workspaces w on w.id = i.workspace_id
         left join entries n on n.place = (i.workspace_id << 40 | i.seq)
         where i.workspace_id = ?1 and i.seq > w.pruned and (n.id is null or n.id <> i.id) limit ?2",
    )
    .bind(workspace.number())
    .bind(FINDINGS_MAX)
    .fetch_all(connection)
    .await?;
    let without_id = without_id.into_iter().map(|(at,)| format!("the table of ids does not agree with activity {}", seq_of(at)));
    let without_entry = without_entry.into_iter().map(|(seq,)| format!("the table of ids names activity {seq}, which is not there"));
    Ok(without_id.chain(without_entry).collect())
}

/// What a correction names is an activity before it, and the last one of each is what the row says.
async fn corrections(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    let astray: Vec<(i64,)> = sqlx::query_as(
        "select a.place from entries a indexed by entries_barrier join workspaces w on w.id = ?1
         left join entries n on n.place = (?1 << 40 | (a.body ->> '$.target'))
         where a.kind <> 0 and a.kind in (2, 3) and a.place > ?2 and a.place <= ?3 and a.body ->> '$.target' > w.pruned
         and (n.kind is null or n.kind <> 0 or n.place >= a.place or n.corrected is null or n.corrected < a.place & ((1 << 40) - 1)) limit ?4",
    )
    .bind(workspace.number())
    .bind(place(workspace, 0))
    .bind(place(workspace, Seq::MAX))
    .bind(FINDINGS_MAX)
    .fetch_all(&mut *connection)
    .await?;
    let otherwise: Vec<(i64,)> = sqlx::query_as(
        "select n.place from entries n left join entries a on a.place = (?1 << 40 | n.corrected)
         where n.place > ?2 and n.place <= ?3 and n.corrected is not null and (a.body ->> '$.target' is not n.place & ((1 << 40) - 1)
         or case a.kind
            when 2 then n.body ->> '$.grade' is not a.body ->> '$.after.grade' or n.body -> '$.grade_reasons' is not a.body -> '$.after.reasons'
            when 3 then coalesce(n.body, n.search, n.partner_id, n.occurred_at) is not null
            else true end) limit ?4",
    )
    .bind(workspace.number())
    .bind(place(workspace, 0))
    .bind(place(workspace, Seq::MAX))
    .bind(FINDINGS_MAX)
    .fetch_all(connection)
    .await?;
    let astray = astray.into_iter().map(|(at,)| format!("entry {} corrects what is not there, or has left no trace", seq_of(at)));
    let otherwise = otherwise.into_iter().map(|(at,)| format!("activity {} is not as its last correction left it", seq_of(at)));
    Ok(astray.chain(otherwise).collect())
}
