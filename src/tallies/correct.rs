//! Taking corrections from the tallies: what a row counted for is subtracted, what it counts for now is added.
//!
//! What a row counts for is kept in numbers alone, so that nothing of an erased activity can be read in it: texts stand as
//! the first bytes of their SHA-256, which only who has met the text can tell.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::bytes::{Reader, put, put_signed};
use super::cube::{COLUMNS, Cube, NUMBERS, TEXTS};
use super::day::Minute;
use super::minutes::{DAY_MS, EVENT, FLAVOR, GRADE_SHIFT, Kind, MINUTE_MS, Minutes, TRAITS};
use crate::domain::Seq;

/// The first byte of a share. Another one is another layout.
const LAYOUT: u64 = 1;

/// What one activity counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share {
    /// In the order of [`NUMBERS`].
    pub numbers: [i64; NUMBERS.len()],
    /// Marks of the texts, in the order of [`TEXTS`]; 0 is none.
    pub texts: [u64; TEXTS.len()],
    /// The minute in which it occurred, since 1970.
    pub minute: i64,
}

/// One correction of an activity that may be counted already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corrected {
    /// Place of the entry that corrects.
    pub at: Seq,
    /// Place of the activity.
    pub target: Seq,
    pub before: Share,
    /// `None` when it was erased.
    pub after: Option<Share>,
}

impl Share {
    pub(crate) fn new(numbers: [i64; NUMBERS.len()], texts: [&str; TEXTS.len()], occurred_at: i64) -> Self {
        Self { numbers, texts: texts.map(mark_of), minute: occurred_at.div_euclid(MINUTE_MS) }
    }

    /// The same with other traits.
    pub(crate) fn with_traits(mut self, traits: i64) -> Self {
        self.numbers[TRAITS] = traits;
        self
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(64);
        put(&mut to, LAYOUT);
        self.put(&mut to);
        to
    }

    pub(super) fn put(&self, to: &mut Vec<u8>) {
        self.numbers.iter().for_each(|number| put_signed(to, *number));
        self.texts.iter().for_each(|mark| put(to, *mark));
        put_signed(to, self.minute);
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let from = &mut Reader(bytes);
        if from.number()? != LAYOUT {
            return None;
        }
        let share = Self::read(from)?;
        from.0.is_empty().then_some(share)
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut share = Self { numbers: [0; NUMBERS.len()], texts: [0; TEXTS.len()], minute: 0 };
        for number in &mut share.numbers {
            *number = from.signed()?;
        }
        for mark in &mut share.texts {
            *mark = from.number()?;
        }
        share.minute = from.signed()?;
        Some(share)
    }
}

/// The number that stands for a text; 0 for none.
pub(super) fn mark_of(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)).max(1)
}

/// Codes of texts by their marks.
pub(super) fn by_mark(texts: &[Arc<str>]) -> HashMap<u64, u32> {
    texts.iter().map(|text| mark_of(text)).zip(0..).collect()
}

impl Cube {
    /// Takes the corrections of what is counted, which must be all of the log in order from where `origin.corrected`
    /// is to `up_to`. False when something is to be subtracted that was never counted: then the counts are good for nothing.
    pub(super) fn take_corrections(&mut self, corrections: &[Corrected], up_to: Seq) -> bool {
        let (seq, since) = (self.seq, self.origin.corrected);
        let mut marks: Option<Vec<HashMap<u64, u32>>> = None;
        let mut whole = true;
        for corrected in corrections.iter().filter(|c| c.target <= seq && c.at > since && c.at <= up_to) {
            let marks = marks.get_or_insert_with(|| self.texts.iter().map(|texts| by_mark(&texts.values)).collect());
            let Some(before) = self.codes_of(&corrected.before, marks, false) else {
                whole = false;
                continue;
            };
            whole &= self.subtract(before, 1);
            if let Some(after) = &corrected.after {
                match self.codes_of(after, marks, true) {
                    Some(after) => self.add(after, 1),
                    None => whole = false,
                }
            }
        }
        self.origin.corrected = since.max(up_to);
        whole
    }

    /// The combination of a share. Texts are never new, as no correction changes one; numbers may be, with `learn`.
    pub(super) fn codes_of(&mut self, share: &Share, marks: &[HashMap<u64, u32>], learn: bool) -> Option<[u32; COLUMNS]> {
        let mut codes = [0; COLUMNS];
        for (at, dictionary) in self.numbers.iter_mut().enumerate() {
            let value = if self.kept[at] { share.numbers[at] } else { 0 };
            codes[at] = match dictionary.code(&value) {
                Some(code) => code,
                None if learn => dictionary.add(value),
                None => return None,
            };
        }
        for (at, marks) in marks.iter().enumerate() {
            let mark = if self.kept[NUMBERS.len() + at] { share.texts[at] } else { 0 };
            codes[NUMBERS.len() + at] = *marks.get(&mark)?;
        }
        Some(codes)
    }
}

/// What counts of days change by, by minute and kind.
pub(super) type Changes = BTreeMap<i64, BTreeMap<(Minute, u32), i64>>;

impl Minutes {
    /// Adds what one share changes, so often. False when it was never counted.
    pub(super) fn change_by(&mut self, changes: &mut Changes, share: &Share, flavors: &HashMap<u64, u32>, by: i64) -> bool {
        let (event, flavor) = (self.events.code(&share.numbers[EVENT]), flavors.get(&share.texts[FLAVOR]));
        let Some((event, flavor)) = event.zip(flavor.copied()) else { return false };
        let grade = u8::try_from(share.numbers[TRAITS] >> GRADE_SHIFT & 15).unwrap_or_default();
        let kind = Kind { event, flavor, grade };
        let kind = self.kinds.code(&kind).unwrap_or_else(|| self.kinds.add(kind));
        let at_ms = share.minute * MINUTE_MS;
        let day = at_ms.div_euclid(DAY_MS);
        let minute = Minute::of(at_ms, day < self.hours_before);
        *changes.entry(day).or_default().entry((minute, kind)).or_default() += by;
        true
    }

    /// Takes the corrections of what is counted; as with [`Cube::take_corrections`].
    pub(super) fn take_corrections(&mut self, corrections: &[Corrected], up_to: Seq) -> bool {
        let (seq, since) = (self.seq, self.origin.corrected);
        let mut changes = Changes::new();
        let mut flavors: Option<HashMap<u64, u32>> = None;
        let mut whole = true;
        for corrected in corrections.iter().filter(|c| c.target <= seq && c.at > since && c.at <= up_to) {
            let flavors = flavors.get_or_insert_with(|| by_mark(&self.flavors.values));
            for (share, sign) in [(Some(&corrected.before), -1), (corrected.after.as_ref(), 1)] {
                if let Some(share) = share {
                    whole &= self.change_by(&mut changes, share, flavors, sign);
                }
            }
        }
        for (day, changes) in changes {
            whole &= self.change_day(day, &changes);
        }
        self.origin.corrected = since.max(up_to);
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn a_share_is_read_back_and_holds_no_text() {
        let share = Share::new([7, 900, 0, 3, 517], ["message.opened", "windows", "", "a.example", ""], -60_001);
        assert_eq!(Share::decode(&share.encode()), Some(share));
        assert_eq!((share.texts[2], share.minute), (0, -2));
        assert!(!share.encode().windows(4).any(|w| w == b"mess" || w == b"a.ex"));
        assert_eq!(Share::decode(&share.encode()[1..]), None);
    }
}
