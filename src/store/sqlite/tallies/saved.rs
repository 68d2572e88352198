//! Tallies in the database: written beside the log in short steps, and made to count by one row.
//!
//! A save writes its parts under a new generation and then names that generation, in one statement. Whatever ends it
//! before that, the generation before still counts; so no fold can be there twice or half.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::place::place;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::store::StoreError;
use crate::tallies::{Cube, Minutes, Parts, decode, encode};

/// Parts that one statement deletes.
const PARTS_DELETED_AT_ONCE: i64 = 8;
/// Corrections that one statement deletes.
const CORRECTIONS_DELETED_AT_ONCE: i64 = 1_000;

impl SqliteStore {
    /// Saves parts as the next generation. The writer is taken for one short statement after the other.
    pub(super) async fn save_parts(&self, workspace: WorkspaceId, parts: Parts<Arc<Cube>, Arc<Minutes>>) -> Result<(), StoreError> {
        let seq = i64::try_from(parts.seq()).unwrap_or(i64::MAX);
        let corrected = i64::try_from(parts.corrected()).unwrap_or(i64::MAX);
        let combinations = i64::try_from(parts.cube.as_ref().map_or(0, |cube| cube.combinations())).unwrap_or(i64::MAX);
        let bytes = off_thread(move || encode(&parts)).await?;
        // Asked of the writer: a save that was given up may have named its generation all the same.
        let counts: Option<i64> = sqlx::query_scalar("select generation from tallies where workspace_id = ?")
            .bind(workspace.number())
            .fetch_optional(self.inner.writer.lock().await.connection().await?)
            .await?;
        let generation = counts.unwrap_or(0) + 1;
        self.delete_parts_but(workspace, generation - 1).await?;
        for (part, body) in bytes.chunks(self.inner.tallies.limits.part_bytes_max.max(1)).enumerate() {
            let insert = sqlx::query("insert into tally_parts (workspace_id, generation, part, body) values (?, ?, ?, ?)");
            let insert = insert.bind(workspace.number()).bind(generation).bind(i64::try_from(part).unwrap_or(i64::MAX)).bind(body);
            insert.execute(self.inner.writer.lock().await.connection().await?).await?;
        }
        sqlx::query(
            "insert or replace into tallies (workspace_id, generation, seq, corrected, combinations, digest) values (?, ?, ?, ?, ?, ?)",
        )
        .bind(workspace.number())
        .bind(generation)
        .bind(seq)
        .bind(corrected)
        .bind(combinations)
        .bind(Sha256::digest(&bytes).to_vec())
        .execute(self.inner.writer.lock().await.connection().await?)
        .await?;
        self.delete_parts_but(workspace, generation).await
    }

    /// Deletes what saved tallies have taken, up to a seq.
    pub(super) async fn delete_corrections(&self, workspace: WorkspaceId, up_to: Seq) -> Result<(), StoreError> {
        loop {
            let deleted = sqlx::query(
                "delete from corrections where place in
                     (select place from corrections where place > ? and place <= ? order by place limit ?)",
            )
            .bind(place(workspace, 0))
            .bind(place(workspace, up_to))
            .bind(CORRECTIONS_DELETED_AT_ONCE)
            .execute(self.inner.writer.lock().await.connection().await?)
            .await?;
            if deleted.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    async fn delete_parts_but(&self, workspace: WorkspaceId, generation: i64) -> Result<(), StoreError> {
        loop {
            let deleted = sqlx::query(
                "delete from tally_parts where rowid in
                     (select rowid from tally_parts where workspace_id = ? and generation <> ? limit ?)",
            )
            .bind(workspace.number())
            .bind(generation)
            .bind(PARTS_DELETED_AT_ONCE)
            .execute(self.inner.writer.lock().await.connection().await?)
            .await?;
            if deleted.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    /// Throws away what was saved, so that a server folds anew when it starts.
    pub(super) async fn forget_saved(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        sqlx::query("delete from tallies where workspace_id = ?")
            .bind(workspace.number())
            .execute(self.inner.writer.lock().await.connection().await?)
            .await?;
        self.delete_parts_but(workspace, -1).await
    }
}

/// What was saved of a log, if anything was; `Some(None)` when it cannot be read.
pub(in super::super) async fn read_saved(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
) -> Result<Option<Option<Parts<Cube, Minutes>>>, StoreError> {
    let named: Option<(i64, Vec<u8>)> = sqlx::query_as("select generation, digest from tallies where workspace_id = ?")
        .bind(workspace.number())
        .fetch_optional(&mut *connection)
        .await?;
    let Some((generation, digest)) = named else { return Ok(None) };
    let parts: Vec<Vec<u8>> = sqlx::query_scalar("select body from tally_parts where workspace_id = ? and generation = ? order by part")
        .bind(workspace.number())
        .bind(generation)
        .fetch_all(connection)
        .await?;
    let saved = off_thread(move || {
        let bytes = parts.concat();
        if Sha256::digest(&bytes)[..] == digest[..] { decode(&bytes) } else { None }
    });
    Ok(Some(saved.await?))
}

/// Runs what keeps a core busy for milliseconds where it holds up no other task. It is waited for, and it ends.
pub(in super::super) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|fault| StoreError::Unavailable(format!("a count was given up: {fault}")))
}
