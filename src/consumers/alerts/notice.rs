//! What is told of an alert: enough to act on without opening anything.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::hours;
use crate::domain::UnixMs;

/// Activities that a notice shows.
pub(super) const ITEMS_MAX: usize = 3;

/// What it tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Says {
    /// It fires.
    Firing,
    /// It is over.
    Ok,
    /// Somebody is on it.
    Acknowledged,
    /// Nothing: an example.
    Test,
}

impl Says {
    /// The word used outside; an example is told as one that fires.
    pub const fn state(self) -> &'static str {
        match self {
            Self::Firing | Self::Test => "firing",
            Self::Ok => "ok",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// A notice as it is kept until it is taken: every channel makes its own form of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Notice {
    /// The line of the history that it tells of.
    pub line: Uuid,
    /// The line by which the alert fires: the same from its first notice to its end.
    pub firing: Uuid,
    pub says: Says,
    pub workspace: String,
    /// Key and name of the alert.
    pub alert: String,
    pub name: String,
    /// Key and name of its view.
    pub view: Option<(String, String)>,
    pub since_ms: i64,
    pub at_ms: i64,
    pub count: u64,
    pub reason: String,
    /// Whether the server itself is well.
    pub path: String,
    /// The last of each source.
    pub sources: Vec<String>,
    pub note: Option<String>,
    /// Where it can be acknowledged, without signing in.
    pub link: String,
    pub zone: String,
    /// The newest activities, as they are read.
    pub items: Vec<Box<RawValue>>,
}

impl Notice {
    /// One line.
    pub fn title(&self) -> String {
        match self.says {
            Says::Firing => format!("{}: {}", self.name, self.reason),
            Says::Ok => format!("{}: over after {}", self.name, hours::span(self.at_ms - self.since_ms)),
            Says::Acknowledged => format!("{}: {}", self.name, self.reason),
            Says::Test => format!("Test of {}: nothing has happened", self.name),
        }
    }

    /// All of it, for people.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        match self.says {
            Says::Test => lines.push("This is an example. It was asked for to see whether it arrives; nothing is to be done.".to_owned()),
            _ => lines.push(format!("Since {}.", hours::told(UnixMs(self.since_ms), &self.zone))),
        }
        if let Some((_, view)) = &self.view {
            lines.push(format!("View: {view}."));
        }
        lines.push(self.path.clone());
        if !self.sources.is_empty() {
            lines.push(format!("Last activity: {}.", self.sources.join("; ")));
        }
        for item in &self.items {
            lines.extend(sentence(item).map(|text| format!("- {text}")));
        }
        if self.says == Says::Firing {
            lines.push(format!("What to do: {}", self.note.as_deref().unwrap_or("find out who should have sent, and look at System.")));
        }
        if self.says != Says::Ok {
            lines.push(format!("Say that you are on it, without signing in: {}", self.link));
        }
        lines.join("\n")
    }
}

/// An activity in a sentence.
pub(super) fn sentence(item: &RawValue) -> Option<String> {
    let item: serde_json::Value = serde_json::from_str(item.get()).ok()?;
    let text = |name: &str, part: &str| item[name][part].as_str().map(str::to_owned);
    let (partner, flavor) = (text("partner", "name")?, text("flavor", "label")?);
    let message = text("message", "subject").map(|subject| format!(" ({subject})")).unwrap_or_default();
    Some(format!("{partner}: {flavor}{message}"))
}
