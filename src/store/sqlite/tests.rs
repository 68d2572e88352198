//! Tests of this backend: the contract of every backend, then what only a file can do.

use std::path::Path;

use futures::future::BoxFuture;

use super::open::at_version;
use super::{ScanLimits, SqliteOptions, SqliteStore};
use crate::auth::{Actor, KeyHash, Operator};
use crate::clock::Clock;
use crate::domain::{Events, NewActivity, Property};
use crate::store::contract::quota::{Purse, limited};
use crate::store::contract::{Bounds, NOW, Opened, activity, appended, contract_tests, key};
use crate::store::{AppendResult, At, Change, Condition, Existing, NamedKind, Outcome, Quota, StoreError, Thing};
use crate::tallies::TallyLimits;

fn open(clock: Clock, bounds: Bounds) -> BoxFuture<'static, Opened> {
    Box::pin(async move {
        let (mut scan, mut tallies) = (ScanLimits::default(), TallyLimits::default());
        match bounds {
            Bounds::Usual => {}
            Bounds::OneWindow(window) => {
                (scan.budget, scan.window) = (std::time::Duration::ZERO, window);
                tallies = TallyLimits { lag: 2, behind: 1, step: 16, ..tallies };
            }
            Bounds::SmallWindows(window) => {
                scan = ScanLimits { budget: std::time::Duration::from_secs(60), window, numbers: 2 };
                tallies = TallyLimits { lag: 2, behind: 1, step: window, ..tallies };
            }
        }
        opened(clock, SqliteOptions { scan, tallies, ..SqliteOptions::default() }).await
    })
}

/// The same with so few combinations that tallies leave out column after column, and are given up at last.
fn open_tight(clock: Clock, _: Bounds) -> BoxFuture<'static, Opened> {
    Box::pin(async move {
        let scan = ScanLimits { budget: std::time::Duration::from_secs(60), window: 16, numbers: 3 };
        let tallies = TallyLimits { lag: 2, behind: 1, step: 5, combinations_max: 12, cells_max: 25, ..TallyLimits::default() };
        opened(clock, SqliteOptions { scan, tallies, ..SqliteOptions::default() }).await
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

#[tokio::test]
async fn histograms_agree_with_the_definition_where_minutes_become_hours_and_are_given_up() {
    crate::store::contract::by_time::histograms_agree_with_the_definition(open_tight).await;
}

async fn open_at(path: &Path, exclusive: bool) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Clock::manual(NOW), SqliteOptions { exclusive, ..SqliteOptions::default() }).await
}

fn appending(store: &SqliteStore, numbers: std::ops::Range<u128>) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> {
    let store = store.store();
    async move {
        let workspace = store.keyring.workspace_by_key(Operator::assume(), key("default")).await?.expect("there").id;
        let activities = numbers.map(|n| activity(n, "page.viewed", "expo", &format!("p-{}", n % 50))).collect();
        Ok(store.log.commit(vec![Change::Append { workspace, activities, create_unknown: true, quota: Quota::default() }]).await?.outcomes)
    }
}

