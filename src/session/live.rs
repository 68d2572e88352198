//! The seam: how a subscription joins and is live. Beside it: `refilter`, `accord`, `catch_up`, `seals`, and `read`
//! for the store.
//!
//! Every step here keeps one invariant: all activities that match in (where the view began, `position`] have been sent,
//! each once within its rev, in seq order, and nothing above `position` has; and so have all corrections up to `position`
//! that concern the view. What an activity was sent as may be newer than `position`: then its corrections come after it.

use bytes::Bytes;

use super::found::{FRAME_ITEMS_BYTES_MAX, Found};
use super::frames::{self, ActivitiesFrame, ResetFrame, Spliced, SubscribedFrame};
use super::machine::{Action, Session};
use super::read::Read;
use super::stage::{Stage, Start};
use crate::domain::{Cursor, Mark, Seq};
use crate::hub::outbox::{Event, What};
use crate::hub::publication::Run;
use crate::store::Correction;

impl Session {
    /// Moves a subscription on by one step. False when it has nothing to do.
    pub(super) fn step(&mut self, at: usize) -> bool {
        match &self.sub(at).stage {
            Stage::Reading(_) => self.ask(at),
            Stage::Waiting { .. } => false,
            Stage::Resting { .. } => self.wake(at),
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
            Stage::Rejoining => sub.stage = Stage::Reading(Read::rejoin(sub, joined)),
            other => sub.stage = other,
        }
        true
    }

    pub(super) fn start(&mut self, at: usize, start: Start, joined: Seq) {
        let after = match start.after {
            Some(cursor) if cursor.epoch != self.room.epoch() => return self.reset(at, start, joined, "epoch", 0),
            after => after.map(|c| c.seq),
        };
        if let Some(Cursor { seq, mark: Some(mark), .. }) = start.after.filter(|_| !self.is_unchecked()) {
            match self.room.mark(seq) {
                Some(there) => return self.start_known(at, start, (mark, Some(there)), joined),
                None => return self.sub(at).stage = Stage::Reading(Read::start_known(start, seq, mark, joined)),
            }
        }
        self.start_at(at, start, after, joined);
    }

    /// True when a test leaves out that marks are looked at.
    pub(super) fn is_unchecked(&self) -> bool {
        #[cfg(test)]
        return self.planted == Some(super::planted::Planted::CursorUnchecked);
        #[cfg(not(test))]
        false
    }

    /// It is known which history the log has at the client's cursor.
    pub(super) fn start_known(&mut self, at: usize, start: Start, (mark, there): (Mark, Option<Mark>), joined: Seq) {
        if there.is_some_and(|there| there != mark) {
            return self.reset(at, start, joined, "epoch", 0);
        }
        let after = start.after.map(|cursor| cursor.seq);
        if let Some(seq) = after {
            self.sub(at).learn(seq, there);
        }
        self.start_at(at, start, after, joined);
    }

    fn start_at(&mut self, at: usize, start: Start, after: Option<Seq>, joined: Seq) {
        let sub = self.sub(at);
        sub.stage = Stage::Reading(match after {
            None => Read::fresh(sub, start, joined),
            Some(after) if after > joined => Read::start_ahead(start, after, joined),
            Some(after) => Read::resumed(sub, start, after, joined),
        });
    }

    pub(super) fn reset(&mut self, at: usize, start: Start, joined: Seq, reason: &'static str, oldest: Seq) {
        self.tell_reset(at, reason, oldest);
        let sub = self.sub(at);
        sub.stage = Stage::Reading(Read::fresh(sub, Start { after: None, ..start }, joined));
    }

    pub(super) fn tell_reset(&mut self, at: usize, reason: &'static str, oldest: Seq) {
        let oldest = self.room.cursor(oldest);
        let frame = ResetFrame { r#type: ResetFrame::WORD, sub: &self.subs[at].name, reason, oldest };
        let written = frames::write(&frame, None);
        self.send(written);
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
                    self.sub(at).accord.wanted = true;
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
            Some(super::planted::Planted::CursorStuck) => 0,
            Some(super::planted::Planted::PositionTooEarly) => self.room.head(),
            _ => drained,
        };
        if self.subs[at].position < drained {
            let mark = self.room.mark(drained);
            let sub = self.sub(at);
            sub.position = drained;
            sub.learn(drained, mark);
        }
        let sub = self.sub(at);
        if sub.accord_ms().is_some_and(|due| now >= due) {
            self.accord(at);
            return true;
        }
        if self.read_view(at, false) {
            return true;
        }
        self.ask_echo(at)
    }

    /// Puts as many waiting runs as fit into one frame.
    fn send_runs(&mut self, at: usize) {
        let drained = self.drained_head;
        let (mut told, mut bytes, mut weight) = (ToTell::default(), 0, 0);
        let mut committed_at = None;
        let sub = self.sub(at);
        while let Some(Event { what: What::Run(run), .. }) = sub.queue.front() {
            if bytes > 0 && bytes + run.bytes() > FRAME_ITEMS_BYTES_MAX {
                break;
            }
            let before = bytes;
            bytes += told.take(run, sub.position);
            committed_at = if bytes > before { Some(run.committed_at()) } else { committed_at };
            if run.last() > sub.position {
                sub.position = run.last();
                sub.known = run.mark().map(|mark| (sub.position, mark)).or(sub.known);
            }
            weight += sub.queue.pop_front().map_or(0, |e| e.weight());
        }
        if sub.queue.is_empty() && drained > sub.position {
            let mark = self.room.mark(drained);
            let sub = self.sub(at);
            sub.position = drained;
            sub.learn(drained, mark);
        }
        #[cfg(test)]
        let weight = if self.planted == Some(super::planted::Planted::KeepsCharge) { 0 } else { weight };
        self.release(weight);
        if !told.is_nothing() {
            self.send_activities(at, told, committed_at, None);
        }
    }

