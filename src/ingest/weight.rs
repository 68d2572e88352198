//! What a change weighs while it waits: bytes of memory, roughly, and rows that it writes.

use crate::domain::{Client, Key, NewActivity, Property};
use crate::store::Change;

/// Bytes of a change beside its text: the channel's slot, the reply, the structure.
const CHANGE_BYTES: usize = 256;
/// Bytes of an activity beside its text.
const ACTIVITY_BYTES: usize = 512;
/// Bytes of a property, key or tag beside its text.
const PART_BYTES: usize = 48;

/// Bytes of memory that a change takes.
pub(super) fn weight_of(change: &Change) -> usize {
    CHANGE_BYTES
        + match change {
            Change::Append { activities, .. } => activities.iter().map(activity).sum(),
            Change::PutEvent { event, name, .. } => key(event) + name.len(),
            Change::PutPartner { event, partner, name, email, company, tags, .. } => {
                let tags: usize = tags.iter().map(|tag| tag.len() + PART_BYTES).sum();
                key(event) + key(partner) + name.len() + length(email) + length(company) + tags
            }
            Change::PutMessage { event, message, subject, .. } => key(event) + key(message) + subject.len(),
            Change::PutCampaign { event, campaign, name, .. } => key(event) + key(campaign) + name.len(),
            Change::Create(put) => weight_of(put),
            Change::Recipients { event, message, add, remove, .. } => {
                key(event) + key(message) + add.iter().chain(remove).map(key).sum::<usize>()
            }
        }
}

/// Rows that a change writes at most, about.
pub(super) fn rows_of(change: &Change) -> usize {
    match change {
        Change::Append { activities, .. } => activities.len(),
        Change::Recipients { add, remove, .. } => add.len() + remove.len(),
        Change::PutPartner { tags, .. } => 1 + tags.len(),
        Change::Create(put) => rows_of(put),
        Change::PutEvent { .. } | Change::PutMessage { .. } | Change::PutCampaign { .. } => 1,
    }
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
