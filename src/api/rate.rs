//! How much one key may send, requests before anything is parsed and drafts once they are counted; and how many
//! credentials may be made, by key and, where nobody is known yet, by address.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{DefaultDirectRateLimiter, InsufficientCapacity, NotUntil, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::authenticate::Caller;
use super::error::{Problem, RATE_LIMITED};
use super::making::{Making, THINGS_OF_ONE_MAX};
use crate::domain::limits::REQUEST_DRAFTS_MAX;
use crate::store::Allowance;
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
    /// Events, partners, messages, campaigns and flavors that its activities make on first sight, a minute; at least the 5
    /// of one activity. The directory's own routes are free.
    pub things_per_minute: NonZeroU32,
    /// Tickets, keys and sign-ins a second.
    pub credentials_per_second: NonZeroU32,
    /// Such at once, after a pause.
    pub credentials_burst: NonZeroU32,
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
            things_per_minute: number(10_000),
            credentials_per_second: number(20),
            credentials_burst: number(200),
        }
    }
}

impl RateConfig {
    /// Why it cannot be used, if it cannot.
    pub fn fault(&self) -> Option<String> {
        let least = u32::try_from(REQUEST_DRAFTS_MAX).unwrap_or(u32::MAX);
        let rules = [
            ("drafts_burst", self.drafts_burst, least, "the largest request could never be sent"),
            ("things_per_minute", self.things_per_minute, THINGS_OF_ONE_MAX, "an activity that makes all it names could never be stored"),
        ];
        let broken = rules.into_iter().find(|(_, given, least, _)| given.get() < *least);
        broken.map(|(name, given, least, why)| format!("rate.{name} is {given}; it must be at least {least}, or {why}"))
    }
}

type Limiter<T> = RateLimiter<T, DashMapStateStore<T>, DefaultClock>;

/// Who makes credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A key, by its number, and whatever was made from it.
    Key(i64),
    /// Somebody at this address who has not shown who they are.
    Address(IpAddr),
}

/// Drafts, and requests that send some, of every key with one rate.
struct Sending {
    drafts: Limiter<i64>,
    requests: Limiter<i64>,
}

/// The buckets of every key.
pub struct Rates {
    usual: Sending,
    /// Keys with a rate of their own, by that rate.
    own: DashMap<NonZeroU32, Arc<Sending>>,
    making: Arc<Making>,
    credentials: Limiter<Asker>,
    /// Codes of screens that somebody has entered, by where they are, and all of them.
    codes: Limiter<IpAddr>,
    all_codes: DefaultDirectRateLimiter,
    /// Passwords that somebody has tried, by where they are and whose they were, and by whose.
    tries: Limiter<(IpAddr, u64)>,
    all_tries: Limiter<u64>,
    /// Codes of a second factor, by whose it is.
    seconds: Limiter<u64>,
    hasher: RandomState,
}

/// Codes that one may enter in a minute.
const CODES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Passwords of one person that may be tried in a minute from one address.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Passwords of one person that may be tried in a minute from everywhere: so many that nobody is locked out by others.
const ALL_TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Codes of a second factor that may be tried at once, and how long it takes until another may: of a million codes three are good at
/// any time, and whoever has found out the password must not get through them.
const SECONDS_BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
const SECONDS_PERIOD: Duration = Duration::from_secs(6 * 60);
/// Codes that all may enter in a minute.
const ALL_CODES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(100).unwrap();

impl Sending {
    fn new(drafts: Quota, requests: Quota) -> Self {
        Self { drafts: Limiter::dashmap(drafts), requests: Limiter::dashmap(requests) }
    }

    fn request(&self, key: i64) -> Result<(), Problem> {
        self.requests.check_key(&key).map_err(|until| refused("this key sends more requests than it may", &until))
    }

    fn drafts(&self, key: i64, count: NonZeroU32) -> Result<(), Problem> {
        match self.drafts.check_key_n(&key, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(refused("this key sends more drafts than it may", &until)),
            Err(InsufficientCapacity(most)) => {
                Err(Problem::new(RATE_LIMITED, format!("this key may send {most} activities at once at most")).retry_after(1))
            }
        }
    }

    /// Drops the buckets that are full again; true while one is left.
    fn sweep(&self) -> bool {
        self.drafts.retain_recent();
        self.requests.retain_recent();
        !self.drafts.is_empty() || !self.requests.is_empty()
    }
}