    pub(super) fn send_activities(&mut self, at: usize, told: ToTell, committed_at: Option<std::time::Instant>, remaining: Option<u64>) {
        let now = self.now_ms;
        let position = self.cursor_of(at);
        let sub = self.sub(at);
        sub.told_at = now;
        let (r#type, rev) = (ActivitiesFrame::WORD, sub.rev);
        let frame = ActivitiesFrame { r#type, sub: &sub.name, rev, position, remaining, amended: Spliced, erased: Spliced, items: Spliced };
        let written = frames::write_corrected(&frame, position, told.parts, &told.corrections);
        self.out.push_back(Action::Send(written, committed_at));
    }

    pub(super) fn started(&mut self, at: usize, start: Start, joined: Seq, mut found: Found, resumed: bool) {
        let now = self.now_ms;
        let older = match start.after.filter(|_| resumed) {
            Some(cursor) => Some(cursor).filter(|cursor| cursor.seq > 0),
            None => found.older().map(|seq| self.marked(seq, &found)),
        };
        let all = found.items.len();
        #[cfg(test)]
        if self.planted == Some(super::planted::Planted::ResumedOverCorrections) {
            found.corrections.clear();
        }
        match resumed {
            // It is `activities` that tell of corrections.
            true => found.cut_to_first_correction(start.after.map_or(0, |cursor| cursor.seq)),
            false => found.cut_to_frame(),
        }
        let reached = self.marked(found.reached, &found);
        // What the first frame does not take is read on from there, as after any interruption.
        let more = if resumed { !found.whole } else { found.items.len() < all };
        let last = found.items.last().map_or(joined, |i| i.seq);
        let last_mark = found.items.last().and_then(|i| i.mark);
        #[cfg(test)]
        let planted = self.planted;
        let sub = self.sub(at);
        sub.position = match (resumed, more) {
            (true, true) => found.reached,
            (true, false) => found.reached.max(joined),
            (false, true) => last,
            (false, false) => joined,
        };
        sub.rev = 1;
        sub.told_at = now;
        match sub.position {
            at if at == last => sub.learn(last, last_mark),
            _ => sub.learn(reached.seq, reached.mark),
        }
        // Memberships may have changed before the client's cursor too, with the refilter that follows still on its way when
        // it left: a filter that asks for them is settled afresh. So may a view have.
        let viewing = sub.viewing.is_some();
        #[cfg(test)]
        let viewing = viewing && planted != Some(super::planted::Planted::ResumedUnderOldView);
        let sub = self.sub(at);
        sub.accord.wanted |= resumed && (viewing || sub.filter.asks_membership());
        sub.stage = Stage::Live;
        let position = self.cursor_of(at);
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

    pub(super) fn cursor_of(&mut self, at: usize) -> Cursor {
        let sub = &mut self.subs[at];
        let cursor = sub.cursor(&self.room, sub.position);
        sub.learn(cursor.seq, cursor.mark);
        cursor
    }

    /// A place up to which something was found, as a cursor.
    pub(super) fn marked(&self, seq: Seq, found: &Found) -> Cursor {
        let cursor = self.room.cursor(seq);
        Cursor { mark: cursor.mark.or_else(|| found.reached_mark.filter(|_| found.reached == seq)), ..cursor }
    }

    fn pop(&mut self, at: usize) -> Option<Event> {
        let event = self.sub(at).queue.pop_front()?;
        self.release(event.weight());
        Some(event)
    }
}

/// What one `activities` frame tells.
#[derive(Debug, Default)]
pub(super) struct ToTell {
    /// JSON of activities.
    pub parts: Vec<Bytes>,
    /// By place.
    pub corrections: Vec<Correction>,
}

impl ToTell {
    /// Adds what of a run lies above a place: nearly always all of it. How many bytes.
    fn take(&mut self, run: &Run, position: Seq) -> usize {
        let part = match run.first() > position {
            true => Some(run.joined().clone()).filter(|joined| !joined.is_empty()),
            false => above(run, position),
        };
        let mut bytes = part.as_ref().map_or(0, |part| part.len() + 1);
        self.parts.extend(part);
        for correction in run.corrections().filter(|c| c.at > position) {
            bytes += correction.json.len() + 1;
            self.corrections.push(correction.clone());
        }
        bytes
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.parts.is_empty() && self.corrections.is_empty()
    }
}

/// The JSON of the activities of a run that lie above a place.
fn above(run: &Run, position: Seq) -> Option<Bytes> {
    let mut part = Vec::new();
    for item in run.items().iter().filter(|i| i.seq > position) {
        if !part.is_empty() {
            part.push(b',');
        }
        part.extend_from_slice(&item.body);
    }
    (!part.is_empty()).then(|| part.into())
}
