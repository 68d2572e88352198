//! What every backend must do, as tests that know no backend: each takes a way to open a fresh store.
//!
//! A backend's own test module calls `contract_tests!(open)` once.

pub(crate) mod alerting;
pub(crate) mod appending;
pub(crate) mod by_time;
pub(crate) mod consuming;
pub(crate) mod correcting;
pub(crate) mod counting;
pub(crate) mod directory;
pub(crate) mod filtering;
pub(crate) mod keyring;
pub(crate) mod many;
pub(crate) mod membership;
pub(crate) mod outlets;
pub(crate) mod paging;
mod plain;
pub(crate) mod pruning;
pub(crate) mod quota;
pub(crate) mod removal;
mod sample;

use std::any::Any;

use futures::future::BoxFuture;

pub(crate) use sample::activity;

use super::{AppendResult, At, Change, Committed, Condition, NamedKind, Outcome, Quota, Record, Store, Thing};
use crate::auth::{Actor, Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Key, NewActivity, Seq, UnixMs};

/// A fresh store with a clock that stands still, and what must live as long as it.
pub(crate) struct Subject {
    pub store: Store,
    pub clock: Clock,
    pub workspace: WorkspaceId,
    behind: Behind,
    _keep: Box<dyn Any + Send>,
}

/// Does one step of what a backend does for a log behind its writer, in its own time. It must change no answer.
pub(crate) type Behind = Box<dyn Fn(WorkspaceId) -> BoxFuture<'static, ()> + Send + Sync>;

/// A store, and what must live as long as it.
pub(crate) struct Opened {
    pub store: Store,
    pub behind: Behind,
    pub keep: Box<dyn Any + Send>,
}

/// How a read is bounded in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// As in production.
    Usual,
    /// Each read ends after its first window, of so many seqs.
    OneWindow(u64),
    /// Windows begin this small, and there is time enough.
    SmallWindows(u64),
}

/// Opens a fresh store.
pub(crate) type Open = fn(Clock, Bounds) -> BoxFuture<'static, Opened>;

/// Where the clock of a test stands: 2026-01-01.
pub(crate) const NOW: UnixMs = UnixMs(1_767_225_600_000);

impl Subject {
    pub(crate) async fn fresh(open: Open, bounds: Bounds) -> Self {
        let clock = Clock::manual(NOW);
        let Opened { store, behind, keep } = open(clock.clone(), bounds).await;
        let default = store.keyring.workspace_by_key(Operator::assume(), key("default")).await.expect("read").expect("there");
        Self { store, clock, workspace: default.id, behind, _keep: keep }
    }

    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Committed {
        self.store.log.commit(changes).await.expect("committed")
    }

    /// Appends one request and gives the results.
    pub(crate) async fn append(&self, activities: Vec<NewActivity>) -> Vec<AppendResult> {
        let committed = self.commit(vec![self.appending(activities)]).await;
        let [outcome] = committed.outcomes.as_slice() else { panic!("{:?}", committed.outcomes) };
        appended(outcome)
    }

    pub(crate) fn appending(&self, activities: Vec<NewActivity>) -> Change {
        Change::Append { workspace: self.workspace, activities, create_unknown: true, quota: Quota::default() }
    }

    pub(crate) fn event(&self, event: &str, name: &str) -> Change {
        put(At::top(self.workspace, key(event)), Thing::Event { name: name.to_owned() })
    }

    /// A partner without email address.
    pub(crate) fn partner(&self, event: &str, partner: &str, name: &str, tags: &[&str]) -> Change {
        self.partner_of(event, partner, name, None, tags)
    }

    pub(crate) fn partner_of(&self, event: &str, partner: &str, name: &str, company: Option<&str>, tags: &[&str]) -> Change {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let thing = Thing::Partner { name: name.to_owned(), email: None, company: company.map(str::to_owned), tags };
        put(At::within(self.workspace, key(event), key(partner)), thing)
    }

    pub(crate) fn message(&self, event: &str, message: &str, subject: &str) -> Change {
        put(At::within(self.workspace, key(event), key(message)), Thing::Message { subject: subject.to_owned() })
    }

