//! Tests of this backend: the contract of every backend, then what only a file can do.

use std::path::Path;

use futures::future::BoxFuture;

use super::{ScanLimits, SqliteOptions, SqliteStore, TallyLimits};
use crate::auth::Operator;
use crate::clock::Clock;
use crate::store::contract::{Bounds, NOW, Opened, activity, contract_tests, key};
use crate::store::{AppendResult, Change, Outcome, StoreError};

fn open(clock: Clock, bounds: Bounds) -> BoxFuture<'static, Opened> {
    Box::pin(async move {
        let (mut scan, mut tallies) = (ScanLimits::default(), TallyLimits::default());
        match bounds {
            Bounds::Usual => {}
            Bounds::OneWindow(window) => (scan.budget, scan.window) = (std::time::Duration::ZERO, window),
            Bounds::SmallWindows(window) => {
                (scan.budget, scan.window) = (std::time::Duration::from_secs(60), window);
                tallies = TallyLimits { lag: 2, behind: 1, step: window, ..tallies };
            }
        }
        opened(clock, SqliteOptions { exclusive: true, scan, tallies }).await
    })
}

/// The same with so few combinations that tallies leave out column after column, and are given up at last.
fn open_tight(clock: Clock, _: Bounds) -> BoxFuture<'static, Opened> {
    Box::pin(async move {
        let scan = ScanLimits { budget: std::time::Duration::from_secs(60), window: 16 };
        let tallies = TallyLimits { lag: 2, behind: 1, step: 5, combinations_max: 12, ..TallyLimits::default() };
        opened(clock, SqliteOptions { exclusive: true, scan, tallies }).await
    })
}

async fn opened(clock: Clock, options: SqliteOptions) -> Opened {
    let directory = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&directory.path().join("tidings.db"), clock, options).await.expect("opened");
    let folding = store.clone();
    let behind = Box::new(move |workspace| {
        let folding = folding.clone();
        Box::pin(async move {
            let _more = folding.fold(workspace).await.expect("folded");
        }) as BoxFuture<'static, ()>
    });
    Opened { store: store.store(), behind, keep: Box::new(directory) }
}

contract_tests!(open);

#[tokio::test]
async fn sql_agrees_with_the_definition_where_tallies_leave_out() {
    crate::store::contract::filtering::sql_agrees_with_the_definition(open_tight).await;
}

async fn open_at(path: &Path, exclusive: bool) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Clock::manual(NOW), SqliteOptions { exclusive, ..SqliteOptions::default() }).await
}

fn appending(store: &SqliteStore, numbers: std::ops::Range<u128>) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> {
    let store = store.store();
    async move {
        let workspace = store.keyring.workspace_by_key(Operator::assume(), key("default")).await?.expect("there").id;
        let activities = numbers.map(|n| activity(n, "page.viewed", "expo", &format!("p-{}", n % 50))).collect();
        Ok(store.log.commit(vec![Change::Append { workspace, activities, create_unknown: true }]).await?.outcomes)
    }
}

#[tokio::test]
async fn a_second_server_refuses_and_the_command_line_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tidings.db");
    let server = open_at(&path, true).await.expect("opened");
    let refused = open_at(&path, true).await.err().expect("refused");
    assert!(refused.to_string().contains("another tidings server has"), "{refused}");
    let before = server.store().keyring.data_version().await.expect("read");
    appending(&server, 0..3).await.expect("stored");
    assert_eq!(server.store().keyring.data_version().await.expect("read"), before, "its own writes do not count");
    let beside = open_at(&path, false).await.expect("opened beside");
    beside.store().keyring.create_workspace(Operator::assume(), key("new"), "New".to_owned()).await.expect("made");
    assert_ne!(server.store().keyring.data_version().await.expect("read"), before, "those of others do");
    assert_eq!(server.store().keyring.workspaces(Operator::assume()).await.expect("read").len(), 2);
    beside.close().await.expect("closed");
    server.close().await.expect("closed");
    assert!(matches!(appending(&server, 9..10).await, Err(StoreError::Unavailable(_))), "closed is closed");
    let again = open_at(&path, true).await.expect("the lock is free again");
    assert_eq!(again.check(Operator::assume()).await.expect("read"), []);
    assert!(
        matches!(appending(&again, 0..1).await.expect("answered")[0], Outcome::Appended(ref r) if matches!(r[0], AppendResult::Duplicate { seq: 1, .. }))
    );
}

