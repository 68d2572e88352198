//! The world of the model: log, store, shard, time, and the driver of each session.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use super::super::found::Found;
use super::super::machine::Action;
use super::super::planted::Planted;
use super::super::read::{Answer, Question};
use super::Fault;
use super::client::{Client, View, filter_number};
use super::history::Past;
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{
    ActivityEntry, ActivityId, Actor, Device, Entry, EntryKind, Epoch, Facts, Grade, MembershipChange, MembershipSet, Memberships,
    SearchText, Seq, UnixMs,
};
use crate::filter::FilterSet;
use crate::hub;
use crate::hub::recent::RecentBudget;
use crate::hub::room::Room;
use crate::hub::shard::{Command, Shard};
use crate::store::{ChangedName, Count, Head, MembershipSnapshot, NamedKind, Order, PartnerMemberships, StoreError};

/// The log's.
pub const EPOCH: Epoch = Epoch(77);

/// A small generator (SplitMix64, Steele, Lea and Flood 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Whether a session was woken.
pub struct Flag(pub AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The shard and its queue: what runs on another thread, and may come between any two steps of a session.
pub struct Seam {
    pub shard: Shard,
    pub commands: VecDeque<Command>,
}

impl Seam {
    pub fn step(&mut self) {
        if let Some(command) = self.commands.pop_front() {
            self.shard.handle(command);
        }
    }
}

/// Everything there is.
pub struct World {
    pub dice: Dice,
    pub fault: Option<Fault>,
    pub workspace: WorkspaceId,
    /// The log: entry n stands at n - 1. The store knows the first `committed` of them.
    pub log: Vec<Arc<Entry>>,
    pub committed: usize,
    pub published: usize,
    pub people: HashMap<Arc<str>, Memberships>,
    /// The one view, while it is there.
    pub view: Option<FilterSet>,
    /// Every activity over time.
    pub past: BTreeMap<Seq, Past>,
    /// Activities that were ever corrected.
    pub touched: BTreeSet<Seq>,
    /// The shard's head when recent entries were last held to the log.
    pub held_at: Seq,
    pub seam: Arc<Mutex<Seam>>,
    pub room: Arc<Room>,
    /// Everything up to here is gone from the store.
    pub pruned: Seq,
    /// True when reads of the store fail at times.
    pub flaky: bool,
    /// True when the store forgets at times.
    pub prunes: bool,
    /// True when older copies of the store are put back at times.
    pub rolls: bool,
    /// Counts how often.
    pub history: u64,
    pub recent_bytes_max: usize,
    pub recent_total: usize,
    /// When the shard was last told that a second is over.
    pub second_ms: u64,
    pub clients: Vec<Client>,
    pub next_session: u64,
    pub now_ms: u64,
    pub outbox_bytes_max: usize,
    pub verdicts: Verdicts,
}

/// How often the corners were reached.
#[derive(Default, Debug)]
pub struct Verdicts {
    pub lagged: usize,
    pub resumed: usize,
    pub refiltered: usize,
    pub sealed: usize,
    pub accord: usize,
    pub viewed: usize,
    pub lost: usize,
    pub reset: usize,
    pub changed: usize,
    pub failed: usize,
    pub amended: usize,
    pub entered: usize,
    pub left: usize,
    pub erased: usize,
    pub at_head: usize,
}

impl Verdicts {
    pub fn fields(&mut self) -> [&mut usize; 15] {
        let Self {
            lagged,
            resumed,
            refiltered,
            sealed,
            accord,
            viewed,
            lost,
            reset,
            changed,
            failed,
            amended,
            entered,
            left,
            erased,
            at_head,
        } = self;
        [lagged, resumed, refiltered, sealed, accord, viewed, lost, reset, changed, failed, amended, entered, left, erased, at_head]
    }

    /// Adds those of another world.
    pub fn add(&mut self, mut other: Self) {
        self.fields().into_iter().zip(other.fields()).for_each(|(mine, more)| *mine += *more);
    }

    /// True when every corner was reached.
    pub fn all_seen(&mut self) -> bool {
        self.fields().into_iter().all(|seen| *seen > 0)
    }
}

impl World {
    pub fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut dice = Dice(seed);
        let workspace = Operator::assume().workspace(1);
        let head = Head { epoch: EPOCH, seq: 0, mark: None, pruned: 0, recorded_at: UnixMs(0) };
        let recent_bytes_max = dice.pick(&[0, 1_500, 4_000, 1_000_000]);
        let recent_total = dice.pick(&[2_000, 1_000_000]);
        let budget = RecentBudget::new(recent_total);
        let room = Arc::new(Room::open(
            workspace,
            &MembershipSnapshot { head, partners: Vec::new() },
            &[],
            recent_bytes_max,
            &budget,
            Arc::default(),
        ));
        let mut shard = Shard::default();
        shard.planted = match fault {
            Some(Fault::Shard(planted)) => Some(planted),
            _ => None,
        };
        shard.handle(Command::Open(room.clone()));
        let outbox_bytes_max = dice.pick(&[250, 700, 2_500, 100_000]);
        let (flaky, prunes, rolls) = (dice.one_in(3), dice.one_in(3), dice.one_in(3));
        // A seal over what goes meanwhile is rare: whoever looks for that fault looks where it may be.
        let over_pruned = fault == Some(Fault::Session(Planted::SealOverPruned));
        let (flaky, prunes, rolls) = (flaky && !over_pruned, prunes || over_pruned, rolls && !over_pruned);
        let mut world = Self {
            dice,
            fault,
            workspace,
            log: Vec::new(),
            committed: 0,
            published: 0,
            people: HashMap::new(),
            view: Some(FilterSet::default()),
            past: BTreeMap::new(),
            touched: BTreeSet::new(),
            held_at: 0,
            seam: Arc::new(Mutex::new(Seam { shard, commands: VecDeque::new() })),
            room,
            pruned: 0,
            flaky,
            prunes,
            rolls,
            history: 0,
            recent_bytes_max,
            recent_total,
            second_ms: 0,
            clients: Vec::new(),
            next_session: 1,
            now_ms: 0,
            outbox_bytes_max,
            verdicts: Verdicts::default(),
        };
        for _ in 0..3 {
            world.clients.push(Client { connection: None, view: View::default(), refs: 0 });
        }
        world
    }

    pub fn step(&mut self) {
        let client = self.dice.below(self.clients.len());
        match self.dice.below(18) {
            0 | 1 => self.write_entries(),
            2 => self.commit(),
            3 | 4 => self.publish(),
            5..=7 => self.shard_step(),
            8..=10 => self.drive(client),
            11 => self.answer_read(client),
            12 | 13 => self.client_reads(client),
            14 => self.client_acts(client),
            15 if self.dice.one_in(3) => self.change_view(),
            15 => self.change_names(),
            16 if self.dice.one_in(20) => self.roll_back(),
            16 => self.prune(),
            _ => {
                let ms = self.dice.pick(&[1, 50, 600, 16_000]);
                self.pass(ms);
            }
        }
        self.hold_recent();
    }

    /// The seam, for as long as nothing else wants it.
    pub fn seam(&self) -> MutexGuard<'_, Seam> {
        self.seam.lock().expect("whole")
    }

    pub fn tell(&self, command: Command) {
        self.seam().commands.push_back(command);
    }

    /// Time passes.
    pub fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        if self.now_ms >= self.second_ms + 1_000 {
            self.second_ms = self.now_ms;
            self.seam().shard.second_over();
        }
    }

    pub fn change_names(&mut self) {
        if self.dice.one_in(4) {
            let names = (0..=self.dice.below(3)).map(|_| {
                let kind = self.dice.pick(&NamedKind::ALL);
                let key = format!("e/k{}", self.dice.below(9)).into();
                Arc::new(ChangedName { workspace: self.workspace, kind, event: "e".into(), key })
            });
            let names: Vec<_> = names.collect();
            let names = (!self.dice.one_in(9)).then(|| names.into());
            self.tell(Command::Changed { workspace: self.workspace, names });
        }
    }

    /// The view becomes another, or goes; what was there is told after it is so.
    pub fn change_view(&mut self) {
        let filter = FilterSet::from_json(&filter_number(self.dice.below(10))).expect("valid");
        self.view = (!self.dice.one_in(6)).then_some(filter);
        self.tell_view();
    }

    fn tell_view(&self) {
        let name = ChangedName { workspace: self.workspace, kind: NamedKind::View, event: "".into(), key: "v".into() };
        self.tell(Command::Changed { workspace: self.workspace, names: Some([Arc::new(name)].into()) });
    }

    /// The store forgets the beginning of the log.
    pub fn prune(&mut self) {
        let often = if self.fault == Some(Fault::Session(Planted::SealOverPruned)) { 2 } else { 12 };
        if self.prunes && self.dice.one_in(often) {
            self.pruned = self.pruned.max(self.dice.below(self.committed + 1) as Seq);
            self.tell(Command::Pruned { workspace: self.workspace, up_to: self.pruned });
        }
    }

    pub fn write_entries(&mut self) {
        if self.log.len() > 400 || self.log.len() > self.committed + 8 {
            return;
        }
        for _ in 0..=self.dice.below(3) {
            let seq = self.log.len() as Seq + 1;
            let partner: Arc<str> = self.dice.pick(&["p0", "p1", "p2", "p3"]).into();
            let correction = if self.dice.one_in(4) { self.correction(seq) } else { None };
            let kind = if let Some(correction) = correction {
                correction
            } else if self.dice.one_in(9) {
                let member = self.people.get(&partner).is_some_and(|m| !m.messages.is_empty());
                let who = vec![partner];
                let (added, removed) = if member { (Vec::new(), who) } else { (who, Vec::new()) };
                EntryKind::Membership(Arc::new(MembershipChange {
                    event: "e".into(),
                    set: MembershipSet::Message,
                    value: "m0".into(),
                    added,
                    removed,
                }))
            } else {
                let flavor = self.dice.pick(&["a.x", "a.y", "b.x"]);
                let event = self.dice.pick(&["e", "e", "e", "f"]);
                let activity = Arc::new(activity(seq, event, &partner, flavor));
                self.past.insert(seq, vec![(seq, Some(activity.clone()))]);
                EntryKind::Activity(activity)
            };
            if let EntryKind::Amendment(amended) = &kind {
                self.touched.insert(amended.amendment.target);
            }
            if let EntryKind::Erasure(erasure) = &kind {
                self.touched.insert(erasure.target);
            }
            // Memberships alternate by what was written, so that each entry is a change.
            if let EntryKind::Membership(change) = &kind {
                self.apply(&change.clone());
            }
            self.log.push(Arc::new(Entry { seq, recorded_at: UnixMs(seq as i64), mark: Some(self.mark_of(seq)), kind }));
        }
    }

    pub fn apply(&mut self, change: &MembershipChange) {
        for (who, member) in [(&change.added, true), (&change.removed, false)] {
            for partner in who {
                self.people.entry(partner.clone()).or_default().set(change.set, &change.value, member);
            }
        }
    }

    pub fn commit(&mut self) {
        self.committed = self.log.len();
    }

    pub fn publish(&mut self) {
        let durable = if self.fault == Some(Fault::PublishBeforeCommit) { self.log.len() } else { self.committed };
        if (self.published as Seq) < self.pruned && self.dice.one_in(3) {
            // What is to come next was dropped on its way, and is gone from the store.
            let partners = self.people_now().into_iter();
            let partners = partners.map(|(partner, memberships)| PartnerMemberships { event: "e".into(), partner, memberships }).collect();
            let snapshot = Arc::new(MembershipSnapshot { head: self.head(), partners });
            self.published = self.pruned as usize;
            return self.tell(Command::Skip { workspace: self.workspace, snapshot });
        }
        if self.published < durable {
            let end = durable.min(self.published + 1 + self.dice.below(4));
            let mut entries: Vec<Arc<Entry>> = self.log[self.published..end].to_vec();
            if end <= self.committed && self.dice.one_in(4) {
                // The queue had a hole, and it was read.
                entries = entries.iter().map(|entry| self.as_read(entry)).collect();
            }
            let entries: Arc<[Arc<Entry>]> = entries.into();
            self.published = end;
            self.tell(Command::Publish { workspace: self.workspace, entries, committed_at: Instant::now() });
        }
    }

    pub fn shard_step(&mut self) {
        self.seam().step();
    }

    /// Memberships as the store has them now: of the entries that are committed.
    pub fn people_now(&self) -> HashMap<Arc<str>, Memberships> {
        let mut people: HashMap<Arc<str>, Memberships> = HashMap::new();
        for entry in &self.log[..self.committed] {
            if let EntryKind::Membership(change) = &entry.kind {
                for (who, member) in [(&change.added, true), (&change.removed, false)] {
                    for partner in who {
                        people.entry(partner.clone()).or_default().set(change.set, &change.value, member);
                    }
                }
            }
        }
        people
    }

    /// Activities in (`after`, `up_to`] that match now, as they are now.
    pub fn truth(&self, filter: &FilterSet, after: Seq, up_to: Seq) -> Vec<(Seq, Arc<ActivityEntry>)> {
        if up_to <= after {
            return Vec::new();
        }
        let (people, nothing) = (self.people_now(), Memberships::default());
        let memberships = |facts: &Facts| people.get(&facts.partner).filter(|_| *facts.event == *"e").unwrap_or(&nothing).clone();
        let there = self.past.range(after + 1..=up_to).filter(|(seq, _)| **seq <= self.committed as Seq);
        let now = there.filter_map(|(seq, _)| Some((*seq, self.at(*seq, self.committed as Seq)?.clone())));
        now.filter(|(_, row)| filter.matches(&row.facts, &memberships(&row.facts))).collect()
    }

    pub fn answer_read(&mut self, client: usize) {
        let Some((read, question)) = self.clients[client].connection.as_mut().and_then(|c| c.read.take()) else { return };
        if self.flaky && self.dice.one_in(3) {
            self.verdicts.failed += 1;
            let connection = self.clients[client].connection.as_mut().expect("still there");
            connection.session.answered(read, Err(StoreError::Unavailable("a test".into())));
            connection.awake.0.store(true, Ordering::SeqCst);
            return;
        }
        let head = self.head();
        let answer = match question {
            Question::Head => Answer::Head(head),
            Question::Mark(seq) => Answer::Mark(self.mark(seq)),
            Question::View(_) => Answer::View(self.view.clone()),
            Question::Count { filter, from, to } => {
                let barrier = self.log[..self.committed].iter().rev().find(|e| e.activity().is_none()).map_or(0, |e| e.seq);
                Answer::Count(Count {
                    stored: self.truth(&filter, from.max(self.pruned), to).len() as u64,
                    reached: to,
                    since: None,
                    barrier,
                    pruned: self.pruned,
                })
            }
            Question::History(ask) => {
                let up_to = ask.up_to.unwrap_or(head.seq);
                let budget = self.dice.one_in(4);
                let cut = if budget { self.dice.below(ask.limit.max(1)) + 1 } else { ask.limit };
                let rows = self.truth(&ask.filter, ask.after.max(self.pruned), up_to);
                let mut found = Found { pruned: self.pruned, ..Found::nothing(up_to) };
                let item = |(seq, row): &(Seq, Arc<ActivityEntry>)| crate::store::Item {
                    seq: *seq,
                    mark: self.mark(*seq),
                    body: row.body.clone(),
                };
                found.items = rows.iter().map(item).collect();
                if ask.order == Order::OldestFirst {
                    let told = self.corrections(&ask.filter, ask.after.max(self.pruned), up_to);
                    found.corrections = told;
                    let beyond = [found.items.get(cut - 1).map(|i| i.seq), found.corrections.get(cut - 1).map(|c| c.at)];
                    if let Some(reached) = beyond.into_iter().flatten().min().filter(|reached| *reached < up_to) {
                        found.items.retain(|item| item.seq <= reached);
                        found.corrections.retain(|correction| correction.at <= reached);
                        (found.reached, found.whole) = (reached, false);
                    }
                    let entries = self.log[..self.committed].iter().filter(|e| e.seq > ask.after && e.seq <= found.reached);
                    found.memberships = hub::room::membership_changes(entries).map(|(s, c)| (s, c.clone())).collect();
                } else {
                    found.reached = 0;
                    if found.items.len() >= cut {
                        found.items.drain(..found.items.len() - cut);
                        found.reached = found.items.first().map_or(up_to, |item| item.seq - 1);
                        found.whole = false;
                    }
                }
                found.reached_mark = self.mark(found.reached);
                Answer::History(found)
            }
        };
        let connection = self.clients[client].connection.as_mut().expect("still there");
        connection.session.answered(read, Ok(answer));
        connection.awake.0.store(true, Ordering::SeqCst);
    }

    /// One round of the driver: as `ws` does it.
    pub fn drive(&mut self, client: usize) {
        let now = self.now_ms;
        let Some(connection) = self.clients[client].connection.as_mut() else { return };
        if connection.blocked.is_none() {
            let due = now >= connection.session.next_tick_ms();
            let woken = connection.awake.0.swap(false, Ordering::SeqCst);
            let said = connection.words.pop_front();
            if !woken && said.is_none() && !due {
                return;
            }
            connection.session.tick(now);
            if let Some(text) = said {
                connection.session.said(&text);
            }
            connection.session.drain();
            connection.session.tick(now);
        }
        let mut ended = false;
        loop {
            if let Some(frame) = connection.blocked.take() {
                if connection.in_flight.len() >= 3 {
                    connection.blocked = Some(frame);
                    return;
                }
                connection.in_flight.push_back(frame);
            }
            match connection.session.next_action() {
                Some(Action::Send(written, _)) => {
                    if written.word == "changed" {
                        let made = connection.session.now_ms();
                        let before = connection.changed_ms.replace(made);
                        assert!(before.is_none_or(|before| made >= before + 1_000), "names are told once a second at most");
                    }
                    connection.blocked = Some(written.text());
                }
                Some(Action::Tell(command)) => self.seam.lock().expect("whole").commands.push_back(command),
                Some(Action::Read(read, question)) => connection.read = Some((read, question)),
                Some(Action::Seen(_)) => unreachable!("no client of the model is a screen"),
                Some(Action::End(_)) => ended = true,
                None => break,
            }
        }
        assert!(!ended, "nothing here ends a session");
        let (next, last) = (connection.session.next_tick_ms(), connection.session.now_ms());
        assert!(next > last, "who has nothing to do is due later, or never: {next} at {last}, {:?}", connection.session);
        let waker: Waker = connection.awake.clone().into();
        if connection.outbox.poll_ready(&Context::from_waker(&waker)).is_ready() {
            connection.awake.0.store(true, Ordering::SeqCst);
        }
        if !connection.words.is_empty() {
            connection.awake.0.store(true, Ordering::SeqCst);
        }
    }

    /// Lets everything run until nothing moves, then holds every view to the store.
    pub fn settle(&mut self) {
        if self.view.is_none() {
            self.view = Some(FilterSet::default());
            self.tell_view();
        }
        self.commit();
        self.flaky = false;
        self.run_on(200);
        // Reads that failed are tried again within this time.
        self.pass(8_000);
        self.run_on(200);
        for _ in 0..6 {
            self.write_entries();
            self.commit();
        }
        self.run_on(3_000);
        // No time has passed: whatever matched was brought by wake-ups alone.
        for view in self.clients.iter().map(|c| &c.view).filter(|v| v.exact) {
            assert_eq!(view.pending, 0, "every refilter is answered");
            self.hold_rows(view);
        }
        for _ in 0..8 {
            self.pass(1_001);
            self.run_on(200);
        }
        // Two heartbeats: whoever was quiet says where it is.
        for _ in 0..2 {
            self.pass(15_001);
            self.run_on(200);
        }
        let head = self.committed as Seq;
        for client in &self.clients {
            let view = &client.view;
            assert_eq!(view.pending, 0, "every refilter is answered");
            assert_eq!(view.position, Some(head), "a quiet view is at the head: {}", view.filter);
            self.hold_rows(view);
            let connection = client.connection.as_ref().expect("connected");
            assert_eq!(connection.outbox.charged(), 0, "at rest nothing is charged");
            assert_eq!(connection.session.names.told, self.room.names().told(), "every changed name was told");
        }
    }

    /// Lets everything but time move on.
    pub fn run_on(&mut self, rounds: usize) {
        for _ in 0..rounds {
            self.publish();
            self.shard_step();
            for client in 0..self.clients.len() {
                if self.clients[client].connection.is_none() {
                    self.connect(client);
                }
                self.drive(client);
                self.answer_read(client);
                self.client_reads(client);
            }
            self.hold_recent();
        }
    }
}

pub fn activity(seq: Seq, event: &str, partner: &Arc<str>, flavor: &str) -> ActivityEntry {
    let facts = Facts {
        id: ActivityId(uuid::Uuid::from_u128(u128::from(seq))),
        event: event.into(),
        partner: partner.clone(),
        flavor: flavor.into(),
        message: None,
        campaign: None,
        actor: Actor::Unknown,
        device: Device::Unknown,
        grade: Grade::Unclear,
        platform: None,
        browser: None,
        source_host: None,
        referrer_host: None,
        search: SearchText::default(),
    };
    ActivityEntry { facts, body: format!(r#"{{"seq":{seq},"grade":"unclear","grade_reasons":["r"]}}"#).into() }
}
