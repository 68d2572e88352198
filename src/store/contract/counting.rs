//! Counts with their barrier, histograms, and the parts of facets that a definition does not give.

use super::{Bounds, NOW, Open, Subject, activity, key};
use crate::domain::{Client, NewActivity, UnixMs};
use crate::filter::{Field, FilterSet};
use crate::store::{Bucket, Change, FacetQuery, FacetValue, Facets, HistogramQuery};

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
    for (pairs, since, until, starts, want) in [
        (&[][..], 0, 501, vec![0, 60, 120, 180], vec![bucket(0, 3), bucket(60, 3), bucket(120, 1), bucket(180, 1)]),
        (&[][..], 0, 500, vec![0, 60, 120, 180], vec![bucket(0, 3), bucket(60, 3), bucket(120, 1)]),
        (&[][..], 59, 120, vec![59, 60], vec![bucket(59, 1), bucket(60, 3)]),
        // Since lies before the first start, and inside the first bucket.
        (&[][..], 0, 120, vec![60], vec![bucket(60, 3)]),
        (&[][..], 30, 120, vec![0, 60], vec![bucket(0, 1), bucket(60, 3)]),
        // A day of 23 hours among others.
        (&[][..], 0, 501, vec![0, 50, 119], vec![bucket(0, 2), bucket(50, 3), bucket(119, 3)]),
        (&[("partner", "acme")], 0, 501, vec![0, 60], vec![bucket(0, 2), bucket(60, 2)]),
        (&[("partner", "nobody")], 0, 501, vec![0, 60], vec![]),
        (&[][..], 0, 501, vec![], vec![]),
    ] {
        let starts: Vec<_> = starts.into_iter().map(at).collect();
        let query = HistogramQuery { filter: filter(pairs), up_to: None, since: at(since), until: at(until), starts };
        let histogram = subject.store.log.histogram(subject.workspace, query.clone()).await.expect("histogram");
        assert!(histogram.complete);
        assert_eq!(histogram.items, want, "{query:?}");
        let nothing = HistogramQuery { up_to: Some(0), ..query };
        assert_eq!(subject.store.log.histogram(subject.workspace, nothing).await.expect("histogram").items, []);
    }
    // What lies above a place in the log is left out, wherever in time it is.
    let pinned = HistogramQuery { filter: filter(&[]), up_to: Some(4), since: at(0), until: at(501), starts: vec![at(0), at(60)] };
    let found = subject.store.log.histogram(subject.workspace, pinned).await.expect("histogram");
    assert_eq!(found.items, [bucket(0, 3), bucket(60, 1)]);
}

async fn facets(subject: &Subject, pairs: &[(&str, &str)], by: &[Field], values_max: usize) -> Facets {
    let query = FacetQuery { filter: filter(pairs), by: by.to_vec(), since: None, until: None, values_max };
    subject.store.log.facets(subject.workspace, query).await.expect("facets")
}

fn value(value: &str, label: Option<&str>, count: u64) -> FacetValue {
    FacetValue { value: value.to_owned(), label: label.map(str::to_owned), count }
}

pub(crate) async fn facets_list_the_directory(open: Open) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(3)).await;
    let workspace = subject.workspace;
    let put = |partner: &str, name: &str, tags: &[&str]| Change::PutPartner {
        workspace,
        event: key("expo"),
        partner: key(partner),
        name: name.to_owned(),
        email: None,
        company: None,
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
    };
    let event = |event: &str, name: &str| Change::PutEvent { workspace, event: key(event), name: name.to_owned() };
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
