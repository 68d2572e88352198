//! Screens: browsers that show a wall. How one is paired, what each says it has painted, and what it is told to do.
//!
//! What a screen may read hangs on its credential in the store; here is only what this process knows and may forget: codes that
//! wait, the last report of each, and words for one of them.

mod pairing;
mod report;

use std::sync::Mutex;

use dashmap::DashMap;

use crate::domain::{Seq, UnixMs};

pub use pairing::{Begun, CODE_LASTS, CODE_LETTERS, CODE_SIGNS, Pairings, Stage};
pub use report::{Report, Shown, State};

/// How long a word for a screen stands, in milliseconds: a screen that comes back in time still follows it.
const WORD_LASTS_MS: i64 = 30_000;

/// What a screen can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Show its own name for a moment.
    Blink,
    /// Show the test picture.
    Test,
    /// Load the page anew.
    Reload,
    /// Go on to its next view.
    Rotate,
}

impl Order {
    /// The words used outside.
    pub const WORDS: &[&str] = &["blink", "test", "reload", "rotate"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blink => "blink",
            Self::Test => "test",
            Self::Reload => "reload",
            Self::Rotate => "rotate",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Blink, Self::Test, Self::Reload, Self::Rotate].into_iter().find(|order| order.as_str() == word)
    }
}

/// An order as a screen reads it: one with another number than the last it followed is to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Ascends, also over restarts.
    pub number: u64,
    /// What to do.
    pub order: Order,
    /// When it was said.
    pub at: UnixMs,
}

/// What this process knows of screens.
#[derive(Debug, Default)]
pub struct Screens {
    /// Codes that wait.
    pub pairings: Pairings,
    shown: DashMap<i64, Shown>,
    told: DashMap<i64, Told>,
    last: Mutex<u64>,
}

impl Screens {
    /// Takes what a screen says it has painted, when its log had this head.
    pub fn seen(&self, screen: i64, report: Report, head: Seq, now: UnixMs) {
        match self.shown.get_mut(&screen) {
            Some(mut shown) => shown.take(report, head, now),
            None => drop(self.shown.insert(screen, Shown::first(report, head, now))),
        }
    }

    /// What a screen last said.
    pub fn shown(&self, screen: i64) -> Option<Shown> {
        self.shown.get(&screen).map(|shown| shown.clone())
    }

    /// Leaves an order for a screen, in place of the one before.
    pub fn tell(&self, screen: i64, order: Order, now: UnixMs) {
        // By the clock, so that it goes on above what was said before a restart; never twice the same.
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = (*last + 1).max(u64::try_from(now.0).unwrap_or(0));
        self.told.insert(screen, Told { number: *last, order, at: now });
    }

    /// The order that stands for a screen.
    pub fn told(&self, screen: i64, now: UnixMs) -> Option<Told> {
        self.told.get(&screen).map(|told| *told).filter(|told| now.0 - told.at.0 < WORD_LASTS_MS)
    }

    /// A screen is gone for good.
    pub fn forget(&self, screen: i64) {
        self.shown.remove(&screen);
        self.told.remove(&screen);
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Screens};
    use crate::domain::UnixMs;

    #[test]
    fn an_order_stands_for_a_while_and_no_two_have_one_number() {
        let screens = Screens::default();
        screens.tell(1, Order::Blink, UnixMs(1_000));
        let first = screens.told(1, UnixMs(2_000)).expect("stands");
        screens.tell(1, Order::Test, UnixMs(1_000));
        let second = screens.told(1, UnixMs(2_000)).expect("stands");
        assert!(second.number > first.number && second.order == Order::Test);
        assert_eq!((screens.told(1, UnixMs(31_000)), screens.told(2, UnixMs(2_000))), (None, None));
        assert!(Order::WORDS.iter().all(|word| Order::parse(word).map(Order::as_str) == Some(*word)));
    }
}
