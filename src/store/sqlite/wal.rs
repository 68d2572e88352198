//! The bound of the write-ahead log, and the gate that keeps it.
//!
//! SQLite begins its log anew only when nobody reads from it. Reads that overlap never leave such a moment, so the log
//! would grow for as long as they do: now and then new reads wait at the gate until those under way have ended (each is
//! short), and the log is emptied. Must never wait for a reader of another process: it is said who to end, and tried again.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, Transaction};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::SqliteStore;
use super::open::BUSY_TIMEOUT;
use crate::store::StoreError;
use crate::telemetry::WAL_BYTES;

/// Bytes that the write-ahead log has at most while nobody but this process reads the file.
pub const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes from which on it is emptied: far enough below the bound for what is written meanwhile.
const WAL_RESTART_BYTES: u64 = 64 * 1024 * 1024;
/// How often its size is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long emptying it waits for readers outside of the gate: look-ups of this process end at once.
const OUTSIDE_WAIT: Duration = Duration::from_millis(100);
/// How long to wait after a reader of another process was in the way.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is said that one is in the way.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Bounds of the write-ahead log.
#[derive(Debug, Clone, Copy)]
pub struct WalLimits {
    /// Bytes from which on it is emptied.
    pub restart_bytes: u64,
}

impl Default for WalLimits {
    fn default() -> Self {
        Self { restart_bytes: WAL_RESTART_BYTES }
    }
}

/// The connections of long reads, behind the gate.
pub(super) struct ReadPool {
    pool: SqlitePool,
    gate: Arc<RwLock<()>>,
    pub limits: WalLimits,
    path: PathBuf,
}

/// A connection that reads behind the gate, within a transaction or not.
pub(super) struct Reading<C> {
    connection: C,
    _gate: OwnedRwLockReadGuard<()>,
}

/// What became of emptying the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restarted {
    /// It is small.
    Small,
    /// It was emptied.
    Emptied,
    /// Another process reads from it.
    Held,
}

impl ReadPool {
    pub(super) fn new(pool: SqlitePool, database: &Path, limits: WalLimits) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { pool, gate: Arc::default(), limits, path: path.into() }
    }

    /// Begins a transaction that reads.
    pub(super) async fn begin(&self) -> Result<Reading<Transaction<'static, Sqlite>>, StoreError> {
        let _gate = self.gate.clone().read_owned().await;
        Ok(Reading { connection: self.pool.begin().await?, _gate })
    }

    /// A connection for single statements.
    pub(super) async fn acquire(&self) -> Result<Reading<PoolConnection<Sqlite>>, StoreError> {
        let _gate = self.gate.clone().read_owned().await;
        Ok(Reading { connection: self.pool.acquire().await?, _gate })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Bytes of the write-ahead log; 0 when there is none.
    pub(super) fn wal_bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }
}

impl Reading<Transaction<'static, Sqlite>> {
    /// Ends it.
    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.connection.rollback().await?)
    }
}

impl<C: Deref<Target = SqliteConnection>> Deref for Reading<C> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl<C: DerefMut<Target = SqliteConnection>> DerefMut for Reading<C> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl SqliteStore {
    /// Until told to end: keeps the write-ahead log within its bound. For the one process that has the file to itself.
    pub async fn keep_wal(self, end: CancellationToken) {
        let (mut pause, mut said) = (LOOK_EVERY, None::<Instant>);
        while end.run_until_cancelled(sleep(pause)).await.is_some() {
            pause = match self.restart_wal().await {
                Ok(Restarted::Small | Restarted::Emptied) => LOOK_EVERY,
                Ok(Restarted::Held) => {
                    let bytes = self.inner.readers.wal_bytes();
                    if bytes >= WAL_BYTES_MAX && said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                        said = Some(Instant::now());
                        tracing::warn!(
                            bytes,
                            "another program has the database open and reads an old state of it, so its write-ahead log grows: \
                             end that program (a shell of sqlite3, a copy that is being made), or let it read in shorter steps"
                        );
                    }
                    AGAIN_AFTER
                }
                Err(fault) => {
                    tracing::warn!(%fault, "the write-ahead log cannot be emptied; trying again");
                    AGAIN_AFTER
                }
            };
        }
    }

    /// Empties the write-ahead log where it is large: new reads wait until that is done.
    pub(super) async fn restart_wal(&self) -> Result<Restarted, StoreError> {
        let readers = &self.inner.readers;
        let bytes = readers.wal_bytes();
        metrics::gauge!(WAL_BYTES).set(bytes as f64);
        if bytes < readers.limits.restart_bytes {
            return Ok(Restarted::Small);
        }
        let _closed = readers.gate.write().await;
        let mut writer = self.inner.writer.lock().await;
        let connection = writer.connection().await?;
        set_busy_timeout(connection, OUTSIDE_WAIT).await?;
        let emptied = sqlx::query_as::<_, (i64, i64, i64)>("pragma wal_checkpoint(truncate)").fetch_one(&mut *connection).await;
        set_busy_timeout(connection, BUSY_TIMEOUT).await?;
        let (held, ..) = emptied?;
        metrics::gauge!(WAL_BYTES).set(readers.wal_bytes() as f64);
        Ok(if held == 0 { Restarted::Emptied } else { Restarted::Held })
    }
}

