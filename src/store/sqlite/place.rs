//! Where an entry stands in the one b-tree of all logs: `workspace << 40 | seq`.

use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::store::StoreError;

const SEQ_BITS: u32 = 40;
/// The last seq that a log can have, 1.1e12: three years of 10,000 entries a second.
const SEQ_MAX: Seq = (1 << SEQ_BITS) - 1;

/// The place of `seq`; past the end of the log's range it is the end of the range.
pub(super) fn place(workspace: WorkspaceId, seq: Seq) -> i64 {
    let seq = i64::try_from(seq.min(SEQ_MAX)).unwrap_or(i64::MAX);
    workspace.number() << SEQ_BITS | seq
}

/// The seq of a place.
pub(super) fn seq_of(place: i64) -> Seq {
    place.unsigned_abs() & SEQ_MAX
}

/// The place that a new entry gets.
///
/// # Errors
/// [`StoreError::Refused`] when the log is full.
pub(super) fn new_place(workspace: WorkspaceId, seq: Seq) -> Result<i64, StoreError> {
    match seq <= SEQ_MAX {
        true => Ok(place(workspace, seq)),
        false => Err(StoreError::Refused(format!("the log has reached its last place, {SEQ_MAX}"))),
    }
}
