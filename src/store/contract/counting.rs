//! Counts with their barrier, histograms, and the parts of facets that a definition does not give.

use super::{Bounds, NOW, Open, Subject, activity, key};
use crate::domain::{Client, NewActivity, UnixMs};
use crate::filter::{Field, FilterSet};
use crate::store::{Bucket, FacetQuery, FacetValue, Facets, HistogramQuery, Stretch};

fn filter(pairs: &[(&str, &str)]) -> FilterSet {
    FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set")
}

pub(crate) async fn counts_and_barriers(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let count = |pairs: &[(&str, &str)], from, to| subject.store.log.count(subject.workspace, filter(pairs), from, to);
    let empty = count(&[], 0, 0).await.expect("count");
    assert_eq!((empty.stored, empty.since, empty.barrier), (0, None, 0));
    for number in 0..10u128 {
        subject.clock.set(UnixMs(NOW.0 + i64::try_from(number).expect("small")));
        let partner = if number % 2 == 0 { "acme" } else { "globex" };
        subject.append(vec![activity(number, "page.viewed", "expo", partner)]).await;
    }
    for (pairs, from, to, want) in [
        (&[][..], 0, 10, 10),
        (&[][..], 3, 3, 0),
        (&[][..], 3, 8, 5),
        (&[("partner", "acme")], 0, 10, 5),
        (&[("partner", "acme")], 1, 3, 1),
        (&[("not.partner", "acme")], 0, 9, 4),
    ] {
        let count = count(pairs, from, to).await.expect("count");
        let since = UnixMs(NOW.0 + i64::try_from(from).expect("small"));
        assert_eq!((count.stored, count.since, count.barrier), (want, Some(since), 0), "{pairs:?} in ({from}, {to}]");
    }
    // The barrier is the last entry that is no activity, also above `to`.
    let sent = NewActivity { message: Some(key("welcome")), ..activity(20, "message.sent", "expo", "acme") };
    subject.append(vec![sent]).await;
    let late = count(&[("message", "welcome")], 0, 10).await.expect("count");
    assert_eq!((late.stored, late.barrier), (5, 12));
    assert_eq!(count(&[], 12, 12).await.expect("count").since, None);
}

pub(crate) async fn histogram_by_bucket(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let minutes = [0, 0, 59, 60, 61, 119, 120, 500];
    let at = |minute: i64| UnixMs(NOW.0 - 86_400_000 + minute * 60_000);
    let made = minutes.iter().enumerate().map(|(n, m)| {
        let partner = if n % 2 == 0 { "acme" } else { "globex" };
        NewActivity { occurred_at: at(*m), ..activity(n as u128, "page.viewed", "expo", partner) }
    });
    subject.append(made.collect()).await;
    let bucket = |minute, count| Bucket { start: at(minute), count };
    let begun = |since: UnixMs, starts: Vec<i64>| {
        let stretches = starts.into_iter().map(|start| Stretch { from: at(start).max(since), bucket: at(start) });
        stretches.collect::<Vec<_>>()
    };
    for (pairs, since, until, starts, want) in [
        (&[][..], 0, 501, vec![0, 60, 120, 180], vec![bucket(0, 3), bucket(60, 3), bucket(120, 1), bucket(180, 1)]),
        (&[][..], 0, 500, vec![0, 60, 120, 180], vec![bucket(0, 3), bucket(60, 3), bucket(120, 1)]),
        (&[][..], 59, 120, vec![59, 60], vec![bucket(59, 1), bucket(60, 3)]),
        // Since lies inside the first bucket.
        (&[][..], 30, 120, vec![0, 60], vec![bucket(0, 1), bucket(60, 3)]),
        // A day of 23 hours among others.
        (&[][..], 0, 501, vec![0, 50, 119], vec![bucket(0, 2), bucket(50, 3), bucket(119, 3)]),
        (&[("partner", "acme")], 0, 501, vec![0, 60], vec![bucket(0, 2), bucket(60, 2)]),
        (&[("partner", "nobody")], 0, 501, vec![0, 60], vec![]),
        (&[][..], 0, 501, vec![], vec![]),
    ] {
        let query = HistogramQuery { filter: filter(pairs), up_to: None, stretches: begun(at(since), starts), until: at(until) };
        let histogram = subject.store.log.histogram(subject.workspace, query.clone()).await.expect("histogram");
        assert_eq!(histogram.left, None);
        assert_eq!(histogram.items, want, "{query:?}");
        let nothing = HistogramQuery { up_to: Some(0), ..query };
        assert_eq!(subject.store.log.histogram(subject.workspace, nothing).await.expect("histogram").items, []);
    }
    // What lies above a place in the log is left out, wherever in time it is.
    let pinned = HistogramQuery { filter: filter(&[]), up_to: Some(4), stretches: begun(at(0), vec![0, 60]), until: at(501) };
    let found = subject.store.log.histogram(subject.workspace, pinned).await.expect("histogram");
    assert_eq!(found.items, [bucket(0, 3), bucket(60, 1)]);
}

