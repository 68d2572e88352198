//! Tallies against rows: whatever is folded, saved, lost or changed, an answer with tallies is the answer without.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

mod corrections;
mod minutes;
mod pruning;

use super::fold::fold_from_nothing;
use crate::auth::{Actor, Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Client, Events, Grade, Graded, NewActivity, UnixMs};
use crate::filter::{Field, FilterSet};
use crate::store::contract::{NOW, activity, key};
use crate::store::sqlite::{ScanLimits, SqliteOptions, SqliteStore};
use crate::store::{Change, FacetQuery, Quota};
use crate::tallies::{Cube, LogTallies, TallyLimits, cube_differences, minutes_differences};

/// Small enough that a few hundred activities take many steps, saves and parts.
const TIGHT: TallyLimits = TallyLimits {
    lag: 3,
    behind: 1,
    step: 16,
    combinations_max: 1_000,
    held_max: 10_000,
    save: 64,
    part_bytes_max: 100,
    ..TallyLimits::USUAL
};

async fn open_with(path: &Path, exclusive: bool, tallies: TallyLimits) -> SqliteStore {
    let scan = ScanLimits { budget: Duration::from_secs(60), window: 64, ..ScanLimits::default() };
    SqliteStore::open(path, Clock::manual(NOW), SqliteOptions { exclusive, scan, tallies, ..SqliteOptions::default() })
        .await
        .expect("opened")
}

/// A store and one beside it that never folds: it reads every row.
struct Pair {
    directory: tempfile::TempDir,
    folding: SqliteStore,
    scanning: SqliteStore,
    workspace: WorkspaceId,
}

impl Pair {
    async fn fresh(limits: TallyLimits) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("tidings.db");
        let folding = open_with(&path, true, limits).await;
        let scanning = open_with(&path, false, limits).await;
        Self { directory, folding, scanning, workspace: Operator::assume().workspace(1) }
    }

    async fn append(&self, numbers: std::ops::Range<u128>) {
        append(&self.folding, self.workspace, numbers).await;
    }

    /// Amends most of these, and erases some.
    async fn correct(&self, numbers: impl IntoIterator<Item = u128>) {
        correct(&self.folding, self.workspace, numbers).await;
    }

    async fn fold_all(&self) {
        while self.folding.fold(self.workspace).await.expect("folded") {}
    }

    /// Ends the task that keeps tallies as soon as it begins: it saves.
    async fn save(&self) {
        let end = CancellationToken::new();
        end.cancel();
        self.folding.clone().keep_tallies(Operator::assume(), end).await;
    }

    async fn restart(&mut self) {
        self.folding.close().await.expect("closed");
        self.folding = open_with(&self.directory.path().join("tidings.db"), true, self.folding.inner.tallies.limits).await;
    }

    async fn sql(&self, statement: &'static str) {
        let mut writer = self.folding.inner.writer.lock().await;
        sqlx::raw_sql(statement).execute(writer.connection().await.expect("open")).await.expect("done");
    }

    fn log(&self) -> Arc<LogTallies> {
        self.folding.inner.tallies.of(self.workspace)
    }

    async fn cube(&self) -> Option<Arc<Cube>> {
        self.log().cube.take().await
    }

    /// Every kind of question has the same answer with and without tallies.
    async fn assert_same(&self) {
        let by: Vec<Field> = Field::ALL.into_iter().filter(|field| *field != Field::Id).collect();
        for pairs in [
            &[][..],
            &[("partner", "p-1"), ("partner", "p-2")],
            &[("not.flavor", "message.*"), ("message", "m-1")],
            &[("browser", "chrome"), ("device", "desktop")],
            &[("text", "p-3")],
            &[("not.grade", "unclear")],
        ] {
            for (since, until) in [(None, None), (Some(0), Some(10_000)), (Some(40), None), (None, Some(120))] {
                let filter = FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set");
                let at = |moved: Option<i64>| moved.map(|moved| UnixMs(NOW.0 + moved));
                let query = FacetQuery {
                    filter: filter.clone(),
                    within: FilterSet::default(),
                    by: by.clone(),
                    since: at(since),
                    until: at(until),
                    values_max: 1_000,
                };
                let got = self.folding.read_facets(self.workspace, query.clone()).await.expect("counted");
                let want = self.scanning.read_facets(self.workspace, query).await.expect("counted");
                let case = format!("{filter} {since:?} {until:?}");
                assert_eq!(
                    (got.total, got.complete, got.by, got.rest, got.different),
                    (want.total, want.complete, want.by, want.rest, want.different),
                    "{case}"
                );
                let count = |store: &SqliteStore, to| {
                    let (store, filter, workspace) = (store.clone(), filter.clone(), self.workspace);
                    async move { store.read_count(workspace, filter, 0, to).await.expect("counted").stored }
                };
                for to in [want.head.seq, want.head.seq / 2] {
                    assert_eq!(count(&self.folding, to).await, count(&self.scanning, to).await, "{case}");
                }
            }
        }
    }

    /// What is held is what folding the log anew gives.
    async fn assert_true_to_the_log(&self) {
        let cube = self.cube().await.expect("tallies");
        let mut reader = self.scanning.inner.readers.acquire().await.expect("a reader");
        let minutes = self.log().minutes.take().await.expect("counts by minute");
        let like = (Some(&*cube), Some(&*minutes));
        let (plain, plain_minutes) = fold_from_nothing(&mut reader, self.workspace, like, 1_000).await.expect("folded");
        let (plain, plain_minutes) = (plain.expect("asked for"), plain_minutes.expect("asked for"));
        assert_eq!((cube_differences(&cube, &plain), cube.activities()), (0, plain.activities()));
        assert_eq!(minutes_differences(&minutes, &plain_minutes), 0);
    }
}

