//! An older copy of the database is put back: the epoch is the same, and so are the seqs, but what they stand for is not.

use std::sync::Arc;

use super::Fault;
use super::client::{Client, View};
use super::world::{EPOCH, World};
use crate::domain::{MARK_BYTES, Mark, Seq, UnixMs};
use crate::hub::recent::RecentBudget;
use crate::hub::room::Room;
use crate::hub::shard::{Command, Shard};
use crate::store::{Head, MembershipSnapshot, PartnerMemberships};

impl World {
    /// The mark of what is written next at a place: another one in each history.
    pub fn mark_of(&self, seq: Seq) -> Mark {
        let mut mark = [0; MARK_BYTES];
        mark[0] = u8::try_from(self.history).expect("few");
        mark[1..].copy_from_slice(&seq.to_be_bytes()[3..]);
        Mark(mark)
    }

    /// The mark that the log has at a place.
    pub fn mark(&self, seq: Seq) -> Option<Mark> {
        self.log[..self.committed].get((seq as usize).checked_sub(1)?)?.mark.filter(|_| seq > self.pruned)
    }

    /// The head as the store tells it.
    pub fn head(&self) -> Head {
        let seq = self.committed as Seq;
        Head { epoch: EPOCH, seq, mark: self.mark(seq), pruned: self.pruned, recorded_at: UnixMs(0) }
    }

    /// The server stops, forgets its newest entries, and begins anew.
    pub fn roll_back(&mut self) {
        let kept = self.committed - self.pruned as usize;
        if !self.rolls || kept == 0 || self.history > 200 {
            return;
        }
        let gone = if self.dice.one_in(3) { self.dice.below(kept + 1) } else { self.dice.below(kept.min(6) + 1) };
        let to = self.committed - gone;
        self.history += 1;
        self.log.truncate(to);
        (self.committed, self.published, self.held_at) = (to, to, 0);
        let to = to as Seq;
        self.past.retain(|seq, _| *seq <= to);
        self.past.values_mut().for_each(|past| past.retain(|(at, _)| *at <= to));
        self.touched.retain(|seq| *seq <= to);
        self.people = self.people_now();
        self.begin_anew();
        for Client { connection, view, .. } in &mut self.clients {
            *connection = None;
            match view.position {
                Some(position) if position > to => view.lost = true,
                // It may hold of an earlier activity what a later entry made of it, which never was: nobody can tell it so.
                Some(_) if view.read_at > to => *view = View::default(),
                _ => {}
            }
        }
    }

    /// Shard and room as they are after a start.
    pub fn begin_anew(&mut self) {
        let partners = self.people_now().into_iter();
        let partners = partners.map(|(partner, memberships)| PartnerMemberships { event: "e".into(), partner, memberships }).collect();
        let snapshot = MembershipSnapshot { head: self.head(), partners };
        let budget = RecentBudget::new(self.recent_total);
        self.room = Arc::new(Room::open(self.workspace, &snapshot, &[], self.recent_bytes_max, &budget, Arc::default()));
        let mut shard = Shard::default();
        shard.planted = match self.fault {
            Some(Fault::Shard(planted)) => Some(planted),
            _ => None,
        };
        shard.handle(Command::Open(self.room.clone()));
        let mut seam = self.seam();
        seam.commands.clear();
        seam.shard = shard;
    }
}
