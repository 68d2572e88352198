//! Hashing of passwords: a few at a time, beside what serves others, and a bounded number of those who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::api::error::{INTERNAL, INVALID, Problem, RATE_LIMITED};
use crate::auth::password;
use crate::domain::Invalid;

/// Hashings at one time at most, on however many cores.
const AT_ONCE_MAX: usize = 4;
/// Who may wait for one: with tens of milliseconds each, a second or two.
const WAITING_MAX: usize = 32;

/// Hashes passwords.
pub struct Hashing {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Hashing {
    /// As many at a time as leave the machine half of itself.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { turns: Arc::new(Semaphore::new((cores / 2).clamp(1, AT_ONCE_MAX))), waiting: AtomicUsize::new(0) }
    }
}

impl Hashing {
    /// The hash of a password that somebody of this email chose, in a field of this name.
    ///
    /// # Errors
    /// [`INVALID`] with the rule that it breaks, [`RATE_LIMITED`] where too many wait.
    pub async fn hash(&self, field: &str, password: String, email: &str) -> Result<String, Problem> {
        password::check(&password, email).map_err(|fault| Problem::invalid(INVALID, fault.under(field)))?;
        let made = self.run(move || password::hash(&password)).await?;
        made.map_err(|fault| {
            tracing::error!(%fault, "a password could not be hashed");
            Problem::new(INTERNAL, INTERNAL.cure)
        })
    }

    /// Whether a password is that of a hash; without one it takes as long, and is not.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] where too many wait.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        self.run(move || password::verify(&password, hash.as_deref())).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = || Problem::new(RATE_LIMITED, "many sign in at this moment; try again in a few seconds").retry_after(2);
        let place = Waiting::take(&self.waiting).ok_or_else(busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| busy())?;
        drop(place);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|fault| {
            tracing::error!(%fault, "hashing a password failed");
            Problem::new(INTERNAL, INTERNAL.cure)
        })
    }
}

/// A place among those who wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn take(count: &'a AtomicUsize) -> Option<Self> {
        let taken = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |there| (there < WAITING_MAX).then_some(there + 1));
        taken.is_ok().then(|| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The fault of a sign-in, the same for each reason.
pub fn is_no_password() -> Invalid {
    Invalid::one("password", "wrong_password", "is not your password")
}

#[cfg(test)]
mod tests {
    use super::{Hashing, WAITING_MAX, Waiting};

    #[tokio::test]
    async fn those_who_wait_are_bounded() {
        let hashing = Hashing::default();
        let all = hashing.turns.available_permits();
        let held = hashing.turns.clone().acquire_many_owned(u32::try_from(all).expect("few")).await.expect("turns");
        let places: Vec<_> = (0..WAITING_MAX).map(|_| Waiting::take(&hashing.waiting).expect("a place")).collect();
        let refused = hashing.verify("x".to_owned(), None).await.expect_err("no place");
        assert_eq!(refused.code().word, "rate_limited");
        drop((places, held));
        assert!(!hashing.verify("x".to_owned(), None).await.expect("a turn"));
    }
}
