//! The reader of the log: which alerts each activity is of, and what follows at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::{Alerts, Fault, Next, UnixMs, lock};
use crate::auth::WorkspaceId;
use crate::domain::{ActivityEntry, Entry, EntryKind, Seq};
use crate::filter::FilterSet;
use crate::store::{FirstBy, PageEnd, Purpose, Reader, StoreError, When};

/// Root of the turns at reading of alerts: no credential has this number.
const READER_ROOT: i64 = -3;
/// Entries of one page.
const PAGE_ENTRIES: usize = 500;
/// The least time between two pages that are not full: what comes meanwhile is read at once.
const PACE: Duration = Duration::from_millis(100);
/// Entries that are judged before their place is made durable, where nothing else is.
const UNKEPT_MAX: Seq = 4_096;
/// Values that one alert knows its view to have had; beyond it all are looked up anew.
const KNOWN_MAX: usize = 100_000;

pub(super) const fn reader(workspace: WorkspaceId) -> Reader {
    Reader { workspace, root: READER_ROOT, purpose: Purpose::Stream }
}

/// Alerts that want an activity, by their places.
struct Wanted {
    seq: Seq,
    at: UnixMs,
    entry: Arc<ActivityEntry>,
    alerts: Vec<usize>,
}

/// A value by which an alert looks for the first of them.
fn value(field: FirstBy, entry: &ActivityEntry) -> Option<(String, FilterSet)> {
    let facts = &entry.facts;
    let key = match field {
        FirstBy::Partner => Some(&facts.partner),
        FirstBy::Flavor => Some(&facts.flavor),
        FirstBy::Message => facts.message.as_ref(),
        FirstBy::Campaign => facts.campaign.as_ref(),
    }?;
    match field {
        FirstBy::Flavor => Some((key.to_string(), FilterSet::one(field.field(), key))),
        // A key is one of its event.
        _ => {
            let within = format!("{}/{key}", facts.event);
            Some((within.clone(), FilterSet::one(field.field(), &within)))
        }
    }
}

/// What people call a value.
fn label(field: FirstBy, entry: &ActivityEntry, value: &str) -> String {
    let body: serde_json::Value = serde_json::from_slice(&entry.body).unwrap_or_default();
    let found = match field {
        FirstBy::Partner => &body["partner"]["name"],
        FirstBy::Flavor => &body["flavor"]["label"],
        FirstBy::Message => &body["message"]["subject"],
        FirstBy::Campaign => &body["campaign"]["name"],
    };
    found.as_str().unwrap_or(value).to_owned()
}

impl Board {
    /// Which alerts want each entry, in the order of the log; who belongs to what is followed meanwhile.
    fn wanted(&mut self, entries: &[Arc<Entry>]) -> Vec<Wanted> {
        let (mut found, mut ids) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.kind {
                EntryKind::Membership(change) if entry.seq > self.people_at => {
                    self.people.apply(change);
                    self.people_at = entry.seq;
                }
                EntryKind::Activity(activity) => {
                    ids.clear();
                    self.index.matching(&activity.facts, self.people.of(&activity.facts), &mut ids);
                    let alerts: Vec<usize> = ids.iter().flat_map(|id| self.index.members(*id).iter().copied()).collect();
                    if !alerts.is_empty() {
                        found.push(Wanted { seq: entry.seq, at: entry.recorded_at, entry: activity.clone(), alerts });
                    }
                }
                _ => {}
            }
        }
        found
    }
}

