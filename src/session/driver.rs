//! Carries out what a session asks: commands to the shard, reads of the store, the passing of time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::time::Sleep;

use super::disconnect::{Disconnect, TRY_LATER};
use super::found::Found;
use super::frames::{self, Limits, WelcomeFrame, Written};
use super::machine::{Action, Session};
use super::protocol::HEARTBEAT_MS;
use super::read::{Answer, Question};
use super::told::Told;
use super::{Came, Guest, Readers};
use crate::auth::Actor;
use crate::domain::{Events, Mask, Seq};
use crate::filter::FilterSet;
use crate::screens::Report;
use crate::store::{Count, Purpose, Reader, Reads, StoreError};

/// A session with its hands and its clock.
pub(super) struct Driver {
    pub session: Session,
    guest: Guest,
    told: Told,
    /// What is put over all that it says.
    mask: Option<Mask>,
    /// The root of its credential, whose turns its reads take: many streams of one key have no more than one.
    root: i64,
    reading: Option<BoxFuture<'static, (u64, Result<Answer, StoreError>)>>,
    started: Instant,
    timer: Pin<Box<Sleep>>,
    /// When the timer fires, in the session's milliseconds. It is not set back when nothing is due: rearming it for every
    /// frame costs more than firing once in vain.
    armed_ms: u64,
    /// True when something happened since the outbox was last emptied.
    stirred: bool,
}

/// What the wire is to do.
#[derive(Debug)]
pub(super) enum Output {
    /// Write a frame, then say [`Driver::written`].
    Frame(Written, Option<Instant>),
    /// End the connection.
    End(Disconnect),
}

impl Driver {
    /// A session for who came, or why there is none.
    pub async fn enter(readers: &Readers, came: Came) -> Result<Box<Self>, Disconnect> {
        let guest = readers.enter(&came.principal).await.inspect_err(|why| Told::refused(&came, why))?;
        let principal = &came.principal;
        let seat = guest.seat.as_ref().ok_or(TRY_LATER)?;
        let mut session = Session::new(seat.session, seat.room.clone(), seat.outbox.clone(), &principal.grant);
        session.is_screen = matches!(principal.actor, Actor::Screen(_));
        let timer = Box::pin(tokio::time::sleep(Duration::from_millis(HEARTBEAT_MS)));
        let started = Instant::now();
        let (root, mask) = (principal.root, principal.grant.mask);
        let told = Told::begins(came, seat.session);
        Ok(Box::new(Self { session, guest, told, mask, root, reading: None, started, timer, armed_ms: HEARTBEAT_MS, stirred: true }))
    }

    /// The first frame of a connection.
    pub fn welcome(&self) -> Written {
        let session = self.guest.seat.as_ref().map_or(0, |s| s.session).to_string();
        let now = self.guest.readers.inner.clock.now().to_string();
        let frame = WelcomeFrame {
            r#type: WelcomeFrame::WORD,
            session: &session,
            heartbeat_ms: HEARTBEAT_MS,
            server_time: &now,
            limits: Limits::default(),
        };
        frames::write(&frame, None)
    }

    /// Milliseconds since the session began.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A frame came in.
    pub fn said(&mut self, text: &str) {
        self.session.said(text);
        self.stirred = true;
    }

    /// Makes the timer fire at this time too (of the session's milliseconds).
    pub fn arm(&mut self, at_ms: u64) {
        if at_ms < self.armed_ms {
            self.armed_ms = at_ms;
            let at = self.started + Duration::from_millis(at_ms);
            self.timer.as_mut().reset(at.into());
        }
    }

