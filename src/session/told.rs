//! What the log tells of a session: a line when its reader comes, and one with what it was given when it leaves.

use std::time::Instant;

use super::Came;
use super::disconnect::Disconnect;
use crate::auth::Principal;

/// One session's lines: the first is written when this is made, the last when it is dropped, however the session ended.
#[derive(Debug)]
pub(super) struct Told {
    came: Came,
    session: u64,
    began: Instant,
    frames: u64,
    bytes: u64,
    lags: u32,
    lagging: bool,
    reason: &'static str,
}

impl Told {
    /// A reader has taken its seat.
    pub fn begins(came: Came, session: u64) -> Self {
        let Came { principal, request_id, by } = &came;
        tracing::info!(%request_id, by, session, workspace = principal.workspace.number(), actor = %principal.actor, "reader came");
        Self { came, session, began: Instant::now(), frames: 0, bytes: 0, lags: 0, lagging: false, reason: "gone" }
    }

    /// A reader gets no seat.
    pub fn refused(Came { principal, request_id, by }: &Came, why: &Disconnect) {
        let (workspace, actor, reason) = (principal.workspace.number(), principal.actor, why.reason);
        tracing::info!(%request_id, by, workspace, %actor, reason, "reader was sent away");
    }

    /// Who reads.
    pub const fn principal(&self) -> &Principal {
        &self.came.principal
    }

    /// A frame of so many bytes has been handed to the socket.
    pub const fn wrote(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }

    /// Whether it is served from the log right now.
    pub const fn lags(&mut self, lagging: bool) {
        if lagging && !self.lagging {
            self.lags += 1;
        }
        self.lagging = lagging;
    }

    /// Why it ends, where that is not that its reader is gone.
    pub const fn ends(&mut self, reason: &'static str) {
        self.reason = reason;
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let Self { came: Came { principal, request_id, by }, session, frames, bytes, lags, reason, .. } = self;
        let (workspace, actor, seconds) = (principal.workspace.number(), principal.actor, self.began.elapsed().as_secs());
        tracing::info!(%request_id, by, session, workspace, %actor, seconds, frames, bytes, lags, reason, "reader left");
    }
}
