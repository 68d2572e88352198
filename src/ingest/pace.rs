//! How fast the one writer is, and what follows from it: how long something would wait, and how long the writer waits for
//! those whom it has just answered.
//!
//! Plain arithmetic; times come in as arguments.

use std::time::{Duration, Instant};

/// How long what is taken in may have to wait, as far as can be told: who would wait longer is refused at once.
pub(super) const WAIT_TAKEN_MAX: Duration = Duration::from_millis(500);
/// How long anything waits for its transaction to begin; then it is refused and nothing of it is stored.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long the writer waits at most for those whom it has just answered.
const PATIENCE_MAX: Duration = Duration::from_micros(500);
/// The part of the last commit's time that it waits at most.
const PATIENCE_PART: u32 = 10;
/// Seconds of writing after which what was measured before counts half.
const HALF_LIFE_S: f64 = 1.0;

/// What was measured of the commits so far.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Bytes made durable and seconds that it took, older ones counting less.
    bytes: f64,
    seconds: f64,
    /// How many were answered last, and until when the next transaction waits for as many.
    awaited: Option<(usize, Instant)>,
}

impl Pace {
    /// A transaction of so many units and bytes took so long, and its senders are answered `now`.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn committed(&mut self, units: usize, bytes: usize, took: Duration, now: Instant) {
        let seconds = took.as_secs_f64();
        let left = 0.5f64.powf(seconds / HALF_LIFE_S);
        self.bytes = self.bytes * left + bytes as f64;
        self.seconds = self.seconds * left + seconds;
        // A lone sender is never waited for: it would only be told later.
        self.awaited = (units > 1).then(|| (units, now + (took / PATIENCE_PART).min(PATIENCE_MAX)));
    }

    /// How long the next transaction still waits while `waiting` units are there: those just answered are about to send
    /// again, and who misses a transaction waits for a whole one.
    pub(super) fn patience(&mut self, waiting: usize, now: Instant) -> Option<Duration> {
        let (answered, until) = self.awaited?;
        let left = until.saturating_duration_since(now);
        if waiting >= answered || left.is_zero() {
            self.awaited = None;
            return None;
        }
        Some(left)
    }

    /// How long the last of `mine` bytes would wait, of `all` that wait, when `owners` take turns.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn wait(&self, mine: usize, all: usize, owners: usize) -> Duration {
        if self.bytes < 1.0 {
            return Duration::ZERO;
        }
        let before = mine.saturating_mul(owners).min(all);
        Duration::try_from_secs_f64(before as f64 * self.seconds / self.bytes).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{PATIENCE_MAX, Pace};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn those_just_answered_are_waited_for_and_a_lone_one_never() {
        let (now, us) = (Instant::now(), Duration::from_micros);
        for (units, took, waiting, after, left) in [
            (1, 20 * MS, 0, us(0), None),
            (8, 2 * MS, 0, us(0), Some(us(200))),
            (8, 2 * MS, 7, us(150), Some(us(50))),
            (8, 2 * MS, 8, us(0), None),
            (8, 2 * MS, 9, us(0), None),
            (8, 2 * MS, 7, us(200), None),
            (8, 2 * MS, 7, us(900), None),
            (64, 100 * MS, 3, us(0), Some(PATIENCE_MAX)),
            (0, MS, 0, us(0), None),
        ] {
            let mut pace = Pace::default();
            pace.committed(units, 1, took, now);
            assert_eq!(pace.patience(waiting, now + after), left, "{units} units, {waiting} waiting after {after:?}");
        }
    }

    #[test]
    fn patience_ends_once() {
        let (now, mut pace) = (Instant::now(), Pace::default());
        pace.committed(4, 1, 10 * MS, now);
        assert_eq!(pace.patience(4, now), None, "all are there");
        assert_eq!(pace.patience(0, now), None, "the next is not waited for again");
    }

    #[test]
    fn the_wait_follows_what_was_measured_last() {
        let (now, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.wait(1 << 30, 1 << 30, 1), Duration::ZERO, "nothing is known yet");
        pace.committed(1, 1_000, 100 * MS, now);
        assert_eq!(pace.wait(5_000, 5_000, 1), Duration::from_millis(500));
        assert_eq!(pace.wait(1_000, 5_000, 2), Duration::from_millis(200), "turn by turn");
        assert_eq!(pace.wait(5_000, 5_000, 9), Duration::from_millis(500), "never more than all that waits");
        (0..200).for_each(|_| pace.committed(1, 10_000, 100 * MS, now));
        let faster = pace.wait(5_000, 5_000, 1);
        assert!(faster > 45 * MS && faster < 55 * MS, "{faster:?}");
    }
}
