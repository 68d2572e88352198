//! How far consumers of a log have come, and what they were brought past.

use std::sync::Arc;

use super::Answer;
use crate::auth::WorkspaceId;
use crate::domain::{Seq, UnixMs};

/// Dead letters that are kept of one consumer in one log; at more the oldest goes, and is counted.
pub const DEAD_LETTERS_MAX: usize = 1_000;
/// Bytes of a reason; more is cut.
pub const REASON_BYTES_MAX: usize = 512;

/// A consumer has worked through a log up to a place. In one transaction with what it was brought past, so that nothing is
/// passed over without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// Name of the consumer.
    pub consumer: Arc<str>,
    /// Where its cursor must stand, `None` while it has none: whoever else moves it meanwhile makes this one nothing.
    pub from: Option<Seq>,
    /// Where it stands then.
    pub to: Seq,
    /// What of it was not worked on.
    pub letter: Option<DeadLetter>,
}

/// Entries that a consumer was brought past without having worked on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The first of them.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
    /// Why, for people.
    pub reason: String,
    /// When it was given up.
    pub at: UnixMs,
}

/// Where a consumer stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerCursor {
    /// Everything up to here was worked on, or is a dead letter.
    pub seq: Seq,
    /// When it last moved.
    pub moved_at: UnixMs,
    /// Dead letters that made room for newer ones.
    pub forgotten: u64,
}

/// The cursors of consumers. They are moved through [`ActivityLog::commit`](super::ActivityLog::commit) only, by
/// [`Change::Consumed`](super::Change::Consumed).
pub trait Cursors: Send + Sync + 'static {
    /// Where a consumer stands; `None` before it has begun.
    fn cursor(&self, workspace: WorkspaceId, consumer: Arc<str>) -> Answer<'_, Option<ConsumerCursor>>;
    /// What it was brought past, newest first: at most `limit`, and at most [`DEAD_LETTERS_MAX`].
    fn dead_letters(&self, workspace: WorkspaceId, consumer: Arc<str>, limit: usize) -> Answer<'_, Vec<DeadLetter>>;
}
