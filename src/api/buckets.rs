//! Which bucket of a histogram an instant counts for: whole minutes, hours or days of the wall clock of a time zone,
//! wherever that is put forward or back.

use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, Timestamp, Unit, ZonedRound};

use crate::domain::limits::HISTOGRAM_BUCKETS_MAX;
use crate::domain::{Invalid, UnixMs};
use crate::store::Stretch;

/// Stretches behind which a bucket does not come again: a clock that goes back over days is unheard of, over an hour usual.
const TURNED_BACK_MAX: usize = 4;

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

    /// What a wall clock shows from one start to the next.
    const fn shown_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 24 * 3_600_000,
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

/// What of [`since`, `until`) counts for which bucket, ascending: each instant for the bucket of its own wall clock. The
/// bucket of the first one begins at or before `since`. Where the clock goes back over the start of a bucket, that bucket
/// comes twice; a bucket of minutes or hours that is there in full a second time is another one.
///
/// # Errors
/// One fault on `bucket`, `since` or `until` when there would be too many, or the time is out of the calendar.
pub fn stretches(width: Width, zone: &TimeZone, since: UnixMs, until: UnixMs) -> Result<Vec<Stretch>, Invalid> {
    if since >= until {
        return Ok(Vec::new());
    }
    if until.0.saturating_sub(since.0) / width.shortest_ms() > 2 * HISTOGRAM_BUCKETS_MAX as i64 {
        return Err(too_many());
    }
    let out_of_range = |field: &str| Invalid::one(field, "out_of_range", "must be a time between the years -9999 and 9999");
    let end = Timestamp::from_millisecond(until.0).map_err(|_| out_of_range("until"))?;
    let mut at = Timestamp::from_millisecond(since.0).map_err(|_| out_of_range("since"))?;
    let mut transition = following(zone, at);
    let mut found: Vec<Stretch> = Vec::new();
    let mut buckets = 0;
    while at < end {
        let bucket = UnixMs(bucket_of(width, zone, at).map_err(|_| out_of_range("since"))?.as_millisecond());
        if found.last().is_none_or(|last| last.bucket != bucket) {
            buckets += usize::from(found.iter().rev().take(TURNED_BACK_MAX).all(|earlier| earlier.bucket != bucket));
            found.push(Stretch { from: UnixMs(at.as_millisecond()), bucket });
        }
        if buckets > HISTOGRAM_BUCKETS_MAX {
            return Err(too_many());
        }
        if transition.is_some_and(|turn| turn <= at) {
            transition = following(zone, at);
        }
        let next = Timestamp::from_millisecond(at.as_millisecond() + to_next(width, zone, at)).map_err(|_| out_of_range("until"))?;
        at = transition.map_or(next, |turn| turn.min(next));
    }
    Ok(found)
}

fn too_many() -> Invalid {
    let message = format!("would give more than {HISTOGRAM_BUCKETS_MAX} buckets; take a wider bucket, or since and until closer together");
    Invalid::one("bucket", "too_many", message)
}

fn following(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    zone.following(at).next().map(|transition| transition.timestamp())
}

/// Milliseconds from an instant to where the wall clock shows the next minute, hour or day, were it not changed before.
fn to_next(width: Width, zone: &TimeZone, at: Timestamp) -> i64 {
    let shown_ms = at.as_millisecond() + i64::from(zone.to_offset(at).seconds()) * 1_000;
    width.shown_ms() - shown_ms.rem_euclid(width.shown_ms())
}

/// Where the bucket of an instant begins: where its wall clock, cut to the minute, hour or day, was shown; at the offset
/// of the instant if it was shown at that, else the first time.
fn bucket_of(width: Width, zone: &TimeZone, at: Timestamp) -> Result<Timestamp, jiff::Error> {
    let shown = at.to_zoned(zone.clone());
    let cut = |unit| shown.round(ZonedRound::new().smallest(unit).mode(RoundMode::Trunc));
    let start = match width {
        Width::Minute => cut(Unit::Minute)?,
        Width::Hour => cut(Unit::Hour)?,
        Width::Day => shown.start_of_day()?,
    };
    let start = start.timestamp();
    // It was never shown: the clock went forward over it, and the bucket begins there.
    let turn = || zone.preceding(at + SignedDuration::from_nanos(1)).next().map(|transition| transition.timestamp());
    Ok(if start > at { turn().unwrap_or(at) } else { start })
}

#[cfg(test)]
mod tests;
