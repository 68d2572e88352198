//! Whether the whole path works, as those see it who read: quiet is not broken, and both are said.
//!
//! A probe is made durable each second in which anybody reads, and passes publisher and shards behind everything that was
//! durable before it (`ops/ready.rs`). Here stands when the last one had passed, for whoever claims a position: a load and
//! no more.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::UnixMs;

/// Where the path is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing can be made durable.
    NotStored,
    /// What is durable does not reach those who read.
    NotDelivered,
}

impl Reason {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStored => "not_stored",
            Self::NotDelivered => "not_delivered",
        }
    }
}

/// A path that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// When it was last known to work.
    pub since: UnixMs,
    /// Where.
    pub reason: Reason,
}

/// The pulse of one process.
#[derive(Debug, Default)]
pub struct Pulse {
    /// When what the last probe brought along was durable; 0 before the first has passed.
    passed_at: AtomicI64,
    is_broken: AtomicBool,
    is_watched: AtomicBool,
    broken: Mutex<Option<Broken>>,
}

impl Pulse {
    /// A probe that was durable at this time has passed. True when the path was broken until now.
    pub fn passed(&self, at: UnixMs) -> bool {
        self.passed_at.store(at.0, Ordering::Release);
        let was = self.lock().take();
        self.is_broken.store(false, Ordering::Release);
        was.is_some()
    }

    /// None has passed for too long. True when that is news.
    pub fn breaks(&self, reason: Reason, now: UnixMs) -> bool {
        let mut broken = self.lock();
        if broken.is_some_and(|broken| broken.reason == reason) {
            return false;
        }
        let since = broken.map_or_else(|| self.checked_at().unwrap_or(now), |broken| broken.since);
        let is_news = broken.replace(Broken { since, reason }).is_none();
        self.is_broken.store(true, Ordering::Release);
        is_news
    }

    /// Whether somebody wants to know who does not read: then it is tested all the same.
    pub fn watch(&self, is_watched: bool) {
        self.is_watched.store(is_watched, Ordering::Release);
    }

    /// True while somebody does.
    pub fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Acquire)
    }

    /// When the path was last known to work: everything that was durable then has come through. `None` before the first time.
    pub fn checked_at(&self) -> Option<UnixMs> {
        let at = self.passed_at.load(Ordering::Acquire);
        (at > 0).then_some(UnixMs(at))
    }

    /// True while it is broken.
    pub fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Acquire)
    }

    /// Since when it is broken, and where.
    pub fn broken(&self) -> Option<Broken> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Broken>> {
        // Nothing panics while it is held.
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Pulse, Reason};
    use crate::domain::UnixMs;

    #[test]
    fn what_breaks_is_told_once_and_since_it_last_worked() {
        let pulse = Pulse::default();
        assert_eq!((pulse.checked_at(), pulse.broken()), (None, None));
        assert!(!pulse.passed(UnixMs(5)), "it was not broken");
        assert!(pulse.breaks(Reason::NotStored, UnixMs(9)));
        assert!(!pulse.breaks(Reason::NotStored, UnixMs(10)), "no news");
        assert!(!pulse.breaks(Reason::NotDelivered, UnixMs(11)), "it is broken elsewhere now, and still broken");
        assert_eq!(pulse.broken(), Some(Broken { since: UnixMs(5), reason: Reason::NotDelivered }));
        assert!(pulse.is_broken() && pulse.checked_at() == Some(UnixMs(5)));
        assert!(pulse.passed(UnixMs(20)));
        assert_eq!((pulse.is_broken(), pulse.broken(), pulse.checked_at()), (false, None, Some(UnixMs(20))));
    }
}
