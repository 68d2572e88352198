//! Copies beside a writer, in the way of others, of what is no database, and cut short.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::unfinished::Unfinished;
use super::{Copied, CopyOptions, CopyStage, StoreError, backup, restore};
use crate::auth::{KeyHash, Operator};
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::store::contract::{NOW, activity};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Change, CredentialKind, NewCredential, Quota};

const OPERATOR: Operator = Operator::assume();

fn options() -> CopyOptions {
    CopyOptions { replace: false, bytes_per_s: None, end: CancellationToken::new(), told: Arc::new(|_| {}) }
}

fn replacing() -> CopyOptions {
    CopyOptions { replace: true, ..options() }
}

async fn opened(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Clock::manual(NOW), SqliteOptions::default()).await.expect("opened")
}

async fn append(store: &SqliteStore, numbers: std::ops::Range<u128>) {
    let activities = numbers.map(|n| activity(n, "page.viewed", "expo", &format!("p-{n}"))).collect();
    let workspace = OPERATOR.workspace(1);
    let change = Change::Append { workspace, activities, create_unknown: true, quota: Quota::default() };
    store.store().log.commit(vec![change]).await.expect("stored");
}

/// A closed database with ten activities.
async fn made(folder: &Path) -> PathBuf {
    let path = folder.join("tidings.db");
    let store = opened(&path).await;
    append(&store, 0..10).await;
    store.close().await.expect("closed");
    path
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn refused(copied: Result<Copied, StoreError>, word: &str) {
    let told = copied.expect_err(word).to_string();
    assert!(told.contains(word), "{word:?} is missing in {told:?}");
}

async fn head(path: &Path) -> (u64, u64) {
    let store = opened(path).await;
    let head = store.store().log.head(OPERATOR.workspace(1)).await.expect("read");
    assert_eq!(store.read_whole().await.expect("read"), []);
    store.close().await.expect("closed");
    (head.epoch.0, head.seq)
}

#[tokio::test]
async fn a_copy_is_of_one_moment_though_something_is_written_at_each_step() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, copy) = (directory.path().join("tidings.db"), directory.path().join("copy.db"));
    let store = opened(&path).await;
    append(&store, 0..10).await;
    let beside = Connection::open(&path).expect("opened");
    beside.execute_batch("create table more (number integer, bytes blob); insert into more values (0, randomblob(6000000))").expect("made");
    let (steps, furthest) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (beside, counted) = (Mutex::new(beside), steps.clone());
    let told = Arc::new(move |stage| {
        let CopyStage::Copying { bytes, of } = stage else { return };
        assert!(bytes > furthest.swap(bytes, Ordering::Relaxed) && bytes <= of, "it never begins anew: {stage:?}");
        let step = counted.fetch_add(1, Ordering::Relaxed) + 1;
        beside.lock().expect("whole").execute("insert into more values (?1, randomblob(9000))", [step.cast_signed()]).expect("written");
    });
    let copied = backup(OPERATOR, &path, &copy, &CopyOptions { told, ..options() }).await.expect("copied");
    assert!(steps.load(Ordering::Relaxed) > 5, "there were steps to write between");
    assert_eq!((copied.workspaces, copied.entries, copied.looked_through), (1, 10, true));
    assert_eq!(copied.bytes, fs::metadata(&copy).expect("there").len());
    let rows: i64 = Connection::open(&copy).expect("opens").query_row("select count(*) from more", [], |row| row.get(0)).expect("read");
    assert_eq!(rows, 1, "nothing of what was written meanwhile");
    append(&store, 10..20).await;
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_backup_takes_no_place_but_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = made(directory.path()).await;
    let at = |name: &str| directory.path().join(name);
    fs::write(at("taken"), "something else").expect("written");
    fs::hard_link(&path, at("hard.db")).expect("linked");
    std::os::unix::fs::symlink(&path, at("soft.db")).expect("linked");
    fs::write(at("used.db-wal"), "a log that would be laid over it").expect("written");
    let before = names(directory.path());
    for (to, word) in [
        ("taken", "--force"),
        ("tidings.db", "the database itself"),
        ("hard.db", "the database itself"),
        ("soft.db", "the database itself"),
        (".", "is a folder"),
        ("used.db", "used.db-wal"),
        ("nowhere/a.db", "folder"),
    ] {
        refused(backup(OPERATOR, &path, &at(to), &options()).await, word);
        assert_eq!(names(directory.path()), before, "{to}");
    }
    refused(backup(OPERATOR, &path, &at("hard.db"), &replacing()).await, "the database itself");
    refused(backup(OPERATOR, &path, &at("used.db"), &replacing()).await, "used.db-wal");
    refused(backup(OPERATOR, &at("none.db"), &at("copy.db"), &options()).await, "no database");
    refused(backup(OPERATOR, &at("taken"), &at("copy.db"), &options()).await, "not a database");
    backup(OPERATOR, &path, &at("taken"), &replacing()).await.expect("replaced");
    assert_eq!(head(&at("taken")).await.1, 10);
}

