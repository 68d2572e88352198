//! What the model does not reach: batches that overlap, and what a session sees that is quicker than its shard.

use std::sync::Arc;
use std::time::Instant;

use super::{Command, Shard};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{
    ActivityEntry, ActivityId, AmendedEntry, Amendment, Entry, EntryKind, Epoch, Erasure, Grade, Graded, MARK_BYTES, Mark, Seq, UnixMs,
};
use crate::filter::FilterSet;
use crate::hub::outbox::{Outbox, What};
use crate::hub::recent::RecentBudget;
use crate::hub::recent::tests::facts;
use crate::hub::room::Room;
use crate::store::{Head, MembershipSnapshot};

fn bench() -> (WorkspaceId, Arc<Room>, Shard) {
    let workspace = Operator::assume().workspace(1);
    let head = Head { epoch: Epoch(7), seq: 0, mark: None, pruned: 0, recorded_at: UnixMs(0) };
    let room = Arc::new(Room::open(
        workspace,
        &MembershipSnapshot { head, partners: Vec::new() },
        &[],
        1 << 20,
        &RecentBudget::new(1 << 30),
        Arc::default(),
    ));
    let mut shard = Shard::default();
    shard.handle(Command::Open(room.clone()));
    (workspace, room, shard)
}

#[test]
fn a_batch_that_is_known_in_part_is_remembered_once() {
    let (workspace, room, mut shard) = bench();
    for batch in [[1, 2], [2, 3], [1, 2], [4, 5]] {
        let entry = |seq: Seq| Arc::new(Entry { seq, recorded_at: UnixMs(0), mark: None, kind: EntryKind::Shell });
        let entries = batch.map(entry).to_vec().into();
        shard.handle(Command::Publish { workspace, entries, committed_at: Instant::now() });
    }
    let recent = room.recent(0, 5).expect("kept");
    let seqs: Vec<_> = recent.iter().flat_map(|batch| batch.iter()).map(|entry| entry.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(room.head(), 5);
}

/// A session may take an offer before the shard has gone on: its cursor has its mark all the same, so it comes with it.
#[test]
fn what_is_offered_brings_the_mark_of_its_last_place() {
    let (workspace, _room, mut shard) = bench();
    let outbox = Arc::new(Outbox::new(1 << 20));
    shard.handle(Command::Enter { session: 1, workspace, outbox: outbox.clone() });
    shard.handle(Command::Install { session: 1, sub: 1, generation: 1, filter: Arc::new(FilterSet::default()) });
    let id = ActivityId(uuid::Uuid::nil());
    let graded = |grade| Graded { grade, reasons: Vec::new() };
    let row = || Arc::new(ActivityEntry { facts: facts(id), body: "{}".into() });
    let amendment = Amendment { target: 1, id, event: "e".into(), before: graded(Grade::Unclear), after: graded(Grade::Human) };
    let kinds = [
        EntryKind::Activity(row()),
        EntryKind::Amendment(Arc::new(AmendedEntry { amendment, row: Some(row()) })),
        EntryKind::Erasure(Arc::new(Erasure { target: 1, id, event: "e".into() })),
    ];
    for (seq, kind) in (1..).zip(kinds) {
        let mark = Some(Mark([seq as u8; MARK_BYTES]));
        let entries = [Arc::new(Entry { seq, recorded_at: UnixMs(0), mark, kind })].into();
        shard.handle(Command::Publish { workspace, entries, committed_at: Instant::now() });
        let told = outbox.take().events.into_iter().filter_map(|event| match event.what {
            What::Run(run) => Some((run.last(), run.mark())),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [(seq, mark)]);
    }
}
