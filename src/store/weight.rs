//! What a change weighs while it waits: bytes of memory, roughly, rows that it writes, and whose it is.

use super::change::Change;
use super::thing::{At, Thing};
use crate::auth::WorkspaceId;
use crate::domain::{Client, Key, NewActivity, Property};

/// Bytes of a change beside its text: the channel's slot, the reply, the structure.
const CHANGE_BYTES: usize = 256;
/// Bytes of an activity beside its text.
const ACTIVITY_BYTES: usize = 512;
/// Bytes of a property, key or tag beside its text.
const PART_BYTES: usize = 48;

impl Change {
    /// Bytes of memory that it takes.
    pub fn weight(&self) -> usize {
        CHANGE_BYTES
            + match self {
                Self::Append { activities, .. } => activities.iter().map(activity).sum(),
                Self::Put { at, thing, .. } => place(at) + given(thing),
                Self::PutMany { event, partners, .. } => {
                    key(event) + partners.iter().map(|(of, thing)| key(of) + given(thing)).sum::<usize>()
                }
                Self::Remove { at, .. } => place(at),
                Self::Consumed(consumed) => consumed.consumer.len() + consumed.letter.as_ref().map_or(0, |letter| letter.reason.len()),
                Self::Amend { graded, .. } => graded.reasons.iter().map(|reason| reason.len() + PART_BYTES).sum(),
                Self::Erase { .. } | Self::Retain { .. } | Self::Prune(_) | Self::Probe => 0,
                Self::Recipients { event, message, add, remove, .. } => {
                    key(event) + key(message) + add.iter().chain(remove).map(key).sum::<usize>()
                }
            }
    }

    /// Whose it is; nobody's for what is of the whole store.
    pub fn workspace(&self) -> Option<WorkspaceId> {
        match self {
            Self::Append { workspace, .. }
            | Self::Recipients { workspace, .. }
            | Self::PutMany { workspace, .. }
            | Self::Amend { workspace, .. }
            | Self::Erase { workspace, .. } => Some(*workspace),
            Self::Put { at, .. } | Self::Remove { at, .. } => Some(at.workspace),
            Self::Consumed(consumed) => Some(consumed.workspace),
            Self::Retain { workspace, .. } => Some(*workspace),
            Self::Prune(prune) => Some(prune.workspace),
            Self::Probe => None,
        }
    }

    /// Rows that it writes at most, about.
    pub fn rows(&self) -> usize {
        match self {
            Self::Append { activities, .. } => activities.len(),
            Self::Recipients { add, remove, .. } => add.len() + remove.len(),
            Self::Put { thing, .. } => 1 + thing.tags().len(),
            Self::PutMany { partners, .. } => partners.iter().map(|(_, thing)| 1 + thing.tags().len()).sum(),
            // The row, the entry, and what tallies take from it.
            Self::Amend { .. } | Self::Erase { .. } => 3,
            Self::Prune(prune) => usize::try_from(prune.rows_max).unwrap_or(usize::MAX),
            Self::Remove { .. } | Self::Consumed(_) | Self::Retain { .. } | Self::Probe => 1,
        }
    }
}

/// What is given of a thing.
fn given(thing: &Thing) -> usize {
    PART_BYTES + thing.text_bytes() + thing.tags().len() * PART_BYTES
}

fn place(at: &At) -> usize {
    key(&at.key) + at.event.as_ref().map_or(0, key)
}

fn activity(activity: &NewActivity) -> usize {
    let client = |client: &Option<Client>| client.as_ref().map_or(0, |client| client.name.len() + length(&client.version));
    let properties: usize = activity
        .properties
        .iter()
        .map(|(name, value)| name.len() + PART_BYTES + if let Property::Text(text) = value { text.len() } else { 0 })
        .sum();
    let keys = [Some(&activity.event), Some(&activity.partner), activity.message.as_ref(), activity.campaign.as_ref()];
    let urls = [&activity.source_url, &activity.referrer_url];
    ACTIVITY_BYTES
        + properties
        + client(&activity.platform)
        + client(&activity.browser)
        + keys.into_iter().flatten().map(key).sum::<usize>()
        + urls.into_iter().flatten().map(|url| url.as_str().len() + url.host().len()).sum::<usize>()
}

fn key(key: &Key) -> usize {
    2 * key.as_str().len() + PART_BYTES
}

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}
