//! What every backend must do, as tests that know no backend: each takes a way to open a fresh store.
//!
//! A backend's own test module calls `contract_tests!(open)` once.

pub(crate) mod appending;
pub(crate) mod counting;
pub(crate) mod directory;
pub(crate) mod filtering;
pub(crate) mod keyring;
pub(crate) mod membership;
pub(crate) mod paging;
mod plain;
mod sample;

use std::any::Any;

use futures::future::BoxFuture;

pub(crate) use sample::activity;

use super::{AppendResult, Change, Committed, Outcome, Store};
use crate::auth::{Operator, WorkspaceId};
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
        let [Outcome::Appended(results)] = committed.outcomes.as_slice() else { panic!("{:?}", committed.outcomes) };
        results.clone()
    }

    pub(crate) fn appending(&self, activities: Vec<NewActivity>) -> Change {
        Change::Append { workspace: self.workspace, activities, create_unknown: true }
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
                entries_read_back_as_published workspaces_do_not_meet large_batches;
            membership: observed_recipients removal_by_hand_wins recipients_by_hand tags_are_entries;
            directory: puts_create_and_replace creates_replace_nothing renames_are_told lists_go_on;
            paging: agrees_with_a_plain_list budget_cut_pages_add_up memberships_come_with_the_page since_finds_its_place;
            counting: counts_and_barriers histogram_by_bucket facets_list_the_directory;
            keyring: workspaces credentials one_time_credentials;
            filtering: sql_agrees_with_the_definition;
        }
    };
}
pub(crate) use contract_tests;