async fn facets(subject: &Subject, pairs: &[(&str, &str)], by: &[Field], values_max: usize) -> Facets {
    let query = FacetQuery { filter: filter(pairs), within: FilterSet::default(), by: by.to_vec(), since: None, until: None, values_max };
    subject.store.log.facets(subject.workspace, query).await.expect("facets")
}

fn value(value: &str, label: Option<&str>, count: u64) -> FacetValue {
    FacetValue { value: value.to_owned(), label: label.map(str::to_owned), count }
}

pub(crate) async fn facets_list_the_directory(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let put = |partner: &str, name: &str, tags: &[&str]| subject.partner("expo", partner, name, tags);
    let event = |event: &str, name: &str| subject.event(event, name);
    subject
        .commit(vec![
            event("Expo", "Expo 2026"),
            event("fair", "Fair"),
            put("Acme", "Acme Inc", &["Gold"]),
            put("quiet", "Quiet", &["Old"]),
        ])
        .await;
    let client = |name: &str| Some(Client { name: name.to_owned(), version: None });
    let on =
        |number, partner: &str| NewActivity { browser: client("Internet Explorer"), ..activity(number, "page.viewed", "expo", partner) };
    let elsewhere = activity(4, "message.opened", "fair", "acme");
    subject.append(vec![on(1, "acme"), on(2, "acme"), on(3, "globex"), elsewhere]).await;

    // Without an event: what there is, most frequent first; one key in two events counts once.
    let plain = facets(&subject, &[], &[Field::Partner, Field::Browser, Field::Flavor, Field::Event], 100).await;
    assert_eq!(plain.total, 4);
    assert_eq!(plain.by[0].1, [value("Acme", Some("Acme Inc"), 3), value("globex", Some("globex"), 1)]);
    assert_eq!(plain.by[1].1, [value("Internet Explorer", None, 3)], "the display name");
    let flavors = [value("page.viewed", Some("Page viewed"), 3), value("message.opened", Some("Opened the message"), 1)];
    assert_eq!(plain.by[2].1, flavors);
    assert_eq!(plain.by[3].1, [value("Expo", Some("Expo 2026"), 3), value("fair", Some("Fair"), 1)]);

    // With one event: everybody in it, at 0 too, and tags with their spelling.
    let in_expo = facets(&subject, &[("event", "expo")], &[Field::Partner, Field::Tag, Field::Event], 1).await;
    let partners = [value("Acme", Some("Acme Inc"), 2), value("globex", Some("globex"), 1), value("quiet", Some("Quiet"), 0)];
    assert_eq!(in_expo.by[0].1, partners);
    assert_eq!(in_expo.by[1].1, [value("Gold", None, 2), value("Old", None, 0)]);
    assert_eq!(in_expo.by[2].1, [value("Expo", Some("Expo 2026"), 3), value("fair", Some("Fair"), 1)]);

    // Cut: the rest is summed up, what is chosen stays, also at 0 and in one event.
    let pairs = [("partner", "expo/globex"), ("partner", "nobody"), ("not.flavor", "message.*")];
    let cut = facets(&subject, &pairs, &[Field::Partner, Field::Flavor], 1).await;
    assert_eq!(cut.total, 1);
    assert_eq!(cut.by[0].1, [value("Acme", Some("Acme Inc"), 2), value("Expo/globex", Some("globex"), 1), value("nobody", None, 0)]);
    assert_eq!(cut.rest[0], (Field::Partner, 1), "globex itself");
    assert_eq!(cut.by[1].1, [value("page.viewed", Some("Page viewed"), 1), value("message.*", None, 0)]);
}

