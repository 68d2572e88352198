//! One shard: standing filters in, publications through, events out to outboxes.
//!
//! A plain state machine: [`Shard::handle`] takes one command and never waits, never does IO, never asks the store. The
//! order of its queue is the order of everything: what is installed before a publication sees it, what comes after does not.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

pub use super::command::{Command, SessionNo};
use super::outbox::{Event, Generation, Outbox, SubNo, What};
use super::publication::{Hit, Run, Told};
use super::recent::Corrected;
use super::room::Room;
use crate::auth::WorkspaceId;
use crate::domain::{AmendedEntry, Entry, EntryKind, Erasure, Mark, MembershipChange, Seq};
use crate::filter::{EntryId, FilterIndex, FilterSet, Seat};
use crate::store::{ChangedName, Correction, MembershipSnapshot};

/// Bytes of activities in one run, unless it is a single activity. A frame takes several runs.
pub const RUN_BYTES_MAX: usize = 48 * 1024;
/// Bytes of erasures that are told together: so many filters share them, and they fit a run.
const ERASURES_BYTES_MAX: usize = RUN_BYTES_MAX / 2;
/// Echoes that wait for the head to come; beyond it the oldest is answered early, which only makes its asker ask again.
const ECHOES_WAITING_MAX: usize = 4096;

/// The state of one shard.
#[derive(Debug, Default)]
pub struct Shard {
    rooms: HashMap<WorkspaceId, Standing>,
    sessions: HashMap<SessionNo, Present>,
    /// Workspaces whose sessions were told within this second that names have changed.
    hushed: Vec<WorkspaceId>,
    /// Activities offered to sessions since this was last taken.
    delivered: u64,
    /// Number of the last probe that passed.
    probed: u64,
    /// Faults that a test planted.
    #[cfg(test)]
    pub planted: Option<super::Planted>,
}

/// A session as its shard knows it.
#[derive(Debug)]
struct Present {
    workspace: WorkspaceId,
    outbox: Arc<Outbox>,
    members: Vec<(SubNo, Seat)>,
}

/// What stands in one workspace.
#[derive(Debug)]
struct Standing {
    room: Arc<Room>,
    index: FilterIndex<Member>,
    hits: Hits,
    erasures: Erasures,
    echoes: Vec<(Seq, SessionNo, SubNo, Generation)>,
    /// Who sits here.
    sessions: HashSet<SessionNo>,
    names: News,
}

/// What the sessions of a workspace know of its changed names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// Nothing has changed within the last second.
    None,
    /// They were told within the last second.
    Told,
    /// More has changed since.
    Waits,
}

/// One subscription under a standing filter.
#[derive(Debug, Clone)]
struct Member {
    session: SessionNo,
    sub: SubNo,
    generation: Generation,
    outbox: Arc<Outbox>,
}

/// Erasures that came one after the other, of one event: they go to every filter that admits it, and to all of them as one.
#[derive(Debug, Default)]
struct Erasures {
    event: Option<Arc<str>>,
    /// Of the last of them.
    mark: Option<Mark>,
    told: Vec<Correction>,
    bytes: usize,
}

/// Which entries of the present batch each standing filter wants; kept to be used again.
#[derive(Debug, Default)]
struct Hits {
    matched: Vec<EntryId>,
    touched: Vec<EntryId>,
    by_filter: Vec<Vec<Hit>>,
}

impl Hits {
    /// Every filter that matched gets it.
    fn add(&mut self, entry: &Arc<Entry>) {
        let matched = std::mem::take(&mut self.matched);
        matched.iter().for_each(|id| self.push(*id, Hit::Activity(entry.clone())));
        self.matched = matched;
    }

    fn push(&mut self, id: EntryId, hit: Hit) {
        let at = id.index();
        if at >= self.by_filter.len() {
            self.by_filter.resize_with(at + 1, Vec::new);
        }
        if self.by_filter[at].is_empty() {
            self.touched.push(id);
        }
        self.by_filter[at].push(hit);
    }
}