#[tokio::test]
async fn a_second_server_refuses_and_the_command_line_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tidings.db");
    let server = open_at(&path, true).await.expect("opened");
    let refused = open_at(&path, true).await.err().expect("refused");
    assert!(refused.to_string().contains("another tidings server has"), "{refused}");
    appending(&server, 0..3).await.expect("stored");
    let beside = open_at(&path, false).await.expect("opened beside");
    beside.store().keyring.create_workspace(Operator::assume(), key("new"), "New".to_owned()).await.expect("made");
    assert_eq!(server.store().keyring.workspaces(Operator::assume()).await.expect("read").len(), 2);
    beside.close().await.expect("closed");
    server.close().await.expect("closed");
    assert!(matches!(appending(&server, 9..10).await, Err(StoreError::Unavailable(_))), "closed is closed");
    let again = open_at(&path, true).await.expect("the lock is free again");
    assert_eq!(again.read_whole().await.expect("read"), []);
    assert!(matches!(appended(&appending(&again, 0..1).await.expect("answered")[0])[0], AppendResult::Duplicate { seq: 1, .. }));
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tidings.db");
    let modes = || {
        let entries = std::fs::read_dir(directory.path()).expect("a folder").map(|e| e.expect("an entry"));
        entries.map(|e| (e.file_name(), e.metadata().expect("there").permissions().mode() & 0o777)).collect::<Vec<_>>()
    };
    for opened in ["new", "made by others"] {
        let store = open_at(&path, true).await.expect("opened");
        appending(&store, 0..3).await.expect("stored");
        assert!(modes().len() >= 4 && modes().iter().all(|(_, mode)| *mode == 0o600), "{opened}: {:?}", modes());
        store.close().await.expect("closed");
        for (name, _) in modes() {
            let open = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(directory.path().join(name), open).expect("set");
        }
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("set");
    let refused = open_at(&path, true).await.err().expect("refused");
    assert!(matches!(&refused, StoreError::Refused(text) if text.contains("read-only") && text.contains("chmod")), "{refused}");
    assert!(modes().iter().any(|(name, mode)| name == "tidings.db" && *mode == 0o444), "it is left as it was");
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_is_the_same_under_every_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let (folder, elsewhere) = (directory.path().join("real"), directory.path().join("elsewhere"));
    std::fs::create_dir(&folder).expect("made");
    std::fs::create_dir(&elsewhere).expect("made");
    let path = folder.join("tidings.db");
    let server = open_at(&path, true).await.expect("opened");
    std::os::unix::fs::symlink(&path, elsewhere.join("soft.db")).expect("linked");
    std::os::unix::fs::symlink(&folder, directory.path().join("folder")).expect("linked");
    std::fs::hard_link(&path, elsewhere.join("hard.db")).expect("linked");
    let mut names =
        vec![path.clone(), elsewhere.join("soft.db"), directory.path().join("folder/tidings.db"), folder.join("../real/tidings.db")];
    if cfg!(target_os = "linux") {
        names.push(elsewhere.join("hard.db"));
    }
    for name in &names {
        let refused = open_at(name, true).await.err().map(|fault| fault.to_string()).unwrap_or_default();
        assert!(refused.contains("another tidings server has") && refused.contains("open"), "{}: {refused}", name.display());
    }
    appending(&server, 0..3).await.expect("it works on");
    server.close().await.expect("closed");
    let by_link = open_at(&elsewhere.join("soft.db"), true).await.expect("free again");
    assert_eq!(by_link.store().log.head(Operator::assume().workspace(1)).await.expect("read").seq, 3, "the same file");
}

#[tokio::test]
async fn it_is_seen_that_the_clock_went_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Clock::manual(NOW);
    let path = directory.path().join("tidings.db");
    let store = SqliteStore::open(&path, clock.clone(), SqliteOptions::default()).await.expect("opened");
    appending(&store, 0..1).await.expect("stored");
    for (now, ahead) in [(NOW.0, 0), (NOW.0 - 90_000, 90_000), (NOW.0 + 5, 0)] {
        clock.set(crate::domain::UnixMs(now));
        assert_eq!(store.recorded_ahead_ms(Operator::assume()).await.expect("read"), ahead);
    }
}

#[tokio::test]
async fn nothing_of_what_was_erased_is_left_in_the_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tidings.db");
    let store = open_at(&path, true).await.expect("opened");
    let workspace = Operator::assume().workspace(1);
    let named = |n: u128| {
        let text = Property::Text(format!("Hildegard {n} {}", "x".repeat(usize::try_from(n).expect("small") * 700)));
        NewActivity { properties: [("who".to_owned(), text)].into(), ..activity(n, "page.viewed", "expo", "acme") }
    };
    let activities = (1..=9).map(named).collect();
    let append = Change::Append { workspace, activities, create_unknown: true, quota: Quota::default() };
    let erase = |n| Change::Erase { workspace, id: activity(n, "page.viewed", "expo", "acme").id, within: Events::ALL, by: Actor::Server };
    store.store().log.commit(vec![append]).await.expect("committed");
    store.store().log.commit((2..=9).map(erase).collect()).await.expect("committed");
    assert_eq!(store.store().upkeep.check(Operator::assume()).await.expect("checked"), []);
    // Closing writes everything to the one file.
    store.close().await.expect("closed");
    for file in std::fs::read_dir(directory.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("an entry").path()).expect("read");
        let held: Vec<_> = bytes.windows(11).filter(|w| w.to_ascii_lowercase().starts_with(b"hildegard ")).map(|w| w[10]).collect();
        assert!(held.iter().all(|number| *number == b'1'), "{held:?}");
    }
}

