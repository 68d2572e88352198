//! The marks of the newest places of a log, for whoever tells a position: a load, however many ask.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{MARK_BYTES, Mark, Seq};

/// Places whose marks are kept: positions of who is live are among the newest.
const KEPT: usize = 1_024;

/// One slot for each of the newest places: its mark above a part of its seq, which tells whose it is.
pub struct Marks {
    slots: Box<[AtomicU64]>,
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marks")
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self { slots: (0..KEPT).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Marks {
    /// Keeps the mark of a place.
    pub fn keep(&self, seq: Seq, mark: Mark) {
        let mut bytes = [0; 8];
        bytes[..MARK_BYTES].copy_from_slice(&mark.0);
        bytes[MARK_BYTES..].copy_from_slice(&round(seq).to_be_bytes());
        self.slot(seq).store(u64::from_be_bytes(bytes), Ordering::Release);
    }

    /// The mark of a place, if it is one of the newest.
    pub fn of(&self, seq: Seq) -> Option<Mark> {
        let held = self.slot(seq).load(Ordering::Acquire);
        let bytes = held.to_be_bytes();
        let (mark, of) = bytes.split_at(MARK_BYTES);
        let mark = mark.try_into().ok().filter(|_| held != 0 && of == round(seq).to_be_bytes())?;
        Some(Mark(mark))
    }

    fn slot(&self, seq: Seq) -> &AtomicU64 {
        &self.slots[seq as usize % KEPT]
    }
}

/// How often the slots had been gone round before a place: it comes again after 67 million places, when each slot has been
/// written anew many times.
fn round(seq: Seq) -> u16 {
    (seq / KEPT as u64) as u16
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Marks};
    use crate::domain::Mark;

    #[test]
    fn the_newest_are_kept_and_no_other_is_taken_for_them() {
        let (marks, kept) = (Marks::default(), KEPT as u64);
        let mark = |seq: u64| Mark(seq.to_be_bytes()[2..].try_into().expect("six"));
        (1..=3 * kept).for_each(|seq| marks.keep(seq, mark(seq)));
        for seq in [2 * kept + 1, 3 * kept] {
            assert_eq!(marks.of(seq), Some(mark(seq)), "{seq}");
        }
        for seq in [0, 1, 2 * kept, 3 * kept + 1, 4 * kept] {
            assert_eq!(marks.of(seq), None, "{seq}");
        }
    }
}
