//! Rows as the database gives and takes them, and the one place where they become entries of the log.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::chain::{Chain, Proof};
use super::corrections::{amendment_of, erasure_of};
use super::error::unsigned;
use super::place::seq_of;
use crate::domain::{
    ActivityEntry, ActivityId, Actor, AmendedEntry, Device, Entry, EntryKind, Epoch, Facts, Grade, MembershipChange, MembershipSet,
    SearchText, UnixMs,
};
use crate::store::{Head, StoreError};

/// Numbers of the column `kind`.
pub(super) mod kind {
    pub(in super::super) const ACTIVITY: i64 = 0;
    pub(in super::super) const MEMBERSHIP: i64 = 1;
    pub(in super::super) const AMENDMENT: i64 = 2;
    pub(in super::super) const ERASURE: i64 = 3;
}

/// The number of what an entry holds.
pub(super) fn number_of(entry: &EntryKind) -> i64 {
    match entry {
        EntryKind::Activity(_) | EntryKind::Shell => kind::ACTIVITY,
        EntryKind::Membership(_) => kind::MEMBERSHIP,
        EntryKind::Amendment(_) => kind::AMENDMENT,
        EntryKind::Erasure(_) => kind::ERASURE,
    }
}

/// Three closed vocabularies in one column: sqlx pays for every bind.
pub(super) fn traits(actor: Actor, device: Device, grade: Grade) -> i64 {
    i64::from(actor.number()) | i64::from(device.number()) << 4 | i64::from(grade.number()) << 8
}

/// The head of a log.
#[derive(Debug, FromRow)]
pub(super) struct HeadRow {
    pub epoch: i64,
    pub seq: i64,
    pub pruned: i64,
    pub recorded_at: i64,
    pub chain: Option<Vec<u8>>,
}

impl HeadRow {
    /// As the store gives it.
    pub(super) fn head(&self) -> Result<Head, StoreError> {
        Ok(Head {
            epoch: Epoch(unsigned(self.epoch)?),
            seq: unsigned(self.seq)?,
            mark: self.chain.as_deref().map(Chain::read).transpose()?.map(Chain::mark),
            pruned: unsigned(self.pruned)?,
            recorded_at: UnixMs(self.recorded_at),
        })
    }
}

/// The head of a log, and how many things its activities made on first sight.
#[derive(Debug, FromRow)]
pub(super) struct OpenLogRow {
    #[sqlx(flatten)]
    pub head: HeadRow,
    pub made: i64,
}

/// An entry as it is inserted.
#[derive(Debug)]
pub(super) struct NewEntryRow {
    pub place: i64,
    pub kind: i64,
    pub recorded_at: i64,
    pub activity: Option<NewActivityColumns>,
    pub body: String,
    pub proof: Vec<u8>,
}

/// The columns that only an activity has.
#[derive(Debug)]
pub(super) struct NewActivityColumns {
    pub occurred_at: i64,
    pub event_id: i64,
    pub partner_id: i64,
    pub message_id: Option<i64>,
    pub campaign_id: Option<i64>,
    pub facts: Facts,
}

/// A whole entry, with the folded keys of what it names.
#[derive(Debug, FromRow)]
pub(super) struct EntryRow {
    pub place: i64,
    pub kind: i64,
    pub recorded_at: i64,
    pub event: Option<String>,
    pub partner: Option<String>,
    pub message: Option<String>,
    pub campaign: Option<String>,
    pub flavor: Option<String>,
    pub traits: Option<i64>,
    pub platform: Option<String>,
    pub browser: Option<String>,
    pub source_host: Option<String>,
    pub referrer_host: Option<String>,
    pub id: Option<Vec<u8>>,
    pub search: Option<String>,
    pub body: Option<String>,
    pub proof: Option<Vec<u8>>,
}

/// What an [`EntryRow`] is selected with; the caller adds `where`.
pub(super) const SELECT_ENTRY: &str = "select n.place, n.kind, n.recorded_at, e.folded as event, p.folded as partner,
    m.folded as message, c.folded as campaign, n.flavor, n.traits, n.platform, n.browser, n.source_host, n.referrer_host,
    n.id, n.search, n.body, n.proof
    from entries n left join events e on e.id = n.event_id left join partners p on p.id = n.partner_id
    left join messages m on m.id = n.message_id left join campaigns c on c.id = n.campaign_id ";

