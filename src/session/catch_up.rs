//! Falling behind and coming back: a subscription that is out of the index reads the log from its position.

use super::found::Found;
use super::frames::{self, CaughtUpFrame};
use super::live::ToTell;
use super::machine::Session;
use super::read::{Read, Then};
use super::stage::{Stage, Start};
use crate::domain::Seq;
use crate::hub::shard::Command;

impl Session {
    /// The outbox was emptied: every subscription that was in the index goes on from the log.
    pub(super) fn fell_behind(&mut self) {
        for at in 0..self.subs.len() {
            let sub = &mut self.subs[at];
            sub.forget_queue();
            let started = match std::mem::replace(&mut sub.stage, Stage::Behind) {
                Stage::Starting(start) => Some(start),
                Stage::Reading(read) | Stage::Waiting { read, .. } | Stage::Resting { read, .. } => match read.then {
                    Then::StartKnown { start, .. }
                    | Then::StartFresh { start, .. }
                    | Then::StartResumed { start, .. }
                    | Then::StartAhead { start, .. } => Some(start),
                    Then::Refiltering { refilter, behind, .. } => {
                        sub.refilters.push_front(refilter);
                        if behind {
                            continue;
                        }
                        None
                    }
                    Then::Sealing { seal, .. } | Then::SealKnown { seal, .. } | Then::SealAhead { seal } => {
                        sub.seals.waiting.push_front(seal);
                        None
                    }
                    // Nothing of it is at the shard yet.
                    Then::Naming { start } => {
                        let key = sub.viewing.as_ref().map(|viewing| viewing.key.clone());
                        if let Some(key) = key {
                            sub.stage = Stage::Reading(Read::naming(key, start));
                        }
                        continue;
                    }
                    Then::Viewing { behind } => {
                        self.view_is_stale(at);
                        if behind {
                            continue;
                        }
                        None
                    }
                    Then::CatchingUp | Then::Rejoining { .. } => continue,
                },
                Stage::Live => None,
                Stage::Behind | Stage::Rejoining => continue,
            };
            match started {
                Some(start) => self.begin_again(at, start),
                None => {
                    // An installation that was on its way when the outbox was emptied would stand for nobody.
                    let command = Command::Remove { session: self.number(), sub: self.subs[at].no };
                    self.tell(command);
                    self.tell_lagging(at);
                }
            }
        }
    }

    /// Asks anew for the first installation.
    fn begin_again(&mut self, at: usize, start: Start) {
        let sub = &mut self.subs[at];
        sub.stage = Stage::Starting(start);
        let (no, filter) = (sub.no, sub.filter.clone());
        let generation = sub.generation + 1;
        sub.generation = generation;
        self.tell(Command::Install { session: self.number(), sub: no, generation, filter });
        // Whatever was to follow follows again.
        for index in 0..self.subs[at].refilters.len() {
            let sub = &mut self.subs[at];
            sub.generation += 1;
            let generation = sub.generation;
            sub.refilters[index].generation = generation;
            let filter = sub.refilters[index].filter.clone();
            self.tell(Command::Install { session: self.number(), sub: no, generation, filter });
        }
    }

