//! At which speed a log is played.

use std::str::FromStr;

use crate::domain::UnixMs;

/// Speed of a play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As fast as the server takes it; times stay as they are.
    Max,
    /// So many seconds of the log in one second; times are moved so that the log plays now.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<f64>()) {
            ("max", _) => Ok(Self::Max),
            (_, Ok(times)) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err("must be max or a number above 0; 60 plays an hour in a minute".to_owned()),
        }
    }
}

/// Milliseconds that nothing plays at most: a longer gap of the log is cut to that, in either direction. One wrong time
/// stops no play.
pub const GAP_MS_MAX: i64 = 10_000;

/// Moves the times of a log to now.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    started: UnixMs,
    first: Option<UnixMs>,
    times: f64,
    /// What gaps were cut by, in milliseconds of the play.
    cut: i64,
    last: UnixMs,
}

impl Pace {
    /// A play that starts now.
    pub fn new(started: UnixMs, times: f64) -> Self {
        Self { started, first: None, times, cut: 0, last: started }
    }

    /// When something that the log has at `at` happens in this play, and whether the gap before it was cut. The first line
    /// happens at the start; a line that is out of order by going back happens at the same distance before.
    pub fn moment(&mut self, at: UnixMs) -> (UnixMs, bool) {
        let first = *self.first.get_or_insert(at);
        let distance = at.0.saturating_sub(first.0) as f64 / self.times;
        let wanted = self.started.0.saturating_add(distance as i64).saturating_sub(self.cut);
        let moment = wanted.clamp(self.last.0.saturating_sub(GAP_MS_MAX), self.last.0.saturating_add(GAP_MS_MAX));
        self.cut = self.cut.saturating_add(wanted.saturating_sub(moment));
        self.last = UnixMs(moment);
        (self.last, moment != wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::{GAP_MS_MAX, Pace, Speed};
    use crate::domain::UnixMs;

    #[test]
    fn reads_speeds() {
        for (given, want) in [("max", Speed::Max), ("1", Speed::Times(1.0)), ("0.5", Speed::Times(0.5)), ("3600", Speed::Times(3_600.0))] {
            assert_eq!(given.parse::<Speed>(), Ok(want));
        }
        for bad in ["", "fast", "0", "-1", "inf", "NaN"] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }

    #[test]
    fn moves_times() {
        let mut pace = Pace::new(UnixMs(1_000_000), 10.0);
        for (at, want) in [(50_000, 1_000_000), (60_000, 1_001_000), (40_000, 999_000)] {
            assert_eq!(pace.moment(UnixMs(at)), (UnixMs(want), false));
        }
    }

    #[test]
    fn one_bad_time_stops_no_play() {
        let day = 86_400_000;
        let (start, far) = (100 * day, 27_000 * day);
        for speed in [0.5, 60.0] {
            let mut pace = Pace::new(UnixMs(1_000_000), speed);
            let played: Vec<_> = [start, start + far, start + 60, 0, start + 120].map(|at| pace.moment(UnixMs(at))).to_vec();
            let bad = [played[1], played[3]];
            assert!(bad.iter().all(|(_, cut)| *cut) && !played[0].1, "{played:?}");
            for pair in played.windows(2) {
                assert!((pair[1].0.0 - pair[0].0.0).abs() <= GAP_MS_MAX, "{played:?}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_gap_is_longer(times in proptest::collection::vec(proptest::num::i64::ANY, 1..20), speed in 0.001f64..1e6) {
            let mut pace = Pace::new(UnixMs(1_795_338_843_120), speed);
            let mut last = 1_795_338_843_120;
            for at in times {
                let (moment, _) = pace.moment(UnixMs(at));
                proptest::prop_assert!((moment.0 - last).abs() <= GAP_MS_MAX);
                last = moment.0;
            }
        }
    }
}
