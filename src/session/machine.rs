//! The session as a plain state machine: words, events and answers in; frames, commands and reads out.
//!
//! It never waits and reads no clock: the driver ([`super::ws`], [`super::sse`]) brings the time, carries out each
//! [`Action`] before it asks for the next, and comes back with what happened. So a slow socket holds nothing but what its
//! outbox may hold, and the model test can drive every interleaving.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::disconnect::{self, Disconnect};
use super::found::{Ask, Found};
use super::frames::{self, ChangedFrame, ErrorFrame, PongFrame, PositionFrame, Written};
use super::protocol::{self, BadWord, Word};
use super::subscription::{Reading, Refilter, Stage, Start, Subscription};
use crate::domain::{Cursor, Key, Seq};
use crate::filter::FilterSet;
use crate::hub::outbox::{Ending, Outbox, SubNo};
use crate::hub::room::Room;
use crate::hub::shard::{Command, SessionNo};
use crate::store::{Count, Head, StoreError};

/// At most one refilter of the server's own accord in this time, in milliseconds.
pub(super) const ACCORD_EVERY_MS: u64 = 1_000;
/// How often the log may change under a count before `seal_busy`.
pub(super) const SEAL_TRIES: u32 = 3;

/// What the driver is to do.
#[derive(Debug)]
pub enum Action {
    /// Write a frame. The time is when its newest activity became durable, for a live one.
    Send(Written, Option<Instant>),
    /// Tell the shard.
    Tell(Command),
    /// Ask the store; the answer goes to [`Session::answered`].
    Read(u64, Question),
    /// End the connection.
    End(Disconnect),
}

/// A question to the store.
#[derive(Debug, Clone)]
pub enum Question {
    /// A page of history.
    History(Ask),
    /// The head of the log.
    Head,
    /// How many match in (`from`, `to`].
    Count {
        /// Which activities.
        filter: Arc<FilterSet>,
        /// Above this.
        from: Seq,
        /// Up to this.
        to: Seq,
    },
}

/// Its answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A page of history.
    History(Found),
    /// The head of the log.
    Head(Head),
    /// A count.
    Count(Count),
}

/// A fault for the model test to plant, to prove that it would be found.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A cursor does not move on entries that do not match.
    CursorStuck,
    /// The head is claimed as it is now, not as it was before the outbox was emptied.
    PositionTooEarly,
    /// A refilter of a reader that has fallen behind switches at the head, not at the reader's own cursor.
    RefilterWhileLagging,
    /// A seal counts on from one under another filter.
    SealKeepsFilter,
}

/// One reader's session.
#[derive(Debug)]
pub struct Session {
    number: SessionNo,
    pub(super) room: Arc<Room>,
    pub(super) outbox: Arc<Outbox>,
    /// The only event that exists for this reader.
    pub(super) event: Option<Key>,
    pub(super) subs: Vec<Subscription>,
    next_sub: SubNo,
    pub(super) out: VecDeque<Action>,
    /// The read that is under way; there is one at a time.
    reading: Option<u64>,
    next_read: u64,
    pub(super) now_ms: u64,
    /// The head that was loaded before the outbox was last emptied: what may be claimed when the queues are.
    pub(super) drained_head: Seq,
    ended: bool,
    /// A fault that a test planted.
    #[cfg(test)]
    pub planted: Option<Planted>,
}

