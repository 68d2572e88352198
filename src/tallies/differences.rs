//! How much of what is counted is counted otherwise elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cube::{COLUMNS, Cube, NUMBERS};
use super::minutes::Minutes;
use crate::domain::Seq;

/// One column of a combination, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Arc<str>),
}

/// How many minutes or hours have other counts in one than in the other, or lie elsewhere in the log: what was erased may
/// have been the first or the last of its minute, so `one` may say that a minute reaches further than it does.
pub(crate) fn minutes_differences(one: &Minutes, other: &Minutes) -> usize {
    let (mine, theirs) = (flat(one), flat(other));
    let is_same = |mine: &(u64, Seq, Seq), theirs: &(u64, Seq, Seq)| mine.0 == theirs.0 && mine.1 <= theirs.1 && theirs.2 <= mine.2;
    let differing = mine.iter().filter(|(key, value)| !theirs.get(key).is_some_and(|theirs| is_same(value, theirs))).count();
    differing + theirs.keys().filter(|key| !mine.contains_key(key)).count()
}

/// When, and of which event, flavor and grade.
type Counted<'m> = (i64, u16, i64, &'m str, u8);

/// Counts, and where they lie in the log.
fn flat(minutes: &Minutes) -> BTreeMap<Counted<'_>, (u64, Seq, Seq)> {
    let mut all = BTreeMap::new();
    for (number, day) in &minutes.days {
        for (time, range) in day.times() {
            for at in range {
                let kind = minutes.kinds.values[day.kinds[at] as usize];
                let (event, flavor) = (minutes.events.values[kind.event as usize], &*minutes.flavors.values[kind.flavor as usize]);
                all.insert((*number, time.minute.0, event, flavor, kind.grade), (day.counts[at], time.first, time.last));
            }
        }
    }
    all
}

/// How many combinations have another count in one than in the other, whose activities `one` may say to have occurred within
/// a longer time: what was erased may have been the first or the last.
pub(crate) fn cube_differences(one: &Cube, other: &Cube) -> usize {
    let mut counts = BTreeMap::new();
    for (cube, sign) in [(one, 1i128), (other, -1)] {
        for row in 0..cube.combinations() {
            *counts.entry(values(cube, row)).or_default() += sign * i128::from(cube.counts[row]);
        }
    }
    let differing = counts.values().filter(|count: &&i128| **count != 0).count();
    let within = match (one.occurred, other.occurred) {
        (Some(mine), Some(theirs)) => mine.0 <= theirs.0 && theirs.1 <= mine.1,
        (_, theirs) => theirs.is_none(),
    };
    differing + usize::from(!within)
}

fn values(cube: &Cube, row: usize) -> [Value; COLUMNS] {
    std::array::from_fn(|column| {
        let code = cube.codes[column][row] as usize;
        match column.checked_sub(NUMBERS.len()) {
            None => Value::Number(cube.numbers[column].values[code]),
            Some(at) => Value::Text(cube.texts[at].values[code].clone()),
        }
    })
}
