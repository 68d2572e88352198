//! What a workspace is opened with: its head, its memberships, and the newest entries.
//!
//! Without the last a server that has just started would send every reader that comes back to the store, all at once and
//! mostly for the same entries.

use std::sync::Arc;

use crate::auth::WorkspaceId;
use crate::domain::Entry;
use crate::store::{ActivityLog, MembershipSnapshot, StoreError};

/// Entries that are read for those who come back.
const WARM_ENTRIES: u64 = 4_000;
/// Entries of one read.
const READ_ENTRIES: usize = 1_000;

/// A snapshot, and the entries right before its head, oldest first and without a hole.
pub(super) struct Opening {
    pub(super) snapshot: MembershipSnapshot,
    pub(super) newest: Vec<Arc<[Arc<Entry>]>>,
}

/// Reads what a workspace is opened with.
///
/// # Errors
/// As [`ActivityLog::memberships`]. When only the newest entries cannot be read there are none: readers ask the store then.
pub(super) async fn read(log: &dyn ActivityLog, workspace: WorkspaceId) -> Result<Opening, StoreError> {
    let snapshot = log.memberships(workspace).await?;
    let newest = newest(log, workspace, &snapshot).await.unwrap_or_else(|error| {
        tracing::warn!(%error, workspace = workspace.number(), "the newest entries could not be read; readers that come back ask the store");
        Vec::new()
    });
    Ok(Opening { snapshot, newest })
}

async fn newest(
    log: &dyn ActivityLog,
    workspace: WorkspaceId,
    snapshot: &MembershipSnapshot,
) -> Result<Vec<Arc<[Arc<Entry>]>>, StoreError> {
    let head = snapshot.head.seq;
    let mut after = head.saturating_sub(WARM_ENTRIES).max(snapshot.head.pruned);
    let mut newest = Vec::new();
    while after < head {
        let mut entries = log.entries(workspace, after, READ_ENTRIES).await?.entries;
        // What came after the snapshot is handed over as it is published.
        entries.retain(|entry| entry.seq <= head);
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { break };
        if first.seq != after + 1 {
            newest.clear();
        }
        after = last.seq;
        newest.push(entries.into());
    }
    if after < head {
        newest.clear();
    }
    Ok(newest)
}
