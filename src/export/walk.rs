//! All pages of a view up to one position, newest first.

use std::io;

use bytes::Bytes;
use futures::{Stream, stream};

use crate::domain::{Mask, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Head, Order, PageEnd, PageQuery, Purpose, Reader, Reads};
use crate::wire::masked;

/// Activities of one page.
const PAGE_ITEMS: usize = 1_000;
/// Bytes of one page.
const PAGE_BYTES: usize = 1024 * 1024;

/// What is read, and how far it has come.
pub struct Walk {
    /// The log, by turns.
    pub reads: Reads,
    /// Whose turns they are.
    pub reader: Reader,
    /// Which activities.
    pub filter: FilterSet,
    /// Only `occurred_at` at or after this.
    pub since: Option<UnixMs>,
    /// Only `occurred_at` before this.
    pub until: Option<UnixMs>,
    /// What is put over each.
    pub mask: Option<Mask>,
    /// The log as it was when it began.
    pub head: Head,
    /// Only what stands at or before this place.
    pub up_to: Seq,
}

/// The bodies of each page. An error where the log has lost what was still to be read, or cannot be read: all that was given
/// before is right, and it is not all.
pub fn pages(walk: Walk) -> impl Stream<Item = io::Result<Vec<Bytes>>> + Send {
    stream::try_unfold(Some(walk), |walk| async move {
        let Some(mut walk) = walk else { return Ok(None) };
        let reader = Reader { purpose: Purpose::Stream, ..walk.reader };
        let query = PageQuery {
            filter: walk.filter.clone(),
            after: 0,
            up_to: Some(walk.up_to),
            since: walk.since,
            until: walk.until,
            order: Order::NewestFirst,
            limit: PAGE_ITEMS,
            bytes_max: PAGE_BYTES,
            corrections: false,
        };
        let turn = walk.reads.turn(reader).await.map_err(io::Error::other)?;
        let page = turn.log().page(reader.workspace, query).await.map_err(io::Error::other)?;
        drop(turn);
        if page.head.epoch != walk.head.epoch || page.head.pruned > walk.head.pruned {
            return Err(io::Error::other("the start of the log was taken away while it was read; ask again"));
        }
        let bodies = page.items.into_iter().map(|item| masked(item.body, walk.mask)).collect();
        walk.up_to = page.reached;
        let next = (page.end != PageEnd::Range).then_some(walk);
        Ok(Some((bodies, next)))
    })
}