/// Lets the database grow to so many pages; `None` is no further.
async fn limit(store: &SqliteStore, pages: Option<i64>) {
    let mut writer = store.inner.writer.lock().await;
    let connection = writer.connection().await.expect("open");
    let now: i64 = sqlx::query_scalar("pragma page_count").fetch_one(&mut *connection).await.expect("read");
    let sql = format!("pragma max_page_count = {}", pages.unwrap_or(now));
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.expect("set");
}

#[tokio::test]
async fn what_was_not_stored_counts_for_no_quota_and_what_was_still_does_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("tidings.db");
    let store = open_at(&path, true).await.expect("opened");
    let (workspace, purse) = (Operator::assume().workspace(1), Purse::of(1_001));
    let making = |store: &SqliteStore, numbers: std::ops::Range<u128>| {
        let activities = numbers.map(|n| activity(n, "page.viewed", "expo", &format!("p-{n}"))).collect();
        let (log, change) = (store.store().log, limited(workspace, activities, 1_001, Some(&purse)));
        async move { log.commit(vec![change]).await.map(|committed| appended(&committed.outcomes[0])) }
    };
    limit(&store, None).await;
    let refused = making(&store, 0..1_000).await.expect_err("no room");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert_eq!(purse.left(), 1_001, "given back");
    limit(&store, Some(1_000_000)).await;
    // A commit that nobody waits for is stored or not. The workspace's count is in the same transaction; of the sender's minute
    // it may give back what was stored after all (an event and ten partners), never take what was not.
    let mut left_alone = Box::pin(making(&store, 0..10));
    assert!(futures::poll!(left_alone.as_mut()).is_pending());
    drop(left_alone);
    let results = making(&store, 0..1_000).await.expect("room");
    assert!(results.iter().all(|r| matches!(r, AppendResult::Stored { .. } | AppendResult::Duplicate { .. })), "an event and its partners");
    assert!([0, 11].contains(&purse.left()), "{}", purse.left());
    store.close().await.expect("closed");

    let store = open_at(&path, true).await.expect("opens again");
    let change =
        limited(workspace, vec![activity(5_000, "page.viewed", "expo", "q"), activity(5_001, "page.viewed", "expo", "p-7")], 1_001, None);
    let results = appended(&store.store().log.commit(vec![change]).await.expect("asked").outcomes[0]);
    assert!(matches!(&results[..], [AppendResult::OverQuota(_), AppendResult::Stored { .. }]), "{results:?}");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_full_disk_stores_nothing_and_is_forgotten_when_there_is_room() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open_at(&directory.path().join("tidings.db"), true).await.expect("opened");
    appending(&store, 0..10).await.expect("stored");
    limit(&store, None).await;
    let refused = appending(&store, 10..2_000).await.expect_err("no room");
    assert!(matches!(&refused, StoreError::Unavailable(text) if text.contains("full")), "{refused:?}");
    let workspace = Operator::assume().workspace(1);
    assert_eq!(store.store().log.head(workspace).await.expect("read").seq, 10, "nothing of it was stored");
    assert!(
        store.store().directory.one(NamedKind::Partner, At::within(workspace, key("expo"), key("p-40"))).await.expect("read").is_none()
    );
    limit(&store, Some(1_000_000)).await;
    let results = appended(&appending(&store, 10..2_000).await.expect("room again")[0]);
    assert!(results.iter().enumerate().all(|(n, r)| *r == AppendResult::Stored { seq: 11 + n as u64, recorded_at: NOW }));
    assert_eq!(store.read_whole().await.expect("read"), []);
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
    let results = appended(&appending(&store, 1_000_000..1_000_001).await.expect("works on")[0]);
    let AppendResult::Stored { seq, .. } = results[0] else { panic!("not stored") };
    assert_eq!((seq - 1) % 40, 0, "each of them is there whole or not at all");
    assert_eq!(store.read_whole().await.expect("read"), []);
}

/// Who has changed what, as the rows say it, in their order.
async fn audited(store: &SqliteStore) -> Vec<String> {
    let mut writer = store.inner.writer.lock().await;
    let sql = "select actor || ifnull(':' || actor_number, '') || ' ' || action || ' ' || kind || ' ' || number || ' ' || fields
         from audit where workspace_id = 1 order by id";
    sqlx::query_scalar(sql).fetch_all(writer.connection().await.expect("open")).await.expect("read")
}

