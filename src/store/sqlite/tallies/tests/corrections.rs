//! Corrections of what is folded: subtracted and added, never folded anew, and forgotten once they are saved.

use super::{Pair, TIGHT, append, correct};
use crate::auth::Operator;
use crate::domain::Seq;
use crate::filter::{Field, FilterSet};
use crate::store::FacetQuery;

async fn kept(pair: &Pair) -> i64 {
    sqlx::query_scalar("select count(*) from corrections").fetch_one(&pair.scanning.inner.apart).await.expect("read")
}

#[tokio::test]
async fn corrections_are_taken_whenever_they_come() {
    let mut pair = Pair::fresh(TIGHT).await;
    let mut appended = 0u128;
    for round in 0..8u128 {
        pair.append(appended..appended + 40).await;
        appended += 40;
        // Of what is folded, of what is not, of what was corrected before.
        for part in 0..4 {
            let first = (round * 37 + part * 11) % appended;
            pair.correct((first..appended).step_by(7 + part as usize)).await;
            if (round + part) % 3 == 0 {
                pair.folding.fold(pair.workspace).await.expect("folded");
            }
            pair.assert_same().await;
        }
        if round % 2 == 1 {
            let before = pair.cube().await.map_or(0, |cube| cube.seq);
            pair.fold_all().await;
            let after = pair.cube().await.expect("tallies").seq;
            assert!(after >= before, "nothing is folded anew: {before} to {after}");
            pair.assert_true_to_the_log().await;
        }
        if round % 3 == 2 {
            pair.save().await;
            assert_eq!(pair.folding.store().upkeep.check(Operator::assume()).await.expect("checked"), []);
            pair.correct((0..appended).step_by(13)).await;
            assert_eq!(pair.folding.store().upkeep.check(Operator::assume()).await.expect("checked"), [], "saved before, corrected since");
            pair.restart().await;
            pair.assert_same().await;
        }
    }
}

#[tokio::test]
async fn a_correction_is_folded_though_nothing_is_appended_and_its_numbers_are_forgotten_when_it_is_saved() {
    let pair = Pair::fresh(TIGHT).await;
    pair.append(0..200).await;
    while pair.folding.round().await.expect("kept") {}
    pair.correct(0..3).await;
    assert_eq!(kept(&pair).await, 3);
    while pair.folding.round().await.expect("kept") {}
    let (cube, head) = (pair.cube().await.expect("tallies"), pair.folding.read_head(pair.workspace).await.expect("read").seq);
    assert_eq!(cube.origin.corrected, head);
    assert_eq!(kept(&pair).await, 3, "what was saved knows nothing of them yet");
    pair.append(200..300).await;
    while pair.folding.round().await.expect("kept") {}
    pair.save().await;
    assert_eq!(kept(&pair).await, 0);
    pair.assert_true_to_the_log().await;
    pair.assert_same().await;
    assert_eq!(pair.folding.store().upkeep.check(Operator::assume()).await.expect("checked"), []);
    // Whoever holds tallies of before what was forgotten does not count by them.
    let mut reader = pair.scanning.inner.readers.acquire().await.expect("a reader");
    let head = crate::store::sqlite::scan::head(&mut reader, pair.workspace).await.expect("read");
    let old = std::sync::Arc::new(crate::tallies::Cube::clone(&cube));
    assert!(super::super::for_read(Some(old), &mut reader, pair.workspace, head).await.expect("read").is_none());
}

#[tokio::test]
async fn counts_are_whole_while_corrections_come() {
    let pair = std::sync::Arc::new(Pair::fresh(TIGHT).await);
    pair.append(0..400).await;
    let correcting = tokio::spawn({
        let pair = pair.clone();
        async move {
            for first in 0..40 {
                correct(&pair.folding, pair.workspace, (first..400).step_by(40)).await;
                append(&pair.folding, pair.workspace, 400 + first * 3..403 + first * 3).await;
            }
        }
    });
    let folding = tokio::spawn({
        let pair = pair.clone();
        async move {
            for _ in 0..200 {
                pair.folding.fold(pair.workspace).await.expect("folded");
            }
        }
    });
    while !(correcting.is_finished() && folding.is_finished()) {
        let query = FacetQuery {
            filter: FilterSet::default(),
            within: FilterSet::default(),
            by: vec![Field::Grade],
            since: None,
            until: None,
            values_max: 10,
        };
        let facets = pair.folding.read_facets(pair.workspace, query).await.expect("counted");
        // Every place is an activity, a shell, or another entry; a shell has its erasure.
        let (others, erasures): (i64, i64) =
            sqlx::query_as("select count(*), count(*) filter (where kind = 3) from entries where kind <> 0 and place <= (1 << 40 | ?)")
                .bind(facets.head.seq.cast_signed())
                .fetch_one(&pair.scanning.inner.apart)
                .await
                .expect("read");
        let whole: Seq = facets.total + (others + erasures).cast_unsigned();
        assert_eq!(whole, facets.head.seq);
        assert_eq!(facets.by[0].1.iter().map(|value| value.count).sum::<u64>(), facets.total);
    }
    correcting.await.expect("corrected");
    folding.await.expect("folded");
    pair.fold_all().await;
    pair.assert_true_to_the_log().await;
    pair.assert_same().await;
}
