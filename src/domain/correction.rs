//! Corrections: later entries of the log that amend the grade of an activity, or erase it.

use std::sync::Arc;

use super::activity::ActivityId;
use super::cursor::Seq;
use super::entry::{ActivityEntry, Facts};
use super::invalid::Invalid;
use super::vocabulary::Grade;

/// Reasons of one grade.
pub const GRADE_REASONS_MAX: usize = 8;
/// Bytes of one reason.
pub const GRADE_REASON_BYTES_MAX: usize = 64;

/// A grade, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// Whether a person acted.
    pub grade: Grade,
    /// Words such as `declared_bot`.
    pub reasons: Vec<Arc<str>>,
}

/// The grade of an activity was amended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Place of the activity.
    pub target: Seq,
    /// Its identity.
    pub id: ActivityId,
    /// Folded key of its event.
    pub event: Arc<str>,
    /// Its grade up to here.
    pub before: Graded,
    /// Its grade from here on.
    pub after: Graded,
}

/// An activity was erased. What is left of it is its place and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Place of the activity.
    pub target: Seq,
    /// Its identity.
    pub id: ActivityId,
    /// Folded key of its event.
    pub event: Arc<str>,
}

/// An amendment, as the hub and the sessions carry it.
#[derive(Debug, Clone, PartialEq)]
pub struct AmendedEntry {
    /// What the log says.
    pub amendment: Amendment,
    /// The activity as this amendment left it; `None` when it was erased since. Nobody is told of an amendment then.
    pub row: Option<Arc<ActivityEntry>>,
}

impl AmendedEntry {
    /// What filters could ask of the activity up to here.
    pub fn facts_before(&self) -> Option<Facts> {
        self.row.as_ref().map(|row| Facts { grade: self.amendment.before.grade, ..row.facts.clone() })
    }

    /// What filters can ask of it from here on.
    pub fn facts_after(&self) -> Option<&Facts> {
        self.row.as_ref().map(|row| &row.facts)
    }
}

/// Reads one reason of a grade.
///
/// # Errors
/// One fault; its path is empty, for the caller to fill in.
pub fn parse_reason(text: &str) -> Result<Arc<str>, Invalid> {
    let fits = (1..=GRADE_REASON_BYTES_MAX).contains(&text.len());
    match fits && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        true => Ok(text.into()),
        false => {
            Err(Invalid::one("", "reason_form", format!("must be 1 to {GRADE_REASON_BYTES_MAX} of a-z, 0-9 and _, as in declared_bot")))
        }
    }
}
