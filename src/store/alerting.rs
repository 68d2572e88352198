//! How alerts stand: what fires since when, what was told to whom, and how far the log was judged.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alert::Alert;
use super::channel::Channel;
use super::{Answer, STEPS_MAX};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Key, Seq, UnixMs};

/// Lines of the history of one alert that are kept.
pub const HISTORY_MAX: usize = 500;

/// Why nobody is told for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Until when.
    pub until_ms: i64,
    /// Why, for people.
    pub why: String,
    /// Who said so.
    pub by: String,
}

/// How an alert stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertState {
    /// When it was made: silence counts from here at the earliest.
    pub made_ms: i64,
    /// The line of the history by which it fires; none while it does not.
    pub firing: Option<Uuid>,
    /// Since when it fires, or does not.
    pub since_ms: i64,
    /// Why it fires, for people.
    pub reason: String,
    /// How many it counts.
    pub count: u64,
    /// When somebody was last told that it fires.
    pub notified_ms: Option<i64>,
    /// False while nobody was told of the present firing.
    pub is_told: bool,
    /// Who is on it.
    pub acknowledged_by: Option<String>,
    /// Since when.
    pub acknowledged_ms: Option<i64>,
    /// Steps that were taken while nobody was.
    pub steps: usize,
    /// Why nobody is told.
    pub mute: Option<Mute>,
}

impl AlertState {
    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The step that is due when nobody has acknowledged for so long.
    pub fn step_due(&self, alert: &Alert, now: UnixMs) -> Option<usize> {
        if self.firing.is_none() || self.acknowledged_by.is_some() || self.steps >= STEPS_MAX {
            return None;
        }
        let next = alert.then.get(self.steps)?;
        (now.0 - self.since_ms >= i64::from(next.after_s) * 1_000).then_some(self.steps)
    }
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turned {
    /// It fires.
    Fired,
    /// It fires no more.
    Resolved,
    /// Somebody is on it.
    Acknowledged,
    /// Nobody was, and others were told.
    Escalated,
    /// It fires on, and that was told again.
    Reminded,
    /// Nobody is told for a while.
    Muted,
    /// They are again.
    Unmuted,
    /// An example was sent.
    Tested,
}

impl Turned {
    /// The words used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Reminded => "reminded",
            Self::Muted => "muted",
            Self::Unmuted => "unmuted",
            Self::Tested => "tested",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        const ALL: [Turned; 8] = [
            Turned::Fired,
            Turned::Resolved,
            Turned::Acknowledged,
            Turned::Escalated,
            Turned::Reminded,
            Turned::Muted,
            Turned::Unmuted,
            Turned::Tested,
        ];
        ALL.into_iter().find(|turned| turned.as_str() == word)
    }
}

/// One line of the history of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertLine {
    /// Its identity, and that of every notice of it.
    pub id: Uuid,
    /// Number of the alert.
    pub alert: i64,
    /// When.
    pub at: UnixMs,
    /// What became of it.
    pub turned: Turned,
    /// Who did it; none where it came by itself.
    pub by: Option<String>,
    /// Why, for people.
    pub text: String,
}

/// What is to be told by one channel, and how that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// The line of the history that it tells of.
    pub line: Uuid,
    /// Number of the alert.
    pub alert: i64,
    /// Folded key of the channel.
    pub channel: Key,
    /// What is told, as JSON.
    pub body: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When the last was made.
    pub tried_at: Option<UnixMs>,
    /// True when it was taken, or given up.
    pub done: bool,
    /// Why the last attempt was in vain, or why it was given up.
    pub fault: Option<String>,
}

/// An alert with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAlert {
    /// Its number.
    pub number: i64,
    /// Its key, as first spelled.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// All else.
    pub alert: Alert,
    /// How it stands; none where that was never kept.
    pub state: Option<AlertState>,
}

/// A channel with what it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingChannel {
    /// Its key, as first spelled.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// All else.
    pub channel: Channel,
    /// What it signs with, where it does.
    pub secret: Option<String>,
}

/// Everything that alerts of one workspace begin with.
#[derive(Debug, Clone, Default)]
pub struct AlertBoard {
    /// Key of the workspace.
    pub workspace: String,
    /// Everything up to here was judged; none before the first time.
    pub cursor: Option<Seq>,
    /// Why nobody is told of any.
    pub mute: Option<Mute>,
    /// Alerts by key.
    pub alerts: Vec<StandingAlert>,
    /// Channels by key.
    pub channels: Vec<StandingChannel>,
    /// Notices that are still to be sent.
    pub waiting: Vec<NoticeRecord>,
}

/// What is made durable together.
#[derive(Debug, Clone, Default)]
pub struct AlertsKept {
    /// Everything up to here was judged.
    pub cursor: Seq,
    /// Why nobody is told of any, from now on.
    pub mute: Option<Mute>,
    /// How alerts stand now, by number.
    pub states: Vec<(i64, AlertState)>,
    /// New lines of their history.
    pub lines: Vec<AlertLine>,
    /// Notices, new ones and how those before went.
    pub notices: Vec<NoticeRecord>,
}

/// The alerts of a store, as they stand. What they ask for is in the directory.
pub trait Alerting: Send + Sync + 'static {
    /// Workspaces that have an alert or a channel.
    fn alerted(&self, operator: Operator) -> Answer<'_, Vec<WorkspaceId>>;
    /// Everything that those of a workspace begin with.
    fn board(&self, workspace: WorkspaceId) -> Answer<'_, AlertBoard>;
    /// Makes a change durable, all of it or nothing; the same line twice is one.
    fn keep_alerts(&self, workspace: WorkspaceId, kept: AlertsKept) -> Answer<'_, ()>;
    /// The newest lines of an alert, newest first, with the notices of each.
    fn alert_history(&self, workspace: WorkspaceId, alert: Key, limit: usize) -> Answer<'_, Vec<(AlertLine, Vec<NoticeRecord>)>>;
    /// Gives a channel another secret to sign with; `only_new` keeps the one that is there. True when it was given.
    fn channel_secret(&self, workspace: WorkspaceId, channel: Key, secret: String, only_new: bool) -> Answer<'_, bool>;
}