async fn set_busy_timeout(connection: &mut SqliteConnection, wait: Duration) -> Result<(), StoreError> {
    let sql = format!("pragma busy_timeout = {}", wait.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::{Restarted, WalLimits};
    use crate::auth::Operator;
    use crate::clock::Clock;
    use crate::store::contract::activity;
    use crate::store::sqlite::{SqliteOptions, SqliteStore};
    use crate::store::{Change, Quota};

    const RESTART_BYTES: u64 = 256 * 1024;

    async fn opened(directory: &std::path::Path) -> SqliteStore {
        let options = SqliteOptions { wal: WalLimits { restart_bytes: RESTART_BYTES }, ..SqliteOptions::default() };
        SqliteStore::open(&directory.join("a.db"), Clock::System, options).await.expect("opened")
    }

    /// Writes some 128 KiB of pages.
    async fn write(store: &SqliteStore, round: u128) {
        let activities = (0..100).map(|n| activity(round * 100 + n, "page.viewed", "expo", &format!("p-{n}"))).collect();
        let change =
            Change::Append { workspace: Operator::assume().workspace(1), activities, create_unknown: true, quota: Quota::default() };
        store.store().log.commit(vec![change]).await.expect("stored");
    }

    /// A read that is under way: its snapshot is taken.
    async fn reading(store: &SqliteStore) -> super::Reading<sqlx::Transaction<'static, sqlx::Sqlite>> {
        let mut reading = store.inner.readers.begin().await.expect("begun");
        let seq: i64 = sqlx::query_scalar("select seq from workspaces").fetch_one(&mut *reading).await.expect("read");
        assert!(seq >= 0);
        reading
    }

    #[tokio::test]
    async fn the_log_is_bounded_while_reads_overlap() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(directory.path()).await;
        // What the migrations wrote is not what is measured.
        assert_eq!(store.restart_wal().await.expect("looked at"), Restarted::Emptied);
        write(&store, 0).await;
        let (mut held, mut emptied, mut largest) = (reading(&store).await, 0, 0);
        for round in 1..60 {
            write(&store, round).await;
            largest = largest.max(store.inner.readers.wal_bytes());
            let mut restart = Box::pin(store.restart_wal());
            let began = restart.as_mut().now_or_never();
            // The next read begins before the one before has ended: there is never a moment without one.
            let mut next = Box::pin(reading(&store));
            let waits = next.as_mut().now_or_never();
            assert!(began.is_some() || waits.is_none(), "new reads wait while the log is about to be emptied");
            held.rollback().await.expect("ended");
            let done = match began {
                Some(done) => done,
                None => restart.await,
            };
            emptied += usize::from(done.expect("looked at") == Restarted::Emptied);
            held = match waits {
                Some(next) => next,
                None => next.await,
            };
        }
        assert!(emptied > 3, "emptied {emptied} times");
        assert!(largest < 4 * RESTART_BYTES, "{largest} bytes");
        held.rollback().await.expect("ended");
    }

    #[tokio::test]
    async fn a_reader_of_another_program_is_told_and_not_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(directory.path()).await;
        write(&store, 0).await;
        let outside = rusqlite::Connection::open(directory.path().join("a.db")).expect("opened");
        outside.execute_batch("begin; select count(*) from workspaces").expect("a snapshot");
        let mut round = 1;
        while store.restart_wal().await.expect("looked at") == Restarted::Small {
            write(&store, round).await;
            round += 1;
        }
        assert_eq!(store.restart_wal().await.expect("looked at"), Restarted::Held);
        reading(&store).await.rollback().await.expect("reads go on");
        write(&store, round).await;
        outside.execute_batch("rollback").expect("ended");
        assert_eq!(store.restart_wal().await.expect("looked at"), Restarted::Emptied);
        assert_eq!(store.inner.readers.wal_bytes(), 0);
    }
}
