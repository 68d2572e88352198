//! Buckets by hand, and against a walk along the wall clock around the changes of any zone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{Width, parse_zone, stretches};
use crate::domain::UnixMs;
use crate::store::Stretch;

fn check(width: Width, zone: &str, since: &str, until: &str, want: Result<&[&str], &str>) {
    let at = |text| UnixMs::parse(text).expect("time");
    let got = stretches(width, &parse_zone(zone).expect("zone"), at(since), at(until));
    let got = got.map(|s| s.iter().map(|s| s.bucket.to_string().replace(":00.000Z", "")).collect::<Vec<_>>());
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

/// Where the clock goes back by half an hour, the hour lasts that much longer; by a whole one, it comes again. A day
/// that was left for a minute is gone on with.
#[test]
fn a_clock_that_goes_back_and_forward() {
    check(
        Width::Hour,
        "Australia/Lord_Howe",
        "2026-04-04T13:00:00Z",
        "2026-04-04T16:00:00Z",
        Ok(&["2026-04-04T13:00", "2026-04-04T14:00", "2026-04-04T15:30"]),
    );
    check(
        Width::Hour,
        "Australia/Lord_Howe",
        "2026-10-03T14:45:00Z",
        "2026-10-03T16:30:00Z",
        Ok(&["2026-10-03T14:30", "2026-10-03T15:30", "2026-10-03T16:00"]),
    );
    check(Width::Hour, "America/Caracas", "2007-12-09T06:00:00Z", "2007-12-09T07:40:00Z", Ok(&["2007-12-09T06:00", "2007-12-09T07:30"]));
    check(Width::Hour, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", Ok(&["2026-10-25T00:00", "2026-10-25T01:00"]));
    check(
        Width::Day,
        "America/St_Johns",
        "2006-10-28T12:00:00Z",
        "2006-10-30T12:00:00Z",
        Ok(&["2006-10-28T02:30", "2006-10-29T02:30", "2006-10-28T02:30", "2006-10-29T02:30", "2006-10-30T03:30"]),
    );
}

fn all_minutes() -> Vec<&'static str> {
    let start = UnixMs::parse("2026-11-01T00:00:00Z").expect("time").0;
    let text = |m: i64| UnixMs(start + m * 60_000).to_string().replace(":00.000Z", "");
    (0..2_000).map(|m| &*Box::leak(text(m).into_boxed_str())).collect()
}

/// Zones whose clocks changed oddly: by less than an hour, over midnight, by days, at odd minutes.
const ODD: [&str; 16] = [
    "Australia/Lord_Howe",
    "America/Caracas",
    "America/St_Johns",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Gaza",
    "Africa/Monrovia",
    "Africa/Casablanca",
    "America/Havana",
    "America/Sao_Paulo",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Europe/Berlin",
];
/// How finely the walk goes, in milliseconds: since 1970 no clock was changed at a finer time of the day than half a minute.
const STEP_MS: i64 = 30_000;
const DAY_MS: i64 = 86_400_000;

/// A change of a zone, or any time where it has none.
fn any_change() -> impl Strategy<Value = (String, i64)> {
    let zones: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).filter(|name| parse_zone(name).is_ok()).collect();
    let zone = prop_oneof![ODD[..].iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().prop_select(), zones.prop_select()];
    (zone, 86_400_000i64 * 30..2_100_000_000_000).prop_map(|(name, at)| {
        let zone = parse_zone(&name).expect("a zone");
        let at = Timestamp::from_millisecond(at).expect("in the calendar");
        let change = zone.preceding(at).next().or_else(|| zone.following(at).next()).map(|change| change.timestamp());
        let at = change.unwrap_or(at).as_millisecond().max(30 * DAY_MS).div_euclid(STEP_MS) * STEP_MS;
        (name, at)
    })
}

trait Select {
    fn prop_select(self) -> BoxedStrategy<String>;
}

impl Select for Vec<String> {
    fn prop_select(self) -> BoxedStrategy<String> {
        proptest::sample::select(self).boxed()
    }
}

/// Walks along the wall clock and notes for each instant where its bucket begins: where the clock first showed that date,
/// or that hour or minute; anew where it showed the very beginning of one again.
fn walked(width: Width, zone: &TimeZone, from: i64, to: i64) -> BTreeMap<i64, i64> {
    let mut begun: BTreeMap<(jiff::civil::Date, i8, i8), i64> = BTreeMap::new();
    let mut buckets = BTreeMap::new();
    for at in (from..to).step_by(usize::try_from(STEP_MS).expect("small")) {
        let shown = zone.to_datetime(Timestamp::from_millisecond(at).expect("in the calendar"));
        let (label, begins) = match width {
            Width::Day => ((shown.date(), 0, 0), false),
            Width::Hour => ((shown.date(), shown.hour(), 0), shown.minute() == 0 && shown.second() == 0),
            Width::Minute => ((shown.date(), shown.hour(), shown.minute()), shown.second() == 0),
        };
        if begins {
            begun.insert(label, at);
        }
        buckets.insert(at, *begun.entry(label).or_insert(at));
    }
    buckets
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn each_instant_is_in_the_bucket_of_its_own_wall_clock(
        (name, change) in any_change(),
        width in prop_oneof![Just(Width::Minute), Just(Width::Hour), Just(Width::Day)],
        since in -5 * 3_600_000i64..3_600_000,
        long in 1i64..6 * 3_600_000,
    ) {
        let zone = parse_zone(&name).expect("a zone");
        // The walk begins two days before, so that it has seen where the first bucket begins.
        let (since, until) = (change + since.div_euclid(STEP_MS) * STEP_MS, change + since + long);
        let walked = walked(width, &zone, since - 2 * DAY_MS, until);
        let stretches: Vec<Stretch> = stretches(width, &zone, UnixMs(since), UnixMs(until)).expect("few");
        prop_assert!(stretches.windows(2).all(|pair| pair[0].from < pair[1].from && pair[0].bucket != pair[1].bucket));
        for (at, bucket) in walked.range(since..) {
            let stretch = stretches.iter().rev().find(|stretch| stretch.from.0 <= *at).expect("begun at or before since");
            prop_assert_eq!(stretch.bucket, UnixMs(*bucket), "{} {:?} at {}, changed at {}", name, width, UnixMs(*at), UnixMs(change));
        }
    }
}