impl EntryRow {
    /// As the log carries it; an amendment without its activity yet (`corrections::with_rows`).
    pub(super) fn entry(self) -> Result<Entry, StoreError> {
        let (seq, recorded_at) = (seq_of(self.place), UnixMs(self.recorded_at));
        let mark = self.proof.as_deref().map(Proof::decode).transpose()?.map(|proof| proof.mark);
        let kind = match self.kind {
            kind::ACTIVITY if self.body.is_none() => EntryKind::Shell,
            kind::ACTIVITY => EntryKind::Activity(Arc::new(self.activity()?)),
            kind::MEMBERSHIP => EntryKind::Membership(Arc::new(membership_of(self.body.as_deref().unwrap_or_default())?)),
            kind::AMENDMENT => {
                let amendment = amendment_of(self.body.as_deref().unwrap_or_default())?;
                EntryKind::Amendment(Arc::new(AmendedEntry { amendment, row: None }))
            }
            kind::ERASURE => EntryKind::Erasure(Arc::new(erasure_of(self.body.as_deref().unwrap_or_default())?)),
            other => return Err(StoreError::Corrupt(format!("entry {seq} is of the unknown kind {other}"))),
        };
        Ok(Entry { seq, recorded_at, mark, kind })
    }

    /// An activity with its facts.
    pub(super) fn activity(self) -> Result<ActivityEntry, StoreError> {
        let seq = seq_of(self.place);
        let missing = |what: &str| StoreError::Corrupt(format!("activity {seq} has no {what}"));
        let traits = self.traits.ok_or_else(|| missing("traits"))?;
        let number = |shift: u32| u8::try_from(traits >> shift & 15).unwrap_or(u8::MAX);
        let facts = Facts {
            id: self.id.and_then(|id| Uuid::from_slice(&id).ok()).map(ActivityId).ok_or_else(|| missing("id"))?,
            event: self.event.ok_or_else(|| missing("event"))?.into(),
            partner: self.partner.ok_or_else(|| missing("partner"))?.into(),
            flavor: self.flavor.ok_or_else(|| missing("flavor"))?.into(),
            message: self.message.map(Into::into),
            campaign: self.campaign.map(Into::into),
            actor: Actor::from_number(number(0)).ok_or_else(|| missing("actor"))?,
            device: Device::from_number(number(4)).ok_or_else(|| missing("device"))?,
            grade: Grade::from_number(number(8)).ok_or_else(|| missing("grade"))?,
            platform: self.platform.map(Into::into),
            browser: self.browser.map(Into::into),
            source_host: self.source_host.map(Into::into),
            referrer_host: self.referrer_host.map(Into::into),
            search: SearchText::trusted(&self.search.unwrap_or_default()),
        };
        Ok(ActivityEntry { facts, body: Bytes::from(self.body.ok_or_else(|| missing("body"))?) })
    }
}

/// A membership change as the column `body` keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct MembershipBody {
    event: Arc<str>,
    set: String,
    value: Arc<str>,
    added: Vec<Arc<str>>,
    removed: Vec<Arc<str>>,
}

/// The body of a membership entry.
pub(super) fn membership_body(change: &MembershipChange) -> Result<String, StoreError> {
    let set = match change.set {
        MembershipSet::Message => "message",
        MembershipSet::Tag => "tag",
    };
    let body = MembershipBody {
        event: change.event.clone(),
        set: set.to_owned(),
        value: change.value.clone(),
        added: change.added.clone(),
        removed: change.removed.clone(),
    };
    serde_json::to_string(&body).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// The change that a membership entry holds.
pub(super) fn membership_of(body: &str) -> Result<MembershipChange, StoreError> {
    let body: MembershipBody =
        serde_json::from_str(body).map_err(|e| StoreError::Corrupt(format!("a membership entry cannot be read: {e}")))?;
    let set = match body.set.as_str() {
        "message" => MembershipSet::Message,
        "tag" => MembershipSet::Tag,
        other => return Err(StoreError::Corrupt(format!("a membership entry is of the unknown set {other}"))),
    };
    Ok(MembershipChange { event: body.event, set, value: body.value, added: body.added, removed: body.removed })
}
