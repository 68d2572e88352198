//! What waits for one session, bounded in bytes.
//!
//! The shard offers, the session takes; neither waits for the other. Bytes stay charged until the session has done with
//! them, so that what a stalled reader holds is bounded too. When the bound is passed the outbox is emptied and says so:
//! from then on the session reads the log, and the hub holds nothing for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

use super::publication::Run;
use crate::domain::Seq;

/// Number of a subscription within its session; never used twice.
pub type SubNo = u32;
/// Number of an installation of a subscription's filter: rises with every join and refilter.
pub type Generation = u32;

/// Something for one subscription, in the order of the shard's queue.
#[derive(Debug, Clone)]
pub struct Event {
    /// For which subscription.
    pub sub: SubNo,
    /// By which installation of its filter.
    pub generation: Generation,
    /// What.
    pub what: What,
}

/// What a shard tells a subscription.
#[derive(Debug, Clone)]
pub enum What {
    /// Activities that match, and corrections.
    Run(Arc<Run>),
    /// The filter of this generation is in force for every seq above `at`, and for none up to it.
    Installed {
        /// The last seq that the shard had applied.
        at: Seq,
    },
    /// Who belongs to something that the filter asks for has changed at this seq.
    MembershipChanged {
        /// Place of the entry.
        at: Seq,
    },
    /// Answer to an echo: everything up to `at` was offered before this.
    Echo {
        /// The last seq that the shard had applied.
        at: Seq,
    },
}

/// Why a session is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its credential was revoked, or has expired.
    Revoked,
}

/// What a session finds when it looks.
#[derive(Debug, Default)]
pub struct Taken {
    /// In order.
    pub events: VecDeque<Event>,
    /// True when names have changed: see [`super::names`].
    pub names_changed: bool,
    /// The outbox was emptied: the session's subscriptions are out of the index.
    pub overflowed: bool,
    /// The session must end.
    pub ending: Option<Ending>,
}

/// Bytes that an event costs beside its activities.
const EVENT_BYTES: usize = 64;

/// The outbox of one session.
#[derive(Debug)]
pub struct Outbox {
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    waker: AtomicWaker,
    /// A fault that a test planted: after registering it is not looked again.
    #[cfg(test)]
    pub lose_wakeups: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    names_changed: bool,
    /// True when the session is to look at the pulse.
    pulse_changed: bool,
    /// Charged: what waits here and what the session took and has not done with.
    bytes: usize,
    overflowed: bool,
    ending: Option<Ending>,
}

impl Event {
    /// Bytes that it is charged.
    pub fn weight(&self) -> usize {
        match &self.what {
            What::Run(run) => EVENT_BYTES + run.bytes(),
            _ => EVENT_BYTES,
        }
    }
}

impl Outbox {
    /// An empty outbox that holds at most so many bytes.
    pub fn new(outbox_bytes_max: usize) -> Self {
        Self {
            bytes_max: outbox_bytes_max,
            waiting: Mutex::default(),
            waker: AtomicWaker::new(),
            #[cfg(test)]
            lose_wakeups: Default::default(),
        }
    }

    /// Adds an event. False when it does not fit: then everything that waited is gone, and the session will be told.
    /// A session that has nothing charged takes an event of any size.
    pub fn offer(&self, event: Event) -> bool {
        let mut waiting = self.lock();
        if waiting.overflowed {
            return false;
        }
        let weight = event.weight();
        if waiting.bytes > 0 && waiting.bytes + weight > self.bytes_max {
            waiting.events = VecDeque::new();
            waiting.overflowed = true;
            drop(waiting);
            self.waker.wake();
            return false;
        }
        waiting.bytes += weight;
        // A waker that is woken for every event costs more than the event: only the first of a round wakes.
        let first = waiting.events.is_empty();
        waiting.events.push_back(event);
        drop(waiting);
        if first {
            self.waker.wake();
        }
        true
    }

    /// Lets go of all that waits, as if it had not fitted: the session reads the log instead.
    pub fn overflow(&self) {
        let mut waiting = self.lock();
        waiting.events = VecDeque::new();
        waiting.overflowed = true;
        drop(waiting);
        self.waker.wake();
    }

    /// Says that names have changed; which, the room knows.
    pub fn announce_names(&self) {
        let told_before = std::mem::replace(&mut self.lock().names_changed, true);
        if !told_before {
            self.waker.wake();
        }
    }

    /// Says that the path has broken, or works again; which, the room knows.
    pub fn announce_pulse(&self) {
        self.lock().pulse_changed = true;
        self.waker.wake();
    }

    /// Tells the session to end.
    pub fn end(&self, ending: Ending) {
        self.lock().ending = Some(ending);
        self.waker.wake();
    }

    /// Takes all that waits. After an overflow nothing is charged any more: the session forgets what it held.
    pub fn take(&self) -> Taken {
        let mut waiting = self.lock();
        let overflowed = std::mem::take(&mut waiting.overflowed);
        if overflowed {
            waiting.bytes = 0;
        }
        waiting.pulse_changed = false;
        Taken {
            events: std::mem::take(&mut waiting.events),
            names_changed: std::mem::take(&mut waiting.names_changed),
            overflowed,
            ending: waiting.ending,
        }
    }

    /// The session has done with events of so many bytes.
    pub fn release(&self, bytes: usize) {
        let mut waiting = self.lock();
        // After an overflow the charge began anew; what was taken before it is no longer on it.
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
    }

    /// Bytes charged now.
    pub fn charged(&self) -> usize {
        self.lock().bytes
    }

    /// Ready when there is something to take.
    pub fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        #[cfg(test)]
        if self.lose_wakeups.load(std::sync::atomic::Ordering::Relaxed) {
            return Poll::Pending;
        }
        let waiting = self.lock();
        let told = waiting.names_changed || waiting.pulse_changed;
        let anything = !waiting.events.is_empty() || told || waiting.overflowed || waiting.ending.is_some();
        if anything { Poll::Ready(()) } else { Poll::Pending }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held; were it so, the numbers would still be whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Outbox, What};

    fn echo(at: u64) -> Event {
        Event { sub: 0, generation: 0, what: What::Echo { at } }
    }

    #[test]
    fn is_emptied_when_full_and_says_so_once() {
        let outbox = Outbox::new(200);
        for at in 0..3 {
            assert!(outbox.offer(echo(at)));
        }
        assert!(!outbox.offer(echo(3)), "a fourth does not fit");
        assert!(!outbox.offer(echo(4)), "nor does anything until it is told");
        let taken = outbox.take();
        assert!(taken.overflowed && taken.events.is_empty());
        assert!(outbox.offer(echo(5)));
        let taken = outbox.take();
        assert!(!taken.overflowed);
        assert_eq!(taken.events.len(), 1);
        assert!(outbox.charged() > 0, "charged until released");
        outbox.release(taken.events[0].weight());
        assert_eq!(outbox.charged(), 0);
    }
}