impl Rates {
    /// Takes note that somebody has entered the code of a screen.
    ///
    /// # Errors
    /// When they, or all together, have entered too many.
    pub fn code(&self, address: IpAddr) -> Result<(), Problem> {
        self.codes.check_key(&address).map_err(|until| limited("more codes of screens than one may enter", &until))?;
        self.all_codes.check().map_err(|until| limited("more codes of screens than all may enter", &until))
    }

    /// Takes note that somebody tries a password, or a code, of the person with this email, whether there is one or not.
    ///
    /// # Errors
    /// When they, or all together, have tried too many.
    pub fn password(&self, address: IpAddr, email: &str) -> Result<(), Problem> {
        let whose = self.hasher.hash_one(email);
        let one = self.tries.check_key(&(address, whose));
        one.map_err(|until| limited("more passwords than one may try", &until))?;
        self.all_tries.check_key(&whose).map_err(|until| limited("more passwords of one person than all may try", &until))
    }

    /// Takes note that somebody who knows the password of the person with this email tries a code.
    ///
    /// # Errors
    /// When too many were tried.
    pub fn second(&self, email: &str) -> Result<(), Problem> {
        let tried = self.seconds.check_key(&self.hasher.hash_one(email));
        tried.map_err(|until| limited("more codes of a second factor than one may try", &until))
    }

    /// Full buckets.
    pub fn new(config: &RateConfig) -> Self {
        let quota = |rate, burst| Quota::per_second(rate).allow_burst(burst);
        Self {
            usual: Sending::new(
                quota(config.drafts_per_second, config.drafts_burst),
                quota(config.requests_per_second, config.requests_burst),
            ),
            own: DashMap::new(),
            making: Arc::new(Making::new(config.things_per_minute)),
            credentials: Limiter::dashmap(quota(config.credentials_per_second, config.credentials_burst)),
            codes: Limiter::dashmap(Quota::per_minute(CODES_PER_MINUTE)),
            all_codes: DefaultDirectRateLimiter::direct(Quota::per_minute(ALL_CODES_PER_MINUTE)),
            tries: Limiter::dashmap(Quota::per_minute(TRIES_PER_MINUTE)),
            all_tries: Limiter::dashmap(Quota::per_minute(ALL_TRIES_PER_MINUTE)),
            seconds: Limiter::dashmap(
                Quota::with_period(SECONDS_PERIOD).map_or_else(|| Quota::per_hour(SECONDS_BURST), |quota| quota.allow_burst(SECONDS_BURST)),
            ),
            hasher: RandomState::new(),
        }
    }

    /// One request that sends activities.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] with the time to wait.
    pub fn request(&self, caller: &Caller) -> Result<(), Problem> {
        self.of(caller, |sending| sending.request(caller.principal.root))
    }

    /// This many drafts.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] with the time to wait; none of them counts then.
    pub fn drafts(&self, caller: &Caller, count: usize) -> Result<(), Problem> {
        let Some(count) = u32::try_from(count).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        self.of(caller, |sending| sending.drafts(caller.principal.root, count))
    }

    /// What a caller's activities may make on first sight, with all that comes of the same key.
    pub fn making(&self, caller: &Caller) -> Arc<dyn Allowance> {
        Making::of(&self.making, caller.principal.root)
    }

    /// One credential that is to be made, or a try to sign in.
    ///
    /// # Errors
    /// [`RATE_LIMITED`] with the time to wait.
    pub fn credential(&self, asker: Asker) -> Result<(), Problem> {
        self.credentials.check_key(&asker).map_err(|until| limited("more tickets, keys and sign-ins than one may make", &until))
    }

    fn of(&self, caller: &Caller, check: impl FnOnce(&Sending) -> Result<(), Problem>) -> Result<(), Problem> {
        let Some(rate) = caller.rate_per_s.and_then(NonZeroU32::new) else { return check(&self.usual) };
        // What a second allows is also what comes at once: the rate of a key is to be felt.
        let quota = Quota::per_second(rate);
        let sending = self.own.entry(rate).or_insert_with(|| Arc::new(Sending::new(quota, quota))).clone();
        check(&sending)
    }

    /// Until shutdown: drops the buckets of keys that were quiet, so that they do not add up.
    pub async fn sweep(&self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
            self.usual.sweep();
            self.own.retain(|_, sending| sending.sweep());
            self.credentials.retain_recent();
            self.codes.retain_recent();
            self.tries.retain_recent();
            self.all_tries.retain_recent();
            self.seconds.retain_recent();
            self.making.sweep(Instant::now());
        }
    }
}

