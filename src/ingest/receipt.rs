//! What is answered for each draft.

use crate::domain::{ActivityId, Invalid, NewActivity, Seq, UnixMs};
use crate::store::{AppendResult, MissingThing, NamedKind};
use crate::telemetry::{INGEST_ACCEPTED, INGEST_DUPLICATES, INGEST_REJECTED};

/// The fault of a draft whose id was used before for other content. One draft alone is answered with 409.
pub const ID_CONFLICT: &str = "id_conflict";

/// What became of one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is durable.
    Stored {
        /// Its identity.
        id: ActivityId,
        /// Its place in the log.
        seq: Seq,
        /// When it became durable.
        recorded_at: UnixMs,
        /// True when it was there before, with the same content.
        duplicate: bool,
    },
    /// Nothing of it is stored.
    Rejected(Invalid),
}

/// A draft between its parsing and its receipt.
pub(super) enum Pending {
    /// Handed to the store.
    Handed(ActivityId),
    /// Refused before.
    Rejected(Invalid),
}

/// Parts what goes to the store from what is refused already, keeping the order.
pub(super) fn part(drafts: Vec<Result<NewActivity, Invalid>>) -> (Vec<NewActivity>, Vec<Pending>) {
    let mut activities = Vec::with_capacity(drafts.len());
    let pending = drafts.into_iter().map(|draft| match draft {
        Ok(activity) => {
            let id = activity.id;
            activities.push(activity);
            Pending::Handed(id)
        }
        Err(invalid) => Pending::Rejected(invalid),
    });
    let pending = pending.collect();
    (activities, pending)
}

/// Joins the store's results to their drafts. `None` when they are not as many.
pub(super) fn join(pending: Vec<Pending>, results: Vec<AppendResult>) -> Option<Vec<Receipt>> {
    let mut results = results.into_iter();
    let receipts: Option<Vec<_>> = pending
        .into_iter()
        .map(|pending| match pending {
            Pending::Handed(id) => results.next().map(|result| receipt(id, result)),
            Pending::Rejected(invalid) => Some(Receipt::Rejected(invalid)),
        })
        .collect();
    receipts.filter(|_| results.next().is_none())
}

/// Counts receipts.
pub(super) fn count(receipts: &[Receipt]) {
    let (mut accepted, mut duplicates) = (0, 0);
    for receipt in receipts {
        match receipt {
            Receipt::Stored { duplicate: false, .. } => accepted += 1,
            Receipt::Stored { duplicate: true, .. } => duplicates += 1,
            Receipt::Rejected(invalid) => {
                let code = invalid.faults.first().map_or("unknown", |fault| fault.code);
                metrics::counter!(INGEST_REJECTED, "code" => code).increment(1);
            }
        }
    }
    metrics::counter!(INGEST_ACCEPTED).increment(accepted);
    metrics::counter!(INGEST_DUPLICATES).increment(duplicates);
}

fn receipt(id: ActivityId, result: AppendResult) -> Receipt {
    match result {
        AppendResult::Stored { seq, recorded_at } => Receipt::Stored { id, seq, recorded_at, duplicate: false },
        AppendResult::Duplicate { seq, recorded_at } => Receipt::Stored { id, seq, recorded_at, duplicate: true },
        AppendResult::Conflict { .. } => {
            let message = "was used before for other content; send a new activity under a new id";
            Receipt::Rejected(Invalid::one("id", ID_CONFLICT, message))
        }
        AppendResult::Missing(missing) => Receipt::Rejected(missing_thing(&missing)),
    }
}

fn missing_thing(missing: &MissingThing) -> Invalid {
    let code = match missing.kind {
        NamedKind::Event => "unknown_event",
        NamedKind::Partner => "unknown_partner",
        NamedKind::Message => "unknown_message",
        NamedKind::Campaign => "unknown_campaign",
    };
    let kind = missing.kind.as_str();
    Invalid::one(kind, code, format!("there is no {kind} {:?}; create it first", missing.key))
}
