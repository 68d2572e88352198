//! A cube as bytes: columns of variable-length numbers, some 13 bytes a combination.
//!
//! Whoever reads them has checked a digest first; what does not read is thrown away and folded anew.

use std::sync::Arc;

use super::cube::{COLUMNS, Cube, NUMBERS, Origin, TEXTS};
use crate::domain::Epoch;

/// The first byte. Another one is another layout, which is not read.
const LAYOUT: u64 = 1;
/// Bytes of one number at most.
const NUMBER_BYTES_MAX: usize = 10;

/// The bytes of a cube.
pub(super) fn encode(cube: &Cube) -> Vec<u8> {
    let mut to = Vec::with_capacity(cube.combinations() * 16);
    let (occurred_low, occurred_high) = cube.occurred.unwrap_or((i64::MAX, i64::MIN));
    for number in [LAYOUT, cube.origin.epoch.0, cube.origin.pruned, cube.origin.began, cube.seq] {
        put(&mut to, number);
    }
    put_signed(&mut to, occurred_low);
    put_signed(&mut to, occurred_high);
    for column in 0..COLUMNS {
        put(&mut to, u64::from(cube.kept[column]));
    }
    for dictionary in &cube.numbers {
        put(&mut to, dictionary.values.len() as u64);
        dictionary.values.iter().for_each(|value| put_signed(&mut to, *value));
    }
    for (dictionary, samples) in cube.texts.iter().zip(&cube.samples) {
        put(&mut to, dictionary.values.len() as u64);
        for (text, sample) in dictionary.values.iter().zip(samples) {
            put(&mut to, text.len() as u64);
            to.extend_from_slice(text.as_bytes());
            put_signed(&mut to, *sample);
        }
    }
    put(&mut to, cube.combinations() as u64);
    for row in 0..cube.combinations() {
        for column in &cube.codes {
            put(&mut to, u64::from(column[row]));
        }
        put(&mut to, cube.counts[row]);
    }
    to
}

/// The cube of some bytes; `None` when they are none.
pub(super) fn decode(bytes: &[u8]) -> Option<Cube> {
    let from = &mut Reader(bytes);
    if from.number()? != LAYOUT {
        return None;
    }
    let mut cube = Cube::new(Origin { epoch: Epoch(from.number()?), pruned: from.number()?, began: from.number()? });
    cube.seq = from.number()?;
    let (low, high) = (from.signed()?, from.signed()?);
    cube.occurred = (low <= high).then_some((low, high));
    for kept in &mut cube.kept {
        *kept = from.number()? != 0;
    }
    for at in 0..NUMBERS.len() {
        for _ in 0..from.number()? {
            let value = from.signed()?;
            cube.numbers[at].add(value);
        }
    }
    for at in 0..TEXTS.len() {
        for _ in 0..from.number()? {
            let length = usize::try_from(from.number()?).ok()?;
            let text: Arc<str> = std::str::from_utf8(from.take(length)?).ok()?.into();
            cube.texts[at].add(text);
            cube.samples[at].push(from.signed()?);
        }
    }
    for _ in 0..from.number()? {
        let mut combination = [0; COLUMNS];
        for (column, code) in combination.iter_mut().enumerate() {
            *code = u32::try_from(from.number()?).ok().filter(|code| (*code as usize) < cube.values(column))?;
        }
        cube.add(combination, from.number()?);
    }
    from.0.is_empty().then_some(cube)
}

fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

fn put_signed(to: &mut Vec<u8>, number: i64) {
    put(to, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Bytes that are not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for at in 0..NUMBER_BYTES_MAX {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put, put_signed};

    #[test]
    fn numbers_come_back() {
        let (unsigned, signed) = ([0, 1, 127, 128, 300, u64::MAX], [0, -1, 1, i64::MIN, i64::MAX, -64, 64]);
        let mut bytes = Vec::new();
        unsigned.iter().for_each(|n| put(&mut bytes, *n));
        signed.iter().for_each(|n| put_signed(&mut bytes, *n));
        let from = &mut Reader(&bytes);
        assert_eq!(unsigned.map(|_| from.number()), unsigned.map(Some));
        assert_eq!(signed.map(|_| from.signed()), signed.map(Some));
        assert_eq!((from.number(), Reader(&[0xff; 11]).number()), (None, None));
    }
}
