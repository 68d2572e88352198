//! Pages against a plain list: what is in them, where they end and how they go on.

use super::plain::{Plain, occurred_at};
use super::{Bounds, NOW, Open, Subject, activity, key};
use crate::domain::{EntryKind, NewActivity, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Change, Order, Page, PageEnd, PageQuery};

/// A log of 60 entries in which every third is of one partner and a few are membership changes.
async fn log_of_sixty(open: Open, bounds: Bounds) -> (Subject, Plain) {
    let subject = Subject::fresh(open, bounds).await;
    let mut plain = Plain::default();
    for number in 0..54u128 {
        subject.clock.set(UnixMs(NOW.0 + i64::try_from(number).expect("small") * 60_000));
        let partner = if number % 3 == 0 { "acme".to_owned() } else { format!("p-{}", number % 7) };
        let (flavor, message) = if number % 10 == 5 { ("message.sent", Some(key("welcome"))) } else { ("page.viewed", None) };
        // Some arrive half an hour late, some are a little ahead.
        let shift = [0, -1_800_000, 240_000, -1][usize::try_from(number % 4).expect("small")];
        let at = UnixMs(subject.clock.now().0 + shift);
        let one = NewActivity { message, occurred_at: at, ..activity(number, flavor, "expo", &partner) };
        plain.apply(&subject.commit(vec![subject.appending(vec![one])]).await);
    }
    let remove = Change::Recipients {
        workspace: subject.workspace,
        event: key("expo"),
        message: key("welcome"),
        add: vec![key("p-1")],
        remove: vec![key("p-2")],
        by: crate::auth::Actor::Server,
    };
    plain.apply(&subject.commit(vec![remove]).await);
    (subject, plain)
}

fn filter(pairs: &[(&str, &str)]) -> FilterSet {
    FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set")
}

fn query(filter: &FilterSet, after: Seq, up_to: Option<Seq>, order: Order, limit: usize) -> PageQuery {
    PageQuery { filter: filter.clone(), after, up_to, since: None, until: None, order, limit, bytes_max: usize::MAX, corrections: false }
}

async fn read(subject: &Subject, query: &PageQuery) -> Page {
    subject.store.log.page(subject.workspace, query.clone()).await.expect("page")
}

fn seqs(page: &Page) -> Vec<Seq> {
    page.items.iter().map(|item| item.seq).collect()
}

/// Everything that a page promises, whatever ended it.
fn assert_page(plain: &Plain, query: &PageQuery, page: &Page) {
    let head = plain.entries.len() as Seq;
    let high = query.up_to.unwrap_or(head).min(head);
    let in_time = |at: UnixMs| query.since.is_none_or(|since| at >= since) && query.until.is_none_or(|until| at < until);
    let all = plain.matching(&query.filter).into_iter().filter(|(seq, a)| *seq > query.after && *seq <= high && in_time(occurred_at(a)));
    let read = |seq: Seq| match query.order {
        Order::OldestFirst => seq <= page.reached,
        Order::NewestFirst => seq > page.reached,
    };
    let mut want: Vec<Seq> = all.map(|(seq, _)| seq).filter(|seq| read(*seq)).collect();
    if query.order == Order::NewestFirst {
        want.reverse();
    }
    assert_eq!(seqs(page), want, "{query:?} reached {} by {:?}", page.reached, page.end);
    assert_eq!(page.head.seq, head);
    assert!(page.items.len() <= query.limit);
    for item in &page.items {
        let entry = &plain.entries[usize::try_from(item.seq).expect("small") - 1];
        assert_eq!(Some(&item.body), entry.activity().map(|a| &a.body));
    }
    match page.end {
        PageEnd::Range if query.order == Order::OldestFirst => assert_eq!(page.reached, high.max(query.after)),
        PageEnd::Range => assert_eq!(page.reached, query.after),
        PageEnd::Limit => assert!(!page.items.is_empty() && page.reached_at.is_none()),
        PageEnd::Budget => {
            let entry = &plain.entries[usize::try_from(page.reached).expect("small").max(1) - 1];
            assert_eq!(page.reached_at, Some(entry.recorded_at));
        }
    }
}

