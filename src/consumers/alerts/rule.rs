//! When an alert fires: a plain function of what was seen and of the time. No IO, no clock.

use std::collections::VecDeque;

use super::hours;
use crate::domain::UnixMs;
use crate::store::{Alert, When};

/// How long a new value is told as firing at least, in milliseconds.
const FIRST_HOLDS_MS: i64 = 60_000;

/// What one alert remembers of the activities of its view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Times of the newest, as many as it counts to, oldest first.
    times: VecDeque<i64>,
    /// When the last came.
    last: Option<UnixMs>,
    /// New values that are told, oldest first: when and what.
    fresh: Vec<(UnixMs, String)>,
    /// How many there were, those that are told no more included.
    fresh_total: usize,
}

/// What is there beside activities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// The time.
    pub now: UnixMs,
    /// True when every activity up to now was seen: else nothing can be said of silence.
    pub is_caught_up: bool,
    /// Since when the path is broken.
    pub broken: Option<UnixMs>,
    /// Sources that broke their rhythm, by name, with when each was last heard of.
    pub silent: Vec<(String, UnixMs)>,
}

/// What is the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Quiet,
    /// It fires.
    Fires {
        /// Activities, values or sources.
        count: u64,
        /// Why, for people.
        reason: String,
    },
}

impl Seen {
    /// Takes note of an activity of the view, in the order of receipt.
    pub fn saw(&mut self, when: &When, at: UnixMs) {
        self.last = self.last.max(Some(at));
        if let When::Count { count, .. } = when {
            self.times.push_back(at.0);
            while self.times.len() > *count as usize {
                self.times.pop_front();
            }
        }
    }

    /// A value came that the view never had.
    pub fn saw_fresh(&mut self, at: UnixMs, value: String) {
        self.fresh.push((at, value));
        self.fresh_total += 1;
    }

    /// New values so far.
    pub fn fresh_total(&self) -> usize {
        self.fresh_total
    }

    /// Activities within so many seconds, as many as it counts to.
    pub fn counted(&self, within_s: u32, now: UnixMs) -> usize {
        let from = now.0 - i64::from(within_s) * 1_000;
        self.times.len() - self.times.partition_point(|at| *at <= from)
    }

    /// When the last activity of the view came.
    pub fn last(&self) -> Option<UnixMs> {
        self.last
    }

