//! How much one key may send: requests before anything is parsed, drafts once they are counted.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{InsufficientCapacity, NotUntil, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::error::{Problem, RATE_LIMITED};
use crate::domain::limits::REQUEST_DRAFTS_MAX;
use crate::telemetry::INGEST_REFUSED;

/// How often buckets that are full again are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// What one key may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateConfig {
    /// Drafts a second.
    pub drafts_per_second: NonZeroU32,
    /// Drafts at once, after a pause; at least the 5,000 of the largest request.
    pub drafts_burst: NonZeroU32,
    /// Requests that send activities, a second.
    pub requests_per_second: NonZeroU32,
    /// Such requests at once, after a pause.
    pub requests_burst: NonZeroU32,
}

impl Default for RateConfig {
    fn default() -> Self {
        const fn number(n: u32) -> NonZeroU32 {
            match NonZeroU32::new(n) {
                Some(n) => n,
                None => NonZeroU32::MIN,
            }
        }
        Self {
            drafts_per_second: number(200_000),
            drafts_burst: number(400_000),
            requests_per_second: number(50_000),
            requests_burst: number(100_000),
        }
    }
}

impl RateConfig {
    /// Why it cannot be used, if it cannot.
    pub fn fault(&self) -> Option<String> {
        let least = u32::try_from(REQUEST_DRAFTS_MAX).unwrap_or(u32::MAX);
        (self.drafts_burst.get() < least).then(|| {
            format!("rate.drafts_burst is {}; it must be at least {least}, or the largest request could never be sent", self.drafts_burst)
        })
    }
}

type Limiter = RateLimiter<i64, DashMapStateStore<i64>, DefaultClock>;

/// The buckets of every key.
pub struct Rates {
    drafts: Limiter,
    requests: Limiter,
}

impl Rates {
    /// Full buckets.
    pub fn new(config: &RateConfig) -> Self {
        let quota = |rate, burst| Quota::per_second(rate).allow_burst(burst);
        Self {
            drafts: Limiter::dashmap(quota(config.drafts_per_second, config.drafts_burst)),
            requests: Limiter::dashmap(quota(config.requests_per_second, config.requests_burst)),
        }
    }

    /// One request that sends activities.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] with the time to wait.
    pub fn request(&self, key: i64) -> Result<(), Problem> {
        self.requests.check_key(&key).map_err(|until| limited("requests", &until))
    }

    /// This many drafts.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] with the time to wait; none of them counts then.
    pub fn drafts(&self, key: i64, count: usize) -> Result<(), Problem> {
        let Some(count) = u32::try_from(count).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        match self.drafts.check_key_n(&key, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(limited("drafts", &until)),
            Err(InsufficientCapacity(most)) => {
                Err(Problem::new(RATE_LIMITED, format!("this key may send {most} activities at once at most")).retry_after(1))
            }
        }
    }

    /// Until shutdown: drops the buckets of keys that were quiet, so that they do not add up.
    pub async fn sweep(&self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
            self.drafts.retain_recent();
            self.requests.retain_recent();
        }
    }
}

fn limited(what: &'static str, until: &NotUntil<governor::clock::QuantaInstant>) -> Problem {
    metrics::counter!(INGEST_REFUSED, "reason" => "rate").increment(1);
    let wait = until.wait_time_from(DefaultClock::default().now());
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(RATE_LIMITED, format!("this key sends more {what} than it may")).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{RateConfig, Rates};

    #[test]
    fn a_key_over_its_rate_waits_and_others_do_not() {
        let five = NonZeroU32::new(5).expect("five");
        let rates = Rates::new(&RateConfig { drafts_per_second: five, drafts_burst: five, ..RateConfig::default() });
        assert!(rates.drafts(1, 5).is_ok());
        assert!(rates.drafts(1, 5).is_err());
        assert!(rates.drafts(2, 5).is_ok());
        assert!(rates.drafts(2, 0).is_ok());
        assert!(rates.drafts(3, 6).is_err());
        assert!(RateConfig { drafts_burst: five, ..RateConfig::default() }.fault().is_some());
        assert_eq!(RateConfig::default().fault(), None);
    }
}
