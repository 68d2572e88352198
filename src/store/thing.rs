//! The things of a directory: what each kind holds, where it stands, and what it is told apart by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::alert::Alert;
use super::channel::Channel;
use super::view::View;
use super::wall::Wall;
use crate::auth::WorkspaceId;
use crate::domain::{Key, fold};

/// Bytes of a tag before it is written: enough that no two contents of one thing ever share one.
const TAG_BYTES: usize = 12;

/// A kind of thing that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamedKind {
    /// An event.
    Event,
    /// A partner.
    Partner,
    /// A message.
    Message,
    /// A campaign.
    Campaign,
    /// A view.
    View,
    /// A wall.
    Wall,
    /// A channel.
    Channel,
    /// An alert.
    Alert,
}

impl NamedKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Event, Self::Partner, Self::Message, Self::Campaign, Self::View, Self::Wall, Self::Channel, Self::Alert];

    /// True for what stands in the workspace itself, not in an event.
    pub const fn is_top(self) -> bool {
        matches!(self, Self::Event | Self::View | Self::Wall | Self::Channel | Self::Alert)
    }

    /// Those that activities name, and make on first sight.
    pub const OF_ACTIVITIES: [Self; 4] = [Self::Event, Self::Partner, Self::Message, Self::Campaign];

    /// Its place in [`NamedKind::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Partner => "partner",
            Self::Message => "message",
            Self::Campaign => "campaign",
            Self::View => "view",
            Self::Wall => "wall",
            Self::Channel => "channel",
            Self::Alert => "alert",
        }
    }
}

impl NamedKind {
    /// The word of the fault of what names one that is not there.
    pub const fn unknown(self) -> &'static str {
        match self {
            Self::Event => "unknown_event",
            Self::Partner => "unknown_partner",
            Self::Message => "unknown_message",
            Self::Campaign => "unknown_campaign",
            Self::View => "unknown_view",
            Self::Wall => "unknown_wall",
            Self::Channel => "unknown_channel",
            Self::Alert => "unknown_alert",
        }
    }
}

/// Where a thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Whose directory.
    pub workspace: WorkspaceId,
    /// Key of the event that holds it; `None` for what stands in the workspace itself.
    pub event: Option<Key>,
    /// Its key.
    pub key: Key,
}

impl At {
    /// In the workspace itself.
    pub const fn top(workspace: WorkspaceId, key: Key) -> Self {
        Self { workspace, event: None, key }
    }

    /// In an event.
    pub const fn within(workspace: WorkspaceId, event: Key, key: Key) -> Self {
        Self { workspace, event: Some(event), key }
    }
}

/// What is put: all that a person or a program gives of a thing, its key apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An event.
    Event {
        /// Its name.
        name: String,
    },
    /// A partner; a change of its tags is an entry of the log.
    Partner {
        /// Its name.
        name: String,
        /// Its email address.
        email: Option<String>,
        /// Its company.
        company: Option<String>,
        /// Its tags, trimmed; equal by fold counts once, and the first spelling is kept.
        tags: Vec<String>,
    },
    /// A message.
    Message {
        /// Its subject.
        subject: String,
    },
    /// A campaign.
    Campaign {
        /// Its name.
        name: String,
    },
    /// A view.
    View {
        /// Its name.
        name: String,
        /// All else.
        view: Box<View>,
    },
    /// A wall.
    Wall {
        /// Its name.
        name: String,
        /// All else.
        wall: Box<Wall>,
    },
    /// A channel.
    Channel {
        /// Its name.
        name: String,
        /// All else.
        channel: Box<Channel>,
    },
    /// An alert.
    Alert {
        /// Its name.
        name: String,
        /// All else.
        alert: Box<Alert>,
    },
}

impl Thing {
    /// What it is.
    pub const fn kind(&self) -> NamedKind {
        match self {
            Self::Event { .. } => NamedKind::Event,
            Self::Partner { .. } => NamedKind::Partner,
            Self::Message { .. } => NamedKind::Message,
            Self::Campaign { .. } => NamedKind::Campaign,
            Self::View { .. } => NamedKind::View,
            Self::Wall { .. } => NamedKind::Wall,
            Self::Channel { .. } => NamedKind::Channel,
            Self::Alert { .. } => NamedKind::Alert,
        }
    }