async fn append(store: &SqliteStore, workspace: WorkspaceId, numbers: std::ops::Range<u128>) {
    let client = |name: &str| Some(Client { name: name.to_owned(), version: None });
    let activities = numbers.map(|n| NewActivity {
        message: (n % 3 == 0).then(|| key(&format!("m-{}", n % 4))),
        browser: client(["Chrome", "Firefox", "Internet Explorer"][(n / 7 % 3) as usize]),
        occurred_at: UnixMs(NOW.0 + i64::try_from(n).expect("small")),
        ..activity(n, ["page.viewed", "message.opened", "message.sent"][(n % 3) as usize], "expo", &format!("p-{}", n % 5))
    });
    let change = Change::Append { workspace, activities: activities.collect(), create_unknown: true, quota: Quota::default() };
    let committed = store.store().log.commit(vec![change]).await.expect("committed");
    assert_eq!(committed.batches.len(), 1);
}

async fn correct(store: &SqliteStore, workspace: WorkspaceId, numbers: impl IntoIterator<Item = u128>) {
    let changes = numbers.into_iter().map(|n| {
        let id = activity(n, "page.viewed", "expo", "p-1").id;
        let grade = [Grade::Human, Grade::Machine][(n / 5 % 2) as usize];
        match n % 5 {
            0 => Change::Erase { workspace, id, within: Events::ALL, by: Actor::Server },
            _ => Change::Amend {
                workspace,
                id,
                within: Events::ALL,
                graded: Graded { grade, reasons: vec!["because".into()] },
                by: Actor::Server,
            },
        }
    });
    store.store().log.commit(changes.collect()).await.expect("committed");
}

#[tokio::test]
async fn a_count_takes_what_is_folded_and_scans_the_rest() {
    let pair = Pair::fresh(TIGHT).await;
    for part in 0..6 {
        pair.append(part * 40..part * 40 + 40).await;
        for _ in 0..part {
            pair.folding.fold(pair.workspace).await.expect("folded");
        }
        pair.assert_same().await;
    }
    pair.fold_all().await;
    let head = pair.folding.read_head(pair.workspace).await.expect("read").seq;
    assert_eq!(pair.cube().await.expect("tallies").seq, head - TIGHT.lag);
    pair.assert_same().await;
    pair.assert_true_to_the_log().await;
}

