//! The time of day, brought in from outside so that tests and histories can say what it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::UnixMs;

/// A source of the time of day.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is set.
    pub fn manual(at: UnixMs) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// The time of day.
    pub fn now(&self) -> UnixMs {
        match self {
            Self::System => UnixMs(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(at) => UnixMs(at.load(Ordering::Relaxed)),
        }
    }

    /// Sets a manual clock; the machine's clock is left alone.
    pub fn set(&self, at: UnixMs) {
        if let Self::Manual(cell) = self {
            cell.store(at.0, Ordering::Relaxed);
        }
    }
}
