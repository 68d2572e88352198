//! Counts by minute: whole at once however long the log is, by hour where there are too many, and of use on their own.

use std::time::Duration;

use super::{Pair, TIGHT};
use crate::auth::{Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{NewActivity, UnixMs};
use crate::filter::FilterSet;
use crate::store::contract::{NOW, activity, key};
use crate::store::sqlite::{ScanLimits, SqliteOptions, SqliteStore};
use crate::store::{Change, Histogram, HistogramQuery, Quota, Stretch};
use crate::tallies::{Minutes, Parts, TallyLimits, encode};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// One activity a minute, so many days before the clock.
async fn append_day(pair: &Pair, number: u128, days: i64, minutes: i64) {
    let made = (0..minutes).map(|minute| NewActivity {
        occurred_at: UnixMs(NOW.0 - days * DAY_MS + minute * MINUTE_MS),
        ..activity(number * 10_000 + u128::from(minute.unsigned_abs()), "page.viewed", "expo", "p-1")
    });
    let change = Change::Append { workspace: pair.workspace, activities: made.collect(), create_unknown: true, quota: Quota::default() };
    pair.folding.store().log.commit(vec![change]).await.expect("committed");
}

async fn minutes(pair: &Pair) -> std::sync::Arc<Minutes> {
    pair.log().minutes.take().await.expect("counts by minute")
}

/// Every so many milliseconds from some days before the clock to it.
fn every(width: i64, days: i64, pairs: &[(&str, &str)]) -> HistogramQuery {
    let starts = (0..days * DAY_MS / width).map(|n| UnixMs(NOW.0 - days * DAY_MS + n * width));
    let stretches = starts.map(|at| Stretch { from: at, bucket: at }).collect();
    let filter = FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set");
    HistogramQuery { filter, up_to: None, stretches, until: UnixMs(NOW.0 + MINUTE_MS) }
}

async fn ask(store: &SqliteStore, workspace: WorkspaceId, query: &HistogramQuery) -> Histogram {
    store.read_histogram(workspace, query.clone()).await.expect("counted")
}

#[tokio::test]
async fn what_minutes_tell_is_whole_at_once_and_the_rest_is_gone_on_with() {
    // No time at all: a read ends with its first window.
    let directory = tempfile::tempdir().expect("a directory");
    let scan = ScanLimits { budget: Duration::ZERO, window: 8, numbers: 8 };
    let options = SqliteOptions { scan, tallies: TIGHT, ..SqliteOptions::default() };
    let folding = SqliteStore::open(&directory.path().join("tidings.db"), Clock::manual(NOW), options).await.expect("opened");
    let scanning = super::open_with(&directory.path().join("tidings.db"), false, TIGHT).await;
    let pair = Pair { directory, folding, scanning, workspace: Operator::assume().workspace(1) };
    for day in 0i64..5 {
        append_day(&pair, u128::from(day.unsigned_abs()), day, 300).await;
    }
    pair.fold_all().await;
    for (width, days) in [(MINUTE_MS, 1), (60 * MINUTE_MS, 6), (DAY_MS, 6), (30 * MINUTE_MS, 6)] {
        for pairs in [&[][..], &[("flavor", "page.*"), ("event", "expo")], &[("not.grade", "unclear")]] {
            let query = every(width, days, pairs);
            let (got, want) = (ask(&pair.folding, pair.workspace, &query).await, ask(&pair.scanning, pair.workspace, &query).await);
            assert_eq!((got.left, got.items), (None, want.items), "{width} {pairs:?}");
        }
    }
    let query = every(DAY_MS, 6, &[("partner", "p-1")]);
    let first = ask(&pair.folding, pair.workspace, &query).await;
    let left = first.left.expect("more than a window");
    assert!(first.items.iter().all(|bucket| bucket.start < left.before), "no bucket is whole, and none is said to be");
}

#[tokio::test]
async fn the_oldest_month_goes_by_hour_first_and_the_newest_day_last() {
    let pair = Pair::fresh(TallyLimits { cells_max: 700, step: 10_000, ..TIGHT }).await;
    append_day(&pair, 1, 100, 300).await;
    append_day(&pair, 2, 10, 300).await;
    pair.fold_all().await;
    assert_eq!(minutes(&pair).await.hours_before, i64::MIN, "there is room");
    append_day(&pair, 3, 9, 303).await;
    pair.fold_all().await;
    let held = minutes(&pair).await;
    // NOW is 2026-01-01: a hundred days before is in September, and all of that goes.
    assert_eq!((held.hours_before * DAY_MS, held.cells()), (UnixMs::parse("2025-10-01T00:00:00Z").expect("a time").0, 5 + 300 + 300));
    append_day(&pair, 4, 8, 303).await;
    pair.fold_all().await;
    let held = minutes(&pair).await;
    assert_eq!((held.hours_before, held.cells()), (NOW.0 / DAY_MS - 9, 5 + 5 + 303 + 300), "of the newest month a day");
    // What comes late for a day that went is counted by hour.
    append_day(&pair, 5, 100, 60).await;
    pair.fold_all().await;
    assert_eq!(minutes(&pair).await.cells(), 5 + 5 + 303 + 303);
    pair.assert_true_to_the_log().await;
    for (width, days) in [(MINUTE_MS, 101), (60 * MINUTE_MS, 101), (30 * MINUTE_MS, 11)] {
        let query = every(width, days, &[]);
        let (got, want) = (ask(&pair.folding, pair.workspace, &query).await, ask(&pair.scanning, pair.workspace, &query).await);
        assert_eq!(got.items, want.items, "every {width}");
    }
}

#[tokio::test]
async fn each_kind_of_tallies_is_given_up_alone_and_stays_so_over_a_restart() {
    for (limits, held) in
        [(TallyLimits { combinations_max: 1, ..TIGHT }, (false, true)), (TallyLimits { cells_max: 2, ..TIGHT }, (true, false))]
    {
        let mut pair = Pair::fresh(limits).await;
        for day in 0i64..3 {
            append_day(&pair, u128::from(day.unsigned_abs()), day, 40).await;
        }
        pair.append(500_000..500_100).await;
        pair.fold_all().await;
        let parts = pair.log().parts().await;
        assert_eq!((parts.cube.is_some(), parts.minutes.is_some()), held);
        pair.save().await;
        pair.restart().await;
        pair.append(600_000..600_020).await;
        pair.fold_all().await;
        let again = pair.log().parts().await;
        assert_eq!((again.cube.is_some(), again.minutes.is_some()), held);
        assert_eq!((again.cube_given_up, again.minutes_given_up), (parts.cube_given_up, parts.minutes_given_up));
        assert_eq!(pair.folding.read_whole().await.expect("checked"), []);
        // Twice as long, it is tried again, and what is held goes on meanwhile.
        pair.append(700_000..700_400).await;
        pair.fold_all().await;
        let tried = pair.log().parts().await;
        assert!((tried.cube_given_up, tried.minutes_given_up) > (again.cube_given_up, again.minutes_given_up));
        let head = pair.folding.read_head(pair.workspace).await.expect("read").seq;
        assert_eq!(tried.seq(), head - TIGHT.lag);
    }
}

#[tokio::test]
async fn what_was_saved_before_there_were_counts_by_minute_is_taken_up() {
    let mut pair = Pair::fresh(TIGHT).await;
    pair.append(0..200).await;
    pair.fold_all().await;
    let cube = pair.cube().await.expect("tallies");
    let whole = Parts { cube: Some(&*cube), minutes: None::<&Minutes>, cube_given_up: 0, minutes_given_up: 0 };
    // Behind the five numbers that stand before the parts now: layout, two places, two lengths.
    let bytes = encode(&whole);
    let old = &bytes[bytes.len() - bytes_of(&bytes)..];
    let digest = <sha2::Sha256 as sha2::Digest>::digest(old).to_vec();
    let mut writer = pair.folding.inner.writer.lock().await;
    let connection = writer.connection().await.expect("open");
    sqlx::query("delete from tally_parts").execute(&mut *connection).await.expect("deleted");
    let part = sqlx::query("insert into tally_parts (workspace_id, generation, part, body) values (1, 7, 0, ?)").bind(old);
    part.execute(&mut *connection).await.expect("written");
    let named = sqlx::query("insert or replace into tallies (workspace_id, generation, seq, combinations, digest) values (1, 7, ?, 0, ?)");
    named.bind(cube.seq.cast_signed()).bind(digest).execute(connection).await.expect("written");
    drop(writer);
    pair.restart().await;
    assert_eq!(pair.folding.read_whole().await.expect("checked"), []);
    pair.folding.fold(pair.workspace).await.expect("folded");
    assert!(pair.cube().await.is_some_and(|held| held.seq == cube.seq), "it is not folded again");
    pair.append(200..260).await;
    pair.fold_all().await;
    pair.assert_true_to_the_log().await;
    pair.assert_same().await;
}

/// How long the cube is, as its head says.
fn bytes_of(bytes: &[u8]) -> usize {
    let from = &mut crate::tallies::Reader(bytes);
    let numbers: Vec<u64> = (0..4).map(|_| from.number().expect("a number")).collect();
    usize::try_from(numbers[3]).expect("small")
}

#[tokio::test]
async fn logs_whose_minutes_do_not_fit_rest_until_they_are_asked_for() {
    let pair = Pair::fresh(TallyLimits { cells_held_max: 500, ..TIGHT }).await;
    let keyring = pair.folding.store().keyring;
    let second = keyring.create_workspace(Operator::assume(), key("second"), "Second".to_owned()).await.expect("made").id;
    append_day(&pair, 1, 1, 300).await;
    let other = Pair { workspace: second, ..pair };
    append_day(&other, 2, 1, 300).await;
    let folding = &other.folding;
    let held = |workspace| async move { folding.inner.tallies.of(workspace).minutes.take().await.is_some() };
    while folding.round().await.expect("kept") {}
    let first = Operator::assume().workspace(1);
    assert!(held(first).await != held(second).await, "one of the two is let go of");
    for workspace in [first, second, first] {
        let _asked = folding.inner.tallies.take_minutes(workspace).await;
        while folding.round().await.expect("kept") {}
        assert!(held(workspace).await, "what is asked for is taken up");
    }
}