impl Shard {
    /// Takes one command.
    pub fn handle(&mut self, command: Command) {
        match command {
            Command::Open(room) => {
                let standing = Standing {
                    room,
                    index: FilterIndex::default(),
                    hits: Hits::default(),
                    erasures: Erasures::default(),
                    echoes: Vec::new(),
                    sessions: HashSet::new(),
                    names: News::None,
                };
                self.rooms.entry(standing.room.workspace()).or_insert(standing);
            }
            Command::Publish { workspace, entries, committed_at } => self.publish(workspace, &entries, committed_at),
            Command::Enter { session, workspace, outbox } => {
                if let Some(standing) = self.rooms.get_mut(&workspace) {
                    standing.sessions.insert(session);
                    // Names that changed after it looked at them and before it stood here were announced without it.
                    outbox.announce_names();
                }
                self.sessions.insert(session, Present { workspace, outbox, members: Vec::new() });
            }
            Command::Install { session, sub, generation, filter } => self.install(session, sub, generation, filter),
            Command::Remove { session, sub } => self.remove(session, sub),
            Command::Echo { session, sub, generation, at_least } => self.echo(session, sub, generation, at_least),
            Command::Exit { session } => {
                self.remove_all(session);
                if let Some(present) = self.sessions.remove(&session)
                    && let Some(standing) = self.rooms.get_mut(&present.workspace)
                {
                    standing.sessions.remove(&session);
                }
            }
            Command::Probe(number) => self.probed = self.probed.max(number),
            Command::Pruned { workspace, up_to } => {
                if let Some(standing) = self.rooms.get(&workspace) {
                    standing.room.pruned(up_to);
                }
            }
            Command::Skip { workspace, snapshot } => self.skip(workspace, &snapshot),
            Command::Changed { workspace, names } => self.changed(workspace, names.as_deref()),
            Command::Close(workspace) => {
                self.rooms.remove(&workspace);
            }
        }
    }

    /// Keeps the names for whoever reads them, and says so to the sessions of the workspace: at once, or once the second
    /// since they were last told is over. So it costs every session at most one wake-up a second, however many names.
    fn changed(&mut self, workspace: WorkspaceId, names: Option<&[Arc<ChangedName>]>) {
        let Some(standing) = self.rooms.get_mut(&workspace) else { return };
        match names {
            Some(names) => standing.room.names().push(names.iter().cloned()),
            None => standing.room.names().push_unknown(),
        }
        let news = std::mem::replace(&mut standing.names, News::Waits);
        if news == News::None {
            standing.names = News::Told;
            standing.announce_names(&self.sessions);
            self.hushed.push(workspace);
        }
    }

    /// True while some workspace waits for its second to be over.
    pub fn is_hushed(&self) -> bool {
        !self.hushed.is_empty()
    }

    /// A second is over: names that changed meanwhile are announced.
    pub fn second_over(&mut self) {
        let Self { rooms, sessions, hushed, .. } = self;
        hushed.retain(|workspace| {
            let Some(standing) = rooms.get_mut(workspace) else { return false };
            match std::mem::replace(&mut standing.names, News::None) {
                News::Waits => {
                    standing.names = News::Told;
                    standing.announce_names(sessions);
                    true
                }
                News::Told | News::None => false,
            }
        });
    }

    /// Number of the last probe that passed.
    pub fn probed(&self) -> u64 {
        self.probed
    }

    /// Activities offered to sessions since this was last asked.
    pub fn take_delivered(&mut self) -> u64 {
        std::mem::take(&mut self.delivered)
    }

    /// Subscriptions that stand on this shard.
    pub fn members(&self) -> usize {
        self.sessions.values().map(|p| p.members.len()).sum()
    }

    /// Distinct filters that stand on this shard.
    pub fn filters(&self) -> usize {
        self.rooms.values().map(|r| r.index.len()).sum()
    }