impl Alerts {
    /// One page of the log.
    pub(super) async fn step(&self, workspace: WorkspaceId) -> Result<Next, Fault> {
        let unavailable = |fault: StoreError| Fault::Unavailable(fault.to_string());
        let stale = lock(&self.inner.stale).get(&workspace).copied();
        if stale.is_some() || self.board(workspace).is_none() {
            self.load(workspace).await.map_err(unavailable)?;
            {
                let mut all = lock(&self.inner.stale);
                if all.get(&workspace).copied() == stale {
                    all.remove(&workspace);
                }
            }
            self.inner.read_anew.notify_waiters();
            // Who asks for nothing but the time is told by that.
            self.inner.news.notify_one();
        }
        let Some(board) = self.board(workspace) else { return Ok(Next::Wait) };
        {
            // Where no alert looks at activities nothing is read; one that will begins from the log.
            let mut board = lock(&board);
            if board.index.is_empty() {
                board.cursor = board.cursor.max(self.inner.means.heads.of(workspace));
                board.is_at_end = true;
                return Ok(Next::Wait);
            }
        }
        let cursor = lock(&board).cursor;
        let batch = {
            let turn = self.inner.means.reads.turn(reader(workspace)).await.map_err(unavailable)?;
            turn.log().entries(workspace, cursor, PAGE_ENTRIES).await.map_err(unavailable)?
        };
        let Some(last) = batch.entries.last().map(|entry| entry.seq) else {
            let mut board = lock(&board);
            board.cursor = cursor.max(batch.pruned);
            board.is_at_end = true;
            return Ok(Next::Wait);
        };
        let wanted = lock(&board).wanted(&batch.entries);
        let firsts = self.firsts(workspace, &board, &wanted).await.map_err(unavailable)?;
        let is_full = batch.entries.len() >= PAGE_ENTRIES;
        let owes = {
            let mut board = lock(&board);
            let mut scene = self.scene(&board);
            for Wanted { seq, at, entry, alerts } in &wanted {
                for place in alerts {
                    let Some(standing) = board.alerts.get_mut(*place) else { continue };
                    standing.saw(entry.body.clone(), *at);
                    if let Some(first) = firsts.get(&(*place, *seq)) {
                        standing.seen.saw_fresh(*at, first.clone());
                    }
                    // As of its receipt: what it ends is over, however soon that begins again.
                    scene.around.now = *at;
                    board.judge(*place, &scene);
                }
            }
            board.cursor = last;
            board.is_at_end = !is_full;
            !board.owed.is_empty() || last - board.kept >= UNKEPT_MAX
        };
        if owes {
            self.settle(workspace).await;
        }
        if is_full {
            return Ok(Next::Again);
        }
        Ok(Next::Rest(PACE))
    }

    /// The values among what is wanted that their view never had before, by place of the alert and seq.
    async fn firsts(
        &self,
        workspace: WorkspaceId,
        board: &std::sync::Mutex<Board>,
        wanted: &[Wanted],
    ) -> Result<HashMap<(usize, Seq), String>, StoreError> {
        let mut asked: Vec<(usize, Seq, String, FilterSet, String)> = Vec::new();
        {
            let board = lock(board);
            for Wanted { seq, entry, alerts, .. } in wanted {
                for place in alerts {
                    let Some(standing) = board.alerts.get(*place) else { continue };
                    let (When::FirstBy(field), Some(filter)) = (&standing.alert.when, &standing.filter) else { continue };
                    let Some((value, clause)) = value(*field, entry) else { continue };
                    let is_asked = asked.iter().any(|(of, _, known, ..)| of == place && *known == value);
                    if !is_asked && !standing.known.contains(&value) {
                        let name = label(*field, entry, &value);
                        asked.push((*place, *seq, value, filter.and(&clause), name));
                    }
                }
            }
        }
        let mut firsts = HashMap::new();
        for (place, seq, value, filter, name) in asked {
            let mut up_to = seq - 1;
            let is_first = loop {
                if up_to == 0 {
                    break true;
                }
                let page = self.newest(workspace, filter.clone(), up_to, 1).await?;
                match page.end {
                    _ if !page.items.is_empty() => break false,
                    PageEnd::Budget if page.reached < up_to => up_to = page.reached,
                    _ => break true,
                }
            };
            if let Some(standing) = lock(board).alerts.get_mut(place) {
                if standing.known.len() >= KNOWN_MAX {
                    standing.known.clear();
                }
                standing.known.insert(value);
            }
            if is_first {
                firsts.insert((place, seq), name);
            }
        }
        Ok(firsts)
    }
}
