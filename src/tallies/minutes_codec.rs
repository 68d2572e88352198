//! Counts by minute as bytes: what comes in order as steps from one to the next, some six bytes a count.

use super::bytes::{Reader, put, put_signed, put_text};
use super::cube::Origin;
use super::day::{Day, Minute};
use super::minutes::{DAY_MS, Kind, MINUTE_MS, Minutes};
use crate::domain::{Epoch, Seq};

/// The first byte. Another one is another layout, which is not read.
const LAYOUT: u64 = 1;

/// The bytes of counts by minute.
pub(crate) fn encode_minutes(minutes: &Minutes) -> Vec<u8> {
    let mut to = Vec::with_capacity(minutes.cells() * 8 + 64);
    for number in [LAYOUT, minutes.origin.epoch.0, minutes.origin.pruned, minutes.origin.corrected, minutes.seq] {
        put(&mut to, number);
    }
    put_signed(&mut to, minutes.hours_before);
    put(&mut to, minutes.events.values.len() as u64);
    minutes.events.values.iter().for_each(|event| put_signed(&mut to, *event));
    put(&mut to, minutes.flavors.values.len() as u64);
    minutes.flavors.values.iter().for_each(|flavor| put_text(&mut to, flavor));
    put(&mut to, minutes.kinds.values.len() as u64);
    for kind in &minutes.kinds.values {
        for number in [kind.event, kind.flavor, u32::from(kind.grade)] {
            put(&mut to, u64::from(number));
        }
    }
    put(&mut to, minutes.days.len() as u64);
    let mut before: Seq = 0;
    for (number, day) in &minutes.days {
        put_signed(&mut to, *number);
        put(&mut to, day.times.len() as u64);
        for (time, range) in day.times() {
            put(&mut to, u64::from(time.minute.0));
            put_signed(&mut to, time.first.wrapping_sub(before).cast_signed());
            put(&mut to, time.last - time.first);
            put(&mut to, range.len() as u64);
            for at in range {
                put(&mut to, u64::from(day.kinds[at]));
                put(&mut to, day.counts[at]);
            }
            before = time.first;
        }
    }
    to
}

/// The counts of some bytes; `None` when they are none.
pub(crate) fn decode_minutes(bytes: &[u8]) -> Option<Minutes> {
    let from = &mut Reader(bytes);
    if from.number()? != LAYOUT {
        return None;
    }
    let mut minutes = Minutes::new(Origin { epoch: Epoch(from.number()?), pruned: from.number()?, corrected: from.number()? });
    minutes.seq = from.number()?;
    minutes.hours_before = from.signed()?;
    for _ in 0..from.number()? {
        minutes.events.add(from.signed()?);
    }
    for _ in 0..from.number()? {
        minutes.flavors.add(from.text()?.into());
    }
    for _ in 0..from.number()? {
        let [event, flavor, grade] = [from.number()?, from.number()?, from.number()?];
        let there = event < minutes.events.values.len() as u64 && flavor < minutes.flavors.values.len() as u64;
        let kind = Kind { event: u32::try_from(event).ok()?, flavor: u32::try_from(flavor).ok()?, grade: u8::try_from(grade).ok()? };
        there.then(|| minutes.kinds.add(kind))?;
    }
    let mut before: Seq = 0;
    for _ in 0..from.number()? {
        let number = from.signed()?;
        let mut day = Day::default();
        for _ in 0..from.number()? {
            before = decode_time(from, &mut day, before, minutes.kinds.values.len())?;
        }
        minutes.put(number, day);
    }
    from.0.is_empty().then_some(minutes)
}

/// One minute; where its first activity stands.
fn decode_time(from: &mut Reader<'_>, day: &mut Day, before: Seq, kinds: usize) -> Option<Seq> {
    let minute = u16::try_from(from.number()?).ok().filter(|minute| i64::from(*minute) * MINUTE_MS < DAY_MS)?;
    let first = before.wrapping_add_signed(from.signed()?);
    let last = first.checked_add(from.number()?)?;
    let mut counts = Vec::new();
    for _ in 0..from.number()? {
        let kind = u32::try_from(from.number()?).ok().filter(|kind| (*kind as usize) < kinds)?;
        counts.push((kind, from.number()?));
    }
    day.count(Minute(minute), (first, last), counts);
    Some(first)
}
