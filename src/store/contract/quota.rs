//! How many things activities may make: as a plain count has it, whatever comes in which order and in which transaction.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};

use super::appending::flavors;
use super::sample::any_activity;
use super::{Bounds, NOW, Open, Subject, activity, appended, created, key};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Key, NewActivity};
use crate::store::{Allowance, AppendResult, Change, NamedKind, Outcome, OverQuota, Quota, Reached, Spent, Taken};

/// Logs that are tried.
const CASES: u32 = 24;
/// What every sender of these tests waits for.
const SPENT: Spent = Spent { most: 9, wait: Duration::from_secs(7) };

/// An allowance of a fixed number of things.
#[derive(Debug)]
pub(crate) struct Purse {
    left: Mutex<u32>,
    until: Instant,
}

impl Purse {
    pub(crate) fn of(things: u32) -> Arc<Self> {
        Arc::new(Self { left: Mutex::new(things), until: Instant::now() })
    }

    pub(crate) fn left(&self) -> u32 {
        *self.left.lock().expect("whole")
    }
}

impl Allowance for Purse {
    fn take(&self, things: u32) -> Result<Taken, Spent> {
        let mut left = self.left.lock().expect("whole");
        *left = left.checked_sub(things).ok_or(SPENT)?;
        Ok(Taken { things, until: self.until })
    }

    fn give_back(&self, taken: Taken) {
        *self.left.lock().expect("whole") += taken.things;
    }
}

/// An append that may make so much.
pub(crate) fn limited(workspace: WorkspaceId, activities: Vec<NewActivity>, most: u64, purse: Option<&Arc<Purse>>) -> Change {
    let sender = purse.cloned().map(|purse| -> Arc<dyn Allowance> { purse });
    Change::Append { workspace, activities, create_unknown: true, quota: Quota { workspace_max: Some(most), sender } }
}

fn over(field: &'static str, key: &str, reached: Reached) -> AppendResult {
    AppendResult::OverQuota(OverQuota { field, key: key.to_owned(), reached })
}

fn stored(seq: u64) -> AppendResult {
    AppendResult::Stored { seq, recorded_at: NOW }
}

pub(crate) async fn a_draft_over_quota_makes_nothing_and_keeps_no_other_back(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let workspace = subject.workspace;
    let mut number = 0;
    let mut of = |flavor, partner| {
        number += 1;
        activity(number, flavor, "expo", partner)
    };
    let mailing = NewActivity { message: Some(key("welcome")), ..of("message.sent", "C") };
    let first = vec![of("page.viewed", "a"), of("page.viewed", "b"), mailing, of("page.viewed", "A"), of("page.viewed", "c")];
    let first_scan = of("booth.scanned", "a");
    let second = vec![of("page.viewed", "d"), first_scan.clone(), of("page.viewed", "C")];
    let committed = subject.commit(vec![limited(workspace, first, 4, None), limited(workspace, second, 4, None)]).await;
    let full = Reached::Workspace(4);
    assert_eq!(appended(&committed.outcomes[0]), [stored(1), stored(2), over("partner", "C", full), stored(3), stored(4)]);
    assert_eq!(appended(&committed.outcomes[1]), [over("partner", "d", full), over("flavor", "booth.scanned", full), stored(5)]);
    assert!(subject.read(NamedKind::Message, Some("expo"), "welcome").await.is_none(), "never a part of a draft");
    assert!(flavors(&subject, workspace).await.is_empty());

    // What is put there by hand is neither limited nor counted, and is there for activities.
    let put = |partner: &str| subject.partner("expo", partner, partner, &[]);
    let named = vec![of("page.viewed", "d"), of("page.viewed", "e")];
    let committed = subject.commit(vec![put("d"), limited(workspace, named, 4, None), put("f")]).await;
    assert_eq!(appended(&committed.outcomes[1]), [stored(6), over("partner", "e", full)]);
    assert_eq!(created(&[committed.outcomes[0].clone(), committed.outcomes[2].clone()]), [Ok(true), Ok(true)]);
    // The same draft again, with a higher limit, counts one more thing.
    let committed = subject.commit(vec![limited(workspace, vec![first_scan, of("page.viewed", "g")], 5, None)]).await;
    assert_eq!(appended(&committed.outcomes[0]), [stored(7), over("partner", "g", Reached::Workspace(5))]);
}

