//! An alert: what is to be told to whom, when a view or the server itself is not as it should be.

use serde::{Deserialize, Serialize};

use crate::domain::{Events, Key};
use crate::filter::Field;

/// Channels that an alert, or one of its steps, tells at most.
pub const TO_MAX: usize = 10;
/// Steps that follow while nobody has acknowledged.
pub const STEPS_MAX: usize = 5;
/// Alerts of one workspace.
pub const ALERTS_MAX: usize = 1_000;
/// Activities that an alert counts to at most: as many times are kept in memory.
pub const COUNT_MAX: u32 = 5_000;

/// A field whose new values can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstBy {
    /// A partner.
    Partner,
    /// A flavor.
    Flavor,
    /// A message.
    Message,
    /// A campaign.
    Campaign,
}

impl FirstBy {
    /// The words used outside.
    pub const WORDS: &[&str] = &["partner", "flavor", "message", "campaign"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Flavor => "flavor",
            Self::Message => "message",
            Self::Campaign => "campaign",
        }
    }

    /// The field of a filter set that asks for it.
    pub const fn field(self) -> Field {
        match self {
            Self::Partner => Field::Partner,
            Self::Flavor => Field::Flavor,
            Self::Message => Field::About,
            Self::Campaign => Field::Campaign,
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Partner, Self::Flavor, Self::Message, Self::Campaign].into_iter().find(|field| field.as_str() == word)
    }
}

/// When an alert fires. Times are those of receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// So many activities of the view, at least, within so many seconds.
    Count {
        /// How many.
        count: u32,
        /// Seconds.
        within_s: u32,
    },
    /// No activity of the view for so many seconds.
    Silent(u32),
    /// A value that no activity of the view had before.
    FirstBy(FirstBy),
    /// Who sends by a key of this name, or anybody where none is given, has broken its rhythm.
    SourceSilent(Option<String>),
    /// Nothing can be stored or delivered.
    Pulse,
}

impl When {
    /// True where it is about the activities of a view.
    pub const fn is_of_view(&self) -> bool {
        matches!(self, Self::Count { .. } | Self::Silent(_) | Self::FirstBy(_))
    }

    /// For people, as in the history.
    pub fn to_text(&self) -> String {
        match self {
            Self::Count { count, within_s } => format!("{count} within {within_s} s"),
            Self::Silent(silent_s) => format!("silent for {silent_s} s"),
            Self::FirstBy(field) => format!("first by {}", field.as_str()),
            Self::SourceSilent(name) => format!("source silent: {}", name.as_deref().unwrap_or("any")),
            Self::Pulse => "pulse".to_owned(),
        }
    }
}

/// Hours in which an alert stands: minutes of the day in a zone, from the one up to the other, over midnight where they turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Between {
    /// The first minute.
    pub from: u16,
    /// The first minute that is not of it.
    pub to: u16,
    /// IANA time zone.
    pub zone: String,
}

/// Whom to tell when nobody has acknowledged for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Then {
    /// Seconds since it fires.
    pub after_s: u32,
    /// Keys of channels.
    pub to: Vec<Key>,
}

/// All of an alert but its key and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Key of the view that it looks at; none where it is about the server.
    pub view: Option<Key>,
    /// When it fires.
    pub when: When,
    /// Keys of the channels that are told.
    pub to: Vec<Key>,
    /// Seconds between two notices that it fires.
    pub cooldown_s: u32,
    /// When it stands; always without.
    pub between: Option<Between>,
    /// False while it rests.
    pub enabled: bool,
    /// What to do, in the words of whoever made it.
    pub note: Option<String>,
    /// Whom else to tell, in the order of time.
    pub then: Vec<Then>,
    /// The events that exist for whoever made it.
    pub events: Events,
}

/// An alert as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    view: Option<String>,
    when: When,
    to: Vec<String>,
    cooldown_s: u32,
    between: Option<Between>,
    enabled: bool,
    note: Option<String>,
    then: Vec<(u32, Vec<String>)>,
    event: Option<String>,
}

fn words(keys: &[Key]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn keys(words: &[String]) -> Vec<Key> {
    words.iter().map(|word| Key::trusted(word)).collect()
}

impl Alert {
    /// Every channel that it may tell.
    pub fn channels(&self) -> impl Iterator<Item = &Key> {
        self.to.iter().chain(self.then.iter().flat_map(|then| &then.to))
    }

    /// As it is kept: the same alert is always the same text.
    pub fn to_json(&self) -> String {
        let Self { view, when, to, cooldown_s, between, enabled, note, then, events } = self.clone();
        let kept = Kept {
            view: view.map(|view| view.to_string()),
            when,
            to: words(&to),
            cooldown_s,
            between,
            enabled,
            note,
            then: then.iter().map(|then| (then.after_s, words(&then.to))).collect(),
            event: events.to_text(),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let Kept { view, when, to, cooldown_s, between, enabled, note, then, event } =
            serde_json::from_str(text).map_err(|fault| fault.to_string())?;
        Ok(Self {
            view: view.as_deref().map(Key::trusted),
            when,
            to: keys(&to),
            cooldown_s,
            between,
            enabled,
            note,
            then: then.into_iter().map(|(after_s, to)| Then { after_s, to: keys(&to) }).collect(),
            events: Events::from_text(event.as_deref()),
        })
    }

    /// Its fields by name, each as one text.
    pub fn fields(&self) -> [(&'static str, Option<String>); 8] {
        let joined = |keys: &[Key]| (!keys.is_empty()).then(|| words(keys).join(","));
        let between = self.between.as_ref().map(|hours| format!("{}-{} {}", hours.from, hours.to, hours.zone));
        let then = self.then.iter().map(|then| format!("{}:{}", then.after_s, words(&then.to).join(","))).collect::<Vec<_>>().join(";");
        [
            ("view", self.view.as_ref().map(ToString::to_string)),
            ("when", Some(self.when.to_text())),
            ("to", joined(&self.to)),
            ("cooldown_s", Some(self.cooldown_s.to_string())),
            ("between", between),
            ("enabled", Some(self.enabled.to_string())),
            ("note", self.note.clone()),
            ("then", Some(then).filter(|then| !then.is_empty())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, Between, FirstBy, Then, When};
    use crate::domain::{Events, Key};

    #[test]
    fn what_is_kept_reads_back() {
        let whens = [
            When::Count { count: 3, within_s: 60 },
            When::Silent(900),
            When::FirstBy(FirstBy::Partner),
            When::SourceSilent(Some("Badge desk".to_owned())),
            When::SourceSilent(None),
            When::Pulse,
        ];
        for when in whens {
            let alert = Alert {
                view: Some(Key::trusted("Opens")),
                when,
                to: vec![Key::trusted("desk")],
                cooldown_s: 300,
                between: Some(Between { from: 540, to: 1_020, zone: "Europe/Berlin".to_owned() }),
                enabled: true,
                note: Some("Look at the badge desk.".to_owned()),
                then: vec![Then { after_s: 600, to: vec![Key::trusted("lead"), Key::trusted("desk")] }],
                events: Events::only(Key::trusted("expo")),
            };
            assert_eq!(Alert::from_json(&alert.to_json()), Ok(alert.clone()));
            assert_eq!(alert.channels().count(), 3);
        }
        assert!(FirstBy::WORDS.iter().all(|word| FirstBy::parse(word).map(FirstBy::as_str) == Some(*word)));
    }
}
