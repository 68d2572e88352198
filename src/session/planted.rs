//! Faults and threads that tests put into a session.

use super::protocol;
use super::stage::Stage;
use super::subscription::Subscription;

/// A fault for the model test to plant, to prove that it would be found.
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
    /// The head is loaded after the outbox was emptied.
    HeadAfterDrain,
    /// What was sent stays charged.
    KeepsCharge,
    /// A heartbeat is due before there is anything to tell.
    HeartbeatBeforeStart,
    /// Who has to refilter of its own accord is due though it stands elsewhere.
    AccordOutOfLive,
    /// A reader that catches up goes on over what is gone.
    PrunedSilently,
    /// A count stands, whatever the log has changed under it.
    SealWithoutBarrier,
    /// A count stands though what was counted before is gone.
    SealOverPruned,
    /// Pages of the log do not tell of corrections.
    CorrectionsLeftOut,
    /// The mark of a cursor is not looked at.
    CursorUnchecked,
    /// A view that has changed is not read again.
    ViewNotFollowed,
    /// Who resumes by a view is taken to have read it as it is.
    ResumedUnderOldView,
    /// Who resumes is brought past the corrections since.
    ResumedOverCorrections,
}

impl Planted {
    /// When a subscription is said to be due, wrongly.
    pub(super) fn due_ms(self, sub: &Subscription) -> Option<u64> {
        match self {
            Self::HeartbeatBeforeStart if !sub.is_subscribed() => Some(sub.told_at + protocol::HEARTBEAT_MS),
            Self::AccordOutOfLive if !matches!(sub.stage, Stage::Live) => sub.accord_ms(),
            _ => None,
        }
    }
}

/// See [`Session::between`].
#[derive(Default)]
pub struct Between(pub Option<Box<dyn FnMut() + Send>>);

impl Between {
    pub(super) fn run(&mut self) {
        if let Some(run) = &mut self.0 {
            run();
        }
    }
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Between")
    }
}