    /// What people read.
    pub fn name(&self) -> &str {
        match self {
            Self::Event { name }
            | Self::Partner { name, .. }
            | Self::Campaign { name }
            | Self::View { name, .. }
            | Self::Wall { name, .. }
            | Self::Channel { name, .. }
            | Self::Alert { name, .. } => name,
            Self::Message { subject } => subject,
        }
    }

    /// Email address and company, where it has them.
    pub fn contact(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Partner { email, company, .. } => (email.as_deref(), company.as_deref()),
            _ => (None, None),
        }
    }

    /// Its tags, where it has them.
    pub fn tags(&self) -> &[String] {
        match self {
            Self::Partner { tags, .. } => tags,
            _ => &[],
        }
    }

    /// As it is kept: tags once by fold, in the order of their folds.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if let Self::Partner { tags, .. } = &mut self {
            let mut folded = std::collections::BTreeMap::new();
            for tag in std::mem::take(tags) {
                folded.entry(fold(&tag).into_owned()).or_insert(tag);
            }
            tags.extend(folded.into_values());
        }
        self
    }

    /// What a search looks in, folded: the key and all by which people know it, one a line.
    pub fn words(&self, key: &Key) -> String {
        let (email, company) = self.contact();
        let parts = [Some(self.name()), company, email].into_iter().flatten().map(fold);
        parts.fold(key.folded().to_string(), |words, part| words + "\n" + &part)
    }

    /// Its fields by name, each as one text.
    fn fields(&self) -> Vec<(&'static str, Option<String>)> {
        let name = if self.kind() == NamedKind::Message { "subject" } else { "name" };
        let mut fields = vec![(name, Some(self.name().to_owned()))];
        if let Self::Partner { email, company, tags, .. } = self {
            let tags = (!tags.is_empty()).then(|| tags.join("\n"));
            fields.extend([("email", email.clone()), ("company", company.clone()), ("tags", tags)]);
        }
        if let Self::View { view, .. } = self {
            let filter = (!view.filter.is_everything()).then(|| view.filter.to_query());
            let columns = (!view.columns.is_empty()).then(|| view.columns.join(","));
            fields.extend([("event", view.event.as_ref().map(ToString::to_string)), ("filter", filter), ("columns", columns)]);
            fields.extend([("chart", view.chart.clone()), ("zone", view.zone.clone()), ("private", view.owner.clone())]);
            fields.push(("default", view.default.then(|| "true".to_owned())));
        }
        if let Self::Wall { wall, .. } = self {
            let views = (!wall.views.is_empty()).then(|| wall.views.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            let night = wall.night.map(|night| format!("{}-{}", night.from, night.to));
            fields.extend([
                ("layout", Some(wall.layout.as_str().to_owned())),
                ("views", views),
                ("rotate_s", Some(wall.rotate_s.to_string())),
            ]);
            fields.extend([("size", Some(wall.size.as_str().to_owned())), ("theme", Some(wall.theme.as_str().to_owned()))]);
            fields.extend([("mask", wall.mask.map(|mask| mask.as_str().to_owned())), ("zone", wall.zone.clone()), ("night", night)]);
            fields.extend([("language", wall.language.clone()), ("overscan", Some(wall.overscan.to_string()))]);
            fields.push(("banner", wall.banner.as_ref().map(|banner| format!("{} until {}", banner.text, banner.until))));
        }
        match self {
            Self::Channel { channel, .. } => fields.extend(channel.fields()),
            Self::Alert { alert, .. } => fields.extend(alert.fields()),
            _ => {}
        }
        fields
    }

    /// Names of the fields in which it is another than before; of all that are given where nothing was before.
    pub fn changes_from(&self, before: Option<&Self>) -> Vec<&'static str> {
        let before = before.map(Self::fields).unwrap_or_default();
        let was = |name: &str| before.iter().find(|(of, _)| *of == name).and_then(|(_, value)| value.clone());
        self.fields().into_iter().filter(|(name, value)| *value != was(name)).map(|(name, _)| name).collect()
    }

    /// Every text of it, in a fixed order; `None` is one that is not given.
    fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        let (email, company) = self.contact();
        [Some(self.name()), email, company].into_iter().chain(self.tags().iter().map(|tag| Some(tag.as_str())))
    }

    /// All of what stands in no event but its name, as it is kept.
    pub fn body(&self) -> Option<String> {
        match self {
            Self::View { view, .. } => Some(view.to_json()),
            Self::Wall { wall, .. } => Some(wall.to_json()),
            Self::Channel { channel, .. } => Some(channel.to_json()),
            Self::Alert { alert, .. } => Some(alert.to_json()),
            _ => None,
        }
    }

    /// Bytes of all texts.
    pub fn text_bytes(&self) -> usize {
        self.texts().flatten().map(str::len).sum::<usize>() + self.body().map_or(0, |body| body.len())
    }
}

