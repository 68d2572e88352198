//! Imports of partner lists: what each did, so that it can be taken back.

use serde::{Deserialize, Serialize};

use super::{Answer, Thing};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Key, UnixMs};

/// How long an import can be taken back, in milliseconds.
pub const UNDO_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// How an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// Under way, or ended by a crash.
    Begun,
    /// All of it is there.
    Done,
    /// It was taken back.
    Undone,
}

/// A list that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// Key of the event.
    pub event: Key,
    /// When.
    pub at: UnixMs,
    /// By whom.
    pub by: Actor,
    /// The tag that those got who are new or changed.
    pub tag: String,
    /// What its columns were, as JSON.
    pub mapping: String,
    /// Partners that were not there before.
    pub new: usize,
    /// Partners that were changed.
    pub changed: usize,
    /// Lines that said what was so already.
    pub same: usize,
}

/// A list that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its number.
    pub number: i64,
    /// What it was.
    pub list: NewImport,
    /// How it stands.
    pub state: ImportState,
}

/// What an import did to one partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Key of the partner.
    pub key: Key,
    /// As it was; none where it was not there.
    pub was: Option<Thing>,
    /// As it became.
    pub became: Thing,
}

/// A partner as it is kept with an import.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    email: Option<String>,
    company: Option<String>,
    tags: Vec<String>,
}

/// A partner as text; of another kind of thing nothing.
pub fn partner_to_json(thing: &Thing) -> Option<String> {
    let Thing::Partner { name, email, company, tags } = thing.clone() else { return None };
    serde_json::to_string(&Kept { name, email, company, tags }).ok()
}

/// Reads what was kept.
///
/// # Errors
/// Why it cannot be read.
pub fn partner_from_json(text: &str) -> Result<Thing, String> {
    let Kept { name, email, company, tags } = serde_json::from_str(text).map_err(|fault| fault.to_string())?;
    Ok(Thing::Partner { name, email, company, tags })
}

/// Imports of partner lists.
pub trait Imports: Send + Sync + 'static {
    /// Begins one; what is past taking back is forgotten with it.
    fn begin(&self, workspace: WorkspaceId, new: NewImport) -> Answer<'_, i64>;
    /// Notes what is about to be done to some partners. Told again, the first counts.
    fn note(&self, import: i64, rows: Vec<ImportRow>) -> Answer<'_, ()>;
    /// Says how one stands.
    fn settle(&self, workspace: WorkspaceId, import: i64, state: ImportState) -> Answer<'_, ()>;
    /// The imports of an event, newest first.
    fn of_event(&self, workspace: WorkspaceId, event: Key) -> Answer<'_, Vec<Import>>;
    /// One of them.
    fn import(&self, workspace: WorkspaceId, import: i64) -> Answer<'_, Option<Import>>;
    /// What one did, by key.
    fn rows(&self, workspace: WorkspaceId, import: i64) -> Answer<'_, Vec<ImportRow>>;
}
