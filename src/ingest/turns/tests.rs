//! The scheduler against what it promises: fair by rows, bounded, nothing lost, order kept, nobody starved.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::{COMMIT_BYTES_MAX, COMMIT_ROWS_MAX, COMMIT_UNITS_MAX, TURN_ROWS, Turns};
use crate::auth::Operator;
use crate::ingest::shares::Owner;

fn owner(number: i64) -> Owner {
    Some(Operator::assume().workspace(number))
}

/// Rows of the largest request.
const LARGEST: usize = 5_000;

#[test]
fn who_waits_alone_takes_what_fits() {
    for (rows, bytes, count, want) in [
        (1, 1, COMMIT_UNITS_MAX + 5, vec![COMMIT_UNITS_MAX, 5]),
        (COMMIT_ROWS_MAX / 2, 1, 5, vec![2, 2, 1]),
        (COMMIT_ROWS_MAX + 1, 1, 2, vec![1, 1]),
        (1, COMMIT_BYTES_MAX / 2, 3, vec![2, 1]),
        (1, COMMIT_BYTES_MAX + 1, 2, vec![1, 1]),
        (0, 0, 3, vec![3]),
    ] {
        let mut turns = Turns::default();
        for n in 0..count {
            turns.push(owner(1), rows, bytes, n);
        }
        let groups: Vec<_> = std::iter::from_fn(|| Some(turns.next_group()).filter(|group| !group.is_empty())).collect();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), want, "{rows} rows, {bytes} bytes");
        assert_eq!(groups.concat(), (0..count).collect::<Vec<_>>());
        assert_eq!((turns.units(), turns.ring.len()), (0, 0));
    }
}

#[test]
fn a_small_one_never_waits_for_a_flood() {
    let mut turns = Turns::default();
    for n in 0..64 {
        turns.push(owner(1), LARGEST, 1, n);
    }
    assert_eq!(turns.next_group(), [0], "alone, and one fills it");
    turns.push(owner(2), 1, 1, 1_000);
    assert_eq!(turns.next_group(), [1_000], "the next transaction is its, whatever else waits");
    assert_eq!(turns.next_group(), [1]);
    // Not even when it comes again and again does the flood starve: it earns meanwhile.
    let mut waited = 0;
    loop {
        turns.push(owner(2), 1, 1, 1_000);
        let group = turns.next_group();
        waited += 1;
        if group.contains(&2) {
            break;
        }
        assert_eq!(group, [1_000]);
    }
    assert!(waited <= LARGEST.div_ceil(TURN_ROWS) + 1, "{waited} transactions");
}

#[test]
fn what_is_withdrawn_is_not_taken() {
    let mut turns = Turns::default();
    let first = turns.push(owner(1), 1, 1, "first");
    let second = turns.push(owner(1), 1, 1, "second");
    assert_eq!(turns.withdraw(owner(2), second), None);
    assert_eq!(turns.withdraw(owner(1), second), Some("second"));
    assert_eq!(turns.withdraw(owner(1), second), None);
    assert_eq!(turns.next_group(), ["first"]);
    assert_eq!(turns.withdraw(owner(1), first), None, "its transaction has begun");
    let third = turns.push(owner(1), 1, 1, "third");
    assert_eq!(turns.withdraw(owner(1), third), Some("third"));
    assert_eq!((turns.units(), turns.ring.len()), (0, 0));
    assert!(turns.next_group().is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Push { who: i64, rows: usize, bytes: usize },
    Withdraw { nth: usize },
    Commit,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = prop_oneof![4 => 0..4usize, 2 => 1..600usize, 1 => 4_000..10_001usize];
    let bytes = prop_oneof![4 => 1..2_000usize, 1 => 1_000_000..9_000_000usize];
    prop_oneof![
        5 => (1..5i64, rows, bytes).prop_map(|(who, rows, bytes)| Step::Push { who, rows, bytes }),
        1 => (0..100usize).prop_map(|nth| Step::Withdraw { nth }),
        2 => Just(Step::Commit),
    ]
}

proptest! {
    /// Against a plain list of what waits: each comes out exactly once, in the order of its workspace, in groups within
    /// the bounds; and in each round of turns nobody is passed over who could be served.
    #[test]
    fn nothing_lost_order_kept_and_bounded(steps in prop::collection::vec(step(), 1..300)) {
        let mut turns = Turns::default();
        let mut waiting: BTreeMap<i64, VecDeque<(u64, usize, usize)>> = BTreeMap::new();
        for step in steps.into_iter().chain(std::iter::repeat_n(Step::Commit, 400)) {
            match step {
                Step::Push { who, rows, bytes } => {
                    let n = turns.next_ticket;
                    let ticket = turns.push(owner(who), rows, bytes, n);
                    prop_assert_eq!(ticket, n);
                    waiting.entry(who).or_default().push_back((ticket, rows.max(1), bytes));
                }
                Step::Withdraw { nth } => {
                    let all: Vec<_> = waiting.iter().flat_map(|(who, line)| line.iter().map(|unit| (*who, unit.0))).collect();
                    let Some((who, ticket)) = all.get(nth % all.len().max(1)).copied() else { continue };
                    prop_assert_eq!(turns.withdraw(owner(who), ticket), Some(ticket));
                    if let Some(line) = waiting.get_mut(&who) {
                        line.retain(|unit| unit.0 != ticket);
                    }
                }
                Step::Commit => {
                    let group = turns.next_group();
                    prop_assert_eq!(group.is_empty(), waiting.values().all(VecDeque::is_empty), "work is never left undone");
                    let (mut rows, mut bytes) = (0, 0);
                    for ticket in &group {
                        let line = waiting.values_mut().find(|line| line.front().is_some_and(|unit| unit.0 == *ticket));
                        let unit = line.and_then(VecDeque::pop_front);
                        prop_assert!(unit.is_some(), "{} is the first of no line", ticket);
                        let (_, unit_rows, unit_bytes) = unit.unwrap_or_default();
                        (rows, bytes) = (rows + unit_rows, bytes + unit_bytes);
                    }
                    prop_assert!(group.len() <= COMMIT_UNITS_MAX);
                    prop_assert!(group.len() <= 1 || rows <= COMMIT_ROWS_MAX && bytes <= COMMIT_BYTES_MAX);
                }
            }
            prop_assert_eq!(turns.units(), waiting.values().map(VecDeque::len).sum::<usize>());
        }
        prop_assert_eq!(turns.units(), 0);
    }

    /// Workspaces that always have something waiting get the same number of rows, up to one turn and one request.
    #[test]
    fn rows_are_shared(sizes in prop::collection::vec(1..LARGEST, 2..6), commits in 50..200usize) {
        let mut turns = Turns::default();
        let mut served = vec![0usize; sizes.len()];
        let backlog = |turns: &mut Turns<usize>, who: usize| {
            let number = i64::try_from(who).unwrap_or(0) + 1;
            turns.push(owner(number), sizes[who], 1, who);
        };
        for who in 0..sizes.len() {
            // More than one transaction can take.
            (0..COMMIT_UNITS_MAX * 2).for_each(|_| backlog(&mut turns, who));
        }
        for _ in 0..commits {
            for who in turns.next_group() {
                served[who] += sizes[who];
                backlog(&mut turns, who);
            }
        }
        let (least, most) = (served.iter().min().copied().unwrap_or(0), served.iter().max().copied().unwrap_or(0));
        prop_assert!(most - least <= 2 * (LARGEST + TURN_ROWS), "{:?} of {:?}", served, sizes);
    }
}
