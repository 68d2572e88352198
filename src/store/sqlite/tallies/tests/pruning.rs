//! What is pruned of what is folded: subtracted, never folded anew, and forgotten once it is saved.

use super::{Pair, TIGHT};
use crate::auth::Operator;
use crate::domain::{Seq, UnixMs};
use crate::store::contract::NOW;
use crate::store::{Change, Prune};
use crate::tallies::TallyLimits;

impl Pair {
    /// Takes so many rows away; where the log begins then.
    async fn prune(&self, rows_max: u64) -> Seq {
        let prune = Prune { workspace: self.workspace, before: UnixMs(NOW.0 + 1), rows_max };
        self.folding.store().log.commit(vec![Change::Prune(prune)]).await.expect("pruned");
        self.folding.read_head(self.workspace).await.expect("read").pruned
    }

    /// Folds all, and holds that nothing begins anew.
    async fn fold_on(&self) {
        let mut before = self.cube().await.map_or(0, |cube| cube.seq);
        while self.folding.fold(self.workspace).await.expect("folded") {
            let seq = self.cube().await.map_or(0, |cube| cube.seq);
            assert!(seq >= before, "folded anew: from {before} to {seq}");
            before = seq;
        }
    }

    async fn kept(&self) -> i64 {
        sqlx::query_scalar("select count(*) from pruned_shares").fetch_one(&self.scanning.inner.apart).await.expect("read")
    }

    async fn faults(&self) -> usize {
        self.folding.store().upkeep.check(Operator::assume()).await.expect("checked").len()
    }
}

#[tokio::test]
async fn what_is_pruned_is_subtracted_whenever_it_goes() {
    let mut pair = Pair::fresh(TIGHT).await;
    let mut appended = 0u128;
    for round in 0..6u128 {
        pair.append(appended..appended + 60).await;
        appended += 60;
        if round % 2 == 0 {
            pair.fold_all().await;
        }
        // Of what is folded, with what was corrected and not folded yet.
        pair.correct((appended - 50..appended).step_by(9)).await;
        for rows in [1, 7, 13] {
            let pruned = pair.prune(rows).await;
            pair.assert_same().await;
            if let Some(cube) = pair.cube().await.filter(|cube| cube.seq >= pruned) {
                pair.fold_on().await;
                let after = pair.cube().await.expect("tallies");
                assert!(after.seq >= cube.seq && after.origin.pruned == pruned, "{pruned}: {:?}", after.origin);
            }
            pair.assert_same().await;
        }
        pair.fold_all().await;
        pair.assert_true_to_the_log().await;
        if round % 3 == 2 {
            pair.save().await;
            assert_eq!((pair.faults().await, pair.kept().await), (0, 0), "what is saved has taken all of it");
            pair.prune(11).await;
            assert_eq!((pair.faults().await, pair.kept().await), (0, 1), "saved before, pruned since");
            pair.restart().await;
            pair.assert_same().await;
            pair.fold_on().await;
            pair.assert_true_to_the_log().await;
        }
    }
}

#[tokio::test]
async fn what_leaves_columns_out_and_counts_by_hour_is_pruned_too() {
    let pair = Pair::fresh(TallyLimits { combinations_max: 40, cells_max: 60, ..TIGHT }).await;
    for round in 0..6u128 {
        pair.append(round * 60..round * 60 + 60).await;
        pair.fold_all().await;
        for rows in [3, 17] {
            pair.prune(rows).await;
            pair.assert_same().await;
            pair.fold_all().await;
            pair.assert_same().await;
        }
        assert_eq!(pair.faults().await, 0);
    }
}

#[tokio::test]
async fn a_log_that_is_pruned_beyond_what_is_folded_begins_behind_it() {
    let pair = Pair::fresh(TIGHT).await;
    pair.append(0..100).await;
    pair.fold_all().await;
    pair.append(100..300).await;
    assert!(pair.cube().await.expect("tallies").seq < pair.prune(250).await);
    pair.assert_same().await;
    pair.fold_all().await;
    pair.assert_true_to_the_log().await;
    // What was not kept for them cannot be taken from them.
    sqlx::query("delete from pruned_shares")
        .execute(pair.folding.inner.writer.lock().await.connection().await.expect("a writer"))
        .await
        .expect("deleted");
    pair.prune(5).await;
    sqlx::query("delete from pruned_shares")
        .execute(pair.folding.inner.writer.lock().await.connection().await.expect("a writer"))
        .await
        .expect("deleted");
    pair.prune(5).await;
    pair.assert_same().await;
    pair.fold_all().await;
    pair.assert_true_to_the_log().await;
}
