//! Changes of filter: the client's, and those of the server's own accord (`accord.rs`).

use std::sync::Arc;

use bytes::Bytes;

use super::found::Found;
use super::frames::{self, RefilteredFrame, Spliced};
use super::machine::Session;
use super::read::Read;
use super::stage::Stage;
use crate::domain::Seq;
use crate::filter::FilterSet;
use crate::hub::outbox::Generation;
use crate::hub::shard::Command;

/// A change of filter that is not answered yet.
#[derive(Debug, Clone)]
pub struct Refilter {
    /// Carried back; none when it is the server's own accord.
    pub reference: Option<String>,
    /// The new filter.
    pub filter: Arc<FilterSet>,
    /// Activities to send back.
    pub backfill: usize,
    /// Its installation.
    pub generation: Generation,
}

impl Session {
    /// Puts a filter on its way: through the shard where the subscription is in the index, else at its own cursor.
    pub(super) fn ask_refilter(&mut self, at: usize, filter: Arc<FilterSet>, backfill: usize, reference: Option<String>) {
        let session = self.number();
        let sub = &mut self.subs[at];
        sub.generation += 1;
        sub.refilters.push_back(Refilter { reference, filter: filter.clone(), backfill, generation: sub.generation });
        if sub.stage.is_out_of_index() {
            // Nothing of it is at the shard: it is taken up when the page that is read now is done.
            sub.valid_from = sub.generation;
        } else {
            let command = Command::Install { session, sub: sub.no, generation: sub.generation, filter };
            self.tell(command);
        }
    }

    /// A filter came into force: the first refilter that waits is the one, since both queues keep their order.
    pub(super) fn take_refilter(&mut self, at: usize, generation: Generation, switched: Seq) {
        let sub = self.sub(at);
        let Some(refilter) = sub.refilters.pop_front_if(|r| r.generation == generation) else { return };
        // A client that resumed above what the shard had applied is not taken back.
        let switched = switched.max(sub.position);
        sub.stage = Stage::Reading(Read::refilter(refilter, switched, false));
    }

    pub(super) fn refiltered(&mut self, at: usize, refilter: Refilter, switched: Seq, found: &Found) {
        let now = self.now_ms;
        #[cfg(test)]
        let kept = self.subs[at].seals.counted.filter(|_| self.planted == Some(super::planted::Planted::SealKeepsFilter));
        let sub = self.sub(at);
        sub.filter = refilter.filter;
        sub.seals.counted = None;
        #[cfg(test)]
        (sub.seals.counted = kept);
        sub.rev += 1;
        sub.position = sub.position.max(switched);
        sub.told_at = now;
        // What it was wanted for is in the items now; a change that came later sets it again.
        sub.accord.wanted = false;
        let position = self.cursor_of(at);
        let older = found.older().map(|seq| self.marked(seq, found));
        let parts: Vec<Bytes> = found.items.iter().map(|i| i.body.clone()).collect();
        let sub = self.sub(at);
        let reference = refilter.reference.as_deref();
        let frame = RefilteredFrame {
            r#type: RefilteredFrame::WORD,
            sub: &sub.name,
            r#ref: reference,
            rev: sub.rev,
            position,
            older,
            items: Spliced,
        };
        let written = frames::write_items(&frame, position, parts);
        self.send(written);
    }
}