    pub(super) fn tell_lagging(&mut self, at: usize) {
        let sub = &mut self.subs[at];
        sub.told_at = self.now_ms;
        let position = sub.cursor(&self.room, sub.position);
        let head = self.room.cursor(self.room.head().max(sub.position));
        let remaining = head.seq - position.seq;
        let frame = frames::LaggingFrame { r#type: frames::LaggingFrame::WORD, sub: &sub.name, position, head, remaining };
        let written = frames::write(&frame, Some(position));
        self.send(written);
    }

    /// Out of the index: a filter that waits is taken up at the own cursor, else the next page is read.
    pub(super) fn go_on_behind(&mut self, at: usize) -> bool {
        let switch = self.sub(at).position;
        #[cfg(test)]
        let switch = if self.planted == Some(super::planted::Planted::RefilterWhileLagging) { self.room.head() } else { switch };
        if self.read_view(at, true) {
            return true;
        }
        let sub = self.sub(at);
        sub.stage = Stage::Reading(match sub.refilters.pop_front() {
            Some(refilter) => Read::refilter(refilter, switch, true),
            None => Read::onward(sub),
        });
        true
    }

    /// Takes it out of the index to read on from its position.
    pub(super) fn leave_index(&mut self, at: usize) {
        let number = self.number();
        let sub = self.sub(at);
        let forgotten = sub.forget_queue();
        sub.stage = Stage::Behind;
        let command = Command::Remove { session: number, sub: sub.no };
        self.release(forgotten);
        self.tell(command);
    }

    pub(super) fn caught_up_page(&mut self, at: usize, found: &Found) {
        if self.is_gone(at, found) {
            return self.begin_afresh(at, found.pruned);
        }
        self.take_page(at, found);
        let number = self.number();
        let sub = self.sub(at);
        sub.stage = Stage::Behind;
        if !found.whole || !sub.refilters.is_empty() {
            return;
        }
        sub.generation += 1;
        sub.valid_from = sub.generation;
        sub.stage = Stage::Rejoining;
        let command = Command::Install { session: number, sub: sub.no, generation: sub.generation, filter: sub.filter.clone() };
        self.tell(command);
    }

    pub(super) fn rejoined(&mut self, at: usize, joined: Seq, found: &Found) {
        if self.is_gone(at, found) {
            return self.begin_afresh(at, found.pruned);
        }
        self.take_page(at, found);
        if !found.whole {
            return self.leave_index(at);
        }
        let now = self.now_ms;
        let sub = self.sub(at);
        sub.position = sub.position.max(joined);
        sub.told_at = now;
        sub.stage = Stage::Live;
        let position = self.cursor_of(at);
        let frame = CaughtUpFrame { r#type: CaughtUpFrame::WORD, sub: &self.sub(at).name.clone(), position };
        self.send(frames::write(&frame, Some(position)));
    }

    /// True when what would come next is gone from the store: what is there now would look like all there was.
    fn is_gone(&self, at: usize, found: &Found) -> bool {
        #[cfg(test)]
        if self.planted == Some(super::planted::Planted::PrunedSilently) {
            return false;
        }
        self.subs[at].position < found.pruned
    }

    /// What comes next is gone: it is told, and the subscription begins afresh under the filter in force.
    fn begin_afresh(&mut self, at: usize, pruned: Seq) {
        self.tell_reset(at, "pruned", pruned);
        let sub = self.sub(at);
        let forgotten = sub.forget_queue();
        (sub.rev, sub.seals.counted, sub.accord.wanted) = (0, None, false);
        self.release(forgotten);
        self.begin_again(at, Start { reference: None, after: None });
    }

    fn take_page(&mut self, at: usize, found: &Found) {
        let reached = self.marked(found.reached, found);
        let sub = self.sub(at);
        sub.position = sub.position.max(found.reached);
        sub.learn(reached.seq, reached.mark);
        sub.accord.wanted |= found.concerns(&sub.filter);
        #[cfg(test)]
        let found = &match self.planted {
            Some(super::planted::Planted::CorrectionsLeftOut) => Found { corrections: Vec::new(), ..found.clone() },
            _ => found.clone(),
        };
        let told = ToTell { parts: found.items.iter().map(|i| i.body.clone()).collect(), corrections: found.corrections.clone() };
        if !told.is_nothing() {
            let remaining = self.remaining(at);
            self.send_activities(at, told, None, Some(remaining));
        }
    }

    /// Entries of the log that a subscription has not been brought to yet.
    fn remaining(&self, at: usize) -> u64 {
        self.room.head().saturating_sub(self.subs[at].position)
    }
}
