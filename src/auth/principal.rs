//! Principals: who asks, where, and how far it reaches.

use super::actor::Actor;
use super::rights::Rights;
use super::workspace::WorkspaceId;
use crate::domain::{Events, Key, Mask, UnixMs};

/// How far somebody reaches in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// What they may do.
    pub rights: Rights,
    /// The events that exist for them.
    pub events: Events,
    /// The only partner of their one event that exists for them.
    pub partner: Option<Key>,
    /// The views that they are confined to, by their keys, the first first; where there is none of them, no activity exists.
    pub views: Option<Vec<Key>>,
    /// What is put over all that they read.
    pub mask: Option<Mask>,
    /// When it ends by itself.
    pub until: Option<UnixMs>,
}

impl Grant {
    /// These rights, over the whole workspace and without an end.
    pub fn of(rights: Rights) -> Self {
        Self { rights, ..Self::default() }
    }

    /// True when it reaches as far as the other in everything, however long either lasts.
    pub fn covers(&self, other: &Self) -> bool {
        fn within<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
            one.is_none() || one == other
        }
        let in_views = match (&self.views, &other.views) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => theirs.iter().all(|view| mine.contains(view)),
        };
        // No mask is the least, and each leaves out what those before it do.
        let masked = self.mask <= other.mask;
        self.rights.holds(other.rights) && self.events.cover(&other.events) && within(&self.partner, &other.partner) && in_views && masked
    }
}

/// Who asks: found by a key, a ticket, or a signed-in session.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Where they may act.
    pub workspace: WorkspaceId,
    /// Who they are.
    pub actor: Actor,
    /// Number of the credential in the store that what they open hangs on: it ends with it.
    pub credential: i64,
    /// Number of the first of the chain that it was made from, itself where it was made from none: all of one root share
    /// rates and turns.
    pub root: i64,
    /// How far they reach.
    pub grant: Grant,
    /// How many revocations had been heard of before it was looked up: after more, it is to be looked at again.
    pub heard: u64,
}

#[cfg(test)]
mod tests {
    use super::Grant;
    use crate::auth::{Right, Rights};
    use crate::domain::{Events, Key, Mask, UnixMs};

    #[test]
    fn a_grant_covers_what_reaches_no_further() {
        let read = Grant::of(Rights::of(&[Right::Read]));
        let in_expo = Grant { events: Events::only(Key::trusted("Expo")), ..read.clone() };
        let same_event = Grant { events: Events::only(Key::trusted("expo")), until: Some(UnixMs(1)), ..read.clone() };
        let elsewhere = Grant { events: Events::only(Key::trusted("fair")), ..read.clone() };
        let [contact, masked] = [Mask::Contact, Mask::Names].map(|mask| Grant { mask: Some(mask), ..read.clone() });
        let [viewing, both, blind] = [&["opens"][..], &["shares", "Opens"], &[]].map(|views| {
            let views = Some(views.iter().map(|view| Key::trusted(view)).collect());
            Grant { views, ..read.clone() }
        });
        for (one, other, covers) in [
            (&read, &read, true),
            (&read, &in_expo, true),
            (&in_expo, &read, false),
            (&in_expo, &same_event, true),
            (&in_expo, &elsewhere, false),
            (&read, &masked, true),
            (&masked, &read, false),
            (&contact, &masked, true),
            (&masked, &contact, false),
            (&viewing, &read, false),
            (&both, &viewing, true),
            (&viewing, &both, false),
            (&viewing, &blind, true),
            (&blind, &read, false),
            (&read, &Grant::of(Rights::of(&[Right::Read, Right::Keys])), false),
            (&Grant::default(), &read, false),
        ] {
            assert_eq!(one.covers(other), covers, "{one:?} {other:?}");
        }
    }
}
