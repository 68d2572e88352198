//! Opening the file: lock, writer first, settings read back, migrations, the workspace `default`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use super::scan::ScanLimits;
use super::tallies::{Tallies, TallyLimits};
use super::writer::Writer;
use super::{Inner, SqliteStore, keyring};
use crate::clock::Clock;
use crate::store::StoreError;

/// A bug of older versions could corrupt a database when its write-ahead log was reset.
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// Connections that read.
const READERS: u32 = 4;
/// How long one waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a read waits for a free connection.
const READER_WAIT: Duration = Duration::from_secs(10);
/// KiB of pages that the writer keeps in memory.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// KiB of pages that each reader keeps in memory.
const READER_CACHE_KIB: i64 = 8 * 1024;
/// Pages after which a commit also copies the write-ahead log into the file (16 MiB: a checkpoint costs two syncs).
const CHECKPOINT_PAGES: i64 = 4_096;
/// Bytes that the write-ahead log is cut back to after a checkpoint.
const WAL_KEPT_BYTES: i64 = 64 * 1024 * 1024;
/// Prepared statements a connection keeps: the writer's fixed ones, and those of the filters in use.
const STATEMENTS_MAX: usize = 200;
/// Key and name of the workspace that a new database starts with.
const FIRST_WORKSPACE: (&str, &str) = ("default", "Default");

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// True for a server: it locks `FILE.lock`, and a second one refuses. False for the command line, which may read
    /// and write beside a server.
    pub exclusive: bool,
    /// Bounds of one read.
    pub scan: ScanLimits,
    /// Bounds of the tallies.
    pub tallies: TallyLimits,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { exclusive: true, scan: ScanLimits::default(), tallies: TallyLimits::default() }
    }
}

impl SqliteStore {
    /// Opens the file, makes it when it is not there, brings it up to date, and makes the workspace `default` when
    /// there is none.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when another server has the file open, or it is newer than this program;
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`] when it cannot be read or written.
    pub async fn open(path: &Path, clock: Clock, options: SqliteOptions) -> Result<Self, StoreError> {
        let lock = options.exclusive.then(|| lock_beside(path)).transpose()?;
        Self::open_locked(path, clock, options, lock).await.map_err(|fault| naming(path, fault))
    }

    async fn open_locked(path: &Path, clock: Clock, options: SqliteOptions, lock: Option<File>) -> Result<Self, StoreError> {
        let writer_options = connect_options(path, WRITER_CACHE_KIB)
            .create_if_missing(true)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", WAL_KEPT_BYTES.to_string());
        // The writer comes first: a reader that opens a file which is not there yet fails.
        let mut connection = writer_options.connect().await?;
        assert_settings(&mut connection).await?;
        // Not `run`: its future is not `Send` for every lifetime, so no server could wait for it.
        migrator().run_direct(None, &mut connection, false).await?;
        keyring::ensure_workspace(&mut connection, FIRST_WORKSPACE.0, FIRST_WORKSPACE.1, clock.now()).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READER_WAIT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(connect_options(path, READER_CACHE_KIB).pragma("query_only", "on"));
        let writer = tokio::sync::Mutex::new(Writer::new(connection));
        let inner =
            Inner { writer, readers, clock, scan: options.scan, tallies: Tallies::new(options.tallies), lock: std::sync::Mutex::new(lock) };
        Ok(Self { inner: std::sync::Arc::new(inner) })
    }
}

/// Says which file it is about: whoever starts a server may have named another one than meant.
fn naming(path: &Path, fault: StoreError) -> StoreError {
    let named = |text| format!("{}: {text}", path.display());
    match fault {
        StoreError::Unavailable(text) => StoreError::Unavailable(named(text)),
        StoreError::Corrupt(text) => StoreError::Corrupt(named(text)),
        StoreError::Refused(text) => StoreError::Refused(named(text)),
        StoreError::Exists(what) => StoreError::Exists(what),
    }
}

/// Takes `FILE.lock` for this process; the system gives it up when the process ends, however it ends.
fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let shown = path.display();
    let opened = OpenOptions::new().create(true).write(true).truncate(false).open(&name);
    let file = opened.map_err(|e| match e.kind() {
        ErrorKind::NotFound => StoreError::Refused(format!("there is no folder for {shown}; make it first")),
        _ => StoreError::Refused(format!("cannot make the lock file beside {shown}: {e}")),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Refused(format!("another tidings server has {shown} open; stop it first, or serve another file")))
        }
        Err(TryLockError::Error(e)) => Err(StoreError::Refused(format!("cannot lock {shown}: {e}"))),
    }
}

fn connect_options(path: &Path, cache_kib: i64) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // The writer keeps rows whole; nothing is ever deleted from under another row.
        .foreign_keys(false)
        .statement_cache_capacity(STATEMENTS_MAX)
        .pragma("mmap_size", "0")
        .pragma("cache_size", (-cache_kib).to_string())
        .pragma("temp_store", "memory")
        // Each statement would else pass the log's filter; what is slow is measured above the store.
        .disable_statement_logging()
}

/// A promise is only as good as the settings that are really in force.
async fn assert_settings(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&mut *connection).await?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_VERSION_MIN {
        let (major, minor, patch) = SQLITE_VERSION_MIN;
        return Err(StoreError::Refused(format!("SQLite {version} is older than {major}.{minor}.{patch}, which mends a loss of data")));
    }
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut *connection).await?;
    // 2 is FULL: every commit is synced before it is answered.
    if mode != "wal" || synchronous != 2 {
        let text = format!("the database runs with journal_mode={mode}, synchronous={synchronous}; wal and 2 are needed");
        return Err(StoreError::Refused(text));
    }
    Ok(())
}

fn migrator() -> Migrator {
    let start = include_str!("../../../migrations/sqlite/0001_start.sql").into_sql_str();
    let tallies = include_str!("../../../migrations/sqlite/0002_tallies.sql").into_sql_str();
    Migrator::with_migrations(vec![
        Migration::new(1, "start".into(), MigrationType::Simple, start, false),
        Migration::new(2, "tallies".into(), MigrationType::Simple, tallies, false),
    ])
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteSynchronous;
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::{SqliteJournalMode, WRITER_CACHE_KIB, assert_settings, connect_options};
    use crate::store::StoreError;

    #[tokio::test]
    async fn only_settings_that_keep_the_promise_are_taken() {
        let directory = tempfile::tempdir().expect("a directory");
        let ours = || connect_options(&directory.path().join("a.db"), WRITER_CACHE_KIB).create_if_missing(true);
        let mut connection = ours().connect().await.expect("opens");
        let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut connection).await.expect("read");
        assert_eq!(synchronous, 2, "FULL");
        assert_settings(&mut connection).await.expect("taken");
        // A dropped connection is closed later by its own thread, which may still hold the file when the next asks for it.
        connection.close().await.expect("closed");
        for (weaker, word) in [
            (ours().synchronous(SqliteSynchronous::Normal), "synchronous=1"),
            (ours().synchronous(SqliteSynchronous::Off), "synchronous=0"),
            (ours().journal_mode(SqliteJournalMode::Delete), "journal_mode=delete"),
            (ours().filename(":memory:"), "journal_mode=memory"),
        ] {
            let mut connection = weaker.connect().await.expect("opens");
            let refused = assert_settings(&mut connection).await;
            assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains(word)), "{word}: {refused:?}");
            connection.close().await.expect("closed");
        }
    }
}