impl Session {
    /// A session without subscriptions.
    pub fn new(number: SessionNo, room: Arc<Room>, outbox: Arc<Outbox>, event: Option<Key>) -> Self {
        let drained_head = room.head();
        Self {
            number,
            room,
            outbox,
            event,
            subs: Vec::new(),
            next_sub: 0,
            out: VecDeque::new(),
            reading: None,
            next_read: 1,
            now_ms: 0,
            drained_head,
            ended: false,
            #[cfg(test)]
            planted: None,
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
        match word {
            Word::Ping { t } => self.send(frames::write(&PongFrame { r#type: PongFrame::WORD, r#ref: reference.as_deref(), t: &t }, None)),
            Word::Subscribe { sub, filter, after, backfill } => self.subscribe(sub, &filter, after, backfill, reference),
            Word::Refilter { sub, filter, backfill } => self.refilter(&sub, &filter, backfill, reference),
            Word::Unsubscribe { sub } => self.unsubscribe(&sub, reference),
            Word::Seal { sub, from } => self.seal(&sub, from, reference),
        }
    }

    /// Begins a subscription with a filter that is read already (the one of a stream).
    pub fn subscribe_to(&mut self, sub: String, filter: FilterSet, after: Option<Cursor>, backfill: usize, reference: Option<String>) {
        let no = self.next_sub;
        self.next_sub += 1;
        let filter = Arc::new(filter);
        self.tell(Command::Install { session: self.number, sub: no, generation: 1, filter: filter.clone() });
        // Nearly every connection has one, and a vector that grows by itself begins with four.
        self.subs.reserve_exact(1);
        self.subs.push(Subscription {
            no,
            name: sub.into(),
            rev: 0,
            filter,
            backfill,
            position: 0,
            stage: Stage::Starting(Start { reference, after }),
            queue: VecDeque::new(),
            generation: 1,
            valid_from: 1,
            refilters: VecDeque::new(),
            seals: VecDeque::new(),
            counted: None,
            echo_sent: false,
            dirty: false,
            accord_at: None,
            told_at: self.now_ms,
            read: 0,
        });
    }

    /// Time has passed: positions are told where nothing else was for a heartbeat.
    pub fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        for sub in &mut self.subs {
            if sub.is_subscribed() && now_ms >= sub.told_at + protocol::HEARTBEAT_MS {
                sub.told_at = now_ms;
                let position = self.room.cursor(sub.position);
                let frame = PositionFrame { r#type: PositionFrame::WORD, sub: &sub.name, position };
                self.out.push_back(Action::Send(frames::write(&frame, Some(position)), None));
            }
        }
    }

    /// When [`Session::tick`] wants to be called next, in the session's milliseconds.
    pub fn next_tick_ms(&self) -> u64 {
        let accord = |s: &Subscription| if s.dirty { s.accord_at.map_or(self.now_ms, |at| at + ACCORD_EVERY_MS) } else { u64::MAX };
        let heartbeat = self.now_ms + protocol::HEARTBEAT_MS;
        self.subs.iter().map(|s| (s.told_at + protocol::HEARTBEAT_MS).min(accord(s))).fold(heartbeat, u64::min)
    }

    /// Empties the outbox into the queues of the subscriptions.
    pub fn drain(&mut self) {
        // The head comes first: every offer up to it is in the outbox by now.
        let head = self.room.head();
        let taken = self.outbox.take();
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
        for changed in taken.changed {
            if self.event.as_ref().is_none_or(|e| *e.folded() == changed.event) {
                let frame = ChangedFrame { r#type: ChangedFrame::WORD, what: changed.kind.as_str(), key: &changed.key };
                self.send(frames::write(&frame, None));
            }
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
            let mut moved = false;
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
                return None;
            }
        }
    }

    /// The store has answered.
    pub fn answered(&mut self, read: u64, answer: Result<Answer, StoreError>) {
        if self.reading == Some(read) {
            self.reading = None;
        }
        let Some(at) = self.subs.iter().position(|s| s.read == read && matches!(s.stage, Stage::Waiting(_))) else { return };
        let Stage::Waiting(reading) = std::mem::replace(&mut self.subs[at].stage, Stage::Live) else { return };
        match answer {
            Ok(answer) => self.resolve(at, reading, answer),
            Err(error) => {
                tracing::warn!(%error, "a reader's history could not be read; the reader is sent away to come back");
                self.end(Disconnect { code: 1011, reason: "unavailable", reconnect_after_ms: Some(2_000) });
            }
        }
    }

    /// The server drains.
    pub fn say_bye(&mut self) {
        self.end(disconnect::RESTART);
    }

    /// Ends the connection, with a `bye` where it helps.
    pub fn end(&mut self, disconnect: Disconnect) {
        if !std::mem::replace(&mut self.ended, true) {
            if let Some(reconnect_after_ms) = disconnect.reconnect_after_ms {
                let frame = frames::ByeFrame { r#type: frames::ByeFrame::WORD, reason: disconnect.reason, reconnect_after_ms };
                self.out.push_back(Action::Send(frames::write(&frame, None), None));
            }
            self.out.push_back(Action::End(disconnect));
        }
    }

    /// True while a subscription is served from the log.
    pub fn is_lagging(&self) -> bool {
        self.subs.iter().any(|s| {
            matches!(s.stage, Stage::Behind | Stage::Rejoining | Stage::Reading(Reading::CatchingUp) | Stage::Waiting(Reading::CatchingUp))
        })
    }

    /// Subscriptions.
    pub fn subscriptions(&self) -> usize {
        self.subs.len()
    }

    /// Puts a filter on its way: through the shard where the subscription is in the index, else at its own cursor.
    pub(super) fn ask_refilter(&mut self, at: usize, filter: Arc<FilterSet>, backfill: usize, reference: Option<String>) {
        let sub = &mut self.subs[at];
        sub.generation += 1;
        sub.refilters.push_back(Refilter { reference, filter: filter.clone(), backfill, generation: sub.generation });
        let out_of_index = matches!(
            sub.stage,
            Stage::Behind
                | Stage::Reading(Reading::CatchingUp | Reading::Refiltering { behind: true, .. })
                | Stage::Waiting(Reading::CatchingUp | Reading::Refiltering { behind: true, .. })
        );
        if out_of_index {
            // Nothing of it is at the shard: it is taken up when the page that is read now is done.
            sub.valid_from = sub.generation;
        } else {
            let command = Command::Install { session: self.number, sub: sub.no, generation: sub.generation, filter };
            self.tell(command);
        }
    }

    /// The outbox was emptied: every subscription that was in the index goes on from the log.
    fn fell_behind(&mut self) {
        for at in 0..self.subs.len() {
            let sub = &mut self.subs[at];
            sub.forget_queue();
            sub.valid_from = sub.generation + 1;
            sub.echo_sent = false;
            let started = match std::mem::replace(&mut sub.stage, Stage::Behind) {
                Stage::Starting(start) => Some(start),
                Stage::Reading(reading) | Stage::Waiting(reading) => match reading {
                    Reading::StartFresh { start, .. } | Reading::StartResumed { start, .. } | Reading::StartAhead { start, .. } => {
                        Some(start)
                    }
                    Reading::Refiltering { refilter, behind, .. } => {
                        sub.refilters.push_front(refilter);
                        if behind {
                            continue;
                        }
                        None
                    }
                    Reading::Sealing { seal, .. } => {
                        sub.seals.push_front(seal);
                        None
                    }
                    Reading::CatchingUp | Reading::Rejoining { .. } => continue,
                },
                Stage::Live => None,
                Stage::Behind | Stage::Rejoining => continue,
            };
            match started {
                Some(start) => self.begin_again(at, start),
                None => {
                    // An installation that was on its way when the outbox was emptied would stand for nobody.
                    let command = Command::Remove { session: self.number, sub: self.subs[at].no };
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
        self.tell(Command::Install { session: self.number, sub: no, generation, filter });
        // Whatever was to follow follows again.
        for index in 0..self.subs[at].refilters.len() {
            let sub = &mut self.subs[at];
            sub.generation += 1;
            let generation = sub.generation;
            sub.refilters[index].generation = generation;
            let filter = sub.refilters[index].filter.clone();
            self.tell(Command::Install { session: self.number, sub: no, generation, filter });
        }
    }

    fn tell_lagging(&mut self, at: usize) {
        let sub = &mut self.subs[at];
        sub.told_at = self.now_ms;
        let position = self.room.cursor(sub.position);
        let head = self.room.cursor(self.room.head().max(sub.position));
        let remaining = head.seq - position.seq;
        let frame = frames::LaggingFrame { r#type: frames::LaggingFrame::WORD, sub: &sub.name, position, head, remaining };
        let written = frames::write(&frame, Some(position));
        self.send(written);
    }

    /// Starts the read that a subscription wants, answering from the recent entries where they hold enough.
    pub(super) fn ask(&mut self, at: usize) -> bool {
        let Stage::Reading(reading) = &self.subs[at].stage else { return false };
        let sub = &self.subs[at];
        let question = match reading {
            Reading::StartFresh { at: up_to, .. } => Question::History(Ask::backfill(&sub.filter, *up_to, sub.backfill)),
            Reading::StartResumed { after, at: up_to, .. } => Question::History(Ask::onward(&sub.filter, *after, Some(*up_to))),
            Reading::StartAhead { .. } => Question::Head,
            Reading::Refiltering { refilter, at: up_to, .. } => Question::History(Ask::newest(&refilter.filter, *up_to, refilter.backfill)),
            Reading::CatchingUp => Question::History(Ask::onward(&sub.filter, sub.position, None)),
            Reading::Rejoining { at: up_to } => Question::History(Ask::onward(&sub.filter, sub.position, Some(*up_to))),
            Reading::Sealing { seal, at: to, before } => {
                Question::Count { filter: sub.filter.clone(), from: before.map_or(seal.from, |counted| counted.to), to: *to }
            }
        };
        if let Question::History(ask) = &question
            && let Some(found) = ask.recent(&self.room)
        {
            let Stage::Reading(reading) = std::mem::replace(&mut self.subs[at].stage, Stage::Live) else { return false };
            self.resolve(at, reading, Answer::History(found));
            return true;
        }
        if self.reading.is_some() {
            return false;
        }
        let read = self.next_read;
        self.next_read += 1;
        self.reading = Some(read);
        let sub = &mut self.subs[at];
        sub.read = read;
        if let Stage::Reading(reading) = std::mem::replace(&mut sub.stage, Stage::Live) {
            sub.stage = Stage::Waiting(reading);
        }
        self.out.push_back(Action::Read(read, question));
        true
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

    pub(super) fn accord(&mut self, at: usize) {
        let sub = &mut self.subs[at];
        sub.dirty = false;
        sub.accord_at = Some(self.now_ms);
        let (filter, backfill) = (sub.filter.clone(), sub.backfill);
        self.ask_refilter(at, filter, backfill, None);
    }
}
