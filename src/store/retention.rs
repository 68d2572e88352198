//! How long a log is kept, and taking away what is older.

use std::time::Duration;

use super::Answer;
use crate::auth::WorkspaceId;
use crate::domain::{Seq, UnixMs};

/// The longest that may be asked for, in days.
pub const RETENTION_DAYS_MAX: u32 = 36_500;

/// How long a workspace keeps what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Days from the recording of an entry on; `None` keeps all of them.
    pub days: Option<u32>,
}

/// What is kept of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// What is asked for.
    pub retention: Retention,
    /// When the first entry that is there was recorded; `None` when there is none.
    pub oldest: Option<UnixMs>,
    /// Everything recorded from here on is there; `None` while nothing was ever taken away.
    pub since: Option<UnixMs>,
}

/// Takes away entries from the start of a log, all of what is older up to a number of rows. What stands behind is not
/// touched, and ids stay taken: an activity that is sent again is the duplicate of one that is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prune {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// Only what was recorded before this.
    pub before: UnixMs,
    /// Entries at most: what bounds how long the writer is held.
    pub rows_max: u64,
}

/// What a [`Prune`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Everything up to here is gone.
    pub up_to: Seq,
    /// Entries that this took away.
    pub rows: u64,
    /// How long the writer worked on it, its sync aside.
    pub took: Duration,
}

/// How long logs are kept. It is changed through [`ActivityLog::commit`](super::ActivityLog::commit) only, by
/// [`Change::Retain`](super::Change::Retain).
pub trait Keeping: Send + Sync + 'static {
    /// What is kept of a log. One row and one look-up: it waits for no turn.
    fn kept(&self, workspace: WorkspaceId) -> Answer<'_, Kept>;
}
