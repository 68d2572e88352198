//! Whose turn it is at the one writer: what waits, by workspace, and what the next transaction takes of it.
//!
//! A plain state machine (deficit round robin, Shreedhar and Varghese 1995): each workspace has a line of its own and earns
//! rows as its turn comes, so that a workspace that sends thousands in one request waits longer than one that sends one, and
//! nobody waits for all of another's line. Within a workspace the order is kept. One request is one unit and never parted.

use std::collections::{HashMap, VecDeque};

use super::shares::Owner;

/// Units that one transaction takes at most; the rest waits for the next.
pub const COMMIT_UNITS_MAX: usize = 1_024;
/// Rows that one transaction takes at most, but always one unit.
pub const COMMIT_ROWS_MAX: usize = 8_192;
/// Bytes of changes that one transaction takes at most, but always one unit.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows that a workspace earns each time its turn comes while others wait too.
const TURN_ROWS: usize = 512;

/// Number of something that waits.
pub(super) type Ticket = u64;

/// What waits, by workspace.
#[derive(Debug)]
pub(super) struct Turns<T> {
    lines: HashMap<Owner, Line<T>>,
    /// Those whose lines are not empty, in the order in which their turns come.
    ring: VecDeque<Owner>,
    units: usize,
    next_ticket: Ticket,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<Unit<T>>,
    /// Rows that it has earned and not used.
    credit: usize,
    /// True when a full transaction ended its turn half-way: it has earned for this turn already.
    interrupted: bool,
}

#[derive(Debug)]
struct Unit<T> {
    ticket: Ticket,
    rows: usize,
    bytes: usize,
    what: T,
}

/// What a transaction holds so far.
#[derive(Debug)]
struct Group<T> {
    rows: usize,
    bytes: usize,
    what: Vec<T>,
}

impl<T> Group<T> {
    fn has_room(&self, unit: &Unit<T>) -> bool {
        self.what.is_empty()
            || self.what.len() < COMMIT_UNITS_MAX && self.rows + unit.rows <= COMMIT_ROWS_MAX && self.bytes + unit.bytes <= COMMIT_BYTES_MAX
    }

    fn add(&mut self, unit: Unit<T>) {
        self.rows += unit.rows;
        self.bytes += unit.bytes;
        self.what.push(unit.what);
    }
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), ring: VecDeque::new(), units: 0, next_ticket: 0 }
    }
}

impl<T> Turns<T> {
    /// Adds a unit at the end of its owner's line.
    pub(super) fn push(&mut self, owner: Owner, rows: usize, bytes: usize, what: T) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.units += 1;
        let line = self.lines.entry(owner).or_insert_with(|| {
            self.ring.push_back(owner);
            Line { waiting: VecDeque::new(), credit: 0, interrupted: false }
        });
        // What writes no row costs a turn all the same.
        line.waiting.push_back(Unit { ticket, rows: rows.max(1), bytes, what });
        ticket
    }

    /// Takes a unit out again. `None` when its transaction has begun.
    pub(super) fn withdraw(&mut self, owner: Owner, ticket: Ticket) -> Option<T> {
        let line = self.lines.get_mut(&owner)?;
        let at = line.waiting.iter().position(|unit| unit.ticket == ticket)?;
        let unit = line.waiting.remove(at)?;
        self.units -= 1;
        if line.waiting.is_empty() {
            self.lines.remove(&owner);
            self.ring.retain(|other| *other != owner);
        }
        Some(unit.what)
    }

    /// Units that wait.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    /// What the next transaction takes: one round of turns, or as many as it takes until somebody has earned what stands
    /// first in the line. Who waits alone takes all that fits. Empty only when nothing waits.
    pub(super) fn next_group(&mut self) -> Vec<T> {
        let mut group = Group { rows: 0, bytes: 0, what: Vec::new() };
        let alone = self.ring.len() == 1;
        while group.what.is_empty() && !self.ring.is_empty() {
            for _ in 0..self.ring.len() {
                let Some(owner) = self.ring.pop_front() else { break };
                let Some(line) = self.lines.get_mut(&owner) else { continue };
                if !std::mem::take(&mut line.interrupted) {
                    line.credit += TURN_ROWS;
                }
                let mut full = false;
                while let Some(unit) = line.waiting.front()
                    && (alone || unit.rows <= line.credit)
                {
                    full = !group.has_room(unit);
                    if full {
                        break;
                    }
                    line.credit = line.credit.saturating_sub(unit.rows);
                    if let Some(unit) = line.waiting.pop_front() {
                        self.units -= 1;
                        group.add(unit);
                    }
                }
                if line.waiting.is_empty() {
                    // What it has earned and does not need is lost: nobody saves up for a flood.
                    self.lines.remove(&owner);
                } else if full {
                    line.interrupted = true;
                    self.ring.push_front(owner);
                    return group.what;
                } else {
                    self.ring.push_back(owner);
                }
            }
        }
        group.what
    }
}

#[cfg(test)]
mod tests;
