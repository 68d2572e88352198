//! Seals: the barrier of an echo, then a count by the store.

use std::collections::VecDeque;

use super::frames::{self, SealedFrame};
use super::machine::Session;
use super::protocol::code;
use super::read::Read;
use super::stage::Stage;
use crate::domain::{Mark, Seq, UnixMs};
use crate::hub::shard::Command;

/// The seals of a subscription.
#[derive(Debug, Default)]
pub struct Seals {
    /// Those that are not answered, in order.
    pub waiting: VecDeque<Seal>,
    /// The last one that was answered under the filter in force: the next one counts on from there.
    pub counted: Option<Counted>,
    /// Everything up to here is known to be pruned: nothing is counted from below it.
    pub pruned: Seq,
    /// True while an echo for the first of them is on its way.
    pub echo_sent: bool,
}

/// A seal that is not answered yet.
#[derive(Debug, Clone)]
pub struct Seal {
    /// Carried back.
    pub reference: Option<String>,
    /// The count begins after this.
    pub from: Seq,
    /// The mark of that place as the client has it, until it is known to be that of this history.
    pub mark: Option<Mark>,
    /// How often the log has changed under the count.
    pub tries: u32,
    /// The echo must not come before the shard has applied this.
    pub at_least: Seq,
}

/// What the store counted for a seal. It stays true of its range for as long as nothing but activities is appended: what is
/// in the log changes by no activity.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Above this.
    pub from: Seq,
    /// Up to this.
    pub to: Seq,
    /// So many match.
    pub stored: u64,
    /// When the first entry in it was recorded.
    pub since: Option<UnixMs>,
}

impl Counted {
    /// True when it is the beginning of this range, so that only the rest is to be counted.
    pub fn begins(&self, from: Seq, to: Seq) -> bool {
        self.from == from && self.to <= to
    }
}

/// What is said of a seal that begins in another history.
pub const OTHER_HISTORY: &str = "from: is a cursor of another history of the log; use a position as the server gave it here";
/// How often the log may change under a count before `seal_busy`.
const SEAL_TRIES: u32 = 3;

impl Session {
    /// Sends the echo that the first seal waits for, once nothing stands before it. False when there is none to send.
    pub(super) fn ask_echo(&mut self, at: usize) -> bool {
        let session = self.number();
        let sub = self.sub(at);
        let may = !sub.seals.echo_sent && !sub.accord.wanted && sub.refilters.is_empty();
        let Some(seal) = sub.seals.waiting.front().filter(|_| may) else { return false };
        let command = Command::Echo { session, sub: sub.no, generation: sub.generation, at_least: seal.at_least };
        sub.seals.echo_sent = true;
        self.tell(command);
        true
    }

    pub(super) fn take_echo(&mut self, at: usize, echoed: Seq) {
        let sub = self.sub(at);
        if !std::mem::replace(&mut sub.seals.echo_sent, false) || sub.accord.wanted || !sub.refilters.is_empty() {
            // The filter changes first; then it is asked again.
            return;
        }
        if let Some(mut seal) = sub.seals.waiting.pop_front() {
            sub.position = sub.position.max(echoed);
            if seal.from < sub.seals.pruned {
                (seal.from, seal.mark) = (sub.seals.pruned, None);
            }
            self.begin_seal(at, seal);
        }
    }

    /// Counts, once it is known that the seal begins in this history of the log, and within it.
    fn begin_seal(&mut self, at: usize, seal: Seal) {
        let sub = self.sub(at);
        let to = sub.position;
        // What was counted from there before was of this history.
        let is_known = sub.seals.counted.is_some_and(|counted| counted.from == seal.from);
        let before = sub.seals.counted.filter(|counted| counted.begins(seal.from, to));
        sub.stage = Stage::Reading(match seal.mark.filter(|_| !is_known) {
            // The shard may only not be there yet; whether the log is, the store knows. Which history it has there, it knows then.
            _ if seal.from > to => Read::seal_ahead(seal),
            Some(mark) => Read::seal_known(Seal { mark: None, ..seal }, mark),
            None => Read::seal(&sub.filter, seal, to, before),
        });
    }