pub(crate) async fn workspaces_and_senders_have_a_quota_each(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let other = subject.store.keyring.create_workspace(Operator::assume(), key("other"), "Other".to_owned()).await.expect("made").id;
    let (ours, theirs) = (Purse::of(3), Purse::of(2));
    let views = |first: u128, partners: &[&str]| -> Vec<_> {
        (first..).zip(partners).map(|(number, partner)| activity(number, "page.viewed", "expo", partner)).collect()
    };
    let committed = subject
        .commit(vec![
            limited(subject.workspace, views(1, &["a", "b", "c"]), 3, Some(&ours)),
            limited(other, views(1, &["a", "b"]), 3, Some(&theirs)),
            limited(subject.workspace, views(4, &["d"]), 10, Some(&ours)),
            limited(subject.workspace, views(5, &["d", "b"]), 10, None),
        ])
        .await;
    let spent = Reached::Sender(SPENT);
    let want = [
        vec![stored(1), stored(2), over("partner", "c", Reached::Workspace(3))],
        vec![stored(1), over("partner", "b", spent)],
        vec![over("partner", "d", spent)],
        vec![stored(3), stored(4)],
    ];
    assert_eq!(committed.outcomes.iter().map(appended).collect::<Vec<_>>(), want);
    assert_eq!((ours.left(), theirs.left()), (0, 0));
    // What is sent again makes nothing, and what is refused takes nothing.
    let again = limited(other, [views(1, &["a"]), vec![activity(9, "booth.scanned", "b", "b")]].concat(), 10, Some(&Purse::of(2)));
    let results = appended(&subject.commit(vec![again]).await.outcomes[0]);
    assert!(matches!(results[0], AppendResult::Duplicate { seq: 1, .. }));
    assert_eq!(results[1], over("event", "b", spent), "an event, a partner and a flavor are three");
}

/// What a plain count knows.
#[derive(Debug, Default)]
struct Count {
    there: BTreeSet<(&'static str, String, String)>,
    made: u64,
}

impl Count {
    fn allows(&mut self, activity: &NewActivity, most: u64, left: &mut u32) -> bool {
        let event = activity.event.folded().to_string();
        let inner =
            [("partner", Some(&activity.partner)), ("message", activity.message.as_ref()), ("campaign", activity.campaign.as_ref())];
        let inner = inner.into_iter().filter_map(|(kind, key)| key.map(|key: &Key| (kind, event.clone(), key.folded().to_string())));
        let flavor = activity.flavor.standard().is_none().then(|| ("flavor", String::new(), activity.flavor.as_str().to_owned()));
        let named = [("event", String::new(), event.clone())].into_iter().chain(inner).chain(flavor);
        let unseen: Vec<_> = named.filter(|thing| !self.there.contains(thing)).collect();
        let things = u32::try_from(unseen.len()).expect("few");
        if things > 0 && (self.made + u64::from(things) > most || *left < things) {
            return false;
        }
        self.made += u64::from(things);
        *left -= things;
        self.there.extend(unseen);
        true
    }
}

pub(crate) async fn quotas_agree_with_a_plain_count(open: Open) {
    let handle = tokio::runtime::Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: CASES, max_shrink_iters: 64, ..Config::default() });
        let request = (vec(any_activity(), 1..8), 0..30u64, 0..8u32);
        runner.run(&vec(vec(request, 1..4), 1..5), |transactions| {
            handle.block_on(try_case(open, transactions));
            Ok(())
        })
    });
    tried.await.expect("ran").unwrap_or_else(|e| panic!("{e}"));
}

async fn try_case(open: Open, transactions: Vec<Vec<(Vec<NewActivity>, u64, u32)>>) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mut count = Count::default();
    for requests in transactions {
        let purses: Vec<_> = requests.iter().map(|(.., left)| Purse::of(*left)).collect();
        let each = requests.iter().zip(&purses);
        let changes = each.map(|((activities, most, _), purse)| limited(subject.workspace, activities.clone(), *most, Some(purse)));
        let outcomes: Vec<Outcome> = subject.commit(changes.collect()).await.outcomes;
        for (((activities, most, mut left), purse), outcome) in requests.into_iter().zip(purses).zip(outcomes) {
            let want: Vec<_> = activities.iter().map(|activity| count.allows(activity, most, &mut left)).collect();
            let got: Vec<_> = appended(&outcome).iter().map(|result| matches!(result, AppendResult::Stored { .. })).collect();
            assert_eq!((got, purse.left()), (want, left));
        }
    }
    let there = |kind| count.there.iter().filter(move |thing| thing.0 == kind);
    let met: Vec<_> = there("flavor").map(|(.., flavor)| flavor.clone()).collect();
    assert_eq!(flavors(&subject, subject.workspace).await, met);
    for (_, _, event) in there("event") {
        let partners = there("partner").filter(|thing| thing.1 == *event).count();
        let found = subject.read(NamedKind::Event, None, event).await.expect("there");
        assert_eq!(usize::try_from(found.held), Ok(partners), "{event}");
    }
}
