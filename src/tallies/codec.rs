//! What is saved of a log as bytes: a cube is columns of variable-length numbers, some 13 bytes a combination.
//!
//! Whoever reads them has checked a digest first; what does not read is thrown away and folded anew.

use std::borrow::Borrow;

use super::bytes::{Reader, put, put_signed, put_text};
use super::cube::{COLUMNS, Cube, NUMBERS, Origin, TEXTS};
use super::minutes::Minutes;
use super::minutes_codec::{decode_minutes, encode_minutes};
use super::parts::Parts;
use crate::domain::Epoch;

/// The first byte of a cube, and of what was saved when a cube was all there was. Another one is another layout, which is
/// not read.
const LAYOUT: u64 = 1;
/// The first byte of several parts.
const PARTS_LAYOUT: u64 = 2;

/// The bytes of what is saved.
pub(crate) fn encode<C: Borrow<Cube>, M: Borrow<Minutes>>(parts: &Parts<C, M>) -> Vec<u8> {
    let cube = parts.cube.as_ref().map(|cube| encode_cube(cube.borrow())).unwrap_or_default();
    let minutes = parts.minutes.as_ref().map(|minutes| encode_minutes(minutes.borrow())).unwrap_or_default();
    let mut to = Vec::with_capacity(cube.len() + minutes.len() + 64);
    for number in [PARTS_LAYOUT, parts.cube_given_up, parts.minutes_given_up, cube.len() as u64, minutes.len() as u64] {
        put(&mut to, number);
    }
    to.extend_from_slice(&cube);
    to.extend_from_slice(&minutes);
    to
}

/// What was saved as some bytes; `None` when they are none of that.
pub(crate) fn decode(bytes: &[u8]) -> Option<Parts<Cube, Minutes>> {
    let from = &mut Reader(bytes);
    if from.number()? != PARTS_LAYOUT {
        return Some(Parts { cube: Some(decode_cube(bytes)?), minutes: None, cube_given_up: 0, minutes_given_up: 0 });
    }
    let (cube_given_up, minutes_given_up) = (from.number()?, from.number()?);
    let lengths = (from.size()?, from.size()?);
    let (cube, minutes) = (from.take(lengths.0)?, from.take(lengths.1)?);
    let cube = if cube.is_empty() { None } else { Some(decode_cube(cube)?) };
    let minutes = if minutes.is_empty() { None } else { Some(decode_minutes(minutes)?) };
    from.0.is_empty().then_some(Parts { cube, minutes, cube_given_up, minutes_given_up })
}
fn encode_cube(cube: &Cube) -> Vec<u8> {
    let mut to = Vec::with_capacity(cube.combinations() * 16);
    let (occurred_low, occurred_high) = cube.occurred.unwrap_or((i64::MAX, i64::MIN));
    for number in [LAYOUT, cube.origin.epoch.0, cube.origin.pruned, cube.origin.corrected, cube.seq] {
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
            put_text(&mut to, text);
            put_signed(&mut to, sample.cast_signed());
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

fn decode_cube(bytes: &[u8]) -> Option<Cube> {
    let from = &mut Reader(bytes);
    if from.number()? != LAYOUT {
        return None;
    }
    let mut cube = Cube::new(Origin { epoch: Epoch(from.number()?), pruned: from.number()?, corrected: from.number()? });
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
            let text = from.text()?;
            cube.texts[at].add(text.into());
            cube.samples[at].push(from.signed()?.cast_unsigned());
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
