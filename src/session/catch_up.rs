//! The seam: how a subscription joins, refilters, falls behind, catches up and seals.
//!
//! Every step here keeps one invariant: all activities that match in (where the view began, `position`] have been sent,
//! each once within its rev, in seq order, and nothing above `position` has.

use std::sync::Arc;

use bytes::Bytes;

use super::frames::{self, ActivitiesFrame, CaughtUpFrame, RefilteredFrame, ResetFrame, SealedFrame, Spliced, SubscribedFrame};
use super::machine::{ACCORD_EVERY_MS, Action, Answer, SEAL_TRIES, Session};
use super::protocol::code;
use super::subscription::{Counted, Reading, Refilter, Seal, Stage, Start};
use crate::domain::{Cursor, Seq};
use crate::hub::outbox::{Event, What};
use crate::hub::publication::Run;
use crate::hub::shard::Command;

use super::found::{FRAME_ITEMS_BYTES_MAX, Found};

impl Session {
    /// Moves a subscription on by one step. False when it has nothing to do.
    pub(super) fn step(&mut self, at: usize) -> bool {
        match &self.sub(at).stage {
            Stage::Reading(_) => self.ask(at),
            Stage::Waiting(_) => false,
            Stage::Behind => self.go_on_behind(at),
            Stage::Starting(_) | Stage::Rejoining => self.take_installed(at),
            Stage::Live => self.go_on_live(at),
        }
    }

    /// Waits for its own installation; nothing else can come before it.
    fn take_installed(&mut self, at: usize) -> bool {
        let Some(event) = self.pop(at) else { return false };
        let What::Installed { at: joined } = event.what else { return true };
        let sub = self.sub(at);
        match std::mem::replace(&mut sub.stage, Stage::Live) {
            Stage::Starting(start) => self.start(at, start, joined),
            Stage::Rejoining => sub.stage = Stage::Reading(Reading::Rejoining { at: joined }),
            other => sub.stage = other,
        }
        true
    }

    fn start(&mut self, at: usize, start: Start, joined: Seq) {
        let after = match start.after {
            Some(cursor) if cursor.epoch != self.room.epoch() => return self.reset(at, start, joined, "epoch", 0),
            after => after.map(|c| c.seq),
        };
        self.sub(at).stage = Stage::Reading(match after {
            None => Reading::StartFresh { start, at: joined },
            Some(after) if after > joined => Reading::StartAhead { start, after, at: joined },
            Some(after) => Reading::StartResumed { start, after, at: joined },
        });
    }

