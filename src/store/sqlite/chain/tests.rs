//! The chain under damage, pruning, and on a log of before there was one.

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Salts, build_step};
use crate::auth::{Actor, Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{ActivityId, Cursor, Events, Grade, Graded, UnixMs};
use crate::store::contract::activity;
use crate::store::sqlite::open::at_version;
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Change, Outcome, Prune, Quota};

const WORKSPACE: i64 = 1;

fn workspace() -> WorkspaceId {
    Operator::assume().workspace(WORKSPACE)
}

fn id(number: u128) -> ActivityId {
    ActivityId(uuid::Uuid::from_u128(number))
}

async fn opened(path: &std::path::Path) -> SqliteStore {
    SqliteStore::open(path, Clock::System, SqliteOptions::default()).await.expect("opens")
}

async fn append(store: &SqliteStore, numbers: std::ops::Range<u128>) -> Cursor {
    let activities = numbers.map(|number| activity(number, "page.viewed", "expo", "acme")).collect();
    let append = Change::Append { workspace: workspace(), activities, create_unknown: true, quota: Quota::default() };
    let outcomes = store.store().log.commit(vec![append]).await.expect("stored").outcomes;
    let [Outcome::Appended { cursor, .. }] = outcomes[..] else { panic!("{outcomes:?}") };
    cursor
}

async fn amend(store: &SqliteStore, number: u128) {
    let graded = Graded { grade: Grade::Human, reasons: vec!["clicked".into()] };
    let amend = Change::Amend { workspace: workspace(), id: id(number), within: Events::ALL, graded, by: Actor::Server };
    store.store().log.commit(vec![amend]).await.expect("amended");
}

async fn erase(store: &SqliteStore, number: u128) {
    let erase = Change::Erase { workspace: workspace(), id: id(number), within: Events::ALL, by: Actor::Server };
    store.store().log.commit(vec![erase]).await.expect("erased");
}

async fn faults(store: &SqliteStore) -> Vec<String> {
    let found = store.store().upkeep.check(Operator::assume()).await.expect("checked");
    found.into_iter().map(|finding| finding.text).collect()
}

#[tokio::test]
async fn every_change_of_what_was_recorded_is_found() {
    for (damage, want) in [
        ("update entries set body = replace(body, 'acme', 'acne') where place = 1 << 40 | 4", "entry 4 is not as it was recorded"),
        (
            "update entries set body = (select body from entries o where o.place = (1 << 40) + 11 - (entries.place & 255))
             where place in (1 << 40 | 5, 1 << 40 | 6)",
            "entry 5 is not as it was recorded",
        ),
        (
            "update entries set body = replace(body, '2026', '2027') where place = 1 << 40 | 2",
            "activity 2 is not as its last amendment left it",
        ),
        ("update entries set proof = zeroblob(54) where place = 1 << 40 | 4", "entry 4 does not follow"),
        ("update entries set proof = null where place = 1 << 40 | 4", "entry 4 is not linked"),
        (
            "update entries set proof = (select proof from entries where place = 1 << 40 | 4) where place = 1 << 40 | 3",
            "entry 3 does not follow",
        ),
        (
            "update entries set proof = cast(randomblob(16) || substr(proof, 17) as blob) where place = 1 << 40 | 3",
            "entry 3 has lost its body",
        ),
        ("update workspaces set chain = zeroblob(32)", "the log does not end as its head says"),
        ("update workspaces set chain_pruned = zeroblob(32)", "entry 1 does not follow"),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = opened(&directory.path().join("a.db")).await;
        append(&store, 1..8).await;
        amend(&store, 2).await;
        erase(&store, 3).await;
        assert_eq!(faults(&store).await, Vec::<String>::new());
        let mut writer = store.inner.writer.lock().await;
        let damaged = sqlx::query(damage).execute(writer.connection().await.expect("open")).await.expect("damaged");
        assert!(damaged.rows_affected() > 0, "{damage}");
        drop(writer);
        let found = faults(&store).await;
        assert!(found.iter().any(|text| text.starts_with(want)), "{damage}: {found:?}");
    }
}

#[tokio::test]
async fn what_is_pruned_leaves_the_rest_linked() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.db");
    let store = opened(&path).await;
    let early = append(&store, 1..6).await;
    let late = append(&store, 6..10).await;
    let prune = Prune { workspace: workspace(), before: UnixMs(i64::MAX), rows_max: 5 };
    store.store().log.commit(vec![Change::Prune(prune)]).await.expect("pruned");
    assert_eq!(faults(&store).await, Vec::<String>::new());
    let mark = async |seq| store.store().log.mark(workspace(), seq).await.expect("read");
    assert!(late.mark.is_some() && mark(late.seq).await == late.mark, "{late:?}");
    assert_eq!(mark(early.seq).await, None, "it is gone");
    append(&store, 10..12).await;
    store.close().await.expect("closed");
    assert_eq!(faults(&opened(&path).await).await, Vec::<String>::new());
}

/// A log of before there was a chain, linked in steps that are interrupted.
#[tokio::test]
async fn a_log_of_the_version_before_is_linked_step_by_step() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.db");
    at_version(&path, 13).await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("opens");
    for sql in [
        "insert into workspaces (id, key, folded, name, epoch, seq, pruned, recorded_at) values (1, 'default', 'default', 'Default', 7, 12, 2, 5),
            (2, 'empty', 'empty', 'Empty', 8, 0, 0, 5)",
        "insert into events (id, workspace_id, key, folded, name) values (1, 1, 'expo', 'expo', 'Expo')",
        "insert into partners (id, workspace_id, event_id, key, folded, name) values (1, 1, 1, 'a', 'a', 'a')",
        "insert into entries (place, kind, recorded_at, occurred_at, event_id, partner_id, flavor, traits, id, search, body)
            select 1 << 40 | value, 0, 5, 5, 1, 1, 'a.b', 0, unhex(printf('%032x', value)), '',
            '{\"seq\":' || value || ',\"grade\":\"unclear\",\"grade_reasons\":[\"not_graded\"],\"properties\":{}}'
            from json_each('[3,4,5,6,7,8,9,10,11,12]')",
        "insert into activity_ids (workspace_id, id, seq, recorded_at, content_hash) select 1, id, place & 255, 5, zeroblob(16) from entries",
    ] {
        sqlx::query(sql).execute(&mut connection).await.expect("kept");
    }
    at_version(&path, 14).await;
    // Two steps, and the process is gone; then as a start does it.
    for want in [(1, 5, 12), (1, 8, 12)] {
        assert_eq!(build_step(&mut connection, &mut Salts::default(), 3).await.expect("linked"), Some(want));
    }
    sqlx::Connection::close(connection).await.expect("closed");
    let store = opened(&path).await;
    assert_eq!(faults(&store).await, Vec::<String>::new());
    // A cursor of before has no mark and is good; what is recorded now goes on from there.
    amend(&store, 4).await;
    erase(&store, 5).await;
    let cursor = append(&store, 100..103).await;
    assert_eq!((cursor.seq, cursor.mark.is_some()), (17, true));
    assert_eq!(faults(&store).await, Vec::<String>::new());
    store.close().await.expect("closed");
}
