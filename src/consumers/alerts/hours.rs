//! The hours in which an alert stands, and times as people read them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::domain::UnixMs;
use crate::store::Between;

/// Minutes of a day.
const DAY: i64 = 24 * 60;

fn local(at: UnixMs, zone: &str) -> Option<Zoned> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Some(Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone))
}

/// Since when hours have been open; `None` while they are not. Without any they always were.
pub(super) fn open_since(hours: Option<&Between>, now: UnixMs) -> Option<UnixMs> {
    let Some(hours) = hours else { return Some(UnixMs(0)) };
    let Some(here) = local(now, &hours.zone) else { return Some(UnixMs(0)) };
    let minute = i64::from(here.hour()) * 60 + i64::from(here.minute());
    let (open, whole) = ((minute - i64::from(hours.from)).rem_euclid(DAY), (i64::from(hours.to) - i64::from(hours.from)).rem_euclid(DAY));
    // From and to at the same minute are a whole day.
    (whole == 0 || open < whole).then(|| UnixMs(now.0 - open * 60_000 - now.0.rem_euclid(60_000)))
}

/// As in `14:05 on 26 November (Europe/Berlin)`.
pub(super) fn told(at: UnixMs, zone: &str) -> String {
    local(at, zone).map_or_else(|| at.to_string(), |here| format!("{} ({zone})", here.strftime("%H:%M on %-d %B")))
}

/// As in `2026-11-26 14:05 (Europe/Berlin)`.
pub(super) fn plain(at: UnixMs, zone: &str) -> String {
    local(at, zone).map_or_else(|| at.to_string(), |here| format!("{} ({zone})", here.strftime("%Y-%m-%d %H:%M")))
}

/// As in `12 min`, `3 h`: what every language reads.
pub(super) fn short(ms: i64) -> String {
    match ms.max(0) / 1_000 {
        seconds @ ..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// As in `14:05`.
pub(super) fn clock(at: UnixMs, zone: &str) -> String {
    local(at, zone).map_or_else(|| at.to_string(), |here| here.strftime("%H:%M").to_string())
}

/// As in `12 min`.
pub(super) fn span(ms: i64) -> String {
    match ms.max(0) / 1_000 {
        seconds @ ..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{Between, UnixMs, open_since, span, told};

    fn at(text: &str) -> UnixMs {
        UnixMs::parse(text).expect("a time")
    }

    #[test]
    fn hours_open_and_close_in_their_zone() {
        let hours = |from, to| Between { from, to, zone: "Europe/Berlin".to_owned() };
        let day = hours(540, 1_020);
        for (text, since) in [
            ("2026-11-26T07:59:59Z", None),
            ("2026-11-26T08:00:00Z", Some("2026-11-26T08:00:00Z")),
            ("2026-11-26T15:59:59Z", Some("2026-11-26T08:00:00Z")),
            ("2026-11-26T16:00:00Z", None),
            // In summer the clock is another.
            ("2026-07-26T07:30:00Z", Some("2026-07-26T07:00:00Z")),
        ] {
            assert_eq!(open_since(Some(&day), at(text)), since.map(at), "{text}");
        }
        let night = hours(1_320, 360);
        for (text, since) in [
            ("2026-11-26T21:00:00Z", Some("2026-11-26T21:00:00Z")),
            ("2026-11-27T04:00:30Z", Some("2026-11-26T21:00:00Z")),
            ("2026-11-27T05:00:00Z", None),
        ] {
            assert_eq!(open_since(Some(&night), at(text)), since.map(at), "{text}");
        }
        assert!(open_since(Some(&hours(600, 600)), at("2026-11-26T02:00:00Z")).is_some(), "a whole day");
        assert_eq!(open_since(None, at("2026-11-26T02:00:00Z")), Some(UnixMs(0)));
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(told(at("2026-11-26T13:05:00Z"), "Europe/Berlin"), "14:05 on 26 November (Europe/Berlin)");
        assert_eq!(
            [span(0), span(119_000), span(900_000), span(7_200_000), span(200_000_000)],
            ["0 s", "119 s", "15 min", "2 hours", "2 days"]
        );
    }
}
