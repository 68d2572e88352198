//! Cursors of consumers, moved in the writer's transaction.

use std::sync::Arc;

use super::SqliteStore;
use super::error::unsigned;
use super::writer::Transaction;
use crate::auth::WorkspaceId;
use crate::domain::UnixMs;
use crate::store::{Answer, Consumed, ConsumerCursor, Cursors, DEAD_LETTERS_MAX, DeadLetter, Outcome, REASON_BYTES_MAX, StoreError};

impl Transaction<'_> {
    /// Moves a cursor, unless it stands elsewhere.
    pub(super) async fn consumed(&mut self, consumed: Consumed) -> Result<Outcome, StoreError> {
        let Consumed { workspace, consumer, from, to, letter } = consumed;
        let stands: Option<i64> = sqlx::query_scalar("select seq from consumer_cursors where workspace_id = ? and consumer = ?")
            .bind(workspace.number())
            .bind(&*consumer)
            .fetch_optional(&mut *self.connection)
            .await?;
        let stands = stands.map(unsigned).transpose()?;
        if stands != from {
            return Ok(Outcome::CursorElsewhere { at: stands });
        }
        if stands.is_some_and(|stands| to < stands) {
            return Err(StoreError::Corrupt(format!("the cursor of {consumer} would go back")));
        }
        sqlx::query(
            "insert into consumer_cursors (workspace_id, consumer, seq, moved_at) values (?1, ?2, ?3, ?4)
             on conflict (workspace_id, consumer) do update set seq = ?3, moved_at = ?4",
        )
        .bind(workspace.number())
        .bind(&*consumer)
        .bind(i64::try_from(to).unwrap_or(i64::MAX))
        .bind(self.now.0)
        .execute(&mut *self.connection)
        .await?;
        if let Some(letter) = letter {
            self.keep_letter(workspace, &consumer, letter).await?;
        }
        Ok(Outcome::Consumed)
    }

    async fn keep_letter(&mut self, workspace: WorkspaceId, consumer: &str, letter: DeadLetter) -> Result<(), StoreError> {
        let DeadLetter { first, last, mut reason, at } = letter;
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        sqlx::query(
            "insert or replace into dead_letters (workspace_id, consumer, first, last, reason, recorded_at) values (?, ?, ?, ?, ?, ?)",
        )
        .bind(workspace.number())
        .bind(consumer)
        .bind(i64::try_from(first).unwrap_or(i64::MAX))
        .bind(i64::try_from(last).unwrap_or(i64::MAX))
        .bind(reason)
        .bind(at.0)
        .execute(&mut *self.connection)
        .await?;
        let gone = sqlx::query(
            "delete from dead_letters where workspace_id = ?1 and consumer = ?2 and first <=
                 (select first from dead_letters where workspace_id = ?1 and consumer = ?2 order by first desc limit 1 offset ?3)",
        )
        .bind(workspace.number())
        .bind(consumer)
        .bind(i64::try_from(DEAD_LETTERS_MAX).unwrap_or(i64::MAX))
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        if gone > 0 {
            sqlx::query("update consumer_cursors set forgotten = forgotten + ? where workspace_id = ? and consumer = ?")
                .bind(i64::try_from(gone).unwrap_or(i64::MAX))
                .bind(workspace.number())
                .bind(consumer)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }
}

impl SqliteStore {
    async fn read_cursor(&self, workspace: WorkspaceId, consumer: Arc<str>) -> Result<Option<ConsumerCursor>, StoreError> {
        let row: Option<(i64, i64, i64)> =
            sqlx::query_as("select seq, moved_at, forgotten from consumer_cursors where workspace_id = ? and consumer = ?")
                .bind(workspace.number())
                .bind(&*consumer)
                .fetch_optional(&self.inner.apart)
                .await?;
        let cursor = |(seq, moved_at, forgotten)| {
            Ok(ConsumerCursor { seq: unsigned(seq)?, moved_at: UnixMs(moved_at), forgotten: unsigned(forgotten)? })
        };
        row.map(cursor).transpose()
    }

    async fn read_dead_letters(&self, workspace: WorkspaceId, consumer: Arc<str>, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let rows: Vec<(i64, i64, String, i64)> = sqlx::query_as(
            "select first, last, reason, recorded_at from dead_letters where workspace_id = ? and consumer = ?
             order by first desc limit ?",
        )
        .bind(workspace.number())
        .bind(&*consumer)
        .bind(i64::try_from(limit.min(DEAD_LETTERS_MAX)).unwrap_or(i64::MAX))
        .fetch_all(&self.inner.apart)
        .await?;
        let letter = |(first, last, reason, at)| Ok(DeadLetter { first: unsigned(first)?, last: unsigned(last)?, reason, at: UnixMs(at) });
        rows.into_iter().map(letter).collect()
    }
}

impl Cursors for SqliteStore {
    fn cursor(&self, workspace: WorkspaceId, consumer: Arc<str>) -> Answer<'_, Option<ConsumerCursor>> {
        Box::pin(self.read_cursor(workspace, consumer))
    }

    fn dead_letters(&self, workspace: WorkspaceId, consumer: Arc<str>, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        Box::pin(self.read_dead_letters(workspace, consumer, limit))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrator;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::super::open::migrator;
    use super::super::{SqliteOptions, SqliteStore};
    use crate::auth::Operator;
    use crate::clock::Clock;
    use crate::store::{Change, Consumed, Outcome};

    #[tokio::test]
    async fn consumers_begin_on_a_database_of_the_version_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().take_while(|m| m.description != "consumers").cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        sqlx::query("insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7)")
            .execute(&mut connection)
            .await
            .expect("kept");
        connection.close().await.expect("closed");
        let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
        let workspace = Operator::assume().workspace(1);
        assert_eq!(store.store().cursors.cursor(workspace, "alerts".into()).await.expect("read"), None);
        let consumed = Consumed { workspace, consumer: "alerts".into(), from: None, to: 0, letter: None };
        let committed = store.store().log.commit(vec![Change::Consumed(consumed)]).await.expect("stored");
        assert_eq!(committed.outcomes, [Outcome::Consumed]);
        store.close().await.expect("closed");
    }
}
