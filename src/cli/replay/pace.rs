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

/// Moves the times of a log to now.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    started: UnixMs,
    first: Option<UnixMs>,
    times: f64,
}

impl Pace {
    /// A play that starts now.
    pub fn new(started: UnixMs, times: f64) -> Self {
        Self { started, first: None, times }
    }

    /// When something that the log has at `at` happens in this play. The first line happens at the start; a line that
    /// is out of order by going back happens at the same distance before.
    pub fn moment(&mut self, at: UnixMs) -> UnixMs {
        let first = *self.first.get_or_insert(at);
        let distance = (at.0 - first.0) as f64 / self.times;
        UnixMs(self.started.0.saturating_add(distance as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Speed};
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
            assert_eq!(pace.moment(UnixMs(at)), UnixMs(want));
        }
    }
}
