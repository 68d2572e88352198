//! Refilters of the server's own accord: memberships that a filter asks for have changed, and what was sent is brought in
//! line, at once and then at most once a second.

use super::machine::Session;

/// At most one refilter of the server's own accord in this time, in milliseconds.
const ACCORD_EVERY_MS: u64 = 1_000;

/// Whether a subscription refilters of the server's own accord.
#[derive(Debug, Default)]
pub struct Accord {
    /// True when memberships that the filter asks for have changed.
    pub wanted: bool,
    /// When it last did, in the session's milliseconds.
    asked_at: Option<u64>,
}

impl Accord {
    /// When it may, in the session's milliseconds; `None` when it need not.
    pub fn due_ms(&self) -> Option<u64> {
        self.wanted.then(|| self.next_ms())
    }

    /// When the next one may be asked for, in the session's milliseconds.
    pub fn next_ms(&self) -> u64 {
        self.asked_at.map_or(0, |at| at + ACCORD_EVERY_MS)
    }

    /// One was just asked for.
    pub const fn asked(now_ms: u64) -> Self {
        Self { wanted: false, asked_at: Some(now_ms) }
    }
}

impl Session {
    /// Refilters by the filter in force.
    pub(super) fn accord(&mut self, at: usize) {
        let sub = &mut self.subs[at];
        sub.accord = Accord::asked(self.now_ms);
        let (filter, backfill) = (sub.filter.clone(), sub.backfill);
        self.ask_refilter(at, filter, backfill, None);
    }
}
