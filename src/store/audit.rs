//! Who has changed what, as it is read.

use super::Answer;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::UnixMs;

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; later ones are larger.
    pub number: i64,
    /// When.
    pub at: UnixMs,
    /// By whom.
    pub by: Actor,
    /// What people call them, as far as it is known: the name of a key, the email of a member.
    pub called: Option<String>,
    /// What was done: `made`, `changed`, `removed`, `exported`.
    pub action: String,
    /// What it was done with, as in `partner`.
    pub kind: String,
    /// Number of that.
    pub of: i64,
    /// Its key, while it is there.
    pub key: Option<String>,
    /// Names of the fields that changed.
    pub fields: Vec<String>,
}

/// Reads the audit, and notes what changes nothing and counts all the same.
pub trait Audit: Send + Sync + 'static {
    /// Lines of a workspace, newest first, before a number.
    fn page(&self, workspace: WorkspaceId, before: Option<i64>, limit: usize) -> Answer<'_, Vec<AuditEntry>>;
    /// Notes that somebody has taken activities out.
    fn exported(&self, workspace: WorkspaceId, by: Actor) -> Answer<'_, ()>;
}