#[tokio::test]
async fn what_ends_it_early_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = made(directory.path()).await;
    let (copy, before) = (directory.path().join("copy.db"), names(directory.path()));
    for at_check in [false, true] {
        let end = CancellationToken::new();
        let ending = end.clone();
        let told = Arc::new(move |stage| {
            if at_check == (stage == CopyStage::Checking) {
                ending.cancel();
            }
        });
        refused(backup(OPERATOR, &path, &copy, &CopyOptions { end, told, bytes_per_s: Some(1), ..options() }).await, "told to end");
        assert_eq!(names(directory.path()), before, "at the check: {at_check}");
    }
    // What a killed one has left is taken over, unless somebody still makes it.
    fs::write(directory.path().join("copy.db.unfinished"), "half").expect("written");
    fs::write(directory.path().join("copy.db.unfinished-journal"), "half").expect("written");
    let making = Unfinished::begin(&copy).expect("begun");
    refused(backup(OPERATOR, &path, &copy, &options()).await, "being made");
    drop(making);
    backup(OPERATOR, &path, &copy, &options()).await.expect("copied");
    assert_eq!(names(directory.path()), ["copy.db", "tidings.db", "tidings.db.lock"]);
}

#[tokio::test]
async fn what_is_no_backup_is_never_put_in_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = made(directory.path()).await;
    let at = |name: &str| directory.path().join(name);
    backup(OPERATOR, &path, &at("good.db"), &options()).await.expect("copied");
    let altered = |name: &str, sql: &str| {
        fs::copy(at("good.db"), at(name)).expect("copied");
        let file = Connection::open(at(name)).expect("opens");
        file.execute_batch(sql).expect("altered");
        file.close().expect("closed");
    };
    altered(
        "newer.db",
        "insert into _sqlx_migrations select 9999, description, installed_on, success, checksum, 0 from _sqlx_migrations limit 1",
    );
    altered("holed.db", "delete from entries where place & 1099511627775 = 3");
    let mut torn = fs::read(at("good.db")).expect("read");
    let half = torn.len() / 2;
    torn[half..].fill(0x5a);
    fs::write(at("torn.db"), torn).expect("written");
    Connection::open(at("other.db")).expect("opens").execute_batch("create table notes (text)").expect("made");
    fs::write(at("text.db"), "no database").expect("written");
    let (before, kept) = (names(directory.path()), fs::read(&path).expect("read"));
    for (from, word) in [
        ("newer.db", "newer version"),
        ("holed.db", "after entry 2 comes entry 4"),
        ("torn.db", "malformed"),
        ("other.db", "no database of Tidings"),
        ("text.db", "not a database"),
        ("none.db", "no backup"),
        ("tidings.db", "the database itself"),
    ] {
        refused(restore(OPERATOR, &at(from), &path, &Clock::System, &replacing()).await, word);
        assert_eq!(names(directory.path()), before, "{from}");
        assert_eq!(fs::read(&path).expect("read"), kept, "{from}");
    }
    refused(backup(OPERATOR, &at("holed.db"), &at("copy.db"), &options()).await, "after entry 2 comes entry 4");
    refused(backup(OPERATOR, &at("newer.db"), &at("copy.db"), &options()).await, "newer version");
}