    fn publish(&mut self, workspace: WorkspaceId, entries: &Arc<[Arc<Entry>]>, committed_at: Instant) {
        let Some(standing) = self.rooms.get_mut(&workspace) else { return };
        let head = standing.room.head();
        let Some(last) = entries.last().map(|e| e.seq).filter(|last| *last > head) else { return };
        let mut full = Vec::new();
        let mut corrected = Corrected::new();
        #[cfg(test)]
        let (by_after_only, untold, uncorrected) = (
            self.planted == Some(super::Planted::AmendedByAfterOnly),
            self.planted == Some(super::Planted::ErasedUntold),
            self.planted == Some(super::Planted::RecentNotCorrected),
        );
        #[cfg(not(test))]
        let (by_after_only, untold, uncorrected) = (false, false, false);
        for entry in entries.iter().filter(|e| e.seq > head) {
            if !matches!(entry.kind, EntryKind::Erasure(_)) {
                standing.tell_erasures();
            }
            match &entry.kind {
                EntryKind::Activity(activity) => {
                    let Standing { room, index, hits, .. } = standing;
                    hits.matched.clear();
                    room.with_people(|people| index.matching(&activity.facts, people.of(&activity.facts), &mut hits.matched));
                    hits.add(entry);
                }
                EntryKind::Membership(change) => {
                    // What came before goes out under the memberships that held then.
                    self.delivered += standing.deliver(committed_at, &mut full);
                    standing.follow(entry.seq, change, &mut full);
                }
                EntryKind::Amendment(amended) => {
                    corrected.insert(amended.amendment.target, amended.row.clone());
                    standing.amend(entry, amended, by_after_only);
                }
                EntryKind::Erasure(erasure) => {
                    corrected.insert(erasure.target, None);
                    if !untold {
                        standing.erase(entry, erasure);
                    }
                }
                EntryKind::Shell => {}
            }
        }
        standing.tell_erasures();
        self.delivered += standing.deliver(committed_at, &mut full);
        // Of a batch that is known in part, only what is new: recent entries hold each once.
        let known = entries.iter().take_while(|e| e.seq <= head).count();
        standing.room.remember(&if known == 0 { entries.clone() } else { entries[known..].into() });
        if !uncorrected {
            standing.room.correct(&corrected);
        }
        // Only now: whoever reads this head finds every offer up to it in the outbox.
        standing.room.applied(last);
        standing.answer_echoes(last, &self.sessions);
        full.sort_unstable();
        full.dedup();
        for session in full {
            self.remove_all(session);
        }
    }

    /// Goes on behind what was pruned before it was published: every session falls behind, reads on from its place, and is
    /// told there.
    fn skip(&mut self, workspace: WorkspaceId, snapshot: &MembershipSnapshot) {
        let Some(standing) = self.rooms.get_mut(&workspace) else { return };
        let pruned = snapshot.head.pruned;
        if pruned <= standing.room.head() {
            return;
        }
        standing.room.begin_behind(snapshot);
        let everybody: Vec<SessionNo> = standing.sessions.iter().copied().collect();
        for session in everybody {
            if let Some(present) = self.sessions.get(&session) {
                present.outbox.overflow();
            }
            self.remove_all(session);
        }
        let Some(standing) = self.rooms.get_mut(&workspace) else { return };
        // Only now: whoever reads this head finds that it has fallen behind.
        standing.room.applied(pruned);
        standing.answer_echoes(pruned, &self.sessions);
    }

    fn install(&mut self, session: SessionNo, sub: SubNo, generation: Generation, filter: Arc<FilterSet>) {
        self.remove(session, sub);
        let Some(present) = self.sessions.get_mut(&session) else { return };
        let Some(standing) = self.rooms.get_mut(&present.workspace) else { return };
        let at = standing.room.head();
        #[cfg(test)]
        let at = if self.planted == Some(super::Planted::SpliceOffByOne) { at.saturating_sub(1) } else { at };
        if !present.outbox.offer(Event { sub, generation, what: What::Installed { at } }) {
            return self.remove_all(session);
        }
        let member = Member { session, sub, generation, outbox: present.outbox.clone() };
        present.members.push((sub, standing.index.insert(filter, member)));
    }

    fn remove(&mut self, session: SessionNo, sub: SubNo) {
        let Some(present) = self.sessions.get_mut(&session) else { return };
        let Some(standing) = self.rooms.get_mut(&present.workspace) else { return };
        if let Some(at) = present.members.iter().position(|(s, _)| *s == sub) {
            let (_, slot) = present.members.swap_remove(at);
            standing.index.remove(slot);
        }
    }

    fn remove_all(&mut self, session: SessionNo) {
        let Some(present) = self.sessions.get_mut(&session) else { return };
        let Some(standing) = self.rooms.get_mut(&present.workspace) else { return };
        for (_, slot) in present.members.drain(..) {
            standing.index.remove(slot);
        }
    }

    fn echo(&mut self, session: SessionNo, sub: SubNo, generation: Generation, at_least: Seq) {
        let Some(present) = self.sessions.get(&session) else { return };
        let Some(standing) = self.rooms.get_mut(&present.workspace) else { return };
        standing.echoes.push((at_least, session, sub, generation));
        if standing.echoes.len() > ECHOES_WAITING_MAX {
            standing.echoes[0].0 = 0;
        }
        let head = standing.room.head();
        standing.answer_echoes(head, &self.sessions);
    }
}

impl Standing {
    fn announce_names(&self, sessions: &HashMap<SessionNo, Present>) {
        self.sessions.iter().filter_map(|session| sessions.get(session)).for_each(|present| present.outbox.announce_names());
    }

