//! How many things each key may make on first sight, a minute.
//!
//! A minute begins with the first thing that is made in it, so that a key never makes more than it may in the minute that
//! it is told of. Only keys that make something have one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;

use crate::store::{Allowance, Spent, Taken};

/// How long what was made counts.
const SPAN: Duration = Duration::from_secs(60);
/// Things that one activity can make: an event, a partner, a message, a campaign, a flavor.
pub const THINGS_OF_ONE_MAX: u32 = 5;

/// What keys have made.
#[derive(Debug)]
pub struct Making {
    most: NonZeroU32,
    minutes: DashMap<i64, Minute>,
}

#[derive(Debug)]
struct Minute {
    until: Instant,
    made: u32,
}

/// What one key may make.
#[derive(Debug)]
struct OfKey {
    making: Arc<Making>,
    key: i64,
}

impl Making {
    /// Nothing is made yet; each key may make so many things a minute.
    pub fn new(most: NonZeroU32) -> Self {
        Self { most, minutes: DashMap::new() }
    }

    /// What a key may make.
    pub fn of(making: &Arc<Self>, key: i64) -> Arc<dyn Allowance> {
        Arc::new(OfKey { making: making.clone(), key })
    }

    /// Forgets the minutes that are over.
    pub fn sweep(&self, now: Instant) {
        self.minutes.retain(|_, minute| minute.until > now);
    }

    fn take(&self, key: i64, things: u32, now: Instant) -> Result<Taken, Spent> {
        let mut minute = self.minutes.entry(key).or_insert(Minute { until: now + SPAN, made: 0 });
        if minute.until <= now {
            *minute = Minute { until: now + SPAN, made: 0 };
        }
        let most = self.most.get();
        match minute.made.checked_add(things).filter(|made| *made <= most) {
            None => Err(Spent { most, wait: minute.until.saturating_duration_since(now) }),
            Some(made) => {
                minute.made = made;
                Ok(Taken { things, until: minute.until })
            }
        }
    }

    fn give_back(&self, key: i64, taken: Taken) {
        if let Some(mut minute) = self.minutes.get_mut(&key).filter(|minute| minute.until == taken.until) {
            minute.made = minute.made.saturating_sub(taken.things);
        }
    }
}

impl Allowance for OfKey {
    fn take(&self, things: u32) -> Result<Taken, Spent> {
        self.making.take(self.key, things, Instant::now())
    }

    fn give_back(&self, taken: Taken) {
        self.making.give_back(self.key, taken);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Instant;

    use proptest::prelude::*;

    use super::{Making, SPAN};
    use crate::store::{Spent, Taken};

    fn five() -> Making {
        Making::new(NonZeroU32::new(5).expect("five"))
    }

    #[test]
    fn each_key_has_a_minute_of_its_own() {
        let (making, now) = (five(), Instant::now());
        let later = now + SPAN / 3;
        let taken = making.take(1, 3, now).expect("three of five");
        assert_eq!(making.take(1, 3, later), Err(Spent { most: 5, wait: SPAN - SPAN / 3 }), "all or none");
        making.take(1, 2, later).expect("what is left");
        making.take(2, 5, later).expect("another key");
        making.sweep(later);
        making.give_back(1, taken);
        making.take(1, 3, later).expect("what was given back");
        assert!(making.take(1, 1, later).is_err());
        making.take(1, 5, now + SPAN).expect("the next minute");
        making.give_back(1, taken);
        assert!(making.take(1, 1, now + SPAN).is_err(), "what was of the last minute is nothing in this one");
        making.sweep(now + SPAN * 3);
        assert!(making.minutes.is_empty());
    }

    proptest! {
        /// Whatever is taken, given back and swept, no minute has more than it may, and none begins before the last is over.
        #[test]
        fn never_more_in_a_minute(steps in prop::collection::vec((0..20u32, 1..4u32, 0..4u8), 1..100)) {
            let (making, mut now) = (five(), Instant::now());
            let mut kept: Vec<Taken> = Vec::new();
            for (seconds, things, what) in steps {
                now += std::time::Duration::from_secs(seconds.into());
                match what {
                    0 => if !kept.is_empty() { making.give_back(1, kept.swap_remove(things as usize % kept.len())) },
                    1 => making.sweep(now),
                    _ => {
                        let mine = |until| kept.iter().filter(|t| t.until == until).map(|t| t.things).sum::<u32>();
                        let last = kept.iter().map(|t| t.until).max();
                        match making.take(1, things, now) {
                            Ok(taken) => {
                                prop_assert!(mine(taken.until) + things <= 5);
                                prop_assert!(last.is_none_or(|last| last == taken.until || last <= now));
                                kept.push(taken);
                            }
                            Err(spent) => prop_assert!(mine(now + spent.wait) + things > 5),
                        }
                    }
                }
            }
        }
    }
}
