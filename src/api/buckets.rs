//! Where the buckets of a histogram begin: whole minutes, hours or days of a time zone, daylight saving included.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::limits::HISTOGRAM_BUCKETS_MAX;
use crate::domain::{Invalid, UnixMs};

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of the zone: 23 to 25 hours.
    Day,
}

impl Width {
    /// Reads the word.
    ///
    /// # Errors
    /// One fault that lists the words.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "minute" => Ok(Self::Minute),
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            _ => Err(Invalid::one("", "unknown_value", "must be one of: minute hour day")),
        }
    }

    /// The span that is counted when the caller gives no `since`, in milliseconds.
    pub const fn default_span_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Self::Minute => HOUR_MS,
            Self::Hour => 48 * HOUR_MS,
            Self::Day => 30 * 24 * HOUR_MS,
        }
    }

    const fn shortest_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 23 * 3_600_000,
        }
    }
}

/// Reads a time zone by its IANA name.
///
/// # Errors
/// One fault.
pub fn parse_zone(text: &str) -> Result<TimeZone, Invalid> {
    let plain = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
    let found = if plain { jiff::tz::db().get(text).ok() } else { None };
    found.ok_or_else(|| Invalid::one("", "unknown_zone", "must be an IANA time zone, as in Europe/Berlin or UTC"))
}

/// The starts of the buckets that cover [`since`, `until`), ascending; the first is at or before `since`.
///
/// # Errors
/// One fault on `bucket` or `since` when there would be too many, or the time is out of the calendar.
pub fn starts(width: Width, zone: &TimeZone, since: UnixMs, until: UnixMs) -> Result<Vec<UnixMs>, Invalid> {
    if since >= until {
        return Ok(Vec::new());
    }
    if until.0.saturating_sub(since.0) / width.shortest_ms() > 2 * HISTOGRAM_BUCKETS_MAX as i64 {
        return Err(too_many());
    }
    let out_of_range = |_| Invalid::one("since", "out_of_range", "must be a time between the years -9999 and 9999");
    let end = Timestamp::from_millisecond(until.0).map_err(out_of_range)?;
    let mut at = floor(width, zone, Timestamp::from_millisecond(since.0).map_err(out_of_range)?).map_err(out_of_range)?;
    let mut found = Vec::new();
    while at < end {
        if found.len() == HISTOGRAM_BUCKETS_MAX {
            return Err(too_many());
        }
        found.push(UnixMs(at.as_millisecond()));
        at = following(width, zone, at).map_err(out_of_range)?;
    }
    Ok(found)
}

fn too_many() -> Invalid {
    let message = format!("would give more than {HISTOGRAM_BUCKETS_MAX} buckets; take a wider bucket, or since and until closer together");
    Invalid::one("bucket", "too_many", message)
}

fn floor(width: Width, zone: &TimeZone, at: Timestamp) -> Result<Timestamp, jiff::Error> {
    if width == Width::Day {
        return Ok(at.to_zoned(zone.clone()).start_of_day()?.timestamp());
    }
    let offset_ms = i64::from(zone.to_offset(at).seconds()) * 1_000;
    let into = (at.as_millisecond() + offset_ms).rem_euclid(width.shortest_ms());
    Timestamp::from_millisecond(at.as_millisecond() - into)
}

fn following(width: Width, zone: &TimeZone, at: Timestamp) -> Result<Timestamp, jiff::Error> {
    if width == Width::Day {
        return Ok(at.to_zoned(zone.clone()).tomorrow()?.start_of_day()?.timestamp());
    }
    let next = at.checked_add(SignedDuration::from_millis(width.shortest_ms()))?;
    // Where the offset changes by half an hour, the hour after begins at the zone's next whole one.
    let whole = floor(width, zone, next)?;
    Ok(if whole > at { whole } else { next })
}

#[cfg(test)]
mod tests {
    use super::{Width, parse_zone, starts};
    use crate::domain::UnixMs;

    fn check(width: Width, zone: &str, since: &str, until: &str, want: Result<&[&str], &str>) {
        let at = |text| UnixMs::parse(text).expect("time");
        let got = starts(width, &parse_zone(zone).expect("zone"), at(since), at(until));
        let got = got.map(|s| s.iter().map(|t| t.to_string().replace(":00.000Z", "")).collect::<Vec<_>>());
        let got = got.map_err(|invalid| invalid.faults[0].code);
        assert_eq!(got, want.map(|w| w.iter().map(|s| (*s).to_owned()).collect()), "{width:?} {zone} {since} {until}");
    }

    #[test]
    fn minutes_hours_and_days() {
        check(Width::Minute, "UTC", "2026-11-22T09:14:03Z", "2026-11-22T09:16:00Z", Ok(&["2026-11-22T09:14", "2026-11-22T09:15"]));
        check(Width::Hour, "Asia/Kolkata", "2026-11-22T09:14:03Z", "2026-11-22T10:00:00Z", Ok(&["2026-11-22T08:30", "2026-11-22T09:30"]));
        check(Width::Day, "UTC", "2026-11-22T09:14:03Z", "2026-11-22T09:14:03Z", Ok(&[]));
        check(Width::Day, "UTC", "2026-11-22T09:14:03Z", "2020-11-22T09:14:03Z", Ok(&[]));
    }

    #[test]
    fn days_are_as_long_as_the_zone_says() {
        // 29 March 2026 has 23 hours in Berlin, 25 October 25.
        check(
            Width::Day,
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z",
            Ok(&["2026-03-27T23:00", "2026-03-28T23:00", "2026-03-29T22:00"]),
        );
        check(Width::Day, "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-26T12:00:00Z", Ok(&["2026-10-24T22:00", "2026-10-25T23:00"]));
    }

    #[test]
    fn bounded_with_a_cure() {
        check(Width::Minute, "UTC", "2026-11-01T00:00:00Z", "2026-11-02T09:20:00Z", Ok(&all_minutes()));
        check(Width::Minute, "UTC", "2026-11-01T00:00:00Z", "2026-11-02T09:21:00Z", Err("too_many"));
        check(Width::Minute, "UTC", "1970-01-01T00:00:00Z", "2026-11-02T09:21:00Z", Err("too_many"));
        assert!(parse_zone("Mars/Olympus").is_err());
        assert!(parse_zone("../../etc/passwd").is_err());
    }

    fn all_minutes() -> Vec<&'static str> {
        let start = UnixMs::parse("2026-11-01T00:00:00Z").expect("time").0;
        let text = |m: i64| UnixMs(start + m * 60_000).to_string().replace(":00.000Z", "");
        (0..2_000).map(|m| &*Box::leak(text(m).into_boxed_str())).collect()
    }
}