    /// What is the case; `None` where that cannot be said now. `made` is when the alert was made, `view` the name of its view.
    pub fn judge(&mut self, alert: &Alert, made: UnixMs, view: &str, around: &Around) -> Option<Verdict> {
        let now = around.now;
        let open_since = hours::open_since(alert.between.as_ref(), now).filter(|_| alert.enabled);
        let Some(open_since) = open_since else { return Some(Verdict::Quiet) };
        let zone = alert.between.as_ref().map_or("UTC", |between| &between.zone);
        let fires = |count, reason| Some(Verdict::Fires { count, reason });
        match &alert.when {
            When::Count { count, within_s } => {
                if self.counted(*within_s, now) < *count as usize {
                    return Some(Verdict::Quiet);
                }
                fires(
                    u64::from(*count),
                    format!("{count} or more activities in {view} within {}", hours::span(i64::from(*within_s) * 1_000)),
                )
            }
            When::Silent(silent_s) => {
                let since = self.last.unwrap_or_default().max(made).max(open_since);
                if now.0 - since.0 < i64::from(*silent_s) * 1_000 {
                    return Some(Verdict::Quiet);
                }
                if !around.is_caught_up {
                    return None;
                }
                fires(0, format!("no activity in {view} since {}", hours::told(since, zone)))
            }
            When::FirstBy(field) => {
                let holds = FIRST_HOLDS_MS.max(i64::from(alert.cooldown_s) * 1_000);
                self.fresh.retain(|(at, _)| now.0 - at.0 < holds);
                let mut names: Vec<&str> = self.fresh.iter().map(|(_, name)| name.as_str()).collect();
                let count = names.len();
                if count == 0 {
                    return Some(Verdict::Quiet);
                }
                names.truncate(5);
                let more = if count > 5 { format!(" and {} more", count - 5) } else { String::new() };
                fires(count as u64, format!("first {} in {view}: {}{more}", field.as_str(), names.join(", ")))
            }
            When::SourceSilent(name) => {
                let silent = around.silent.iter().filter(|(source, _)| name.as_ref().is_none_or(|name| name == source));
                let told: Vec<String> = silent.map(|(source, at)| format!("{source} is silent since {}", hours::told(*at, zone))).collect();
                if told.is_empty() { Some(Verdict::Quiet) } else { fires(told.len() as u64, told.join("; ")) }
            }
            When::Pulse => match around.broken {
                Some(since) => fires(0, format!("nothing can be stored or delivered since {}", hours::told(since, zone))),
                None => Some(Verdict::Quiet),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Alert, Around, Seen, UnixMs, Verdict, When};
    use crate::store::{Between, FirstBy};

    pub(super) fn alert(when: When) -> Alert {
        let (view, to, then) = (None, Vec::new(), Vec::new());
        Alert { view, when, to, cooldown_s: 0, between: None, enabled: true, note: None, then, events: crate::domain::Events::ALL }
    }

    fn fires(seen: &mut Seen, alert: &Alert, now: i64) -> bool {
        let around = Around { now: UnixMs(now), is_caught_up: true, ..Around::default() };
        matches!(seen.judge(alert, UnixMs(0), "Opens", &around), Some(Verdict::Fires { .. }))
    }

    proptest! {
        /// The definition: at least so many of all that ever came are younger than the span.
        #[test]
        fn a_count_is_that_of_the_definition(gaps in proptest::collection::vec(0_i64..40, 0..60), count in 1_u32..6, within_s in 1_u32..60, after in 0_i64..80) {
            let alert = alert(When::Count { count, within_s });
            let (mut seen, mut times, mut now) = (Seen::default(), Vec::new(), 0);
            for gap in gaps {
                now += gap * 1_000;
                seen.saw(&alert.when, UnixMs(now));
                times.push(now);
                for at in [now, now + after * 1_000] {
                    let younger = times.iter().filter(|time| at - **time < i64::from(within_s) * 1_000).count();
                    prop_assert_eq!(fires(&mut seen, &alert, at), younger >= count as usize);
                }
            }
        }

        /// The definition: the last came, or the alert was made, so long ago.
        #[test]
        fn silence_is_that_of_the_definition(gaps in proptest::collection::vec(0_i64..40, 0..20), silent_s in 1_u32..60, after in 0_i64..80) {
            let alert = alert(When::Silent(silent_s));
            let (mut seen, mut now) = (Seen::default(), 0);
            for gap in gaps {
                now += gap * 1_000;
                seen.saw(&alert.when, UnixMs(now));
            }
            prop_assert_eq!(fires(&mut seen, &alert, now + after * 1_000), after >= i64::from(silent_s));
        }
    }

    #[test]
    fn silence_is_not_told_by_who_has_not_read_everything() {
        let alert = alert(When::Silent(10));
        let behind = Around { now: UnixMs(60_000), ..Around::default() };
        assert_eq!(Seen::default().judge(&alert, UnixMs(0), "Opens", &behind), None);
        assert_eq!(Seen::default().judge(&alert, UnixMs(55_000), "Opens", &behind), Some(Verdict::Quiet), "it was just made");
    }

    #[test]
    fn what_rests_or_is_out_of_its_hours_is_quiet() {
        let night = Between { from: 1_320, to: 360, zone: "UTC".to_owned() };
        for alert in
            [Alert { enabled: false, ..alert(When::Silent(10)) }, Alert { between: Some(night.clone()), ..alert(When::Silent(10)) }]
        {
            assert!(!fires(&mut Seen::default(), &alert, 12 * 3_600_000), "{alert:?}");
        }
        // Silence before the hours began is none of theirs.
        let alert = Alert { between: Some(night), ..alert(When::Silent(1_800)) };
        assert!(!fires(&mut Seen::default(), &alert, 22 * 3_600_000 + 1_799_000));
        assert!(fires(&mut Seen::default(), &alert, 22 * 3_600_000 + 1_800_000));
    }

    #[test]
    fn new_values_sources_and_the_path() {
        let first = Alert { cooldown_s: 300, ..alert(When::FirstBy(FirstBy::Partner)) };
        let mut seen = Seen::default();
        assert!(!fires(&mut seen, &first, 0));
        (0..7).for_each(|n| seen.saw_fresh(UnixMs(1_000), format!("P{n}")));
        let around = Around { now: UnixMs(2_000), ..Around::default() };
        let Some(Verdict::Fires { count: 7, reason }) = seen.judge(&first, UnixMs(0), "Opens", &around) else { panic!("fires") };
        assert_eq!(reason, "first partner in Opens: P0, P1, P2, P3, P4 and 2 more");
        assert!(fires(&mut seen, &first, 300_999) && !fires(&mut seen, &first, 301_000));

        let silent = vec![("Mail".to_owned(), UnixMs(0)), ("Desk".to_owned(), UnixMs(0))];
        let around = Around { silent, broken: Some(UnixMs(0)), ..Around::default() };
        let judged = |when: When| match Seen::default().judge(&alert(when), UnixMs(0), "", &around) {
            Some(Verdict::Fires { count, .. }) => Some(count),
            _ => None,
        };
        assert_eq!(judged(When::SourceSilent(None)), Some(2));
        assert_eq!(judged(When::SourceSilent(Some("Desk".to_owned()))), Some(1));
        assert_eq!(judged(When::SourceSilent(Some("Site".to_owned()))), None);
        assert_eq!(judged(When::Pulse), Some(0));
    }
}
