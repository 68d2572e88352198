//! The session as a plain state machine: words, events and answers in; frames, commands and reads out.
//!
//! It never waits and reads no clock: the driver ([`super::ws`], [`super::sse`]) brings the time, carries out each
//! [`Action`] before it asks for the next, and comes back with what happened. So a slow socket holds nothing but what its
//! outbox may hold, and the model test can drive every interleaving.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::disconnect::{self, Disconnect};
use super::frames::{self, ErrorFrame, PongFrame, PositionFrame, PulseFrame, Written};
use super::names::NameNews;
#[cfg(test)]
use super::planted::{Between, Planted};
use super::protocol::{self, BadWord, Word};
use super::read::Question;
#[cfg(test)]
use super::stage::Stage;
use super::stage::Start;
use super::subscription::Subscription;
use super::viewing::Held;
use crate::auth::Grant;
use crate::domain::{Events, Key, Mask, Seq};
use crate::filter::FilterSet;
use crate::hub::outbox::{Ending, Outbox, SubNo};
use crate::hub::room::Room;
use crate::hub::shard::{Command, SessionNo};
use crate::screens::Report;

/// What the driver is to do.
#[derive(Debug)]
pub enum Action {
    /// Write a frame. The time is when its newest activity became durable, for a live one.
    Send(Written, Option<Instant>),
    /// Tell the shard.
    Tell(Command),
    /// Ask the store; the answer goes to [`Session::answered`].
    Read(u64, Question),
    /// A screen has painted this.
    Seen(Report),
    /// End the connection.
    End(Disconnect),
}

/// One reader's session.
#[derive(Debug)]
pub struct Session {
    number: SessionNo,
    pub(super) room: Arc<Room>,
    pub(super) outbox: Arc<Outbox>,
    /// The events that exist for this reader.
    pub(super) events: Events,
    /// The only view that exists for this reader.
    pub(super) only_views: Option<Vec<Key>>,
    /// The one partner of its event that exists for it.
    pub(super) only_partner: Option<Key>,
    /// What is put over all that it is told.
    pub(super) mask: Option<Mask>,
    pub(super) subs: Vec<Subscription>,
    next_sub: SubNo,
    pub(super) out: VecDeque<Action>,
    /// The read that is under way; there is one at a time.
    pub(super) reading: Option<u64>,
    pub(super) next_read: u64,
    pub(super) now_ms: u64,
    /// The head that was loaded before the outbox was last emptied: what may be claimed when the queues are.
    pub(super) drained_head: Seq,
    pub(super) names: NameNews,
    pub(super) held: Held,
    /// True when the reader was told that the path is broken.
    told_broken: bool,
    ended: bool,
    /// True for a screen: what it has painted counts.
    pub is_screen: bool,
    /// A fault that a test planted.
    #[cfg(test)]
    pub planted: Option<Planted>,
    /// What a test lets the shard do between two steps that another thread may come between.
    #[cfg(test)]
    pub between: Between,
}

impl Session {
    /// A session without subscriptions.
    pub fn new(number: SessionNo, room: Arc<Room>, outbox: Arc<Outbox>, grant: &Grant) -> Self {
        let drained_head = room.head();
        let names = NameNews::new(room.names().told());
        Self {
            number,
            room,
            outbox,
            events: grant.events.clone(),
            only_views: grant.views.clone(),
            only_partner: grant.partner.clone(),
            mask: grant.mask,
            subs: Vec::new(),
            next_sub: 0,
            out: VecDeque::new(),
            reading: None,
            next_read: 1,
            now_ms: 0,
            drained_head,
            names,
            held: Held::default(),
            told_broken: false,
            ended: false,
            is_screen: false,
            #[cfg(test)]
            planted: None,
            #[cfg(test)]
            between: Between::default(),
        }
    }

    /// A frame came in.
    pub fn said(&mut self, text: &str) {
        let (reference, word) = protocol::read_word(text);
        match word {
            Ok(word) => self.word(word, reference),
            Err(BadWord { code, message, sub }) => self.error(sub.as_deref(), reference.as_deref(), code, &message, false),
        }
    }