    pub(crate) fn campaign(&self, event: &str, campaign: &str, name: &str) -> Change {
        put(At::within(self.workspace, key(event), key(campaign)), Thing::Campaign { name: name.to_owned() })
    }

    /// One thing as it is read: of an event where one is named.
    pub(crate) async fn read(&self, kind: NamedKind, event: Option<&str>, one: &str) -> Option<Record> {
        let at = At { workspace: self.workspace, event: event.map(key), key: key(one) };
        self.store.directory.one(kind, at).await.expect("read")
    }

    /// Lets the backend do so many steps of what it does behind its writer.
    pub(crate) async fn step_behind(&self, steps: usize) {
        for _ in 0..steps {
            (self.behind)(self.workspace).await;
        }
    }

    pub(crate) async fn head(&self) -> Seq {
        self.store.log.head(self.workspace).await.expect("head").seq
    }
}

/// Puts a thing, whatever is there.
pub(crate) fn put(at: At, thing: Thing) -> Change {
    Change::Put { at, thing, condition: Condition::None, by: Actor::Server }
}

/// The results of an append.
pub(crate) fn appended(outcome: &Outcome) -> Vec<AppendResult> {
    let Outcome::Appended { results, .. } = outcome else { panic!("{outcome:?}") };
    results.clone()
}

/// Of each `Put`, whether it created; anything else is told as it is.
pub(crate) fn created(outcomes: &[Outcome]) -> Vec<Result<bool, Box<Outcome>>> {
    let told = |outcome: &Outcome| if let Outcome::Put { created, .. } = outcome { Ok(*created) } else { Err(outcome.clone().into()) };
    outcomes.iter().map(told).collect()
}

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

/// Runs every test of the contract on a backend.
macro_rules! contract_tests {
    ($open:path; $($module:ident: $($test:ident)*;)*) => {
        $(mod $module {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                $crate::store::contract::$module::$test($open).await;
            })*
        })*
    };
    ($open:path) => {
        $crate::store::contract::contract_tests! { $open;
            appending: seq_has_no_hole_and_follows_the_order same_id_in_all_arrangements unknown_things_are_created_or_refused
                a_refused_activity_creates_nothing recorded_at_never_goes_back names_are_those_of_the_moment
                entries_read_back_as_published workspaces_do_not_meet large_batches the_outcome_tells_where_it_ends
                probes_leave_nothing;
            quota: a_draft_over_quota_makes_nothing_and_keeps_no_other_back workspaces_and_senders_have_a_quota_each
                quotas_agree_with_a_plain_count;
            correcting: a_grade_is_amended_once_and_told an_erased_activity_is_gone_and_its_id_stays_taken
                what_is_not_there_for_a_key_is_not_corrected corrections_come_with_the_page one_transaction_may_correct_what_it_appends;
            membership: observed_recipients removal_by_hand_wins recipients_by_hand tags_are_entries;
            directory: the_outcome_holds_what_is_there puts_create_and_replace creates_replace_nothing renames_are_told lists_go_on;
            many: many_are_put_in_one many_leave_what_single_ones_would;
            removal: a_partner_goes_and_comes_anew an_activity_makes_anew_what_was_deleted a_message_goes_with_its_recipients
                an_event_goes_when_it_has_no_partners conditions_are_of_what_is_there lists_are_searched_by_words;
            paging: agrees_with_a_plain_list budget_cut_pages_add_up memberships_come_with_the_page since_finds_its_place;
            by_time: histograms_agree_with_the_definition histograms_that_are_gone_on_with_add_up;
            counting: counts_and_barriers histogram_by_bucket facets_list_the_directory facets_in_spans_of_time
                facets_rank_whole_keys;
            alerting: what_an_alert_names_is_there_and_stays alerts_stand_as_they_were_kept;
            outlets: shares_are_confined webhooks_keep_their_place;
            keyring: workspaces credentials credentials_end_with_what_they_are_made_from site_keys_have_origins what_has_ended_is_swept one_time_credentials;
            consuming: cursors_move_from_where_they_stand dead_letters_come_with_the_cursor;
            pruning: the_start_of_a_log_goes_in_steps counts_that_are_kept_follow_a_prune what_is_asked_to_be_kept_is_told;
            filtering: sql_agrees_with_the_definition;
        }
    };
}
pub(crate) use contract_tests;
