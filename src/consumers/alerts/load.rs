//! How the alerts of a workspace begin: from what the store has of them, and from the log where they count what came before.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde::Deserialize;

use super::board::{Board, Job, Owed, Standing};
use super::notice::ITEMS_MAX;
use super::rule::Seen;
use super::step::reader;
use super::{Alerts, lock};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Seq, UnixMs};
use crate::filter::{FilterIndex, FilterSet};
use crate::hub::room::People;
use crate::store::{AlertBoard, AlertState, Order, Page, PageEnd, PageQuery, StandingAlert, StoreError, When};

/// Activities of one page.
const PAGE_ITEMS: usize = 1_000;
/// Bytes of one page.
const PAGE_BYTES: usize = 4 << 20;

/// When an activity was received, of its JSON.
#[derive(Deserialize)]
struct Received {
    recorded_at: String,
}

fn received(body: &[u8]) -> Option<UnixMs> {
    UnixMs::parse(&serde_json::from_slice::<Received>(body).ok()?.recorded_at).ok()
}

impl Alerts {
    /// Reads the alerts of a workspace anew. What those that ask for the same have seen stays.
    pub(super) async fn load(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        let means = &self.inner.means;
        let made: Vec<_> = lock(&self.inner.made).iter().filter(|(of, _)| *of == workspace).cloned().collect();
        let AlertBoard { workspace: name, cursor, mute, alerts, channels, waiting } = means.store.alerting.board(workspace).await?;
        let snapshot = means.reads.turn(reader(workspace)).await?.log().memberships(workspace).await?;
        let keys = means.store.keyring.keys(workspace).await?;
        let before = self.board(workspace);
        let cursor = before.as_ref().map_or_else(|| cursor.unwrap_or(snapshot.head.seq), |board| lock(board).cursor);
        let now = means.clock.now();
        let (mut standing, mut index) = (Vec::new(), FilterIndex::default());
        let mut new = HashSet::new();
        for alert in alerts {
            let is_new = made.iter().any(|(_, key)| *key == alert.key);
            if is_new {
                new.insert(alert.number);
            }
            let one = self.stand(workspace, alert, before.as_ref().filter(|_| !is_new), cursor, is_new, now).await?;
            if let Some(filter) = &one.filter {
                let _seat = index.insert(filter.clone(), standing.len());
            }
            standing.push(one);
        }
        let jobs: VecDeque<Job> = match &before {
            Some(_) => VecDeque::new(),
            None => waiting.into_iter().map(|record| Job { record, made_at: now, next_at: now, is_held: false, is_busy: false }).collect(),
        };
        let channels = channels.into_iter().map(|channel| (channel.key.folded().clone(), channel)).collect();
        let (people, people_at) = (People::of_snapshot(&snapshot), snapshot.head.seq);
        let board = before.unwrap_or_else(|| {
            Arc::new(Mutex::new(Board {
                workspace,
                name: name.clone(),
                cursor,
                kept: 0,
                is_at_end: false,
                people: People::default(),
                people_at: 0,
                index: FilterIndex::default(),
                alerts: Vec::new(),
                channels: HashMap::new(),
                mute,
                jobs,
                owed: Owed::default(),
                paying: Arc::default(),
                sources: HashMap::new(),
                said: HashMap::new(),
                repeated: HashMap::new(),
            }))
        });
        {
            let mut board = lock(&board);
            // Only now, as nothing can fail any more: what those that were there have seen and said goes on.
            let mut known = std::mem::take(&mut board.alerts);
            for one in standing.iter_mut().filter(|one| !new.contains(&one.number)) {
                if let Some(at) = known.iter().position(|known| known.number == one.number) {
                    one.go_on(known.swap_remove(at));
                }
            }
            let fresh: Vec<usize> = (0..standing.len()).filter(|at| standing[*at].state.made_ms == now.0).collect();
            (board.people, board.people_at) = (people, people_at);
            (board.alerts, board.index, board.channels) = (standing, index, channels);
            board.name_sources(keys);
            fresh.into_iter().for_each(|at| board.keep_state(at));
        }
        lock(&self.inner.boards).insert(workspace, board);
        lock(&self.inner.made).retain(|made_there| !made.contains(made_there));
        let watched = lock(&self.inner.boards).values().any(|board| lock(board).wants_pulse());
        means.pulse.watch(watched);
        Ok(())
    }

