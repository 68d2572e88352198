//! What a screen says it has painted, and what that means for whoever looks after it.

use crate::domain::{Seq, UnixMs};

/// A screen says something every five seconds; one that was not heard of for this long is stale, in milliseconds.
const SILENT_MS: i64 = 12_000;
/// One that was not heard of for this long is gone: somebody has to look at its power.
const GONE_MS: i64 = 120_000;
/// A picture that was painted this long before it was told of stands still.
const FROZEN_MS: i64 = 10_000;
/// A picture that this much is missing from is behind.
const BEHIND_MS: i64 = 4_000;
/// A clock that is this much off is wrong.
const CLOCK_MS: i64 = 10_000;

/// What a screen has painted, as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Everything up to here is in the picture; `None` before anything was.
    pub position: Option<Seq>,
    /// When it was last painted, by the screen's clock.
    pub painted_at: UnixMs,
    /// Frames a second, as measured.
    pub fps: u16,
    /// Which build of the page it runs.
    pub build: String,
    /// Width of the picture in CSS pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// The last report of a screen, and since when something is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it said.
    pub report: Report,
    /// When that came.
    pub at: UnixMs,
    /// A place that was not in the picture when it was there, and since when it is missed.
    owed: Option<(Seq, UnixMs)>,
    /// When the time of painting last went on.
    painted: UnixMs,
}

/// How a screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It shows what there is.
    Live,
    /// Its picture misses what has been there for so many milliseconds.
    Behind(i64),
    /// It talks and paints nothing, since then.
    Frozen(UnixMs),
    /// Its clock is off by so many milliseconds: before ours where that is positive.
    Clock(i64),
    /// It was last heard of then; it comes back by itself.
    Stale(UnixMs),
    /// It has been away for long, since then.
    Gone(UnixMs),
    /// It was never heard of.
    New,
}

impl State {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Behind(_) => "behind",
            Self::Frozen(_) => "frozen",
            Self::Clock(_) => "clock",
            Self::Stale(_) => "stale",
            Self::Gone(_) => "gone",
            Self::New => "new",
        }
    }

    /// Every word used outside.
    pub const WORDS: &[&str] = &["live", "behind", "frozen", "clock", "stale", "gone", "new"];

    /// Of a screen that this process has not heard of, but another may have, at a time.
    pub fn unheard(used_at: Option<UnixMs>, now: UnixMs) -> Self {
        match used_at {
            Some(at) if now.0 - at.0 < GONE_MS => Self::Stale(at),
            Some(at) => Self::Gone(at),
            None => Self::New,
        }
    }
}

impl Shown {
    /// The first report of a screen.
    pub fn first(report: Report, head: Seq, now: UnixMs) -> Self {
        let owed = (report.position < Some(head)).then_some((head, now));
        Self { report, at: now, owed, painted: now }
    }

    /// Takes the next one, when the log had this head.
    pub fn take(&mut self, report: Report, head: Seq, now: UnixMs) {
        if report.painted_at != self.report.painted_at {
            self.painted = now;
        }
        // What was owed may have come, and something else be owed from now on.
        self.owed = self.owed.filter(|(owed, _)| report.position < Some(*owed));
        if self.owed.is_none() && report.position < Some(head) {
            self.owed = Some((head, now));
        }
        (self.report, self.at) = (report, now);
    }

    /// How the screen is: what keeps people from seeing anything comes first.
    pub fn state(&self, now: UnixMs) -> State {
        let silent = now.0 - self.at.0;
        let off = self.report.painted_at.0 - self.at.0;
        match self.owed {
            _ if silent >= GONE_MS => State::Gone(self.at),
            _ if silent >= SILENT_MS => State::Stale(self.at),
            _ if now.0 - self.painted.0 >= FROZEN_MS => State::Frozen(self.painted),
            _ if off.abs() >= CLOCK_MS => State::Clock(off),
            Some((_, since)) if now.0 - since.0 >= BEHIND_MS => State::Behind(now.0 - since.0),
            _ => State::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Shown, State};
    use crate::domain::{Seq, UnixMs};

    fn report(position: Seq, painted_at: i64) -> Report {
        Report { position: Some(position), painted_at: UnixMs(painted_at), fps: 60, build: "7".to_owned(), width: 1_920, height: 1_080 }
    }

    #[test]
    fn each_fault_is_named_and_the_worst_first() {
        let mut shown = Shown::first(report(5, 1_000), 5, UnixMs(1_000));
        assert_eq!(shown.state(UnixMs(2_000)), State::Live);
        // Behind only once something has been missing for a while, and since then.
        shown.take(report(5, 5_900), 7, UnixMs(6_000));
        assert_eq!(shown.state(UnixMs(9_000)), State::Live);
        shown.take(report(6, 10_900), 9, UnixMs(11_000));
        assert_eq!(shown.state(UnixMs(11_000)), State::Behind(5_000));
        shown.take(report(7, 15_900), 12, UnixMs(16_000));
        assert_eq!(shown.state(UnixMs(16_000)), State::Live, "what was owed came; what is owed is new");
        shown.take(report(12, 20_900), 12, UnixMs(21_000));
        assert_eq!(shown.state(UnixMs(25_000)), State::Live);
        // The script runs on, the picture does not.
        for at in [26_000, 31_000] {
            shown.take(report(12, 20_900), 12, UnixMs(at));
        }
        assert_eq!(shown.state(UnixMs(31_000)), State::Frozen(UnixMs(21_000)));
        assert_eq!(shown.state(UnixMs(43_000)), State::Stale(UnixMs(31_000)));
        assert_eq!(shown.state(UnixMs(151_000)), State::Gone(UnixMs(31_000)));
        // A clock that is an hour ahead is no frozen picture.
        shown.take(report(12, 3_755_000), 12, UnixMs(155_000));
        assert_eq!(shown.state(UnixMs(155_000)), State::Clock(3_600_000));
    }

    #[test]
    fn who_was_never_heard_of_is_new() {
        assert_eq!(State::unheard(None, UnixMs(9)), State::New);
        assert_eq!(State::unheard(Some(UnixMs(1)), UnixMs(9)), State::Stale(UnixMs(1)));
        assert_eq!(State::unheard(Some(UnixMs(1)), UnixMs(200_000)), State::Gone(UnixMs(1)));
    }
}