pub(crate) async fn agrees_with_a_plain_list(open: Open) {
    let (subject, plain) = log_of_sixty(open, Bounds::SmallWindows(5)).await;
    let head = plain.entries.len() as Seq;
    for pairs in [&[][..], &[("partner", "acme")], &[("message", "welcome")], &[("partner", "nobody")], &[("not.partner", "acme")]] {
        let filter = filter(pairs);
        for order in [Order::NewestFirst, Order::OldestFirst] {
            for (after, up_to) in [(0, None), (7, None), (0, Some(31)), (20, Some(21)), (30, Some(30)), (head, None), (9, Some(head + 50))]
            {
                for limit in [1, 2, 19, 1_000] {
                    let query = query(&filter, after, up_to, order, limit);
                    let page = read(&subject, &query).await;
                    assert_page(&plain, &query, &page);
                    assert_ne!(page.end, PageEnd::Budget);
                }
            }
        }
    }
    // By bytes: always one item, then no more than fit.
    let everything = filter(&[]);
    let one_body = plain.entries[0].activity().expect("an activity").body.len();
    for (bytes_max, want) in [(0, 1), (1, 1), (one_body * 2 + 20, 2)] {
        let query = PageQuery { bytes_max, ..query(&everything, 0, None, Order::OldestFirst, 100) };
        let page = read(&subject, &query).await;
        assert_page(&plain, &query, &page);
        assert_eq!((page.items.len(), page.end), (want, PageEnd::Limit), "{bytes_max} bytes");
    }
}

pub(crate) async fn budget_cut_pages_add_up(open: Open) {
    let (subject, plain) = log_of_sixty(open, Bounds::OneWindow(7)).await;
    for pairs in [&[][..], &[("partner", "acme")], &[("message", "welcome")], &[("partner", "nobody")]] {
        let filter = filter(pairs);
        let want: Vec<Seq> = plain.matching(&filter).into_iter().map(|(seq, _)| seq).collect();
        for limit in [1, 4, 1_000] {
            let (mut after, mut oldest_first) = (0, Vec::new());
            loop {
                let query = query(&filter, after, None, Order::OldestFirst, limit);
                let page = read(&subject, &query).await;
                assert_page(&plain, &query, &page);
                oldest_first.extend(seqs(&page));
                if page.end == PageEnd::Range {
                    break;
                }
                assert!(page.reached > after, "it goes on");
                after = page.reached;
            }
            assert_eq!(oldest_first, want);
            let (mut up_to, mut newest_first) = (None, Vec::new());
            loop {
                let query = query(&filter, 0, up_to, Order::NewestFirst, limit);
                let page = read(&subject, &query).await;
                assert_page(&plain, &query, &page);
                newest_first.extend(seqs(&page));
                if page.end == PageEnd::Range {
                    break;
                }
                assert!(up_to.is_none_or(|before| page.reached < before), "it goes on");
                up_to = Some(page.reached);
            }
            newest_first.reverse();
            assert_eq!(newest_first, want);
        }
    }
}

pub(crate) async fn memberships_come_with_the_page(open: Open) {
    let (subject, plain) = log_of_sixty(open, Bounds::SmallWindows(5)).await;
    let everything = filter(&[]);
    for (after, limit, since) in [(0, 1_000, None), (0, 7, None), (20, 1_000, None), (0, 1_000, Some(UnixMs(NOW.0 + 3_000_000)))] {
        let query = PageQuery { since, ..query(&everything, after, None, Order::OldestFirst, limit) };
        let page = read(&subject, &query).await;
        let want: Vec<_> = plain
            .entries
            .iter()
            .filter(|e| e.seq > after && e.seq <= page.reached)
            .filter_map(|e| if let EntryKind::Membership(change) = &e.kind { Some((e.seq, change.clone())) } else { None })
            .collect();
        assert_eq!(page.memberships, want, "after {after}, limit {limit}");
    }
    let newest = read(&subject, &query(&everything, 0, None, Order::NewestFirst, 1_000)).await;
    assert!(newest.memberships.is_empty());
}

pub(crate) async fn since_finds_its_place(open: Open) {
    let (subject, plain) = log_of_sixty(open, Bounds::SmallWindows(5)).await;
    for pairs in [&[][..], &[("partner", "acme")]] {
        let filter = filter(pairs);
        for order in [Order::NewestFirst, Order::OldestFirst] {
            for since in [None, Some(-4_000_000), Some(0), Some(60_000 * 17 + 1), Some(60_000 * 53 + 240_000), Some(10_000_000)] {
                for until in [None, Some(60_000 * 30), Some(-1)] {
                    for (after, up_to, limit) in [(0, None, 1_000), (11, Some(44), 1_000), (0, None, 5)] {
                        let at = |ms: Option<i64>| ms.map(|ms| UnixMs(NOW.0 + ms));
                        let query = PageQuery { since: at(since), until: at(until), ..query(&filter, after, up_to, order, limit) };
                        assert_page(&plain, &query, &read(&subject, &query).await);
                    }
                }
            }
        }
    }
}
