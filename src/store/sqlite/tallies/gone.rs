//! What was pruned, kept for the tallies that count it still.

use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::error::unsigned;
use super::super::place::{place, seq_of};
use super::fold::read_step;
use crate::auth::WorkspaceId;
use crate::domain::{Range, Seq};
use crate::store::StoreError;
use crate::tallies::Gone;

/// Steps of pruning that are kept of one log; at more the oldest go, and tallies that have not taken them are folded anew.
const GONE_STEPS_MAX: i64 = 1_024;

/// Keeps what the rows of a range count for, right before they are deleted: the start of a log.
pub(in super::super) async fn keep_gone(connection: &mut SqliteConnection, workspace: WorkspaceId, range: Range) -> Result<(), StoreError> {
    let step = read_step(connection, workspace, range).await?;
    let gone = Gone::of(range.low + 1, range.high, &step.read()?);
    sqlx::query("insert into pruned_shares (place, first, shares) values (?, ?, ?)")
        .bind(place(workspace, gone.last))
        .bind(gone.first.cast_signed())
        .bind(gone.encode())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "delete from pruned_shares where place > ?1 and place <=
             (select place from pruned_shares where place > ?1 and place <= ?2 order by place desc limit 1 offset ?3)",
    )
    .bind(place(workspace, 0))
    .bind(place(workspace, Seq::MAX))
    .bind(GONE_STEPS_MAX)
    .execute(connection)
    .await?;
    Ok(())
}

/// What was pruned in (`range.low`, `range.high`], in order; `None` when not all of it is kept.
pub(super) async fn gone_in(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    range: Range,
) -> Result<Option<Vec<Gone>>, StoreError> {
    if range.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let rows: Vec<(i64, i64, Vec<u8>)> =
        sqlx::query_as("select place, first, shares from pruned_shares where place > ? and place <= ? order by place")
            .bind(place(workspace, range.low))
            .bind(place(workspace, range.high))
            .fetch_all(connection)
            .await?;
    let mut gone: Vec<Gone> = Vec::with_capacity(rows.len());
    let mut next = range.low + 1;
    for (place, first, shares) in rows {
        let step = Gone::decode(unsigned(first)?, seq_of(place), &shares);
        let step = step.ok_or_else(|| StoreError::Corrupt("what was pruned cannot be taken from tallies".to_owned()))?;
        if step.first != next {
            return Ok(None);
        }
        next = step.last + 1;
        gone.push(step);
    }
    Ok((next == range.high + 1).then_some(gone))
}

impl SqliteStore {
    /// Deletes what saved tallies have taken, up to a seq.
    pub(super) async fn delete_gone(&self, workspace: WorkspaceId, up_to: Seq) -> Result<(), StoreError> {
        sqlx::query("delete from pruned_shares where place > ? and place <= ?")
            .bind(place(workspace, 0))
            .bind(place(workspace, up_to))
            .execute(self.inner.writer.lock().await.connection().await?)
            .await?;
        Ok(())
    }
}
