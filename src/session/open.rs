//! Streams that are open or about to be, by the credential that they hang on.
//!
//! A stream stands here *before* it takes a seat, and its grant is looked at again after: a revocation comes before the
//! one or finds the other, however long the seat takes. It ends when its credential does. Nobody who was revoked is served.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;

use super::disconnect::{self, Disconnect};
use crate::auth::{Principal, Revocations};
use crate::domain::UnixMs;
use crate::hub::outbox::{Ending, Outbox};
use crate::store::Keyring;

/// Where grants are looked at again.
#[derive(Clone)]
pub struct Grants {
    /// Every credential as it is.
    pub keyring: Arc<dyn Keyring>,
    /// What has been revoked since somebody looked.
    pub revocations: Revocations,
}

impl Grants {
    /// Holds that what the principal came in with still counts, and still reaches as far.
    ///
    /// # Errors
    /// [`disconnect::UNAUTHORISED`] when it has ended, `FORBIDDEN` when it reaches less far, `TRY_LATER` when the store cannot tell.
    pub(super) async fn still(&self, principal: &Principal, now: UnixMs) -> Result<(), Disconnect> {
        if principal.grant.until.is_some_and(|until| until <= now) {
            return Err(disconnect::UNAUTHORISED);
        }
        // Nothing was revoked since the credential was looked up: it is as it was.
        if self.revocations.heard() == principal.heard {
            return Ok(());
        }
        match self.keyring.credential(principal.workspace, principal.credential).await {
            Ok(Some(credential)) if credential.is_good(now) => match credential.grant().covers(&principal.grant) {
                true => Ok(()),
                false => Err(disconnect::FORBIDDEN),
            },
            Ok(_) => Err(disconnect::UNAUTHORISED),
            Err(fault) => {
                tracing::warn!(%fault, "cannot see whether a reader may still read; it is sent away");
                Err(disconnect::TRY_LATER)
            }
        }
    }
}

/// Everybody who stands here.
#[derive(Debug, Default)]
pub(super) struct OpenStreams {
    by_credential: DashMap<i64, HashMap<u64, Arc<Outbox>>>,
    /// Those that end by themselves, the next first.
    ending: Mutex<BTreeMap<(UnixMs, u64), Arc<Outbox>>>,
    next: AtomicU64,
}

/// One stream's place here, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Standing {
    streams: Arc<OpenStreams>,
    number: u64,
    credential: i64,
    until: Option<UnixMs>,
}

impl OpenStreams {
    /// Stands here from now on: whoever ends the credential ends the outbox.
    pub fn stand(self: &Arc<Self>, credential: i64, until: Option<UnixMs>, outbox: Arc<Outbox>) -> Standing {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(until) = until {
            self.ending().insert((until, number), outbox.clone());
        }
        self.by_credential.entry(credential).or_default().insert(number, outbox);
        Standing { streams: self.clone(), number, credential, until }
    }

    /// Ends what hangs on these credentials.
    pub fn revoked(&self, credentials: &[i64]) {
        for credential in credentials {
            if let Some(streams) = self.by_credential.get(credential) {
                streams.values().for_each(|outbox| outbox.end(Ending::Revoked));
            }
        }
    }

    /// Lets everybody look at the pulse.
    pub fn pulse_changed(&self) {
        self.by_credential.iter().for_each(|streams| streams.values().for_each(|outbox| outbox.announce_pulse()));
    }

    /// Ends what ends by itself up to now.
    pub fn expire(&self, now: UnixMs) {
        let mut ending = self.ending();
        while let Some(first) = ending.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().end(Ending::Revoked);
        }
    }

    fn ending(&self) -> MutexGuard<'_, BTreeMap<(UnixMs, u64), Arc<Outbox>>> {
        // Nothing panics while it is held; were it so, the map would still be whole.
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if let Some(until) = self.until {
            self.streams.ending().remove(&(until, self.number));
        }
        if let Some(mut streams) = self.streams.by_credential.get_mut(&self.credential) {
            streams.remove(&self.number);
        }
        self.streams.by_credential.remove_if(&self.credential, |_, streams| streams.is_empty());
    }
}

#[cfg(test)]
mod tests;
