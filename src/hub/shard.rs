//! One shard: standing filters in, publications through, events out to outboxes.
//!
//! A plain state machine: [`Shard::handle`] takes one command and never waits, never does IO, never asks the store. The
//! order of its queue is the order of everything: what is installed before a publication sees it, what comes after does not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::outbox::{Event, Generation, Outbox, SubNo, What};
use super::publication::Run;
use super::room::Room;
use crate::auth::WorkspaceId;
use crate::domain::{Entry, EntryKind, MembershipChange, Seq};
use crate::filter::{EntryId, FilterIndex, FilterSet, Seat};
use crate::store::ChangedName;

/// Number of a session, unique in the process.
pub type SessionNo = u64;

/// Bytes of activities in one run, unless it is a single activity. A frame takes several runs.
pub const RUN_BYTES_MAX: usize = 48 * 1024;
/// Echoes that wait for the head to come; beyond it the oldest is answered early, which only makes its asker ask again.
const ECHOES_WAITING_MAX: usize = 4096;

/// What a shard is told, in order.
#[derive(Debug)]
pub enum Command {
    /// A workspace begins: publications go on from the head of this room.
    Open(Arc<Room>),
    /// Entries that are durable, the first one after the last of the batch before.
    Publish {
        /// Whose.
        workspace: WorkspaceId,
        /// In seq order with no hole.
        entries: Arc<[Arc<Entry>]>,
        /// When they became durable.
        committed_at: Instant,
    },
    /// A session begins. Its workspace is open.
    Enter {
        /// Which.
        session: SessionNo,
        /// Whose.
        workspace: WorkspaceId,
        /// Where its events go.
        outbox: Arc<Outbox>,
    },
    /// Puts a filter in force for a subscription, in place of the one it had. Answered by [`What::Installed`].
    Install {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
        /// Number of this installation.
        generation: Generation,
        /// The filter.
        filter: Arc<FilterSet>,
    },
    /// Takes a subscription's filter out of force.
    Remove {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
    },
    /// Answered by [`What::Echo`], once everything up to `at_least` was offered.
    Echo {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
        /// Number that comes back.
        generation: Generation,
        /// The seq to wait for.
        at_least: Seq,
    },
    /// A session has ended.
    Exit {
        /// Which.
        session: SessionNo,
    },
    /// A name has changed.
    Changed(Arc<ChangedName>),
}

/// The state of one shard.
#[derive(Debug, Default)]
pub struct Shard {
    rooms: HashMap<WorkspaceId, Standing>,
    sessions: HashMap<SessionNo, Present>,
    /// Activities offered to sessions since this was last taken.
    delivered: u64,
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
    echoes: Vec<(Seq, SessionNo, SubNo, Generation)>,
}

/// One subscription under a standing filter.
#[derive(Debug, Clone)]
struct Member {
    session: SessionNo,
    sub: SubNo,
    generation: Generation,
    outbox: Arc<Outbox>,
}

/// Which entries of the present batch each standing filter wants; kept to be used again.
#[derive(Debug, Default)]
struct Hits {
    matched: Vec<EntryId>,
    touched: Vec<EntryId>,
    by_filter: Vec<Vec<Arc<Entry>>>,
}

impl Hits {
    fn add(&mut self, entry: &Arc<Entry>) {
        for id in &self.matched {
            let at = id.index();
            if at >= self.by_filter.len() {
                self.by_filter.resize_with(at + 1, Vec::new);
            }
            if self.by_filter[at].is_empty() {
                self.touched.push(*id);
            }
            self.by_filter[at].push(entry.clone());
        }
    }
}

impl Shard {
    /// Takes one command.
    pub fn handle(&mut self, command: Command) {
        match command {
            Command::Open(room) => {
                let standing = Standing { room, index: FilterIndex::default(), hits: Hits::default(), echoes: Vec::new() };
                self.rooms.entry(standing.room.workspace()).or_insert(standing);
            }
            Command::Publish { workspace, entries, committed_at } => self.publish(workspace, &entries, committed_at),
            Command::Enter { session, workspace, outbox } => {
                self.sessions.insert(session, Present { workspace, outbox, members: Vec::new() });
            }
            Command::Install { session, sub, generation, filter } => self.install(session, sub, generation, filter),
            Command::Remove { session, sub } => self.remove(session, sub),
            Command::Echo { session, sub, generation, at_least } => self.echo(session, sub, generation, at_least),
            Command::Exit { session } => {
                self.remove_all(session);
                self.sessions.remove(&session);
            }
            Command::Changed(changed) => {
                for present in self.sessions.values().filter(|p| p.workspace == changed.workspace) {
                    present.outbox.offer_changed(changed.clone());
                }
            }
        }
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
        for entry in entries.iter().filter(|e| e.seq > head) {
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
                EntryKind::Amendment | EntryKind::Erasure => {}
            }
        }
        self.delivered += standing.deliver(committed_at, &mut full);
        standing.room.remember(entries);
        // Only now: whoever reads this head finds every offer up to it in the outbox.
        standing.room.applied(last);
        standing.answer_echoes(last, &self.sessions);
        full.sort_unstable();
        full.dedup();
        for session in full {
            self.remove_all(session);
        }
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

/// Cuts entries into runs of at most [`RUN_BYTES_MAX`].
fn parts(entries: &[Arc<Entry>]) -> impl Iterator<Item = &[Arc<Entry>]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let mut fits = |e: &&Arc<Entry>| {
            bytes += e.activity().map_or(0, |a| a.body.len());
            bytes <= RUN_BYTES_MAX
        };
        let end = rest.iter().take_while(|e| fits(e)).count().max(1).min(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}
