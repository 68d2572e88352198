//! What may be done in a workspace: one right each, and sets of them. Who has which stands in `table.rs`.

use std::fmt;

macro_rules! rights {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal;)+) => {
        /// One thing that may be done in a workspace.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Right { $($(#[doc = $meaning])+ $name),+ }

        impl Right {
            /// Every right, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word used outside.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// What it allows, for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+).trim_ascii_start()),+ }
            }
        }
    };
}

rights! {
    /// Send activities.
    Ingest = "ingest";
    /// Read activities, counts and live streams.
    Read = "read";
    /// Take activities out as a file.
    Export = "export";
    /// See contacts of partners and properties of activities; without it they are left out.
    Contacts = "contacts";
    /// Change events, partners, messages, campaigns and flavors.
    Directory = "directory";
    /// Change the views that all share.
    Views = "views";
    /// Keep views of one's own.
    OwnViews = "own_views";
    /// Amend the grade of an activity.
    Correct = "correct";
    /// Erase activities and people.
    Erase = "erase";
    /// Say how long activities are kept.
    Retain = "retain";
    /// Look at the system and its sources.
    Operate = "operate";
    /// Change walls and their screens.
    Walls = "walls";
    /// Change alerts and their channels.
    Alerts = "alerts";
    /// Acknowledge, mute and test alerts.
    Acknowledge = "acknowledge";
    /// Change webhooks.
    Webhooks = "webhooks";
    /// Give a view to somebody without an account.
    Shares = "shares";
    /// Make, list and revoke keys.
    Keys = "keys";
    /// Invite members, change their roles and end their sessions.
    Members = "members";
    /// Read who has changed what.
    Audit = "audit";
    /// Delete the workspace.
    Delete = "delete";
}

/// A set of rights, as a bit mask.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u32);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right.
    pub const ALL: Self = Self::of(Right::ALL);

    /// The set of these rights.
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < rights.len() {
            bits |= 1 << rights[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// True when it holds the right.
    pub const fn has(self, right: Right) -> bool {
        self.0 & 1 << right as u32 != 0
    }

    /// True when it holds all of the others.
    pub const fn holds(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// True when it holds at least one of the others.
    pub const fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// True when it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and the others.
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These without the others.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those that both hold.
    pub const fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// The rights it holds, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.iter().copied().filter(move |right| self.has(*right))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Right, Rights};

    #[test]
    fn sets_are_sets() {
        let (read, both) = (Rights::of(&[Right::Read]), Rights::of(&[Right::Read, Right::Delete]));
        assert!(both.holds(read) && !read.holds(both) && both.meets(read) && !Rights::NONE.meets(both));
        assert_eq!((both.without(read), both.within(read), read.with(both)), (Rights::of(&[Right::Delete]), read, both));
        assert_eq!(Rights::ALL.iter().collect::<Vec<_>>(), Right::ALL);
        assert!(Rights::NONE.is_empty() && Rights::NONE.iter().next().is_none());
        assert!(Right::ALL.len() <= 32, "more bits than the mask has");
    }

    #[test]
    fn each_right_says_what_it_allows_under_a_word_of_its_own() {
        for (at, right) in Right::ALL.iter().enumerate() {
            assert!(Right::ALL[..at].iter().all(|other| other.as_str() != right.as_str()), "{right:?} twice");
            assert!(right.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{right:?}");
            assert!(right.meaning().ends_with('.') && right.meaning().starts_with(char::is_uppercase), "{right:?}");
        }
    }
}
