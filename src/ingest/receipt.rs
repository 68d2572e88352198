//! What is answered for each draft.

use crate::domain::{ActivityId, Cursor, Invalid, NewActivity, Seq, UnixMs};
use crate::store::{AppendResult, MissingThing, OverQuota, Reached};
use crate::telemetry::{INGEST_ACCEPTED, INGEST_DUPLICATES, INGEST_OVER_QUOTA, INGEST_REJECTED};

/// The fault of a draft whose id was used before for other content. One draft alone is answered with 409.
pub const ID_CONFLICT: &str = "id_conflict";

/// The fault of a draft that would make more things than may be made. One draft alone is answered with 429.
pub const QUOTA_EXCEEDED: &str = "quota_exceeded";
/// When to come again where a workspace has all that it may have, in seconds: somebody has to do something first.
const WORKSPACE_RETRY_S: u64 = 60 * 60;

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
    /// Nothing of it is stored, for it would make more things than may be made.
    OverQuota {
        /// The rule and its cure.
        invalid: Invalid,
        /// When to come again, in seconds.
        retry_after_s: u64,
    },
}

/// What became of one request: all that its answer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// One for each draft, in order.
    pub receipts: Vec<Receipt>,
    /// The position after the last of them that is in the log; the end of the log when none is.
    pub cursor: Cursor,
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
            Receipt::Rejected(invalid) | Receipt::OverQuota { invalid, .. } => {
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
        AppendResult::OverQuota(over) => over_quota(&over),
    }
}

fn over_quota(OverQuota { field, key, reached }: &OverQuota) -> Receipt {
    let (limit, retry_after_s, rule) = match reached {
        Reached::Sender(spent) => {
            let wait_s = spent.wait.as_secs() + u64::from(spent.wait.subsec_nanos() > 0);
            let rule = format!("a key makes at most {} things on first sight a minute; send it again in {wait_s} s", spent.most);
            ("key", wait_s, rule)
        }
        Reached::Workspace(most) => {
            let rule = format!("a workspace has at most {most} things made on first sight; raise `ingest.things_max` of the server");
            ("workspace", WORKSPACE_RETRY_S, rule)
        }
    };
    metrics::counter!(INGEST_OVER_QUOTA, "limit" => limit).increment(1);
    let instead = match *field {
        "flavor" => "use a flavor that is there",
        _ => "make it by PUT in the directory",
    };
    let message = format!("{key:?} is new, and {rule}, or {instead}");
    Receipt::OverQuota { invalid: Invalid::one(*field, QUOTA_EXCEEDED, message), retry_after_s }
}

fn missing_thing(missing: &MissingThing) -> Invalid {
    let code = missing.kind.unknown();
    let kind = missing.kind.as_str();
    Invalid::one(kind, code, format!("there is no {kind} {:?}; create it first", missing.key))
}
