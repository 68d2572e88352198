//! What the model does not reach: batches that overlap.

use std::sync::Arc;
use std::time::Instant;

use super::{Command, Shard};
use crate::auth::Operator;
use crate::domain::{Entry, EntryKind, Epoch, Seq, UnixMs};
use crate::hub::recent::RecentBudget;
use crate::hub::room::Room;
use crate::store::{Head, MembershipSnapshot};

#[test]
fn a_batch_that_is_known_in_part_is_remembered_once() {
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