#[tokio::test]
async fn who_has_changed_what_is_kept_with_the_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open_at(&directory.path().join("tidings.db"), true).await.expect("opened");
    let workspace = Operator::assume().workspace(1);
    let commit = async |changes: Vec<Change>| store.store().log.commit(changes).await.map(|committed| committed.outcomes);
    let (top, within) = (|| At::top(workspace, key("expo")), |of: &str| At::within(workspace, key("expo"), key(of)));
    let put = |at, thing, by| Change::Put { at, thing, condition: Condition::None, by };
    let acme = |company: Option<&str>, tags: &[&str]| Thing::Partner {
        name: "Acme".to_owned(),
        email: None,
        company: company.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let (alice, server) = (Actor::Member(7), Actor::Server);
    let (event, message) = (Thing::Event { name: "Expo".to_owned() }, Thing::Message { subject: "Hi".to_owned() });
    let recipients =
        |add| Change::Recipients { workspace, event: key("expo"), message: key("m"), add, remove: Vec::new(), by: Actor::Key(3) };
    let many = vec![(key("acme"), acme(Some("A"), &["vip"])), (key("globex"), acme(None, &[]))];
    commit(vec![
        put(top(), event.clone(), alice),
        put(top(), event, alice),
        put(within("acme"), acme(Some("A"), &[]), server),
        put(within("m"), message, alice),
        recipients(vec![key("acme")]),
        recipients(vec![key("acme")]),
        Change::PutMany { workspace, event: key("expo"), partners: many, existing: Existing::Replace, by: alice },
        Change::Remove { at: within("acme"), kind: NamedKind::Partner, condition: Condition::None, by: Actor::Guest(9) },
        Change::Remove { at: within("acme"), kind: NamedKind::Partner, condition: Condition::None, by: Actor::Guest(9) },
        put(within("acme"), acme(None, &[]), alice),
    ])
    .await
    .expect("stored");
    let want = [
        "member:7 made event 1 name",
        "server made partner 1 name,company",
        "member:7 made message 1 subject",
        "key:3 changed message 1 recipients",
        "member:7 changed partner 1 tags",
        "member:7 made partner 2 name",
        "guest:9 removed partner 1 ",
        "member:7 made partner 1 name",
    ];
    assert_eq!(audited(&store).await, want, "what changes nothing is no change");
    // With the change or not at all; what activities make on first sight is nobody's change.
    limit(&store, None).await;
    let large = (0..5_000).map(|n| (key(&format!("p-{n}")), acme(Some("A company with a name of some length"), &[]))).collect();
    let many = Change::PutMany { workspace, event: key("expo"), partners: large, existing: Existing::Replace, by: alice };
    commit(vec![many]).await.expect_err("no room");
    limit(&store, Some(1_000_000)).await;
    appending(&store, 0..3).await.expect("stored");
    assert_eq!(audited(&store).await, want);
    store.close().await.expect("closed");
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
        let found = store.read_whole().await.expect("read");
        assert!(found.iter().any(|f| f.text.contains(want) && f.workspace.as_deref() == Some("default")), "{damage}: {found:?}");
    }
}

/// A key of the version before opens what it opened, and the database takes shares and webhooks.
#[tokio::test]
async fn credentials_of_the_version_before_are_confined_to_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.db");
    at_version(&path, 14).await;
    let beside = rusqlite::Connection::open(&path).expect("opens");
    let hash: &[u8] = &[1; 32];
    beside
        .execute_batch("insert into workspaces (id, key, folded, name, epoch, chain, chain_pruned) values (1, 'default', 'default', 'Default', 7, zeroblob(32), zeroblob(32))")
        .expect("kept");
    let sql = "insert into credentials (hash, kind, workspace_id, scopes, name, created_at) values (?1, 'key', 1, 2, 'old', 0)";
    beside.execute(sql, [hash]).expect("kept");
    drop(beside);
    let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await.expect("opens");
    let found = store.store().keyring.find_credential(KeyHash([1; 32])).await.expect("read").expect("there");
    assert_eq!((found.confined, found.used_at), (None, None));
    let workspace = Operator::assume().workspace(1);
    assert!(store.store().keyring.shares(workspace).await.expect("read").is_empty());
    assert!(store.store().webhooks.list(workspace).await.expect("read").is_empty());
    store.close().await.expect("closed");
}
