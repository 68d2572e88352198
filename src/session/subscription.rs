//! One subscription of a session: where it stands and what it waits for.

use std::collections::VecDeque;
use std::sync::Arc;

use super::accord::Accord;
use super::protocol::{HEARTBEAT_MS, PULSE_MS};
use super::refilter::Refilter;
use super::seals::Seals;
use super::stage::{Stage, Start};
use super::viewing::Viewing;
use crate::domain::{Cursor, Mark, Seq};
use crate::filter::FilterSet;
use crate::hub::outbox::{Event, Generation, SubNo};
use crate::hub::room::Room;

/// A subscription, as its session keeps it.
#[derive(Debug)]
pub struct Subscription {
    /// Its number.
    pub no: SubNo,
    /// The client's name for it.
    pub name: Box<str>,
    /// Rises with every filter; 0 until `subscribed` is sent.
    pub rev: u32,
    /// In force for what is sent under `rev`: within the view, if it has one.
    pub filter: Arc<FilterSet>,
    /// The view that it is by.
    pub viewing: Option<Box<Viewing>>,
    /// How many activities the client last asked to be sent back.
    pub backfill: usize,
    /// Everything up to here has been sent, or did not match.
    pub position: Seq,
    /// A place that it has read up to, and its mark: those of old entries are not at hand otherwise.
    pub known: Option<(Seq, Mark)>,
    /// Where it stands.
    pub stage: Stage,
    /// Taken from the outbox and not yet done with, in order.
    pub queue: VecDeque<Event>,
    /// Number of the last installation that was asked for.
    pub generation: Generation,
    /// Events of earlier installations are of no use any more.
    pub valid_from: Generation,
    /// Refilters that are not answered, in order.
    pub refilters: VecDeque<Refilter>,
    /// Its seals.
    pub seals: Seals,
    /// Whether it refilters of the server's own accord.
    pub accord: Accord,
    /// When a frame was last sent, in the session's milliseconds.
    pub told_at: u64,
    /// When it was last told that the path works, where it asked for that; in the session's milliseconds.
    pub pulse: Option<u64>,
}

impl Subscription {
    /// One that waits for its first installation, which has generation 1.
    pub fn new(no: SubNo, name: String, filter: Arc<FilterSet>, backfill: usize, start: Start, now_ms: u64) -> Self {
        Self {
            no,
            name: name.into(),
            rev: 0,
            filter,
            viewing: None,
            backfill,
            position: 0,
            known: None,
            stage: Stage::Starting(start),
            queue: VecDeque::new(),
            generation: 1,
            valid_from: 1,
            refilters: VecDeque::new(),
            seals: Seals::default(),
            accord: Accord::default(),
            told_at: now_ms,
            pulse: None,
        }
    }

    /// The same, told every [`PULSE_MS`] that the path works, where that is asked for.
    pub fn with_pulse(self, pulse: bool) -> Self {
        Self { pulse: pulse.then_some(self.told_at), ..self }
    }

    /// A place as a cursor.
    pub fn cursor(&self, room: &Room, seq: Seq) -> Cursor {
        let known = self.known.filter(|(known, _)| *known == seq).map(|(_, mark)| mark);
        let cursor = room.cursor(seq);
        Cursor { mark: cursor.mark.or(known), ..cursor }
    }

    /// Keeps the mark of a place that it has read up to.
    pub fn learn(&mut self, seq: Seq, mark: Option<Mark>) {
        self.known = mark.map(|mark| (seq, mark)).or(self.known);
    }

    /// When time alone gives it something to do, in the session's milliseconds: the least of what is due. Who waits for
    /// somebody else is due never, which is `None`.
    pub fn due_ms(&self) -> Option<u64> {
        let stage = match &self.stage {
            Stage::Live => self.accord_ms().into_iter().chain(self.view_ms()).min(),
            stage => stage.due_ms(),
        };
        self.heartbeat_ms().into_iter().chain(stage).min()
    }

    /// When its position is told, if nothing else is told before; `None` before it is subscribed.
    pub fn heartbeat_ms(&self) -> Option<u64> {
        let heartbeat = self.told_at + HEARTBEAT_MS;
        self.is_subscribed().then(|| self.pulse.map_or(heartbeat, |told| heartbeat.min(told + PULSE_MS)))
    }

    /// When a live one refilters of the server's own accord; `None` when it need not, or a refilter is on its way.
    pub fn accord_ms(&self) -> Option<u64> {
        self.accord.due_ms().filter(|_| self.refilters.is_empty())
    }

    /// True once `subscribed` was sent.
    pub fn is_subscribed(&self) -> bool {
        self.rev > 0
    }

    /// Forgets what waits in the queue, and takes nothing of any installation so far; the bytes that were charged for it.
    pub fn forget_queue(&mut self) -> usize {
        self.valid_from = self.generation + 1;
        self.seals.echo_sent = false;
        self.queue.drain(..).map(|e| e.weight()).sum()
    }
}
