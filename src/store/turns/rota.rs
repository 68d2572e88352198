//! Who reads next, as a plain state machine: round robin by workspace, and within each by key.
//!
//! It reads no clock and wakes nobody itself. It must never give more turns at once than there are, never give a workspace
//! a second turn while another that may have one waits for its first in the same round, and never forget who waits.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::TurnLimits;
use crate::auth::WorkspaceId;

/// Who reads: its turns are shared with nobody but its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reader {
    /// Whose data.
    pub workspace: WorkspaceId,
    /// Number of the key behind whoever asks: what is made from a key shares its turns.
    pub root: i64,
    /// What for.
    pub purpose: Purpose,
}

/// What a read is for. Requests and streams of one key take turns with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// The answer to a request: somebody waits for it, so it waits for [`TurnLimits::wait`] at most.
    Request,
    /// A stream that joins, catches up or is sealed. It waits as long as it takes: each stream has one read at a time, so
    /// the limit on connections bounds them, and sending it away would only bring it back.
    Stream,
}

/// What came of asking for a turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is in the queue, under this number.
    Waits(u64),
    /// Too many wait.
    Full,
}

/// Those of one workspace.
#[derive(Debug)]
struct Line<T> {
    /// Turns that are taken.
    held: usize,
    /// Keys that wait, the next one first.
    next: VecDeque<(i64, Purpose)>,
    /// Who waits, by key, in the order in which they came.
    waiting: HashMap<(i64, Purpose), BTreeMap<u64, T>>,
}

/// Everybody who reads or waits to. `T` is what wakes one who waits.
#[derive(Debug)]
pub struct Rota<T> {
    limits: TurnLimits,
    held: usize,
    /// Workspaces where somebody waits, the next one first.
    next: VecDeque<WorkspaceId>,
    /// Workspaces where somebody waits or reads.
    lines: HashMap<WorkspaceId, Line<T>>,
    /// Requests that wait.
    requests: usize,
    /// The number of the next one.
    number: u64,
}

impl<T> Rota<T> {
    /// Nobody.
    pub fn new(limits: TurnLimits) -> Self {
        Self { limits, held: 0, next: VecDeque::new(), lines: HashMap::new(), requests: 0, number: 0 }
    }

    /// Puts one more into the queue.
    pub fn ask(&mut self, reader: Reader, wake: T) -> Asked {
        let line = self.lines.entry(reader.workspace).or_insert_with(Line::new);
        let key = (reader.root, reader.purpose);
        let request = reader.purpose == Purpose::Request;
        let of_key = line.waiting.get(&key).map_or(0, BTreeMap::len);
        if request && (self.requests >= self.limits.waiting_max || of_key >= self.limits.waiting_of_key_max) {
            self.tidy(reader.workspace);
            return Asked::Full;
        }
        if line.waiting.is_empty() {
            self.next.push_back(reader.workspace);
        }
        if of_key == 0 {
            line.next.push_back(key);
        }
        self.number += 1;
        line.waiting.entry(key).or_default().insert(self.number, wake);
        self.requests += usize::from(request);
        Asked::Waits(self.number)
    }

    /// The next one that may read, if a turn is free: it has the turn then.
    pub fn give(&mut self) -> Option<(Reader, T)> {
        if self.held >= self.limits.at_once {
            return None;
        }
        let of_workspace_max = self.limits.of_workspace_max();
        let at = self.next.iter().position(|workspace| self.lines.get(workspace).is_some_and(|l| l.held < of_workspace_max))?;
        let workspace = self.next.remove(at)?;
        let line = self.lines.get_mut(&workspace)?;
        let (reader, wake) = line.take(workspace)?;
        line.held += 1;
        self.held += 1;
        if !line.waiting.is_empty() {
            self.next.push_back(workspace);
        }
        self.requests -= usize::from(reader.purpose == Purpose::Request);
        Some((reader, wake))
    }

    /// A turn is given back.
    pub fn done(&mut self, reader: Reader) {
        if let Some(line) = self.lines.get_mut(&reader.workspace) {
            line.held = line.held.saturating_sub(1);
            self.held = self.held.saturating_sub(1);
        }
        self.tidy(reader.workspace);
    }

    /// One that waited goes away. False when it does not wait any more: then it has its turn, or never was there.
    pub fn leave(&mut self, reader: Reader, number: u64) -> bool {
        let Some(line) = self.lines.get_mut(&reader.workspace) else { return false };
        if !line.leave((reader.root, reader.purpose), number) {
            return false;
        }
        if line.waiting.is_empty() {
            self.next.retain(|workspace| *workspace != reader.workspace);
        }
        self.requests -= usize::from(reader.purpose == Purpose::Request);
        self.tidy(reader.workspace);
        true
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lines.values().flat_map(|line| line.waiting.values()).map(BTreeMap::len).sum()
    }

    /// Forgets a workspace where nobody waits or reads.
    fn tidy(&mut self, workspace: WorkspaceId) {
        if self.lines.get(&workspace).is_some_and(|line| line.held == 0 && line.waiting.is_empty()) {
            self.lines.remove(&workspace);
        }
    }
}

impl<T> Line<T> {
    fn new() -> Self {
        Self { held: 0, next: VecDeque::new(), waiting: HashMap::new() }
    }

    /// Takes the next one out, and puts its key behind the others.
    fn take(&mut self, workspace: WorkspaceId) -> Option<(Reader, T)> {
        let key = self.next.pop_front()?;
        let waiting = self.waiting.get_mut(&key)?;
        let (_, wake) = waiting.pop_first()?;
        if waiting.is_empty() {
            self.waiting.remove(&key);
        } else {
            self.next.push_back(key);
        }
        Some((Reader { workspace, root: key.0, purpose: key.1 }, wake))
    }

    fn leave(&mut self, key: (i64, Purpose), number: u64) -> bool {
        let Some(waiting) = self.waiting.get_mut(&key) else { return false };
        let left = waiting.remove(&number).is_some();
        if waiting.is_empty() {
            self.waiting.remove(&key);
            self.next.retain(|other| *other != key);
        }
        left
    }
}
