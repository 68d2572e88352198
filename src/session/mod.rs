//! One reader's life: the words, the subscriptions, catching up, and how it ends.

mod catch_up;
pub mod disconnect;
mod found;
pub mod machine;
#[cfg(test)]
mod model;
pub mod protocol;
pub mod sse;
mod subscription;
pub mod ws;

/// What every reader's session works with. Cheap to clone.
#[derive(Clone)]
pub struct Readers {}

impl Readers {
    /// Ends every open stream that came in by one of these credentials: 4401.
    pub fn revoked(&self, credentials: &[i64]) {
        let _ = credentials;
    }

    /// Sessions that are open.
    pub fn open(&self) -> usize {
        0
    }
}
