//! Changed names on one connection: at most one frame a second, however many change.

use super::frames::{self, ChangedFrame};
use super::machine::Session;
use crate::hub::names::Told;

/// At most one `changed` in this time, in milliseconds.
const CHANGED_EVERY_MS: u64 = 1_000;

/// What this reader knows of changed names.
#[derive(Debug)]
pub struct NameNews {
    /// How much it was told.
    pub told: Told,
    /// True when there may be something that it was not told.
    pub waiting: bool,
    /// When it was last told something, in the session's milliseconds.
    told_at: Option<u64>,
}

impl NameNews {
    /// For a reader who knows all that `told` counts.
    pub fn new(told: Told) -> Self {
        Self { told, waiting: false, told_at: None }
    }

    /// When the next frame may go out, in the session's milliseconds; `None` when there is none to send.
    pub fn due_ms(&self) -> Option<u64> {
        self.waiting.then(|| self.told_at.map_or(0, |at| at + CHANGED_EVERY_MS))
    }
}

impl Session {
    /// Tells what has changed, one kind of name a frame, when it is time.
    pub(super) fn tell_names(&mut self) {
        if self.names.due_ms().is_none_or(|due| due > self.now_ms) {
            return;
        }
        match self.room.names().next(&mut self.names.told, &self.events) {
            None => self.names.waiting = false,
            Some(news) => {
                self.names.told_at = Some(self.now_ms);
                let keys = news.keys.as_ref().map(|keys| keys.iter().map(|key| &**key).collect());
                let frame = ChangedFrame { r#type: ChangedFrame::WORD, what: news.kind.as_str(), keys };
                let written = frames::write(&frame, None);
                self.send(written);
            }
        }
    }
}