    /// Offers what the filters want of the batch so far.
    fn deliver(&mut self, committed_at: Instant, full: &mut Vec<SessionNo>) -> u64 {
        let mut delivered = 0;
        let Self { index, hits, .. } = self;
        for id in hits.touched.drain(..) {
            let entries = &mut hits.by_filter[id.index()];
            for part in parts(entries) {
                let run = Arc::new(Run::of(part, committed_at));
                for member in index.members(id) {
                    let event = Event { sub: member.sub, generation: member.generation, what: What::Run(run.clone()) };
                    if member.outbox.offer(event) {
                        delivered += part.len() as u64;
                    } else {
                        full.push(member.session);
                    }
                }
            }
            entries.clear();
        }
        delivered
    }

    /// One pass of the index with the facts before and one with those after: an amendment goes to who matched either.
    fn amend(&mut self, entry: &Entry, amended: &AmendedEntry, by_after_only: bool) {
        let (Some(before), Some(after)) = (amended.facts_before(), amended.facts_after()) else { return };
        let Self { room, index, hits, .. } = self;
        hits.matched.clear();
        if !by_after_only {
            room.with_people(|people| index.matching(&before, people.of(&before), &mut hits.matched));
        }
        let wanted_before = std::mem::take(&mut hits.matched);
        room.with_people(|people| index.matching(after, people.of(after), &mut hits.matched));
        let wanted_after = std::mem::take(&mut hits.matched);
        let was: HashSet<EntryId> = wanted_before.into_iter().collect();
        let is: HashSet<EntryId> = wanted_after.into_iter().collect();
        // Who keeps it, who gets it, who loses it: each is told in one form, made once.
        let mut tell = |ids: Vec<EntryId>, before, after| {
            if let Some(correction) = Correction::amended(entry.seq, amended, before, after).filter(|_| !ids.is_empty()) {
                let told = Told::from([correction]);
                ids.into_iter().for_each(|id| hits.push(id, Hit::Corrections(told.clone(), entry.mark)));
            }
        };
        tell(was.intersection(&is).copied().collect(), true, true);
        tell(is.difference(&was).copied().collect(), false, true);
        tell(was.difference(&is).copied().collect(), true, false);
    }

    /// An erasure goes to all who may see its event, whatever else they look for.
    fn erase(&mut self, entry: &Entry, erasure: &Erasure) {
        if self.erasures.event.as_ref() != Some(&erasure.event) || self.erasures.bytes > ERASURES_BYTES_MAX {
            self.tell_erasures();
            self.erasures.event = Some(erasure.event.clone());
        }
        let correction = Correction::erased(entry.seq, erasure);
        self.erasures.mark = entry.mark;
        self.erasures.bytes += correction.json.len();
        self.erasures.told.push(correction);
    }

    /// Tells the erasures that were gathered.
    fn tell_erasures(&mut self) {
        let Self { index, hits, erasures, .. } = self;
        let Some(event) = std::mem::take(&mut erasures.event) else { return };
        erasures.bytes = 0;
        let told = Told::from(std::mem::take(&mut erasures.told));
        for (id, _) in index.filters().filter(|(_, filter)| filter.admits_event(&event)) {
            hits.push(id, Hit::Corrections(told.clone(), erasures.mark));
        }
    }

    /// From here on the new memberships hold; whoever asks for them is told.
    fn follow(&mut self, at: Seq, change: &MembershipChange, full: &mut Vec<SessionNo>) {
        self.room.follow(change);
        for id in self.index.dependents(change.set, &change.event, &change.value) {
            for member in self.index.members(id) {
                let event = Event { sub: member.sub, generation: member.generation, what: What::MembershipChanged { at } };
                if !member.outbox.offer(event) {
                    full.push(member.session);
                }
            }
        }
    }

    fn answer_echoes(&mut self, head: Seq, sessions: &HashMap<SessionNo, Present>) {
        self.echoes.retain(|(at_least, session, sub, generation)| {
            if *at_least > head {
                return true;
            }
            if let Some(present) = sessions.get(session) {
                // An outbox that is full drops it: its session asks again when it has caught up.
                let _ = present.outbox.offer(Event { sub: *sub, generation: *generation, what: What::Echo { at: head } });
            }
            false
        });
    }
}

/// Cuts hits into runs of at most [`RUN_BYTES_MAX`].
fn parts(entries: &[Hit]) -> impl Iterator<Item = &[Hit]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let mut fits = |hit: &&Hit| {
            bytes += hit.bytes();
            bytes <= RUN_BYTES_MAX
        };
        let end = rest.iter().take_while(|e| fits(e)).count().max(1).min(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests;
