//! Opening the file: lock, writer first, settings read back, migrations, the workspace `default`.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use super::error::is_read_only;
use super::files::{self, Lock};
use super::scan::ScanLimits;
use super::wal::{ReadPool, WalLimits};
use super::writer::Writer;
use super::{Inner, SqliteStore, chain, keyring, things};
use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::turns::TURNS;
use crate::tallies::{Tallies, TallyLimits};

/// A bug of older versions could corrupt a database when its write-ahead log was reset.
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// Connections beside those of the turns that read behind the gate: the fold of tallies, the publisher.
const READERS_MORE: usize = 4;
/// Connections that never wait for readers.
const APART: u32 = 4;
/// How long one waits for another process that writes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a read waits for a free connection.
const READER_WAIT: Duration = Duration::from_secs(10);
/// KiB of pages that the writer keeps in memory.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// KiB of pages that each reader keeps in memory.
const READER_CACHE_KIB: i64 = 8 * 1024;
/// KiB of pages that each connection apart keeps in memory.
const APART_CACHE_KIB: i64 = 2 * 1024;
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
    /// True for a server: it locks the file, and a second one refuses. False for the command line, which may read
    /// and write beside a server.
    pub exclusive: bool,
    /// Bounds of one read.
    pub scan: ScanLimits,
    /// Bounds of the tallies.
    pub tallies: TallyLimits,
    /// Bounds of the write-ahead log.
    pub wal: WalLimits,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { exclusive: true, scan: ScanLimits::default(), tallies: TallyLimits::default(), wal: WalLimits::default() }
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
        let itself = files::resolve(path);
        let lock = options.exclusive.then(|| files::lock(&itself)).transpose()?;
        Self::open_locked(&itself, clock, options, lock).await.map_err(|fault| naming(path, fault))
    }

    async fn open_locked(path: &Path, clock: Clock, options: SqliteOptions, mut lock: Option<Lock>) -> Result<Self, StoreError> {
        if lock.is_some() {
            files::refuse_read_only(path)?;
        }
        files::make_private(path)?;
        if let Some(lock) = &mut lock {
            lock.take_itself(path)?;
        }
        let writer_options = connect_options(path, WRITER_CACHE_KIB)
            .create_if_missing(true)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", WAL_KEPT_BYTES.to_string());
        // The writer comes first: a reader that opens a file which is not there yet fails.
        let mut connection = writer_options.connect().await?;
        assert_settings(&mut connection).await?;
        if lock.is_some() {
            assert_writable(&mut connection).await?;
        }
        // Not `run`: its future is not `Send` for every lifetime, so no server could wait for it.
        migrator().run_direct(None, &mut connection, false).await?;
        things::fill_words(&mut connection).await?;
        chain::build(&mut connection).await?;
        keyring::ensure_workspace(&mut connection, FIRST_WORKSPACE.0, FIRST_WORKSPACE.1, clock.now()).await?;
        let pool = |connections: u32, cache_kib| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(READER_WAIT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_lazy_with(connect_options(path, cache_kib).pragma("query_only", "on"))
        };
        let connections = u32::try_from(TURNS + READERS_MORE).unwrap_or(u32::MAX);
        let inner = Inner {
            writer: tokio::sync::Mutex::new(Writer::new(connection)),
            readers: ReadPool::new(pool(connections, READER_CACHE_KIB), path, options.wal),
            apart: pool(APART, APART_CACHE_KIB),
            clock,
            scan: options.scan,
            tallies: Tallies::new(options.tallies),
            lock: std::sync::Mutex::new(lock),
        };
        Ok(Self { inner: std::sync::Arc::new(inner) })
    }
}

/// Holds that the file can be written, by the same lock that a commit takes.
async fn assert_writable(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    match sqlx::query("begin immediate").execute(&mut *connection).await {
        Ok(_) => {
            sqlx::query("rollback").execute(connection).await?;
            Ok(())
        }
        Err(fault) if is_read_only(&fault) => Err(files::read_only()),
        Err(fault) => Err(fault.into()),
    }
}

