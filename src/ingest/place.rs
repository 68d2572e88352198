//! A place among the requests under way: taken by length before a body is read, given back when its answer is known.

use std::sync::Arc;

use super::appender::{Refused, Shared};
use super::shares::Owner;

/// Bytes of a request beside its body: the place itself, the reply, the structure.
pub(super) const REQUEST_BYTES: usize = 256;

/// A place. Dropped, it is given back: no way out can forget it.
#[derive(Debug)]
pub struct Place {
    shared: Arc<Shared>,
    owner: Owner,
    /// Bytes that it holds.
    held: usize,
    /// Bytes of it that the writer is to take: those of a body that was read, none of one that is still coming.
    due: usize,
}

impl Place {
    /// A place for so many bytes.
    pub(super) fn take(shared: &Arc<Shared>, owner: Owner, bytes: usize) -> Result<Self, Refused> {
        let held = bytes.saturating_add(REQUEST_BYTES);
        let mut desk = shared.desk();
        if !desk.is_due_soon(owner, held) || !desk.shares.take(owner, held) {
            return Err(Refused::Busy);
        }
        shared.report(&desk);
        drop(desk);
        Ok(Self { shared: shared.clone(), owner, held, due: 0 })
    }

    /// A place of nobody, for tests of what needs one.
    #[cfg(test)]
    pub(crate) fn alone() -> Self {
        let shared = Arc::new(Shared::new(1 << 30, tokio_util::sync::CancellationToken::new()));
        Self { shared, owner: None, held: 0, due: 0 }
    }

    /// Makes the place as large as this, where more has come than was told.
    ///
    /// # Errors
    /// [`Refused::Busy`] when there is not so much left.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Refused> {
        let more = bytes.saturating_add(REQUEST_BYTES).saturating_sub(self.held);
        if more == 0 {
            return Ok(());
        }
        let mut desk = self.shared.desk();
        if !desk.shares.add(self.owner, more) {
            return Err(Refused::Busy);
        }
        self.held += more;
        self.shared.report(&desk);
        Ok(())
    }

    /// The body is whole: from here on it is work. Refused, where too much work of its owner waits already, before any of
    /// it is done.
    ///
    /// # Errors
    /// [`Refused::Busy`].
    pub fn begin(&mut self) -> Result<(), Refused> {
        let mut desk = self.shared.desk();
        if !desk.is_due_soon(self.owner, self.held) {
            return Err(Refused::Busy);
        }
        desk.add_due(self.owner, self.held - self.due);
        self.due = self.held;
        Ok(())
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> Owner {
        self.owner
    }

    /// Bytes that the writer is to take.
    pub(super) fn due(&self) -> usize {
        self.due
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut desk = self.shared.desk();
        desk.shares.give_back(self.owner, self.held);
        desk.remove_due(self.owner, self.due);
        self.shared.report(&desk);
    }
}