    fn reset(&mut self, at: usize, start: Start, joined: Seq, reason: &'static str, oldest: Seq) {
        let oldest = self.room.cursor(oldest);
        let frame = ResetFrame { r#type: ResetFrame::WORD, sub: &self.sub(at).name.clone(), reason, oldest };
        self.send(frames::write(&frame, None));
        self.sub(at).stage = Stage::Reading(Reading::StartFresh { start: Start { after: None, ..start }, at: joined });
    }

    /// Takes the next event of its queue, or a word that waits for its turn.
    fn go_on_live(&mut self, at: usize) -> bool {
        if let Some(front) = self.sub(at).queue.front() {
            match &front.what {
                What::Run(_) => self.send_runs(at),
                What::Installed { at: switched } => {
                    let switched = *switched;
                    let generation = front.generation;
                    self.pop(at);
                    self.take_refilter(at, generation, switched);
                }
                What::MembershipChanged { .. } => {
                    self.pop(at);
                    self.sub(at).dirty = true;
                }
                What::Echo { at: echoed } => {
                    let echoed = *echoed;
                    self.pop(at);
                    self.take_echo(at, echoed);
                }
            }
            return true;
        }
        let (drained, now) = (self.drained_head, self.now_ms);
        #[cfg(test)]
        let drained = match self.planted {
            Some(super::machine::Planted::CursorStuck) => 0,
            Some(super::machine::Planted::PositionTooEarly) => self.room.head(),
            _ => drained,
        };
        let number = self.number();
        let sub = self.sub(at);
        sub.position = sub.position.max(drained);
        if sub.dirty && sub.refilters.is_empty() && sub.accord_at.is_none_or(|last| now >= last + ACCORD_EVERY_MS) {
            self.accord(at);
            return true;
        }
        if let Some(seal) = sub.seals.front().filter(|_| !sub.echo_sent && !sub.dirty && sub.refilters.is_empty()) {
            let command = Command::Echo { session: number, sub: sub.no, generation: sub.generation, at_least: seal.at_least };
            sub.echo_sent = true;
            self.tell(command);
            return true;
        }
        false
    }

    /// Puts as many waiting runs as fit into one frame.
    fn send_runs(&mut self, at: usize) {
        let drained = self.drained_head;
        let (mut parts, mut bytes, mut weight): (Vec<Bytes>, usize, usize) = (Vec::new(), 0, 0);
        let mut committed_at = None;
        let sub = self.sub(at);
        while let Some(Event { what: What::Run(run), .. }) = sub.queue.front() {
            if bytes > 0 && bytes + run.bytes() > FRAME_ITEMS_BYTES_MAX {
                break;
            }
            let position = sub.position;
            if let Some(part) = above(run, position) {
                bytes += part.len() + 1;
                parts.push(part);
                committed_at = Some(run.committed_at());
            }
            sub.position = position.max(run.last());
            weight += sub.queue.pop_front().map_or(0, |e| e.weight());
        }
        if sub.queue.is_empty() {
            sub.position = sub.position.max(drained);
        }
        self.release(weight);
        if !parts.is_empty() {
            self.send_activities(at, parts, committed_at, None);
        }
    }

    fn send_activities(&mut self, at: usize, parts: Vec<Bytes>, committed_at: Option<std::time::Instant>, remaining: Option<u64>) {
        let now = self.now_ms;
        let position = self.cursor_of(at);
        let sub = self.sub(at);
        sub.told_at = now;
        let frame = ActivitiesFrame { r#type: ActivitiesFrame::WORD, sub: &sub.name, rev: sub.rev, position, remaining, items: Spliced };
        let written = frames::write_items(&frame, position, parts);
        self.out.push_back(Action::Send(written, committed_at));
    }

    /// A filter came into force: the first refilter that waits is the one, since both queues keep their order.
    fn take_refilter(&mut self, at: usize, generation: u32, switched: Seq) {
        let sub = self.sub(at);
        let Some(refilter) = sub.refilters.pop_front_if(|r| r.generation == generation) else { return };
        // A client that resumed above what the shard had applied is not taken back.
        let switched = switched.max(sub.position);
        sub.stage = Stage::Reading(Reading::Refiltering { refilter, at: switched, behind: false });
    }

    fn take_echo(&mut self, at: usize, echoed: Seq) {
        let sub = self.sub(at);
        if !std::mem::replace(&mut sub.echo_sent, false) || sub.dirty || !sub.refilters.is_empty() {
            // The filter changes first; then it is asked again.
            return;
        }
        if let Some(seal) = sub.seals.pop_front() {
            sub.position = sub.position.max(echoed);
            let at = sub.position;
            let before = sub.counted.filter(|counted| counted.begins(seal.from, at));
            sub.stage = Stage::Reading(Reading::Sealing { seal, at, before });
        }
    }

    /// Out of the index: a filter that waits is taken up at the own cursor, else the next page is read.
    fn go_on_behind(&mut self, at: usize) -> bool {
        let switch = self.sub(at).position;
        #[cfg(test)]
        let switch = if self.planted == Some(super::machine::Planted::RefilterWhileLagging) { self.room.head() } else { switch };
        let sub = self.sub(at);
        sub.stage = Stage::Reading(match sub.refilters.pop_front() {
            Some(refilter) => Reading::Refiltering { refilter, at: switch, behind: true },
            None => Reading::CatchingUp,
        });
        true
    }

    /// Goes on with the answer to a read.
    pub(super) fn resolve(&mut self, at: usize, reading: Reading, answer: Answer) {
        match (reading, answer) {
            (Reading::StartFresh { start, at: joined }, Answer::History(found)) => self.started(at, start, joined, found, false),
            (Reading::StartResumed { start, after, at: joined }, Answer::History(found)) => {
                if after < found.pruned {
                    return self.reset(at, start, joined, "pruned", found.pruned);
                }
                self.started(at, start, joined, found, true);
            }
            (Reading::StartAhead { start, after, at: joined }, Answer::Head(head)) => {
                if after > head.seq {
                    return self.reset(at, start, joined, "ahead", head.pruned);
                }
                let found = Found { items: Vec::new(), reached: after, whole: true, pruned: 0, memberships: Vec::new() };
                self.started(at, start, joined, found, true);
            }
            (Reading::Refiltering { refilter, at: switched, behind }, Answer::History(found)) => {
                self.refiltered(at, refilter, switched, &found);
                self.sub(at).stage = if behind { Stage::Behind } else { Stage::Live };
            }
            (Reading::CatchingUp, Answer::History(found)) => self.caught_up_page(at, found),
            (Reading::Rejoining { at: joined }, Answer::History(found)) => self.rejoined(at, joined, found),
            (Reading::Sealing { seal, at: to, before }, Answer::Count(count)) => self.counted(at, seal, to, before, &count),
            (reading, _) => unreachable!("a read gets the answer to its own question: {reading:?}"),
        }
    }

    fn started(&mut self, at: usize, start: Start, joined: Seq, mut found: Found, resumed: bool) {
        let now = self.now_ms;
        let older = match start.after.filter(|_| resumed) {
            Some(cursor) => Some(cursor.seq).filter(|s| *s > 0),
            None => found.older(),
        };
        let all = found.items.len();
        if !resumed {
            found.cut_to_frame();
        }
        // What does not fit the first frame is read on from there, as after any interruption.
        let more = if resumed { !found.whole } else { found.items.len() < all };
        let last = found.items.last().map_or(joined, |i| i.seq);
        let sub = self.sub(at);
        sub.position = match (resumed, more) {
            (true, true) => found.reached,
            (true, false) => found.reached.max(joined),
            (false, true) => last,
            (false, false) => joined,
        };
        sub.rev = 1;
        sub.told_at = now;
        // Memberships may have changed before the client's cursor too, with the refilter that follows still on its way when
        // it left: a filter that asks for them is settled afresh.
        sub.dirty |= resumed && sub.filter.asks_membership();
        sub.stage = Stage::Live;
        let position = self.cursor_of(at);
        let older = older.map(|seq| self.room.cursor(seq));
        let head = self.room.cursor(self.room.head().max(position.seq));
        let parts: Vec<Bytes> = found.items.iter().map(|i| i.body.clone()).collect();
        let sub = self.sub(at);
        let frame = SubscribedFrame {
            r#type: SubscribedFrame::WORD,
            sub: &sub.name,
            r#ref: start.reference.as_deref(),
            rev: 1,
            position,
            mode: if resumed { "resumed" } else { "fresh" },
            older,
            head,
            catching_up: more,
            remaining: more.then(|| head.seq - position.seq),
            items: Spliced,
        };
        let written = frames::write_items(&frame, position, parts);
        self.send(written);
        if more {
            self.leave_index(at);
        }
    }

    /// Takes it out of the index to read on from its position.
    fn leave_index(&mut self, at: usize) {
        let number = self.number();
        let sub = self.sub(at);
        let forgotten = sub.forget_queue();
        sub.valid_from = sub.generation + 1;
        sub.echo_sent = false;
        sub.stage = Stage::Behind;
        let command = Command::Remove { session: number, sub: sub.no };
        self.release(forgotten);
        self.tell(command);
    }

    fn refiltered(&mut self, at: usize, refilter: Refilter, switched: Seq, found: &Found) {
        let now = self.now_ms;
        #[cfg(test)]
        let kept = self.subs[at].counted.filter(|_| self.planted == Some(super::machine::Planted::SealKeepsFilter));
        let sub = self.sub(at);
        sub.filter = refilter.filter;
        sub.counted = None;
        #[cfg(test)]
        (sub.counted = kept);
        sub.rev += 1;
        sub.position = sub.position.max(switched);
        sub.told_at = now;
        // What it was dirty with is in the items now; a change that came later sets it again.
        sub.dirty = false;
        let position = self.cursor_of(at);
        let older = found.older().map(|seq| self.room.cursor(seq));
        let parts: Vec<Bytes> = found.items.iter().map(|i| i.body.clone()).collect();
        let sub = self.sub(at);
        let reference = refilter.reference.as_deref();
        let frame = RefilteredFrame {
            r#type: RefilteredFrame::WORD,
            sub: &sub.name,
            r#ref: reference,
            rev: sub.rev,
            position,
            older,
            items: Spliced,
        };
        let written = frames::write_items(&frame, position, parts);
        self.send(written);
    }

    fn caught_up_page(&mut self, at: usize, found: Found) {
        self.take_page(at, &found);
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

    fn rejoined(&mut self, at: usize, joined: Seq, found: Found) {
        self.take_page(at, &found);
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

    fn take_page(&mut self, at: usize, found: &Found) {
        let sub = self.sub(at);
        sub.position = sub.position.max(found.reached);
        sub.dirty |= found.concerns(&sub.filter);
        if !found.items.is_empty() {
            let parts: Vec<Bytes> = found.items.iter().map(|i| i.body.clone()).collect();
            let remaining = self.remaining(at);
            self.send_activities(at, parts, None, Some(remaining));
        }
    }

    fn counted(&mut self, at: usize, mut seal: Seal, to: Seq, before: Option<Counted>, count: &crate::store::Count) {
        let name: Arc<str> = (*self.sub(at).name).into();
        let changed = before.is_some_and(|counted| count.barrier > counted.to);
        let sub = self.sub(at);
        sub.stage = Stage::Live;
        if changed {
            // An amendment or an erasure may have changed what was counted before: all of it is counted, which is no fault of
            // this try. (A membership that the filter asks for refilters, and nothing is counted on from before that.)
            sub.counted = None;
            return sub.seals.push_front(seal);
        }
        if count.barrier > to {
            // Membership may have changed under the count: what was sent and what was counted need not be the same.
            seal.tries += 1;
            seal.at_least = count.barrier;
            if seal.tries >= SEAL_TRIES {
                let message = "the log changed while it was counted; ask again";
                return self.error(Some(&name), seal.reference.as_deref(), code::SEAL_BUSY, message, true);
            }
            return self.sub(at).seals.push_front(seal);
        }
        let now = self.now_ms;
        let stored = before.map_or(0, |counted| counted.stored) + count.stored;
        let since = before.and_then(|counted| counted.since).or(count.since);
        let sub = self.sub(at);
        sub.told_at = now;
        sub.counted = Some(Counted { from: seal.from, to, stored, since });
        let (from, position) = (self.room.cursor(seal.from), self.room.cursor(to));
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

    /// Entries of the log that a subscription has not been brought to yet.
    fn remaining(&self, at: usize) -> u64 {
        self.room.head().saturating_sub(self.subs[at].position)
    }

    fn cursor_of(&mut self, at: usize) -> Cursor {
        let seq = self.sub(at).position;
        self.room.cursor(seq)
    }

    fn pop(&mut self, at: usize) -> Option<Event> {
        let event = self.sub(at).queue.pop_front()?;
        self.release(event.weight());
        Some(event)
    }
}

/// The JSON of what lies above a place: nearly always all of it.
fn above(run: &Run, position: Seq) -> Option<Bytes> {
    if run.first() > position {
        return Some(run.joined().clone());
    }
    let mut part = Vec::new();
    for item in run.items().iter().filter(|i| i.seq > position) {
        if !part.is_empty() {
            part.push(b',');
        }
        part.extend_from_slice(&item.body);
    }
    (!part.is_empty()).then(|| part.into())
}
