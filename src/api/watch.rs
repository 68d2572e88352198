//! What happens to credentials without a request: those that another process revoked end what they have opened here, and
//! those that have ended are deleted.
//!
//! Revocations are followed by their number, never by a time: clocks step back.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::auth::Operator;
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::session::Readers;
use crate::store::{Store, StoreError};

/// How often it is looked whether another process has revoked something.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// Looks between two sweeps.
const WATCHES_PER_SWEEP: u32 = 30;
/// How long what has ended is kept, in milliseconds.
const SWEEP_AFTER_MS: i64 = 60_000;
/// Rows that are deleted in one statement: what is to be committed waits that long.
const SWEEP_ROWS_MAX: usize = 500;
/// Statements of one sweep; what is left is deleted by the next.
const SWEEP_STEPS_MAX: usize = 40;

/// The watch over credentials.
pub struct Watch {
    store: Store,
    readers: Readers,
    operator: Operator,
    clock: Clock,
    /// The newest revocation that was acted on.
    seen: i64,
}

impl Watch {
    /// Takes its stand; what is revoked from now on is seen. To be called before anybody is let in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn begin(store: Store, readers: Readers, operator: Operator, clock: Clock) -> Result<Self, StoreError> {
        let seen = store.keyring.revoked_after(operator, None).await?.up_to;
        Ok(Self { store, readers, operator, clock, seen })
    }

    /// Runs until shutdown.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut looks = 0;
        while shutdown.run_until_cancelled(tokio::time::sleep(WATCH_EVERY)).await.is_some() {
            if let Err(fault) = self.look().await {
                tracing::warn!(%fault, "cannot see whether another process has revoked a key; trying again");
            }
            looks += 1;
            if looks % WATCHES_PER_SWEEP == 0
                && let Err(fault) = self.sweep().await
            {
                tracing::warn!(%fault, "cannot delete credentials that have ended; trying again");
            }
        }
    }

    /// Ends what hangs on whatever was revoked since the last look.
    async fn look(&mut self) -> Result<(), StoreError> {
        let revoked = self.store.keyring.revoked_after(self.operator, Some(self.seen)).await?;
        if revoked.up_to != self.seen {
            self.readers.revoked(&revoked.credentials);
            self.seen = revoked.up_to;
        }
        Ok(())
    }

    /// Deletes what has ended, a few rows at a time.
    async fn sweep(&self) -> Result<(), StoreError> {
        let before = UnixMs(self.clock.now().0 - SWEEP_AFTER_MS);
        for _ in 0..SWEEP_STEPS_MAX {
            if self.store.keyring.sweep(self.operator, before, self.seen, SWEEP_ROWS_MAX).await? < SWEEP_ROWS_MAX {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