    /// The store has told which history its log has where the seal begins.
    pub(super) fn seal_known(&mut self, at: usize, seal: Seal, mark: Mark, there: Option<Mark>) {
        if there.is_none_or(|there| there == mark) {
            return self.begin_seal(at, seal);
        }
        let name = self.subs[at].name.clone();
        self.subs[at].stage = Stage::Live;
        self.error(Some(&name), seal.reference.as_deref(), code::CURSOR_INVALID, OTHER_HISTORY, false);
    }

    pub(super) fn counted(&mut self, at: usize, mut seal: Seal, to: Seq, before: Option<Counted>, count: &crate::store::Count) {
        let name = self.sub(at).name.clone();
        let changed = before.is_some_and(|counted| count.barrier > counted.to);
        #[cfg(test)]
        let (changed, count) = match self.planted {
            Some(super::planted::Planted::SealWithoutBarrier) => (false, &crate::store::Count { barrier: 0, ..*count }),
            Some(super::planted::Planted::SealOverPruned) => (changed, &crate::store::Count { pruned: 0, ..*count }),
            _ => (changed, count),
        };
        let sub = self.sub(at);
        sub.stage = Stage::Live;
        if changed {
            // An amendment or an erasure may have changed what was counted before: all of it is counted, which is no fault of
            // this try. (A membership that the filter asks for refilters, and nothing is counted on from before that.)
            sub.seals.counted = None;
            return sub.seals.waiting.push_front(seal);
        }
        let was_pruned = count.pruned > seal.from;
        if was_pruned {
            // What lies up to there is gone, and may have been counted: the rest is counted, and told from there on.
            seal.from = count.pruned;
            (sub.seals.pruned, sub.seals.counted) = (count.pruned, None);
        }
        if was_pruned || count.barrier > to {
            // Or membership may have changed under the count: what was sent and what was counted need not be the same.
            seal.tries += 1;
            seal.at_least = seal.at_least.max(count.barrier).max(seal.from);
            if seal.tries >= SEAL_TRIES {
                let message = "the log changed while it was counted; ask again";
                return self.error(Some(&name), seal.reference.as_deref(), code::SEAL_BUSY, message, true);
            }
            return self.sub(at).seals.waiting.push_front(seal);
        }
        let now = self.now_ms;
        let stored = before.map_or(0, |counted| counted.stored) + count.stored;
        let since = before.and_then(|counted| counted.since).or(count.since);
        let sub = self.sub(at);
        sub.told_at = now;
        sub.seals.counted = Some(Counted { from: seal.from, to, stored, since });
        let sub = &self.subs[at];
        let (from, position) = (sub.cursor(&self.room, seal.from), sub.cursor(&self.room, to));
        let frame = SealedFrame {
            r#type: SealedFrame::WORD,
            sub: &name,
            r#ref: seal.reference.as_deref(),
            rev: self.sub(at).rev,
            from,
            position,
            stored,
            since: since.map(|at| at.to_string()),
        };
        self.send(frames::write(&frame, Some(position)));
    }

    /// A seal from a place that the shard has not reached: it waits for the shard, or the log has no such place.
    pub(super) fn seal_ahead(&mut self, at: usize, mut seal: Seal, head: Seq) {
        self.sub(at).stage = Stage::Live;
        if seal.from > head {
            let name = self.sub(at).name.clone();
            let message = "from: is a cursor ahead of the log; use a position as the server gave it";
            return self.error(Some(&name), seal.reference.as_deref(), code::CURSOR_INVALID, message, false);
        }
        seal.at_least = seal.at_least.max(seal.from);
        self.sub(at).seals.waiting.push_front(seal);
    }
}