/// A thing as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its key, as first spelled.
    pub key: Key,
    /// What was given.
    pub thing: Thing,
    /// How many it holds: partners of an event, recipients of a message; 0 of what holds nothing.
    pub held: u64,
}

impl Record {
    /// Tells its content from any other that it has had or will have; what it holds does not count.
    pub fn tag(&self) -> Tag {
        let mut hash = Sha256::new();
        let mut add = |text: Option<&str>| {
            // The length with one more, so that nothing given and an empty text differ.
            hash.update(text.map_or(0, |text| text.len() as u64 + 1).to_le_bytes());
            hash.update(text.unwrap_or_default());
        };
        add(Some(self.key.as_str()));
        self.thing.texts().for_each(&mut add);
        if let Some(body) = self.thing.body() {
            add(Some(&body));
        }
        let digest: [u8; 32] = hash.finalize().into();
        Tag(URL_SAFE_NO_PAD.encode(&digest[..TAG_BYTES]))
    }
}

/// What tells one content of a thing from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(pub String);

/// When a change of a thing is made at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// Always.
    #[default]
    None,
    /// Only where nothing has the key yet, compared by fold.
    Absent,
    /// Only where something has it.
    Present,
    /// Only while its content is one of these.
    Unchanged(Vec<Tag>),
}

impl Condition {
    /// Whether it holds of what is there now.
    pub fn holds(&self, now: Option<&Record>) -> bool {
        match (self, now) {
            (Self::None, _) => true,
            (Self::Absent, now) => now.is_none(),
            (Self::Present, now) => now.is_some(),
            (Self::Unchanged(tags), Some(record)) => tags.contains(&record.tag()),
            (Self::Unchanged(_), None) => false,
        }
    }
}

/// What happens to a thing that is there when many are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced whole.
    Replace,
    /// It stays as it is.
    Keep,
}

#[cfg(test)]
mod tests {
    use super::{Condition, Record, Tag, Thing};
    use crate::domain::Key;

    fn acme(email: Option<&str>, tags: &[&str]) -> Record {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let thing = Thing::Partner { name: "Acme".to_owned(), email: email.map(str::to_owned), company: None, tags };
        Record { key: Key::trusted("acme"), thing: thing.settled(), held: 0 }
    }

    #[test]
    fn a_tag_tells_contents_apart_and_nothing_else() {
        let all = [acme(None, &[]), acme(Some("a@b.c"), &[]), acme(None, &["a@b.c"]), acme(None, &["a", "b"]), acme(None, &["a b"])];
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other.tag() != one.tag()), "{one:?}");
            assert_eq!(one.tag(), Record { held: 7, ..one.clone() }.tag());
        }
        assert_eq!(acme(None, &["B", "a"]).tag(), acme(None, &["a", "B", "b"]).tag(), "as it is kept");
    }

    #[test]
    fn conditions() {
        let (record, other) = (acme(None, &[]), Tag("other".to_owned()));
        for (condition, of_record, of_nothing) in [
            (Condition::None, true, true),
            (Condition::Absent, false, true),
            (Condition::Present, true, false),
            (Condition::Unchanged(vec![other.clone(), record.tag()]), true, false),
            (Condition::Unchanged(vec![other]), false, false),
        ] {
            assert_eq!((condition.holds(Some(&record)), condition.holds(None)), (of_record, of_nothing), "{condition:?}");
        }
    }
}
