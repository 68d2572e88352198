//! Reading, folding and saving of tallies, whose arithmetic is in [`crate::tallies`].
//!
//! They are folded behind the writer: one task reads what was appended, like any reader, and adds it up in memory
//! (`fold.rs`); an append pays nothing for it. A read takes the tallies up to their seq, and from there to the head it scans
//! rows (`ask.rs`, `super::{facets, count, histogram}`). They are saved now and then (`keep.rs`, `saved.rs`), so that a start need
//! not read the log again; a save and the seq that it stands for become true together. `tidings check` holds them to the log
//! (`compare.rs`).
//!
//! An amendment or erasure changes rows that may be folded. Its transaction writes what to subtract and to add (table
//! `corrections`); a fold takes what stands there up to its snapshot, and the rows that it reads in that snapshot hold it
//! already. A read takes what no fold has taken yet on a copy. Once saved tallies have taken a correction its row is deleted.

pub(super) mod ask;
mod compare;
mod fold;
mod gone;
mod keep;
pub(super) mod saved;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;

use self::saved::off_thread;
use super::error::unsigned;
use super::place::{place, seq_of};
use crate::auth::WorkspaceId;
use crate::domain::{Range, Seq};
use crate::store::{Head, StoreError};
use crate::tallies::{Corrected, Folded, Origin, Share};

pub(super) use compare::faults;
use gone::gone_in;
pub(super) use gone::keep_gone;

/// Corrections that a read takes from tallies by itself, at most: some 20 ms. Where more wait to be folded, it scans; few in
/// tests, so that it does.
const CORRECTIONS_ASIDE_MAX: usize = if cfg!(test) { 40 } else { 16_384 };

/// A row of `corrections`: place, target, what is subtracted, what is added.
type Kept = (i64, i64, Vec<u8>, Option<Vec<u8>>);

/// True when what was folded up to a seq is of this log, and something of it is left: all of what was pruned since is counted,
/// so that it can be taken away.
fn is_same(origin: Origin, seq: Seq, head: Head) -> bool {
    let pruned = origin.pruned == head.pruned || (origin.pruned < head.pruned && head.pruned <= seq);
    origin.epoch == head.epoch && pruned && seq <= head.seq
}

/// Corrections in (`range.low`, `range.high`], in order, at most `most` and one.
pub(super) async fn corrections_in(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    range: Range,
    most: usize,
) -> Result<Vec<Corrected>, StoreError> {
    let rows: Vec<Kept> =
        sqlx::query_as("select place, target, before, after from corrections where place > ? and place <= ? order by place limit ?")
            .bind(place(workspace, range.low))
            .bind(place(workspace, range.high))
            .bind(i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
    let unreadable = || StoreError::Corrupt("what a correction takes from tallies cannot be read".to_owned());
    let share = |bytes: Vec<u8>| Share::decode(&bytes).ok_or_else(unreadable);
    rows.into_iter()
        .map(|(place, target, before, after)| {
            let (before, after) = (share(before)?, after.map(share).transpose()?);
            Ok(Corrected { at: seq_of(place), target: unsigned(target)?, before, after })
        })
        .collect()
}

/// What tallies are as of a head: as they are, or with the corrections that they have not taken. `None` when they are of
/// another log, or wait for more corrections than `most`.
pub(super) async fn as_of<T: Folded + Clone + Send + Sync + 'static>(
    tallies: Arc<T>,
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    head: Head,
    most: usize,
) -> Result<Option<Arc<T>>, StoreError> {
    let origin = tallies.origin();
    if !is_same(origin, tallies.seq(), head) {
        return Ok(None);
    }
    // What saved tallies had taken may be deleted since these were held.
    let deleted: Option<i64> = sqlx::query_scalar("select corrected from tallies where workspace_id = ?")
        .bind(workspace.number())
        .fetch_optional(&mut *connection)
        .await?;
    if unsigned(deleted.unwrap_or(0))? > origin.corrected {
        return Ok(None);
    }
    let corrections = corrections_in(connection, workspace, Range { low: origin.corrected, high: head.seq }, most).await?;
    let Some(gone) = gone_in(connection, workspace, Range { low: origin.pruned, high: head.pruned }).await? else { return Ok(None) };
    if corrections.is_empty() && gone.is_empty() {
        return Ok(Some(tallies));
    }
    if corrections.len() + gone.iter().map(|step| step.shares.len()).sum::<usize>() > most {
        return Ok(None);
    }
    off_thread(move || {
        let mut corrected = T::clone(&tallies);
        (corrected.correct(&corrections, head.seq) && corrected.prune(&gone)).then(|| Arc::new(corrected))
    })
    .await
}

/// The same for a read, which has little time.
pub(super) async fn for_read<T: Folded + Clone + Send + Sync + 'static>(
    tallies: Option<Arc<T>>,
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    head: Head,
) -> Result<Option<Arc<T>>, StoreError> {
    match tallies {
        Some(tallies) => as_of(tallies, connection, workspace, head, CORRECTIONS_ASIDE_MAX).await,
        None => Ok(None),
    }
}