#[tokio::test]
async fn a_restart_takes_up_what_was_saved_and_goes_on() {
    let mut pair = Pair::fresh(TIGHT).await;
    let mut appended = 0;
    for _ in 0..4 {
        pair.append(appended..appended + 70).await;
        appended += 70;
        pair.fold_all().await;
        pair.save().await;
        let saved = pair.cube().await.expect("tallies").seq;
        // Folded, and not saved.
        pair.append(appended..appended + 20).await;
        appended += 20;
        pair.fold_all().await;
        pair.restart().await;
        assert!(pair.cube().await.is_none());
        pair.folding.fold(pair.workspace).await.expect("folded");
        assert!(pair.cube().await.is_some_and(|cube| cube.seq > saved), "it goes on from what was saved");
        pair.assert_same().await;
        pair.fold_all().await;
        pair.assert_true_to_the_log().await;
        assert_eq!(pair.folding.read_whole().await.expect("checked"), []);
    }
}

#[tokio::test]
async fn whatever_ends_a_save_leaves_one_that_is_whole() {
    let mut pair = Pair::fresh(TIGHT).await;
    let mut appended = 0;
    // Each is dropped after some more steps than the one before.
    for steps in 0..40u128 {
        pair.append(appended..appended + 30).await;
        appended += 30;
        pair.fold_all().await;
        let mut save = Box::pin(pair.save());
        for _ in 0..steps * 4 {
            if futures::poll!(save.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(save);
        pair.restart().await;
        assert_eq!(pair.folding.read_whole().await.expect("checked"), [], "after {steps} steps");
        pair.fold_all().await;
        pair.assert_true_to_the_log().await;
    }
    pair.assert_same().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_folds_and_questions_at_once() {
    let pair = Arc::new(Pair::fresh(TIGHT).await);
    let appending = tokio::spawn({
        let pair = pair.clone();
        async move {
            for part in 0..60 {
                pair.append(part * 17..part * 17 + 17).await;
            }
        }
    });
    let folding = |pair: Arc<Pair>| async move {
        for _ in 0..200 {
            pair.folding.fold(pair.workspace).await.expect("folded");
        }
    };
    // Two at once: what one folds the other must not add again.
    let folds = [tokio::spawn(folding(pair.clone())), tokio::spawn(folding(pair.clone()))];
    while !(appending.is_finished() && folds.iter().all(tokio::task::JoinHandle::is_finished)) {
        let query = FacetQuery {
            filter: FilterSet::default(),
            within: FilterSet::default(),
            by: vec![Field::Flavor],
            since: None,
            until: None,
            values_max: 10,
        };
        let facets = pair.folding.read_facets(pair.workspace, query).await.expect("counted");
        let memberships: i64 = sqlx::query_scalar("select count(*) from entries where kind <> 0 and place <= (1 << 40 | ?)")
            .bind(facets.head.seq.cast_signed())
            .fetch_one(&pair.scanning.inner.apart)
            .await
            .expect("read");
        assert_eq!(facets.total + memberships.cast_unsigned(), facets.head.seq);
        assert_eq!(facets.by[0].1.iter().map(|value| value.count).sum::<u64>(), facets.total);
    }
    appending.await.expect("appended");
    for fold in folds {
        fold.await.expect("folded");
    }
    pair.fold_all().await;
    pair.assert_true_to_the_log().await;
    pair.assert_same().await;
}

#[tokio::test]
async fn a_log_that_was_corrected_or_pruned_is_counted_as_it_is() {
    let pair = Pair::fresh(TIGHT).await;
    pair.append(0..100).await;
    pair.fold_all().await;
    let pruned = "delete from entries where place <= (1 << 40 | 20); update workspaces set pruned = 20 where id = 1";
    let new_epoch = "update workspaces set epoch = epoch + 1 where id = 1";
    for (round, change) in [None, Some(pruned), None, Some(new_epoch)].into_iter().enumerate() {
        let from = 100 + 50 * round as u128;
        match change {
            Some(sql) => pair.sql(sql).await,
            None => pair.correct((from - 60..from - 20).step_by(3)).await,
        }
        pair.assert_same().await;
        pair.append(from..from + 50).await;
        // It comes to an end: what is folded anew is not begun anew again.
        pair.fold_all().await;
        pair.assert_true_to_the_log().await;
        pair.assert_same().await;
    }
}

#[tokio::test]
async fn too_many_combinations_leave_columns_out_and_then_give_up() {
    let pair = Pair::fresh(TallyLimits { combinations_max: 20, ..TIGHT }).await;
    pair.append(0..100).await;
    pair.fold_all().await;
    let cube = pair.cube().await.expect("tallies");
    assert!(cube.combinations() <= 20 && !cube.keeps(Field::About) && cube.keeps(Field::Partner), "{:?}", cube.kept);
    pair.assert_same().await;
    pair.assert_true_to_the_log().await;

    let pair = Pair::fresh(TallyLimits { combinations_max: 8, ..TIGHT }).await;
    pair.append(0..100).await;
    pair.fold_all().await;
    assert!(pair.cube().await.is_none());
    pair.assert_same().await;
    let given_up = pair.log().cube.given_up.load(std::sync::atomic::Ordering::Relaxed);
    assert!(given_up > 0 && !pair.log().is_behind(&TIGHT), "{given_up}");
    pair.append(100..220).await;
    assert!(pair.log().is_behind(&TIGHT), "it is tried again when the log is twice as long");
}

#[tokio::test]
async fn logs_that_do_not_fit_rest_until_they_are_asked_for() {
    let pair = Pair::fresh(TallyLimits { held_max: 120, save: 1_000, ..TIGHT }).await;
    let keyring = pair.folding.store().keyring;
    let second = keyring.create_workspace(Operator::assume(), key("second"), "Second".to_owned()).await.expect("made").id;
    let folding = &pair.folding;
    pair.append(0..200).await;
    append(folding, second, 0..200).await;
    let held = |workspace| async move { folding.inner.tallies.of(workspace).cube.take().await.is_some() };
    while folding.round().await.expect("kept") {}
    assert!(held(pair.workspace).await != held(second).await, "one of the two is let go of");
    for (workspace, from) in [(pair.workspace, 1_000), (second, 1_000), (pair.workspace, 2_000)] {
        let _asked = folding.inner.tallies.take(workspace).await;
        while folding.round().await.expect("kept") {}
        assert!(held(workspace).await, "what is asked for is taken up, though nothing was appended");
        append(folding, workspace, from..from + 100).await;
        while folding.round().await.expect("kept") {}
        assert!(held(workspace).await, "what was asked for last is held");
        pair.assert_same().await;
    }
    pair.assert_true_to_the_log().await;
}

#[tokio::test]
async fn check_holds_saved_tallies_to_the_log() {
    let mut pair = Pair::fresh(TIGHT).await;
    for (damage, want) in [
        ("update tallies set digest = x'00'", &["cannot be read"][..]),
        ("delete from tally_parts where part = 1", &["cannot be read"]),
        (
            "update entries set flavor = 'other.thing' where place = (1 << 40 | 9) and kind = 0",
            &["count 2 combinations otherwise", "count 2 minutes otherwise"],
        ),
        (
            "update entries set occurred_at = occurred_at - 60000 where place = (1 << 40 | 40) and kind = 0",
            &["count 1 combinations otherwise", "count 2 minutes otherwise"],
        ),
    ] {
        let from = u128::from(pair.folding.read_head(pair.workspace).await.expect("read").seq) + 1_000;
        pair.append(from..from + 100).await;
        pair.fold_all().await;
        pair.save().await;
        assert_eq!(pair.folding.read_whole().await.expect("checked"), []);
        pair.sql(damage).await;
        let found = pair.folding.read_whole().await.expect("checked");
        let told: Vec<&str> = found.iter().map(|finding| &*finding.text).collect();
        assert!(told.len() == want.len() && told.iter().zip(want).all(|(text, want)| text.contains(want)), "{damage}: {told:?}");
        assert!(told.iter().all(|text| text.contains("--forget-tallies")), "{told:?}");
        pair.scanning.forget_all_saved(Operator::assume()).await.expect("forgotten");
        assert_eq!(pair.folding.read_whole().await.expect("checked"), []);
        pair.restart().await;
        pair.fold_all().await;
        pair.assert_true_to_the_log().await;
        pair.assert_same().await;
    }
}
