//! A part of a log.

use super::Seq;

/// The seqs above `low`, up to and with `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Not in it.
    pub low: Seq,
    /// The last in it.
    pub high: Seq,
}

impl Range {
    /// True when nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.low >= self.high
    }
}