fn refused(what: &'static str, until: &NotUntil<governor::clock::QuantaInstant>) -> Problem {
    metrics::counter!(INGEST_REFUSED, "reason" => "rate").increment(1);
    limited(what, until)
}

fn limited(what: &'static str, until: &NotUntil<governor::clock::QuantaInstant>) -> Problem {
    let wait = until.wait_time_from(DefaultClock::default().now());
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(RATE_LIMITED, what).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::super::authenticate::{Caller, Presented};
    use super::{Asker, RateConfig, Rates};
    use crate::auth::{Actor, Grant, Operator, Principal};

    fn caller(root: i64, rate_per_s: Option<u32>) -> Caller {
        let workspace = Operator::assume().workspace(1);
        let principal = Principal { workspace, actor: Actor::Key(root), credential: root, root, grant: Grant::default(), heard: 0 };
        Caller { principal, presented: Presented::Bearer, rate_per_s, origins: Vec::new() }
    }

    #[test]
    fn a_key_over_its_rate_waits_and_others_do_not() {
        let five = NonZeroU32::new(5).expect("five");
        let rates = Rates::new(&RateConfig { drafts_per_second: five, drafts_burst: five, ..RateConfig::default() });
        assert!(rates.drafts(&caller(1, None), 5).is_ok());
        assert!(rates.drafts(&caller(1, None), 5).is_err());
        assert!(rates.drafts(&caller(2, None), 5).is_ok());
        assert!(rates.drafts(&caller(2, None), 0).is_ok());
        assert!(rates.drafts(&caller(3, None), 6).is_err());
        assert!(RateConfig { drafts_burst: five, ..RateConfig::default() }.fault().is_some());
        let four = NonZeroU32::new(4).expect("four");
        assert!(
            RateConfig { things_per_minute: four, ..RateConfig::default() }.fault().is_some_and(|why| why.contains("things_per_minute"))
        );
        assert_eq!(RateConfig::default().fault(), None);
    }

    #[test]
    fn a_key_may_have_a_rate_of_its_own() {
        let rates = Rates::new(&RateConfig::default());
        let slow = caller(1, Some(3));
        for _ in 0..3 {
            assert!(rates.request(&slow).is_ok() && rates.drafts(&slow, 1).is_ok());
        }
        assert!(rates.request(&slow).is_err() && rates.drafts(&slow, 1).is_err());
        assert!(rates.drafts(&caller(2, Some(3)), 3).is_ok(), "a bucket each");
        assert!(rates.drafts(&caller(2, Some(4)), 4).is_ok());
        assert!(rates.drafts(&caller(3, None), 5_000).is_ok());
    }

    #[test]
    fn passwords_and_codes_are_tried_at_a_rate() {
        let rates = Rates::new(&RateConfig::default());
        let here = "203.0.113.9".parse().expect("address");
        assert!(
            (0..30).all(|_| rates.password(here, "ada@engines.example").is_ok()) && rates.password(here, "ada@engines.example").is_err()
        );
        assert!(rates.password(here, "bob@engines.example").is_ok());
        // From elsewhere its owner comes in all the same, up to what all together may try.
        let others = |n: u8| std::net::IpAddr::from([198, 51, 100, n]);
        let tried = (0..=255).filter(|n| rates.password(others(*n), "ada@engines.example").is_ok()).count();
        // With the 30 from here, and what a slow machine lets come again meanwhile.
        assert!((70..100).contains(&tried), "{tried}");
        // Whoever knows the password does not get through a million codes.
        assert!((0..10).all(|_| rates.second("ada@engines.example").is_ok()) && rates.second("ada@engines.example").is_err());
        assert!(rates.second("bob@engines.example").is_ok());
    }

    #[test]
    fn credentials_are_made_at_a_rate() {
        let three = NonZeroU32::new(3).expect("three");
        let rates = Rates::new(&RateConfig { credentials_burst: three, credentials_per_second: three, ..RateConfig::default() });
        let (key, address) = (Asker::Key(1), Asker::Address("203.0.113.9".parse().expect("address")));
        for asker in [key, address] {
            assert!((0..3).all(|_| rates.credential(asker).is_ok()));
            assert!(rates.credential(asker).is_err());
        }
        assert!(rates.credential(Asker::Key(2)).is_ok());
    }
}
