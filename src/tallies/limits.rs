//! What bounds the tallies, each with its unit and what happens there.

use std::time::Duration;

/// Entries that are left to be counted row by row: tallies end so far below the head. A seal asks for a position just
/// below the head, and tallies that had passed it could not answer.
pub const LAG_SEQS: u64 = 2_048;
/// Entries behind (beyond the lag) from which on a log is folded. Fewer cost less to read than to keep.
pub const BEHIND_SEQS: u64 = 2_048;
/// Seqs folded in one step: some 40 ms of reading, and 1.6 MiB of text.
pub const STEP_SEQS: u64 = 16_384;
/// Combinations of one log: some 55 MiB. At more, the tallies leave a column out; counts by it are read row by row. With
/// none left to leave out they are given up, and tried again when the log is twice as long.
pub const COMBINATIONS_MAX: usize = 1_000_000;
/// Combinations of all logs together that are held in memory. At more, the log that was asked for longest ago is let go
/// of; it is taken up again when it is asked for.
pub const COMBINATIONS_HELD_MAX: usize = 2_000_000;
/// Counts of one log by minute, event, flavor and grade: some 35 MiB, and 90 where each minute has only one. At more, the
/// oldest month is counted by hour, and what asks for its minutes is read row by row; with none left they are given up, and
/// tried again when the log is twice as long.
pub const CELLS_MAX: usize = 2_000_000;
/// Such counts of all logs together that are held in memory; at more, as with combinations.
pub const CELLS_HELD_MAX: usize = 4_000_000;
/// Combinations of event, flavor and grade in one log: some 40 MiB with the names of as many flavors. At more, counts by
/// minute are given up, and tried again when the log is twice as long.
pub const KINDS_MAX: usize = 262_144;
/// Entries after which the tallies are saved: so many are folded again after a kill at most, in about half a second. More
/// where there are more combinations, so that what is written stays small beside the log.
pub const SAVE_SEQS: u64 = 262_144;
/// Bytes in one write of a save: the writer is held for one to three milliseconds.
pub const PART_BYTES_MAX: usize = 128 * 1024;
/// How long new entries gather before they are folded.
pub const FOLD_PAUSE: Duration = Duration::from_millis(250);
/// How long folding waits after the database failed.
pub const FOLD_RETRY: Duration = Duration::from_secs(10);

/// Bounds of the tallies.
#[derive(Debug, Clone, Copy)]
pub struct TallyLimits {
    /// Entries below the head that are left, [`LAG_SEQS`].
    pub lag: u64,
    /// Entries beyond the lag from which on a log is folded, at least 1, [`BEHIND_SEQS`].
    pub behind: u64,
    /// Seqs folded in one step, at least 1, [`STEP_SEQS`].
    pub step: u64,
    /// Combinations of one log, [`COMBINATIONS_MAX`].
    pub combinations_max: usize,
    /// Combinations held in memory, [`COMBINATIONS_HELD_MAX`].
    pub held_max: usize,
    /// Counts by minute of one log, [`CELLS_MAX`].
    pub cells_max: usize,
    /// Counts by minute held in memory, [`CELLS_HELD_MAX`].
    pub cells_held_max: usize,
    /// Entries after which they are saved, [`SAVE_SEQS`].
    pub save: u64,
    /// Bytes in one write of a save, at least 1, [`PART_BYTES_MAX`].
    pub part_bytes_max: usize,
}

impl TallyLimits {
    /// Those of production.
    pub const USUAL: Self = Self {
        lag: LAG_SEQS,
        behind: BEHIND_SEQS,
        step: STEP_SEQS,
        combinations_max: COMBINATIONS_MAX,
        held_max: COMBINATIONS_HELD_MAX,
        cells_max: CELLS_MAX,
        cells_held_max: CELLS_HELD_MAX,
        save: SAVE_SEQS,
        part_bytes_max: PART_BYTES_MAX,
    };
}

impl Default for TallyLimits {
    fn default() -> Self {
        Self::USUAL
    }
}
