//! How many revocations this process has heard of: the generation of everything that is remembered of credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that only grows. What was read of a credential before the latest may be out of date. Cheap to clone; all clones
/// are one count.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Arc<AtomicU64>);

impl Revocations {
    /// How many so far. To be asked *before* a credential is looked up.
    pub fn heard(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Something was revoked: whatever was looked up before this counts no more.
    pub fn hear(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