    /// A word came in, already read.
    pub fn word(&mut self, word: Word, reference: Option<String>) {
        let Some((word, reference)) = self.hold_word(word, reference) else { return };
        match word {
            Word::Ping { t } => self.send(frames::write(&PongFrame { r#type: PongFrame::WORD, r#ref: reference.as_deref(), t: &t }, None)),
            Word::Subscribe { sub, filter, view, after, backfill, pulse } => {
                self.subscribe(sub, (filter, view, pulse), after, backfill, reference);
            }
            Word::Refilter { sub, filter, backfill } => self.refilter(&sub, &filter, backfill, reference),
            Word::Unsubscribe { sub } => self.unsubscribe(&sub, reference),
            Word::Seal { sub, from } => self.seal(&sub, from, reference),
            Word::Seen { sub, position, report } => self.seen(&sub, position, report, reference.as_deref()),
        }
    }

    /// Begins a subscription whose filter is known.
    pub(super) fn install_first(&mut self, sub: String, filter: Arc<FilterSet>, pulse: bool, backfill: usize, start: Start) {
        let no = self.next_sub();
        self.tell(Command::Install { session: self.number, sub: no, generation: 1, filter: filter.clone() });
        self.subs.push(Subscription::new(no, sub, filter, backfill, start, self.now_ms).with_pulse(pulse));
    }

    /// The number of the next subscription, and room for it.
    pub(super) fn next_sub(&mut self) -> SubNo {
        // Nearly every connection has one, and a vector that grows by itself begins with four.
        self.subs.reserve_exact(1);
        self.next_sub += 1;
        self.next_sub - 1
    }

    /// Time has passed: positions are told where nothing else was for a heartbeat.
    pub fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        for sub in &mut self.subs {
            if sub.heartbeat_ms().is_some_and(|due| now_ms >= due) {
                sub.told_at = now_ms;
                let position = sub.cursor(&self.room, sub.position);
                sub.learn(position.seq, position.mark);
                sub.pulse = sub.pulse.map(|_| now_ms);
                let checked_at = self.room.pulse().checked_at().map(|at| at.to_string());
                let frame = PositionFrame { r#type: PositionFrame::WORD, sub: &sub.name, position, checked_at };
                self.out.push_back(Action::Send(frames::write(&frame, Some(position)), None));
            }
        }
    }

    /// When [`Session::tick`] has something to do next, in the session's milliseconds: the least of what is due. Who waits
    /// for somebody else is due never, which is `u64::MAX`. Once [`Session::next_action`] has returned `None` this lies in
    /// the future: a timer for what time alone cannot bring would fire for ever.
    pub fn next_tick_ms(&self) -> u64 {
        #[cfg(test)]
        if let Some(due) = self.planted.and_then(|planted| self.subs.iter().find_map(|s| planted.due_ms(s))) {
            return due;
        }
        self.subs.iter().filter_map(Subscription::due_ms).chain(self.names.due_ms()).min().unwrap_or(u64::MAX)
    }

    /// The time of the last [`Session::tick`], in the session's milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Empties the outbox into the queues of the subscriptions.
    pub fn drain(&mut self) {
        // The head comes first: every offer up to it is in the outbox by now.
        let head = self.room.head();
        #[cfg(test)]
        self.between.run();
        let taken = self.outbox.take();
        #[cfg(test)]
        let head = if self.planted == Some(Planted::HeadAfterDrain) {
            self.between.run();
            self.room.head()
        } else {
            head
        };
        if taken.overflowed {
            self.fell_behind();
        }
        let mut forgotten = 0;
        for event in taken.events {
            match self.subs.iter_mut().find(|s| s.no == event.sub && event.generation >= s.valid_from) {
                Some(sub) => sub.queue.push_back(event),
                None => forgotten += event.weight(),
            }
        }
        self.outbox.release(forgotten);
        self.drained_head = head;
        self.names.waiting |= taken.names_changed;
        if taken.names_changed {
            self.look_for_views();
        }
        if self.room.pulse().is_broken() != self.told_broken {
            self.tell_pulse();
        }
        if taken.ending == Some(Ending::Revoked) {
            self.end(disconnect::UNAUTHORISED);
        }
    }

    /// The next thing to do; `None` when there is nothing until something happens.
    pub fn next_action(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.out.pop_front() {
                return Some(action);
            }
            if self.ended {
                return None;
            }
            self.tell_names();
            let mut moved = !self.out.is_empty();
            for at in 0..self.subs.len() {
                moved |= self.step(at);
                if !self.out.is_empty() {
                    // One subscription's frames go out before the next one's are made: they take memory.
                    break;
                }
            }
            if !moved && self.out.is_empty() {
                // What is idle holds no buffer; thousands are.
                self.out = VecDeque::new();
                debug_assert!(self.next_tick_ms() > self.now_ms, "who has nothing to do is due later, or never: {self:?}");
                return None;
            }
        }
    }

    /// The server drains.
    pub fn say_bye(&mut self) {
        self.end(disconnect::RESTART);
    }

    /// Ends the connection, once what was said before is out.
    pub fn end(&mut self, disconnect: Disconnect) {
        if !std::mem::replace(&mut self.ended, true) {
            self.out.push_back(Action::End(disconnect));
        }
    }

    /// True when nothing is on its way: every subscription is live, and none has anything left to do but wait.
    #[cfg(test)]
    pub fn stands_still(&self) -> bool {
        let still =
            |sub: &Subscription| matches!(sub.stage, Stage::Live) && sub.queue.is_empty() && sub.refilters.is_empty() && sub.is_settled();
        self.out.is_empty() && self.subs.iter().all(still)
    }

    /// True while a subscription is served from the log.
    pub fn is_lagging(&self) -> bool {
        self.subs.iter().any(|s| s.stage.is_lagging())
    }

    /// Subscriptions.
    pub fn subscriptions(&self) -> usize {
        self.subs.len()
    }

    /// Tells that the path is broken, or works again.
    fn tell_pulse(&mut self) {
        let broken = self.room.pulse().broken();
        self.told_broken = broken.is_some();
        let (since, reason) = (broken.map(|broken| broken.since.to_string()), broken.map(|broken| broken.reason.as_str()));
        let state = if broken.is_some() { "broken" } else { "ok" };
        self.send(frames::write(&PulseFrame { r#type: PulseFrame::WORD, state, since, reason }, None));
    }

    pub(super) fn send(&mut self, written: Written) {
        self.out.push_back(Action::Send(written, None));
    }

    pub(super) fn tell(&mut self, command: Command) {
        self.out.push_back(Action::Tell(command));
    }

    pub(super) fn sub(&mut self, at: usize) -> &mut Subscription {
        &mut self.subs[at]
    }

    pub(super) fn number(&self) -> SessionNo {
        self.number
    }

    pub(super) fn release(&self, bytes: usize) {
        self.outbox.release(bytes);
    }

    pub(super) fn error(&mut self, sub: Option<&str>, reference: Option<&str>, code: &str, message: &str, retry: bool) {
        let frame = ErrorFrame { r#type: ErrorFrame::WORD, sub, r#ref: reference, code, message, retry };
        let written = frames::write(&frame, None);
        self.send(written);
    }
}