/// Says which file it is about: whoever starts a server may have named another one than meant.
fn naming(path: &Path, fault: StoreError) -> StoreError {
    let named = |text| format!("{}: {text}", path.display());
    match fault {
        StoreError::Unavailable(text) => StoreError::Unavailable(named(text)),
        StoreError::Busy(text) => StoreError::Busy(named(text)),
        StoreError::Corrupt(text) => StoreError::Corrupt(named(text)),
        StoreError::Refused(text) => StoreError::Refused(named(text)),
        StoreError::Exists(what) => StoreError::Exists(what),
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

/// The number of the newest migration that this program has.
pub(super) fn newest_version() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

pub(super) fn migrator() -> Migrator {
    macro_rules! migrations {
        ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")).into_sql_str())),+] };
    }
    let all = migrations![
        "0001_start",
        "0002_tallies",
        "0003_credentials",
        "0004_probe",
        "0005_made",
        "0006_site_keys",
        "0007_directory",
        "0008_consumers",
        "0009_corrections",
        "0010_retention",
        "0011_pruned",
        "0012_audit",
        "0013_views",
        "0014_chain",
        "0015_shares",
        "0016_webhooks",
        "0017_walls",
        "0018_alerts",
        "0019_people",
        "0020_imports",
    ];
    let each = all.into_iter().zip(1..).map(|((file, text), version)| {
        let name = file.split_once('_').map_or(file, |(_, name)| name);
        Migration::new(version, name.into(), MigrationType::Simple, text, false)
    });
    Migrator::with_migrations(each.collect())
}

/// Makes a database as an older version left it.
#[cfg(test)]
pub(super) async fn at_version(path: &Path, version: i64) {
    let mut connection = connect_options(path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
    let before: Vec<_> = migrator().iter().filter(|m| m.version <= version).cloned().collect();
    Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
    sqlx::Connection::close(connection).await.expect("closed");
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteSynchronous;
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::{
        Clock, Migrator, SqliteJournalMode, SqliteOptions, SqliteStore, WRITER_CACHE_KIB, assert_settings, connect_options, migrator,
    };
    use crate::auth::{Actor, KeyHash, Operator};
    use crate::domain::{ActivityId, Events, Grade, Graded, Key, UnixMs};
    use crate::store::{Change, ListQuery, NamedKind, Outcome, StoreError, UnderId};

    #[tokio::test]
    async fn credentials_of_the_version_before_keep_their_meaning() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version <= 2).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        sqlx::query("insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7)")
            .execute(&mut connection)
            .await
            .expect("kept");
        // A key, a session and a ticket of it that was used; a key that was revoked, and its session; a link.
        for (number, kind, parent, expires_at, taken_at, revoked_at) in [
            (1, "key", None, None, None, None),
            (2, "session", Some(1), Some(9_000), None, None),
            (3, "ticket", Some(2), Some(30), Some(20), None),
            (4, "key", None, None, None, Some(50)),
            (5, "session", Some(4), Some(9_000), None, Some(50)),
            (6, "link", None, Some(9_000), None, None),
        ] {
            sqlx::query(
                "insert into credentials (id, hash, kind, workspace_id, scopes, event, name, parent, created_at, expires_at, taken_at,
                 revoked_at) values (?1, ?2, ?3, 1, 7, null, '', ?4, 1, ?5, ?6, ?7)",
            )
            .bind(number)
            .bind(vec![u8::try_from(number).expect("small"); 32])
            .bind(kind)
            .bind(parent)
            .bind(expires_at)
            .bind(taken_at)
            .bind(revoked_at)
            .execute(&mut connection)
            .await
            .expect("kept");
        }
        connection.close().await.expect("closed");

        let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
        let (keyring, operator) = (store.store().keyring, Operator::assume());
        let workspace = keyring.workspace_by_key(operator, Key::trusted("default")).await.expect("read").expect("there").id;
        let mut found = Vec::new();
        for number in 1..=6u8 {
            let one = keyring.find_credential(KeyHash([number; 32])).await.expect("read").expect("there");
            found.push((one.root, one.is_good(UnixMs(100))));
        }
        assert_eq!(found, [(1, true), (1, true), (1, false), (4, false), (4, false), (6, true)]);
        let begun = keyring.revoked_after(operator, None).await.expect("read");
        assert_eq!(keyring.revoke(workspace, 1, UnixMs(100), Actor::Server).await.expect("asked"), [1, 2, 3], "and what was made from it");
        assert_eq!(keyring.revoked_after(operator, Some(begun.up_to)).await.expect("read").credentials, [1, 2, 3]);
        let seen = keyring.revoked_after(operator, None).await.expect("read").up_to;
        let swept = keyring.sweep(operator, UnixMs(10_000), seen, 100).await.expect("swept");
        assert_eq!(swept, 3, "a session each and the link; the newest revocation stays");
        store.close().await.expect("closed");
    }

    #[tokio::test]
    async fn keys_of_before_there_were_site_keys_are_listed_without_origins() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version <= 6).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        for sql in [
            "insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7)",
            "insert into credentials (id, hash, kind, workspace_id, scopes, name, created_at) values (3, x'03', 'key', 1, 7, 'old', 1)",
        ] {
            sqlx::query(sql).execute(&mut connection).await.expect("kept");
        }
        connection.close().await.expect("closed");
        let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
        let keyring = store.store().keyring;
        let workspace = keyring.workspace_by_key(Operator::assume(), Key::trusted("default")).await.expect("read").expect("there").id;
        let listed: Vec<_> = keyring.keys(workspace).await.expect("read").into_iter().map(|c| (c.number, c.name, c.origins)).collect();
        assert_eq!(listed, [(3, "old".to_owned(), Vec::new())]);
        store.close().await.expect("closed");
    }

    #[tokio::test]
    async fn what_is_named_by_its_key_counts_as_made_by_activities() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version <= 4).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        for sql in [
            "insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7), (2, 'b', 'b', 'b', 8)",
            "insert into events (id, workspace_id, key, folded, name) values (1, 1, 'expo', 'expo', 'Expo'), (2, 1, 'fair', 'fair', 'fair')",
            "insert into partners (id, workspace_id, event_id, key, folded, name) values
                (1, 1, 1, 'a', 'a', 'a'), (2, 1, 2, 'a', 'a', 'a'), (3, 1, 1, 'b', 'b', 'B Inc')",
            "insert into messages (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'm', 'm', 'm')",
            "insert into campaigns (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'c', 'c', 'c')",
            "insert into flavors (workspace_id, flavor) values (1, 'booth.scanned'), (1, 'a.b'), (2, 'a.b')",
        ] {
            sqlx::query(sql).execute(&mut connection).await.expect("kept");
        }
        migrator().run_direct(None, &mut connection, false).await.expect("migrated");
        let made: Vec<i64> = sqlx::query_scalar("select made from workspaces order by id").fetch_all(&mut connection).await.expect("read");
        assert_eq!(made, [7, 1]);
        connection.close().await.expect("closed");
    }

    #[tokio::test]
    async fn things_of_the_version_before_are_searched_by_their_names() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version <= 6).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        for sql in [
            "insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7)",
            "insert into events (id, workspace_id, key, folded, name) values (1, 1, 'Expo', 'expo', 'Große Messe')",
            "insert into partners (id, workspace_id, event_id, key, folded, name, email, company) values
                (1, 1, 1, 'a', 'a', 'ACME', 'Desk@acme.example', 'Straße'), (2, 1, 1, 'Seen', 'seen', 'Seen', null, null)",
            "insert into messages (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'm', 'm', 'Last Call')",
            "insert into campaigns (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'c', 'c', 'Spring')",
        ] {
            sqlx::query(sql).execute(&mut connection).await.expect("kept");
        }
        connection.close().await.expect("closed");
        for opened in ["first", "again"] {
            let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
            let workspace = Operator::assume().workspace(1);
            for (kind, word, want) in [
                (NamedKind::Event, "grosse", Some("Expo")),
                (NamedKind::Partner, "acme", Some("a")),
                (NamedKind::Partner, "strasse", Some("a")),
                (NamedKind::Partner, "desk@", Some("a")),
                (NamedKind::Partner, "seen", Some("Seen")),
                (NamedKind::Message, "call", Some("m")),
                (NamedKind::Campaign, "spring", Some("c")),
                (NamedKind::Campaign, "summer", None),
            ] {
                let asked = ListQuery { words: vec![word.to_owned()], ..ListQuery::first(9) };
                let event = (kind != NamedKind::Event).then(|| Key::trusted("expo"));
                let found = store.store().directory.list(kind, workspace, event.into(), asked).await.expect("read").items;
                let keys: Vec<_> = found.iter().map(|record| record.key.as_str()).collect();
                assert_eq!(keys, want.into_iter().collect::<Vec<_>>(), "{opened}: {word}");
            }
            store.close().await.expect("closed");
        }
    }

    /// The standard views of a workspace of the version before are those of one that is made now.
    #[tokio::test]
    async fn every_workspace_has_the_standard_views() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version < 13).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        let sql =
            "insert into workspaces (id, key, folded, name, epoch) values (1, 'default', 'default', 'Default', 7), (2, 'b', 'b', 'b', 8)";
        sqlx::query(sql).execute(&mut connection).await.expect("kept");
        connection.close().await.expect("closed");
        let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
        let made = store.store().keyring.create_workspace(Operator::assume(), Key::trusted("new"), "New".to_owned()).await.expect("made");
        let mut all = Vec::new();
        for workspace in [Operator::assume().workspace(1), Operator::assume().workspace(2), made.id] {
            let views =
                store.store().directory.list(NamedKind::View, workspace, Events::ALL, ListQuery::first(9)).await.expect("read").items;
            let searched = ListQuery { words: vec!["opens".to_owned()], ..ListQuery::first(9) };
            let found = store.store().directory.list(NamedKind::View, workspace, Events::ALL, searched).await.expect("read").items;
            all.push((views, found));
        }
        assert_eq!(
            all[0].0.iter().map(|v| v.key.as_str()).collect::<Vec<_>>(),
            ["all-activities", "all-opens", "all-registrations", "all-shares"]
        );
        assert_eq!(all[0].1.len(), 1);
        assert!(all.iter().all(|one| *one == all[0]));
        store.close().await.expect("closed");
    }

    #[tokio::test]
    async fn activities_of_the_version_before_are_corrected() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.db");
        let mut connection = connect_options(&path, WRITER_CACHE_KIB).create_if_missing(true).connect().await.expect("opens");
        let before: Vec<_> = migrator().iter().filter(|m| m.version <= 8).cloned().collect();
        Migrator::with_migrations(before).run_direct(None, &mut connection, false).await.expect("migrated");
        for sql in [
            "insert into workspaces (id, key, folded, name, epoch, seq, recorded_at) values (1, 'default', 'default', 'Default', 7, 2, 5)",
            "insert into events (id, workspace_id, key, folded, name) values (1, 1, 'expo', 'expo', 'Expo')",
            "insert into partners (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'a', 'a', 'a')",
            "insert into entries (place, kind, recorded_at, occurred_at, event_id, partner_id, flavor, traits, id, search, body)
                select 1 << 40 | value, 0, 5, 5, 1, 1, 'a.b', 0, unhex(printf('%032x', value)), '',
                '{\"seq\":' || value || ',\"grade\":\"unclear\",\"grade_reasons\":[\"not_graded\"],\"properties\":{}}' from json_each('[1,2]')",
            "insert into activity_ids (workspace_id, id, seq, recorded_at, content_hash)
                select 1, id, place & 255, 5, zeroblob(16) from entries",
        ] {
            sqlx::query(sql).execute(&mut connection).await.expect("kept");
        }
        connection.close().await.expect("closed");
        let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
        let workspace = Operator::assume().workspace(1);
        let id = |number| ActivityId(uuid::Uuid::from_u128(number));
        let graded = Graded { grade: Grade::Human, reasons: vec!["clicked".into()] };
        let changes = vec![
            Change::Amend { workspace, id: id(1), within: Events::ALL, graded, by: Actor::Server },
            Change::Erase { workspace, id: id(2), within: Events::ALL, by: Actor::Server },
        ];
        let outcomes = store.store().log.commit(changes).await.expect("committed").outcomes;
        assert!(matches!(outcomes[..], [Outcome::Amended { .. }, Outcome::Erased]), "{outcomes:?}");
        let found = store.store().log.activity(workspace, id(1)).await.expect("read");
        let UnderId::Activity(found) = found else { panic!("{found:?}") };
        let want = r#"{"seq":1,"grade":"human","grade_reasons":["clicked"],"properties":{}}"#;
        assert_eq!(found.entry.body, want);
        assert!(matches!(store.store().log.activity(workspace, id(2)).await.expect("read"), UnderId::Erased { .. }));
        assert_eq!(store.store().upkeep.check(Operator::assume()).await.expect("checked"), []);
        store.close().await.expect("closed");
    }

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