#[tokio::test]
async fn a_restored_log_is_another_one_and_the_old_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = made(directory.path()).await;
    let copy = directory.path().join("copy.db");
    let store = opened(&path).await;
    let new = |kind, hash| NewCredential { ..NewCredential::new(kind, KeyHash([hash; 32]), NOW) };
    let keyring = store.store().keyring;
    for (kind, hash) in [(CredentialKind::Key, 1), (CredentialKind::Link, 2), (CredentialKind::Ticket, 3), (CredentialKind::Session, 4)] {
        keyring.create_credential(OPERATOR.workspace(1), new(kind, hash)).await.expect("kept");
    }
    backup(OPERATOR, &path, &copy, &options()).await.expect("copied");
    append(&store, 10..13).await;
    let backed_up = fs::read(&copy).expect("read");
    refused(restore(OPERATOR, &copy, &path, &Clock::System, &replacing()).await, "another tidings server");
    store.close().await.expect("closed");
    refused(restore(OPERATOR, &copy, &path, &Clock::System, &options()).await, "--force");
    let reading = Connection::open(&path).expect("opened");
    reading.execute_batch("begin; select count(*) from entries").expect("read");
    refused(restore(OPERATOR, &copy, &path, &Clock::System, &replacing()).await, "another program has");
    drop(reading);
    let old = head(&path).await;
    assert_eq!(old.1, 13);

    let clock = Clock::manual(UnixMs::parse("2026-11-26T05:43:25Z").expect("a time"));
    let mut asides = Vec::new();
    for _ in 0..2 {
        let restored = restore(OPERATOR, &copy, &path, &clock, &replacing()).await.expect("restored");
        assert_eq!((restored.workspaces, restored.entries), (1, 10));
        asides.push(restored.aside.expect("moved"));
    }
    let new = head(&path).await;
    assert!(new.1 == 10 && new.0 != old.0, "{old:?}, {new:?}");
    assert_eq!(fs::read(&copy).expect("read"), backed_up, "the backup is as it was");
    let left = names(directory.path());
    let first = "tidings.db.replaced-20261126T054325Z";
    assert_eq!(left, ["copy.db", "tidings.db", "tidings.db.lock", first, &format!("{first}-2")]);
    assert_eq!(head(&asides[0]).await, old);
    let store = opened(&path).await;
    let mut found = Vec::new();
    for hash in 1..=4 {
        found.push(store.store().keyring.find_credential(KeyHash([hash; 32])).await.expect("read").is_some());
    }
    assert_eq!(found, [true, false, false, true], "what opens once may have been used since");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_broken_database_is_moved_aside_with_its_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = made(directory.path()).await;
    let copy = directory.path().join("copy.db");
    backup(OPERATOR, &path, &copy, &options()).await.expect("copied");
    for (database, log) in [(Some("broken"), Some("a log")), (None, Some("a log alone"))] {
        fs::remove_file(&path).expect("removed");
        let wal = directory.path().join("tidings.db-wal");
        for (file, text) in [(&path, database), (&wal, log)] {
            text.into_iter().for_each(|text| fs::write(file, text).expect("written"));
        }
        refused(restore(OPERATOR, &copy, &path, &Clock::System, &options()).await, "--force");
        let aside = restore(OPERATOR, &copy, &path, &Clock::System, &replacing()).await.expect("restored").aside.expect("moved");
        let kept = |end: &str| fs::read_to_string(format!("{}{end}", aside.display())).ok();
        assert_eq!((kept("").as_deref(), kept("-wal").as_deref()), (database, log));
        assert_eq!(head(&path).await.1, 10);
    }
}

#[tokio::test]
async fn a_database_of_the_version_before_is_copied_as_it_is_and_restored_as_of_now() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("old.db");
    crate::store::sqlite::open::at_version(&path, 4).await;
    let copied = backup(OPERATOR, &path, &directory.path().join("copy.db"), &options()).await.expect("copied");
    assert!(!copied.looked_through, "there is nothing yet to look through by");
    let new = directory.path().join("new.db");
    let restored = restore(OPERATOR, &directory.path().join("copy.db"), &new, &Clock::System, &options()).await.expect("restored");
    assert!(restored.looked_through && restored.aside.is_none(), "{restored:?}");
    let version = |path: &Path| -> i64 {
        let file = Connection::open(path).expect("opens");
        file.query_row("select max(version) from _sqlx_migrations", [], |row| row.get(0)).expect("read")
    };
    assert_eq!((version(&path), version(&new)), (4, crate::store::sqlite::open::newest_version()));
}