/// What is counted in a span of time begins with `since` and ends before `until`, also where that is the very time at which
/// what was added up behind the writer begins or ends.
pub(crate) async fn facets_in_spans_of_time(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let at = |minute: i64| UnixMs(NOW.0 - 3_600_000 + minute * 60_000);
    let minutes = [10, 5, 20, 20, 15, 30, 30, 12];
    for (number, minute) in minutes.into_iter().enumerate() {
        subject.append(vec![NewActivity { occurred_at: at(minute), ..activity(number as u128, "page.viewed", "expo", "acme") }]).await;
        subject.step_behind(2).await;
        let stored = &minutes[..=number];
        for edge in [5, 10, 12, 15, 20, 30] {
            for moved in [-1, 0, 1] {
                let time = UnixMs(at(edge).0 + moved);
                let count = |since: Option<UnixMs>, until: Option<UnixMs>| {
                    let within = |m: &&i64| since.is_none_or(|t| at(**m) >= t) && until.is_none_or(|t| at(**m) < t);
                    stored.iter().filter(within).count() as u64
                };
                for (since, until) in [(None, Some(time)), (Some(time), None), (Some(at(10)), Some(time))] {
                    let query = FacetQuery {
                        filter: filter(&[]),
                        within: FilterSet::default(),
                        by: vec![Field::Partner],
                        since,
                        until,
                        values_max: 10,
                    };
                    let found = subject.store.log.facets(subject.workspace, query).await.expect("facets");
                    let want = count(since, until);
                    let listed = found.by[0].1.first().map_or(0, |value| value.count);
                    assert_eq!((found.total, listed), (want, want), "{since:?} to {until:?} of {stored:?}");
                }
            }
        }
    }
}

/// Partners of several events are listed by what all their keys count together, whatever rank each has alone.
pub(crate) async fn facets_rank_whole_keys(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(64)).await;
    let seed = getrandom::u64().expect("a seed");
    println!("seed {seed}");
    let mut state = seed;
    let mut next = |below: u64| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    };
    let (mut counts, mut activities) = (std::collections::BTreeMap::<String, u64>::new(), Vec::new());
    for number in 0..200u128 {
        let (event, partner) = (format!("event-{}", next(4)), format!("partner-{:02}", next(20)));
        *counts.entry(partner.clone()).or_default() += 1;
        activities.push(activity(number, "page.viewed", &event, &partner));
    }
    subject.append(activities).await;
    let mut ranked: Vec<(&String, &u64)> = counts.iter().collect();
    ranked.sort_by_key(|(key, count)| (std::cmp::Reverse(**count), (*key).clone()));
    for values_max in [1, 3, 7, 100] {
        let found = facets(&subject, &[], &[Field::Partner], values_max).await;
        let want: Vec<_> = ranked.iter().take(values_max).map(|(key, count)| value(key, Some(key), **count)).collect();
        let rest: u64 = ranked.iter().skip(values_max).map(|(_, count)| **count).sum();
        assert_eq!((&found.by[0].1, found.rest[0].1, found.complete), (&want, rest, true), "seed {seed}");
        assert_eq!(found.different, [(Field::Partner, ranked.len() as u64)], "seed {seed}: listed or not");
        // What is chosen stands there with all that it counts, whatever its rank.
        let last = ranked[ranked.len() - 1].0;
        let found = facets(&subject, &[("not.partner", last)], &[Field::Partner], values_max).await;
        let chosen = found.by[0].1.iter().find(|value| value.value == **last).expect("listed");
        assert_eq!(chosen.count, counts[last], "seed {seed}");
    }
}
