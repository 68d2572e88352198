//! Instants, to the millisecond, in UTC.

use std::fmt;

use super::invalid::Invalid;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Reads RFC 3339 with any offset; finer digits than milliseconds are cut off.
    ///
    /// # Errors
    /// One fault; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::one("", "time_form", "must be a time in RFC 3339, as in 2026-11-22T09:14:03.120Z");
        // jiff takes more than RFC 3339 (a bracketed zone, a comma): hold it to the form.
        let bytes = text.as_bytes();
        let plain = (20..=40).contains(&bytes.len())
            && bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b':' | b'.' | b'T' | b't' | b'Z' | b'z'));
        if !plain {
            return Err(wrong());
        }
        // RFC 3339 has offsets below a day; jiff goes on to 25:59.
        let offset = &bytes[bytes.len() - 6..];
        if matches!(offset[0], b'+' | b'-') && (offset[1..3] > b"23"[..] || offset[4..] > b"59"[..]) {
            return Err(wrong());
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        Ok(Self(at.as_millisecond()))
    }

    /// Milliseconds from `earlier` to this, 0 when it is not earlier.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

impl fmt::Display for UnixMs {
    /// RFC 3339 in UTC with milliseconds: `2026-11-22T09:14:03.120Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400_000);
        let in_day = self.0.rem_euclid(86_400_000);
        let (year, month, day) = civil(days);
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, milli) = (in_day / 1_000 % 60, in_day % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

/// Year, month and day of a day number counted from 1970-01-01 in the proleptic Gregorian calendar, after
/// Howard Hinnant, "chrono-compatible low-level date algorithms" (`civil_from_days`). Every stored body and
/// receipt is formatted, so this stays off the general formatter.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::UnixMs;

    #[test]
    fn reads_and_writes() {
        for (given, want) in [
            ("2026-11-22T09:14:03.120Z", "2026-11-22T09:14:03.120Z"),
            ("2026-11-22T10:14:03.1209999+01:00", "2026-11-22T09:14:03.120Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("2026-11-22T09:14:03-00:00", "2026-11-22T09:14:03.000Z"),
            ("2026-11-23T09:13:03+23:59", "2026-11-22T09:14:03.000Z"),
            ("2000-02-29T23:59:59.999Z", "2000-02-29T23:59:59.999Z"),
        ] {
            assert_eq!(UnixMs::parse(given).expect(given).to_string(), want);
        }
        for bad in [
            "",
            "yesterday",
            "2026-11-22",
            "2026-11-22T09:14:03",
            "2026-13-22T09:14:03Z",
            "2026-11-22T09:14:03Z[UTC]",
            "2026-11-22T09:14:03+25:00",
            "2026-11-22T09:14:03-24:00",
            "2026-11-22T09:14:03+23:60",
        ] {
            assert!(UnixMs::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_calendar_library(ms in 0i64..253_402_300_799_000) {
            let at = UnixMs(ms);
            let library = jiff::Timestamp::from_millisecond(ms).expect("in range");
            proptest::prop_assert_eq!(at.to_string(), format!("{library:.3}"));
            proptest::prop_assert_eq!(UnixMs::parse(&at.to_string()).expect("own text"), at);
        }
    }
}