    /// The next thing for the wire; `None` when the session waits.
    pub async fn advance(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.stirred) {
            self.session.drain();
            let now_ms = self.now_ms();
            self.session.tick(now_ms);
            self.guest.set_lagging(self.session.is_lagging());
            self.told.lags(self.session.is_lagging());
        }
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Send(written, committed_at) => {
                    let shown = match self.mask {
                        Some(mask) => written.masked(mask),
                        None => written,
                    };
                    return Some(Output::Frame(shown, committed_at));
                }
                Action::End(disconnect) => return Some(Output::End(disconnect)),
                Action::Tell(command) => {
                    if let Some(seat) = &self.guest.seat {
                        // A shard that has ended takes nothing; the shutdown that ended it ends us too.
                        let _ = seat.tell(command).await;
                    }
                }
                Action::Seen(report) => self.seen(report),
                Action::Read(read, question) => self.reading = self.read(read, question),
            }
        }
        let next = self.session.next_tick_ms();
        self.arm(next);
        None
    }

    /// A screen has painted something: that is for whoever looks after it.
    fn seen(&self, report: Report) {
        let Some(seat) = &self.guest.seat else { return };
        let Readers { inner } = &self.guest.readers;
        if let Actor::Screen(number) = self.told.principal().actor {
            inner.screens.seen(number, report, seat.room.head(), inner.clock.now());
        }
    }

    /// A frame has been handed to the socket.
    pub fn written(&mut self, bytes: usize, committed_at: Option<Instant>) {
        self.told.wrote(bytes);
        let meters = &self.guest.readers.inner.meters;
        meters.frames.increment(1);
        if let Some(committed_at) = committed_at {
            meters.commit_to_socket.record(committed_at.elapsed().as_secs_f64());
        }
    }

    /// The session ends for this reason, and not because its reader is gone.
    pub const fn ends(&mut self, reason: &'static str) {
        self.told.ends(reason);
    }

    /// Waits until there may be something to do. Nothing is lost when it is dropped half-way.
    pub async fn idle(&mut self) {
        let Some(seat) = &self.guest.seat else { return std::future::pending().await };
        let outbox = &seat.outbox;
        let (reading, timer) = (&mut self.reading, &mut self.timer);
        let (answered, fired) = poll_fn(|cx| {
            if let Some(answer) = reading.as_mut().map(|r| r.as_mut().poll(cx))
                && let std::task::Poll::Ready(answer) = answer
            {
                return std::task::Poll::Ready((Some(answer), false));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready((None, true));
            }
            outbox.poll_ready(cx).map(|()| (None, false))
        })
        .await;
        if let Some((read, answer)) = answered {
            self.reading = None;
            self.session.answered(read, answer);
        }
        if fired {
            self.armed_ms = u64::MAX;
        }
        self.stirred = true;
    }

    fn read(&self, read: u64, question: Question) -> Option<BoxFuture<'static, (u64, Result<Answer, StoreError>)>> {
        let workspace = self.guest.seat.as_ref()?.room.workspace();
        let reader = Reader { workspace, root: self.root, purpose: Purpose::Stream };
        let reads = self.guest.readers.inner.reads.clone();
        let principal = self.told.principal();
        let viewer = (principal.actor, principal.grant.events.clone());
        Some(Box::pin(async move { (read, answer(&reads, reader, viewer, question).await) }))
    }
}

/// Reads what is asked, by turns.
async fn answer(reads: &Reads, reader: Reader, viewer: (Actor, Events), question: Question) -> Result<Answer, StoreError> {
    let workspace = reader.workspace;
    match question {
        Question::Head => reads.head(workspace).await.map(Answer::Head),
        Question::Mark(seq) => reads.mark(workspace, seq).await.map(Answer::Mark),
        Question::View(key) => {
            let (actor, events) = viewer;
            reads.turn(reader).await?.view(key, actor, &events).await.map(Answer::View)
        }
        Question::Count { filter, from, to } => count(reads, reader, &filter, from, to).await.map(Answer::Count),
        Question::History(ask) => {
            let page = reads.turn(reader).await?.log().page(workspace, ask.query()).await?;
            Ok(Answer::History(Found::of(&ask, page)))
        }
    }
}

/// Counts the whole of (`from`, `to`], one short read a turn.
async fn count(reads: &Reads, reader: Reader, filter: &FilterSet, from: Seq, to: Seq) -> Result<Count, StoreError> {
    let read = async |from| reads.turn(reader).await?.log().count(reader.workspace, filter.clone(), from, to).await;
    let first = read(from).await?;
    let mut whole = first;
    while whole.reached < to {
        let next = read(whole.reached).await?;
        // Nothing was read: there is no more than that.
        let stuck = next.reached <= whole.reached;
        whole = Count { stored: whole.stored + next.stored, since: first.since, ..next };
        if stuck {
            break;
        }
    }
    Ok(whole)
}
