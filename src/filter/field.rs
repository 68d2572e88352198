//! The fields that a filter set can constrain.

use crate::domain::MembershipSet;

/// A field of a filter set. The order is the order of the canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// The event.
    Event,
    /// The partner.
    Partner,
    /// The flavor; a value ending in `.*` takes the family.
    Flavor,
    /// Partners who are recipients of the message, whatever the activity names.
    Message,
    /// Activities that name the message.
    About,
    /// Who acted.
    Actor,
    /// The campaign that the activity names.
    Campaign,
    /// A tag of the partner.
    Tag,
    /// Class of device.
    Device,
    /// Display name of the platform.
    Platform,
    /// Display name of the browser.
    Browser,
    /// Host of the source URL, or a prefix of it with scheme.
    Source,
    /// Host of the referrer URL, or a prefix of it with scheme.
    Referrer,
    /// Human, machine or unclear.
    Grade,
    /// Identity of the activity.
    Id,
}

impl Field {
    /// Every field, in canonical order.
    pub const ALL: [Self; 15] = [
        Self::Event,
        Self::Partner,
        Self::Flavor,
        Self::Message,
        Self::About,
        Self::Actor,
        Self::Campaign,
        Self::Tag,
        Self::Device,
        Self::Platform,
        Self::Browser,
        Self::Source,
        Self::Referrer,
        Self::Grade,
        Self::Id,
    ];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Partner => "partner",
            Self::Flavor => "flavor",
            Self::Message => "message",
            Self::About => "about",
            Self::Actor => "actor",
            Self::Campaign => "campaign",
            Self::Tag => "tag",
            Self::Device => "device",
            Self::Platform => "platform",
            Self::Browser => "browser",
            Self::Source => "source",
            Self::Referrer => "referrer",
            Self::Grade => "grade",
            Self::Id => "id",
        }
    }

    /// The field of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }

    /// Its place in [`Field::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// True where a bare key stands for every event and `event/key` for one.
    pub const fn is_event_key(self) -> bool {
        matches!(self, Self::Partner | Self::Message | Self::About | Self::Campaign)
    }

    /// Which membership the field asks for, if it does.
    pub const fn membership(self) -> Option<MembershipSet> {
        match self {
            Self::Message => Some(MembershipSet::Message),
            Self::Tag => Some(MembershipSet::Tag),
            _ => None,
        }
    }
}
