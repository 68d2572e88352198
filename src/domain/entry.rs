//! Entries of a workspace's log, and what a filter asks of them.

use std::sync::Arc;

use bytes::Bytes;

use super::activity::ActivityId;
use super::correction::{AmendedEntry, Erasure};
use super::cursor::{Mark, Seq};
use super::search::SearchText;
use super::time::UnixMs;
use super::vocabulary::{Actor, Device, Grade};

/// What a filter may ask of an activity. All text is folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Identity.
    pub id: ActivityId,
    /// Key of the event.
    pub event: Arc<str>,
    /// Key of the partner.
    pub partner: Arc<str>,
    /// Flavor.
    pub flavor: Arc<str>,
    /// Key of the message it names.
    pub message: Option<Arc<str>>,
    /// Key of the campaign it names.
    pub campaign: Option<Arc<str>>,
    /// Who acted.
    pub actor: Actor,
    /// Class of device.
    pub device: Device,
    /// Whether a person acted.
    pub grade: Grade,
    /// Display name of the platform.
    pub platform: Option<Arc<str>>,
    /// Display name of the browser.
    pub browser: Option<Arc<str>>,
    /// Host of the source URL.
    pub source_host: Option<Arc<str>>,
    /// Host of the referrer URL.
    pub referrer_host: Option<Arc<str>>,
    /// The text that word search and URL prefixes look into.
    pub search: SearchText,
}

/// What a partner belongs to, as of one place in the log. All text is folded and sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memberships {
    /// Keys of the messages (of the partner's event) that the partner is a recipient of.
    pub messages: Vec<Arc<str>>,
    /// Tags of the partner.
    pub tags: Vec<Arc<str>>,
}

impl Memberships {
    /// The sorted values of one kind.
    pub fn values(&self, set: MembershipSet) -> &[Arc<str>] {
        match set {
            MembershipSet::Message => &self.messages,
            MembershipSet::Tag => &self.tags,
        }
    }

    /// Makes the partner a member of, or takes it out of, `value`.
    pub fn set(&mut self, set: MembershipSet, value: &Arc<str>, member: bool) {
        let values = match set {
            MembershipSet::Message => &mut self.messages,
            MembershipSet::Tag => &mut self.tags,
        };
        match (values.binary_search(value), member) {
            (Err(at), true) => values.insert(at, value.clone()),
            (Ok(at), false) => drop(values.remove(at)),
            _ => {}
        }
    }
}

/// The two kinds of membership that a filter can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MembershipSet {
    /// Recipients of a message.
    Message,
    /// Partners with a tag.
    Tag,
}

/// Partners of one event that became, or ceased to be, members of one thing. All text is folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipChange {
    /// Key of the event.
    pub event: Arc<str>,
    /// Which kind of membership.
    pub set: MembershipSet,
    /// Key of the message, or the tag.
    pub value: Arc<str>,
    /// Keys of the partners that became members.
    pub added: Vec<Arc<str>>,
    /// Keys of the partners that ceased to be members.
    pub removed: Vec<Arc<str>>,
}

/// A stored activity, as the hub and the sessions carry it.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityEntry {
    /// What filters ask.
    pub facts: Facts,
    /// The one JSON of the activity: the same bytes in a page, a frame and an export.
    pub body: Bytes,
}

/// What an entry of the log holds.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryKind {
    /// An activity.
    Activity(Arc<ActivityEntry>),
    /// A change of recipients or tags.
    Membership(Arc<MembershipChange>),
    /// A later word on the grade of an earlier activity.
    Amendment(Arc<AmendedEntry>),
    /// An earlier activity was erased.
    Erasure(Arc<Erasure>),
    /// An activity was here and is erased: nothing but its place is left.
    Shell,
}

/// One place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When it was made durable; never goes back within a workspace.
    pub recorded_at: UnixMs,
    /// Which history of the log it ends.
    pub mark: Option<Mark>,
    /// What it holds.
    pub kind: EntryKind,
}

impl Entry {
    /// The activity, if it is one.
    pub fn activity(&self) -> Option<&Arc<ActivityEntry>> {
        match &self.kind {
            EntryKind::Activity(activity) => Some(activity),
            _ => None,
        }
    }

    /// Bytes that keeping this entry in memory costs, roughly: body, search text and the fixed part.
    pub fn weight(&self) -> usize {
        const FIXED_BYTES: usize = 400;
        match &self.kind {
            EntryKind::Activity(a) => a.body.len() + a.facts.search.as_str().len() + FIXED_BYTES,
            EntryKind::Membership(m) => (m.added.len() + m.removed.len()) * 64 + FIXED_BYTES,
            EntryKind::Amendment(entry) => {
                entry.row.as_ref().map_or(0, |row| row.body.len() + row.facts.search.as_str().len()) + 2 * FIXED_BYTES
            }
            EntryKind::Erasure(_) | EntryKind::Shell => FIXED_BYTES,
        }
    }
}