    /// One alert, as it begins or goes on.
    async fn stand(
        &self,
        workspace: WorkspaceId,
        alert: StandingAlert,
        before: Option<&Arc<Mutex<Board>>>,
        cursor: Seq,
        is_new: bool,
        now: UnixMs,
    ) -> Result<Standing, StoreError> {
        let StandingAlert { number, key, name, alert, state } = alert;
        let fresh = || AlertState { made_ms: now.0, since_ms: now.0, ..AlertState::default() };
        let state = state.filter(|_| !is_new).unwrap_or_else(fresh);
        let mut filter = None;
        let mut zone = alert.between.as_ref().map(|between| between.zone.clone());
        let mut view = None;
        if let Some(of) = &alert.view {
            let turn = self.inner.means.reads.turn(reader(workspace)).await?;
            if let Some((name, found)) = turn.seen_view(of.clone(), Actor::Server, &alert.events).await? {
                filter = Some(Arc::new(FilterSet::granted(&alert.events, None).and(&found.wanted())));
                zone = zone.or(found.zone.clone());
                view = Some((of.to_string(), name));
            }
        }
        let zone = zone.unwrap_or_else(|| "UTC".to_owned());
        // What it has seen counts on where it asks for the same.
        let is_same = |one: &Standing| one.number == number && one.filter == filter && one.alert.when == alert.when;
        let goes_on = before.is_some_and(|board| lock(board).alerts.iter().any(is_same));
        let (seen, newest) = match &filter {
            Some(filter) if !goes_on => self.seen_before(workspace, filter, &alert.when, cursor, now).await?,
            _ => (Seen::default(), VecDeque::new()),
        };
        Ok(Standing { number, key, name, alert, state, filter, view, zone, seen, newest, known: HashSet::new(), told_fresh: 0 })
    }

    /// What an alert would have seen, had it been there: as much as it can still count.
    async fn seen_before(
        &self,
        workspace: WorkspaceId,
        filter: &FilterSet,
        when: &When,
        cursor: Seq,
        now: UnixMs,
    ) -> Result<(Seen, VecDeque<Bytes>), StoreError> {
        let (wanted, within_s) = match when {
            When::Count { count, within_s } => (*count as usize, *within_s),
            When::Silent(silent_s) => (1, *silent_s),
            _ => (0, 0),
        };
        let from = now.0 - i64::from(within_s) * 1_000;
        let (mut times, mut newest, mut up_to) = (Vec::new(), VecDeque::new(), cursor);
        while times.len() < wanted && up_to > 0 {
            let page = self.newest(workspace, filter.clone(), up_to, wanted - times.len()).await?;
            let wanting = ITEMS_MAX.saturating_sub(newest.len());
            page.items.iter().take(wanting).for_each(|item| newest.push_front(item.body.clone()));
            times.extend(page.items.iter().filter_map(|item| received(&item.body)));
            let is_past = times.last().is_some_and(|at| at.0 <= from) || page.reached_at.is_some_and(|at| at.0 <= from);
            if is_past || page.end == PageEnd::Range || page.reached >= up_to {
                break;
            }
            up_to = page.reached;
        }
        let mut seen = Seen::default();
        times.into_iter().rev().for_each(|at| seen.saw(when, at));
        Ok((seen, newest))
    }

    /// The newest of a filter set up to a place.
    pub(super) async fn newest(&self, workspace: WorkspaceId, filter: FilterSet, up_to: Seq, limit: usize) -> Result<Page, StoreError> {
        let query = PageQuery {
            filter,
            after: 0,
            up_to: Some(up_to),
            since: None,
            until: None,
            order: Order::NewestFirst,
            limit: limit.clamp(1, PAGE_ITEMS),
            bytes_max: PAGE_BYTES,
            corrections: false,
        };
        self.inner.means.reads.turn(reader(workspace)).await?.log().page(workspace, query).await
    }
}