#[tokio::test]
async fn a_full_disk_stores_nothing_and_is_forgotten_when_there_is_room() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open_at(&directory.path().join("tidings.db"), true).await.expect("opened");
    appending(&store, 0..10).await.expect("stored");
    let limit = |pages: Option<i64>| {
        let inner = store.inner.clone();
        async move {
            let mut writer = inner.writer.lock().await;
            let connection = writer.connection().await.expect("open");
            let now: i64 = sqlx::query_scalar("pragma page_count").fetch_one(&mut *connection).await.expect("read");
            let sql = format!("pragma max_page_count = {}", pages.unwrap_or(now));
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.expect("set");
        }
    };
    limit(None).await;
    let refused = appending(&store, 10..2_000).await.expect_err("no room");
    assert!(matches!(&refused, StoreError::Unavailable(text) if text.contains("full")), "{refused:?}");
    let workspace = Operator::assume().workspace(1);
    assert_eq!(store.store().log.head(workspace).await.expect("read").seq, 10, "nothing of it was stored");
    assert!(store.store().directory.partner(workspace, key("expo"), key("p-40")).await.expect("read").is_none());
    limit(Some(1_000_000)).await;
    let Outcome::Appended(results) = &appending(&store, 10..2_000).await.expect("room again")[0] else { panic!("no append") };
    assert!(results.iter().enumerate().all(|(n, r)| *r == AppendResult::Stored { seq: 11 + n as u64, recorded_at: NOW }));
    assert_eq!(store.check(Operator::assume()).await.expect("read"), []);
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_leaves_nothing_half() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open_at(&directory.path().join("tidings.db"), true).await.expect("opened");
    // Each is dropped after some more steps than the one before.
    for steps in 0..30u128 {
        let mut commit = Box::pin(appending(&store, steps * 100..steps * 100 + 40));
        for _ in 0..steps {
            if futures::poll!(commit.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let Outcome::Appended(results) = &appending(&store, 1_000_000..1_000_001).await.expect("works on")[0] else { panic!("no append") };
    let AppendResult::Stored { seq, .. } = results[0] else { panic!("not stored") };
    assert_eq!((seq - 1) % 40, 0, "each of them is there whole or not at all");
    assert_eq!(store.check(Operator::assume()).await.expect("read"), []);
}

#[tokio::test]
async fn check_tells_what_is_wrong() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open_at(&directory.path().join("tidings.db"), true).await.expect("opened");
    appending(&store, 0..20).await.expect("stored");
    for (damage, want) in [
        ("delete from activity_ids where seq = 3", "the table of ids does not agree with activity 3"),
        ("update activity_ids set seq = 900 where seq = 4", "the table of ids names activity 900"),
        ("delete from entries where place = (1 << 40 | 7)", "after entry 6 comes entry 8"),
        ("update entries set recorded_at = 1 where place = (1 << 40 | 9)", "entry 9 was recorded before entry 8"),
        ("update workspaces set seq = 30", "its head is 30"),
        ("update workspaces set pruned = 2", "it was pruned up to 2"),
    ] {
        let mut writer = store.inner.writer.lock().await;
        sqlx::query(damage).execute(writer.connection().await.expect("open")).await.expect("damaged");
        drop(writer);
        let found = store.check(Operator::assume()).await.expect("read");
        assert!(found.iter().any(|f| f.text.contains(want) && f.workspace.as_deref() == Some("default")), "{damage}: {found:?}");
    }
}
