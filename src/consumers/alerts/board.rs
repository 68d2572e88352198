//! The alerts of one workspace as they stand in memory, which is what counts while the server runs: what is to be made durable is
//! owed to the store, and is told even where that cannot be paid.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::hours;
use super::notice::{ITEMS_MAX, Notice, Says};
use super::rule::{Around, Seen, Verdict};
use crate::auth::{SecretKey, WorkspaceId};
use crate::domain::{Key, Seq, UnixMs};
use crate::filter::{FilterIndex, FilterSet};
use crate::hub::room::People;
use crate::store::{
    Alert, AlertLine, AlertState, AlertsKept, Channel, ChannelKind, Credential, CredentialKind, Mute, NewCredential, NoticeRecord,
    StandingChannel, StoreError, Turned, When,
};

/// Notices of one workspace that wait to be sent; beyond it the oldest go.
const JOBS_MAX: usize = 10_000;
/// Lines of the history that wait to be stored; beyond it the oldest go.
const OWED_LINES_MAX: usize = 10_000;
/// How long the link of a notice opens its page, in milliseconds.
const LINK_LASTS_MS: i64 = 24 * 3_600_000;

/// One alert.
pub(super) struct Standing {
    pub number: i64,
    pub key: Key,
    pub name: String,
    pub alert: Alert,
    pub state: AlertState,
    /// What its view admits, within what exists for whoever made it; none where it has no view.
    pub filter: Option<Arc<FilterSet>>,
    /// Key and name of its view.
    pub view: Option<(String, String)>,
    /// In which it tells times.
    pub zone: String,
    pub seen: Seen,
    /// The newest of its view, oldest first, as they are read.
    pub newest: VecDeque<Bytes>,
    /// Values that its view is known to have had, folded.
    pub known: std::collections::HashSet<String>,
    /// New values that were told.
    pub told_fresh: usize,
}

/// A notice that is to be sent.
pub(super) struct Job {
    pub record: NoticeRecord,
    /// When it was made.
    pub made_at: UnixMs,
    /// When its next attempt is due.
    pub next_at: UnixMs,
    /// True until it was tried to make it durable.
    pub is_held: bool,
    /// True while it is being sent.
    pub is_busy: bool,
}

/// How the last attempt at a channel went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: UnixMs,
    /// Why it was in vain.
    pub fault: Option<String>,
}

/// What notices tell beside the alert, and what it is judged by.
pub(super) struct Scene {
    pub around: Around,
    /// Whether the server itself is well, in a sentence.
    pub path: String,
    /// The last of each source: its name and when.
    pub sources: Vec<(String, UnixMs)>,
    /// What links begin with.
    pub url: String,
}

/// What is owed to the store.
#[derive(Default)]
pub(super) struct Owed {
    pub states: BTreeMap<i64, AlertState>,
    pub lines: Vec<AlertLine>,
    pub notices: BTreeMap<(Uuid, Arc<str>), NoticeRecord>,
    pub links: Vec<NewCredential>,
    pub is_mute_changed: bool,
    /// Lines, from the first, that pages were told of: what cannot be paid is tried again, and told once.
    pub announced: usize,
}

impl Owed {
    pub fn is_empty(&self) -> bool {
        self.states.is_empty() && self.lines.is_empty() && self.notices.is_empty() && self.links.is_empty() && !self.is_mute_changed
    }

    /// What could not be paid comes before what is owed since; of one thing the later word counts.
    pub fn put_back(&mut self, mut unpaid: Self) {
        unpaid.announced = unpaid.lines.len();
        unpaid.states.append(&mut self.states);
        unpaid.lines.append(&mut self.lines);
        let over = unpaid.lines.len().saturating_sub(OWED_LINES_MAX);
        if over > 0 {
            tracing::error!(lines = over, "too much of the history of alerts waits to be stored; the oldest is left out");
            unpaid.lines.drain(..over);
            unpaid.announced = unpaid.announced.saturating_sub(over);
        }
        unpaid.notices.append(&mut self.notices);
        unpaid.links.append(&mut self.links);
        unpaid.is_mute_changed |= self.is_mute_changed;
        *self = unpaid;
    }
}

/// All of a workspace.
pub(super) struct Board {
    pub workspace: WorkspaceId,
    pub name: String,
    /// Everything up to here was judged; that is durable up to `kept`.
    pub cursor: Seq,
    pub kept: Seq,
    /// True when that was the end of the log.
    pub is_at_end: bool,
    pub people: People,
    pub people_at: Seq,
    pub index: FilterIndex<usize>,
    pub alerts: Vec<Standing>,
    pub channels: HashMap<Arc<str>, StandingChannel>,
    pub mute: Option<Mute>,
    pub jobs: VecDeque<Job>,
    pub owed: Owed,
    /// Held while it is paid.
    pub paying: Arc<tokio::sync::Mutex<()>>,
    /// Names of keys, by number.
    pub sources: HashMap<i64, String>,
    /// By folded key of the channel.
    pub said: HashMap<Arc<str>, Said>,
    /// What was last sent to a channel without being asked for, by folded key of it and number of the alert.
    pub repeated: HashMap<(Arc<str>, i64), UnixMs>,
}

fn is_mute(mute: Option<&Mute>, now: UnixMs) -> bool {
    mute.is_some_and(|mute| mute.until_ms > now.0)
}

impl Board {
    /// Judges one alert, and lets what follows of it follow.
    pub fn judge(&mut self, at: usize, scene: &Scene) {
        let Some(standing) = self.alerts.get_mut(at) else { return };
        let view = standing.view.as_ref().map_or("", |(_, name)| name);
        let made = UnixMs(standing.state.made_ms);
        let Some(verdict) = standing.seen.judge(&standing.alert, made, view, &scene.around) else { return };
        let (now, number) = (scene.around.now, standing.number);
        match (standing.state.firing, verdict) {
            (None, Verdict::Fires { count, reason }) => {
                let id = Uuid::now_v7();
                let state = &mut standing.state;
                *state = AlertState {
                    firing: Some(id),
                    since_ms: now.0,
                    reason: reason.clone(),
                    count,
                    is_told: false,
                    acknowledged_by: None,
                    acknowledged_ms: None,
                    steps: 0,
                    ..std::mem::take(state)
                };
                self.note(at, AlertLine { id, alert: number, at: now, turned: Turned::Fired, by: None, text: reason });
            }
            (Some(firing), Verdict::Quiet) => self.resolve(at, firing, scene),
            (Some(_), Verdict::Fires { count, reason }) => (standing.state.count, standing.state.reason) = (count, reason),
            (None, Verdict::Quiet) => {}
        }
        self.tell(at, scene);
    }

    fn resolve(&mut self, at: usize, firing: Uuid, scene: &Scene) {
        let (now, muted) = (scene.around.now, is_mute(self.mute.as_ref(), scene.around.now));
        let Some(standing) = self.alerts.get_mut(at) else { return };
        let text = format!("over after {}", hours::span(now.0 - standing.state.since_ms));
        let line = AlertLine { id: Uuid::now_v7(), alert: standing.number, at: now, turned: Turned::Resolved, by: None, text };
        // Whoever was told that it fires is told of its end; that something came for the first time has none.
        let told = standing.state.is_told && !muted && !is_mute(standing.state.mute.as_ref(), now);
        let (line_id, steps) = (line.id, standing.state.steps);
        let notice = standing.notice(&self.name, Says::Ok, line_id, firing, None, scene);
        let is_first = matches!(standing.alert.when, When::FirstBy(_));
        let then = standing.alert.then.iter().take(steps).flat_map(|then| then.to.clone());
        let to: Vec<Key> = standing.alert.to.iter().cloned().chain(then).collect();
        standing.state.firing = None;
        (standing.state.since_ms, standing.state.count, standing.state.is_told) = (now.0, 0, false);
        (standing.state.acknowledged_by, standing.state.acknowledged_ms) = (None, None);
        self.note(at, line);
        if told {
            let stands = |kind| matches!(kind, ChannelKind::Alertmanager | ChannelKind::Pagerduty | ChannelKind::Webhook);
            self.send(at, line_id, &to, &notice, |kind| !is_first || stands(kind), now);
        }
    }

    /// Tells that it fires, once it may; and others, when nobody is on it.
    fn tell(&mut self, at: usize, scene: &Scene) {
        let (now, all_muted) = (scene.around.now, is_mute(self.mute.as_ref(), scene.around.now));
        let Some(standing) = self.alerts.get_mut(at) else { return };
        let Some(firing) = standing.state.firing else { return };
        if all_muted || is_mute(standing.state.mute.as_ref(), now) {
            return;
        }
        let cooled = standing.state.notified_ms.is_none_or(|last| now.0 - last >= i64::from(standing.alert.cooldown_s) * 1_000);
        let fresh = standing.seen.fresh_total();
        let has_more = matches!(standing.alert.when, When::FirstBy(_)) && fresh > standing.told_fresh;
        if cooled && (!standing.state.is_told || has_more) {
            let (is_first, number) = (!standing.state.is_told, standing.number);
            (standing.state.is_told, standing.state.notified_ms, standing.told_fresh) = (true, Some(now.0), fresh);
            let line = if is_first { firing } else { Uuid::now_v7() };
            let (to, text) = (standing.alert.to.clone(), standing.state.reason.clone());
            let notice = self.with_link(at, Says::Firing, line, firing, scene);
            if is_first {
                self.keep_state(at);
            } else {
                self.note(at, AlertLine { id: line, alert: number, at: now, turned: Turned::Reminded, by: None, text });
            }
            self.send(at, line, &to, &notice, |_| true, now);
        }
        let Some(standing) = self.alerts.get_mut(at) else { return };
        if standing.state.is_told && standing.state.step_due(&standing.alert, now).is_some() {
            let (step, number) = (standing.state.steps, standing.number);
            standing.state.steps += 1;
            let to = standing.alert.then.get(step).map(|then| then.to.clone()).unwrap_or_default();
            let (line, text) = (Uuid::now_v7(), format!("nobody is on it since {}", hours::span(now.0 - standing.state.since_ms)));
            let notice = self.with_link(at, Says::Firing, line, firing, scene);
            self.note(at, AlertLine { id: line, alert: number, at: now, turned: Turned::Escalated, by: None, text });
            self.send(at, line, &to, &notice, |_| true, now);
        }
    }

    /// Somebody is on it. False where it does not fire.
    pub fn acknowledge(&mut self, at: usize, by: String, scene: &Scene) -> bool {
        let now = scene.around.now;
        let Some(standing) = self.alerts.get_mut(at) else { return false };
        let Some(firing) = standing.state.firing else { return false };
        if standing.state.acknowledged_by.as_ref() == Some(&by) {
            return true;
        }
        let text = format!("{by} is on it");
        (standing.state.acknowledged_by, standing.state.acknowledged_ms) = (Some(by.clone()), Some(now.0));
        let line = AlertLine {
            id: Uuid::now_v7(),
            alert: standing.number,
            at: now,
            turned: Turned::Acknowledged,
            by: Some(by),
            text: text.clone(),
        };
        let (line_id, to) = (line.id, standing.alert.channels().cloned().collect::<Vec<_>>());
        let notice = Notice { reason: text, ..standing.notice(&self.name, Says::Acknowledged, line_id, firing, None, scene) };
        self.note(at, line);
        self.send(at, line_id, &to, &notice, |kind| matches!(kind, ChannelKind::Pagerduty | ChannelKind::Webhook), now);
        true
    }

    /// Tells nobody of one alert, or of all, for a while; or tells again.
    pub fn mute(&mut self, at: Option<usize>, mute: Option<Mute>, by: &str, now: UnixMs) {
        let turned = if mute.is_some() { Turned::Muted } else { Turned::Unmuted };
        let text = mute.as_ref().map(|mute| format!("until {}: {}", UnixMs(mute.until_ms), mute.why)).unwrap_or_default();
        let Some(at) = at else {
            self.mute = mute;
            self.owed.is_mute_changed = true;
            return;
        };
        let Some(standing) = self.alerts.get_mut(at) else { return };
        standing.state.mute = mute;
        let line = AlertLine { id: Uuid::now_v7(), alert: standing.number, at: now, turned, by: Some(by.to_owned()), text };
        self.note(at, line);
    }

    /// An example: its line, and what would be told.
    pub fn example(&mut self, at: usize, by: &str, scene: &Scene) -> Option<(Notice, Vec<Key>)> {
        let line = Uuid::now_v7();
        let notice = self.with_link(at, Says::Test, line, line, scene);
        let standing = self.alerts.get(at)?;
        let to = standing.alert.channels().cloned().collect();
        let (alert, at_time, by) = (standing.number, scene.around.now, Some(by.to_owned()));
        self.note(at, AlertLine { id: line, alert, at: at_time, turned: Turned::Tested, by, text: String::new() });
        Some((notice, to))
    }

    /// A line of the history, and how the alert stands by it.
    fn note(&mut self, at: usize, line: AlertLine) {
        self.owed.lines.push(line);
        self.keep_state(at);
    }

    pub fn keep_state(&mut self, at: usize) {
        if let Some(standing) = self.alerts.get(at) {
            self.owed.states.insert(standing.number, standing.state.clone());
        }
    }

    /// A notice whose link opens the page of its alert for a day.
    fn with_link(&mut self, at: usize, says: Says, line: Uuid, firing: Uuid, scene: &Scene) -> Notice {
        let link = SecretKey::generate(CredentialKind::Alert.as_str()).ok();
        let standing = &self.alerts[at];
        if let Some(secret) = &link {
            self.owed.links.push(NewCredential {
                name: standing.key.to_string(),
                events: standing.alert.events.clone(),
                expires_at: Some(UnixMs(scene.around.now.0.saturating_add(LINK_LASTS_MS))),
                ..NewCredential::new(CredentialKind::Alert, secret.hash(), scene.around.now)
            });
        }
        standing.notice(&self.name, says, line, firing, link.as_ref().map(SecretKey::expose), scene)
    }

    fn send(&mut self, at: usize, line: Uuid, to: &[Key], notice: &Notice, wants: impl Fn(ChannelKind) -> bool, now: UnixMs) {
        let Some(alert) = self.alerts.get(at).map(|standing| standing.number) else { return };
        let body = serde_json::to_string(notice).unwrap_or_default();
        for channel in to {
            let kind = self.channels.get(channel.folded()).map(|channel| channel.channel.kind);
            let is_queued = self.owed.notices.contains_key(&(line, channel.folded().clone()));
            if is_queued || kind.is_none_or(|kind| kind == ChannelKind::Heartbeat || !wants(kind)) {
                continue;
            }
            let record = NoticeRecord {
                line,
                alert,
                channel: channel.clone(),
                body: body.clone(),
                attempts: 0,
                tried_at: None,
                done: false,
                fault: None,
            };
            self.owed.notices.insert((line, channel.folded().clone()), record.clone());
            self.jobs.push_back(Job { record, made_at: now, next_at: now, is_held: true, is_busy: false });
            if self.jobs.len() > JOBS_MAX {
                tracing::error!(workspace = self.workspace.number(), "too many notices wait; the oldest is not sent");
                self.jobs.pop_front();
            }
        }
    }

    /// What was owed, as it is paid.
    pub fn pay(&mut self) -> (Owed, AlertsKept) {
        let owed = std::mem::take(&mut self.owed);
        let kept = AlertsKept {
            cursor: self.cursor,
            mute: self.mute.clone(),
            states: owed.states.clone().into_iter().collect(),
            lines: owed.lines.clone(),
            notices: owed.notices.values().cloned().collect(),
        };
        (owed, kept)
    }

    /// What became of the payment: whether notices may be sent that waited for it, and keys of the alerts that it was about. Either way
    /// they may be told now.
    pub fn paid(&mut self, paid: Result<(), StoreError>, owed: Owed, cursor: Seq, about: &[i64]) -> (bool, Vec<Key>) {
        match paid {
            Ok(()) => self.kept = self.kept.max(cursor),
            Err(fault) => {
                tracing::warn!(workspace = self.workspace.number(), %fault, "how alerts stand could not be stored; it is told all the same");
                self.owed.put_back(owed);
            }
        }
        let is_held = self.jobs.iter().any(|job| job.is_held);
        self.jobs.iter_mut().for_each(|job| job.is_held = false);
        (is_held, self.alerts.iter().filter(|one| about.contains(&one.number)).map(|one| one.key.clone()).collect())
    }

    /// What those are called who send. Who was revoked is silent for a reason.
    pub fn name_sources(&mut self, keys: Vec<Credential>) {
        let good = keys.into_iter().filter(|key| key.revoked_at.is_none());
        let named = good.map(|key| (key.number, if key.name.is_empty() { format!("key {}", key.number) } else { key.name }));
        self.sources = named.collect();
    }

    /// The place of an alert.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.alerts.iter().position(|standing| standing.key == *key)
    }

    /// True where the path is to be tested though nobody reads.
    pub fn wants_pulse(&self) -> bool {
        let beats = |channel: &StandingChannel| matches!(channel.channel, Channel { kind: ChannelKind::Heartbeat, .. });
        self.channels.values().any(beats) || self.alerts.iter().any(|standing| standing.alert.enabled)
    }
}

impl Standing {
    /// A notice of it.
    pub fn notice(&self, workspace: &str, says: Says, line: Uuid, firing: Uuid, secret: Option<&str>, scene: &Scene) -> Notice {
        let link = match secret {
            Some(secret) => format!("{}/a/{secret}", scene.url),
            None => format!("{}/alerts", scene.url),
        };
        let items = self.newest.iter().rev().take(ITEMS_MAX);
        let reason = match self.state.reason.is_empty() {
            true => self.alert.when.to_text(),
            false => self.state.reason.clone(),
        };
        Notice {
            line,
            firing,
            says,
            workspace: workspace.to_owned(),
            alert: self.key.to_string(),
            name: self.name.clone(),
            view: self.view.clone(),
            since_ms: self.state.since_ms,
            at_ms: scene.around.now.0,
            count: self.state.count,
            reason,
            path: scene.path.clone(),
            sources: scene.sources.iter().map(|(name, at)| format!("{name} at {}", hours::clock(*at, &self.zone))).collect(),
            note: self.alert.note.clone(),
            link,
            zone: self.zone.clone(),
            items: items.filter_map(|body| RawValue::from_string(String::from_utf8(body.to_vec()).ok()?).ok()).collect(),
        }
    }

    /// Goes on as it stood before it was read anew; what it has seen counts on where it asks for the same.
    pub fn go_on(&mut self, before: Self) {
        self.state = before.state;
        if before.filter == self.filter && before.alert.when == self.alert.when {
            (self.seen, self.newest, self.known, self.told_fresh) = (before.seen, before.newest, before.known, before.told_fresh);
        }
    }

    /// Takes note of an activity of its view.
    pub fn saw(&mut self, body: Bytes, at: UnixMs) {
        self.seen.saw(&self.alert.when, at);
        self.newest.push_back(body);
        if self.newest.len() > ITEMS_MAX {
            self.newest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{OWED_LINES_MAX, Owed};
    use crate::domain::UnixMs;
    use crate::store::{AlertLine, AlertState, Turned};

    fn line(n: usize) -> AlertLine {
        let (id, at) = (Uuid::from_u128(n as u128), UnixMs(0));
        AlertLine { id, alert: 1, at, turned: Turned::Fired, by: None, text: n.to_string() }
    }

    fn state(count: u64) -> AlertState {
        AlertState { count, ..AlertState::default() }
    }

    #[test]
    fn what_could_not_be_paid_comes_first_and_the_later_word_counts() {
        let unpaid = Owed { states: [(1, state(1)), (2, state(1))].into(), lines: vec![line(1)], is_mute_changed: true, ..Owed::default() };
        let mut owed = Owed { states: [(1, state(2))].into(), lines: vec![line(2)], ..Owed::default() };
        owed.put_back(unpaid);
        assert_eq!(owed.lines, [line(1), line(2)]);
        assert_eq!((owed.states[&1].count, owed.states[&2].count, owed.is_mute_changed), (2, 1, true));
        assert_eq!(owed.announced, 1, "the first was told of; the second is still to be");
        // What cannot be stored for very long has a bound, and the oldest goes.
        let unpaid = std::mem::take(&mut owed);
        owed.lines = (3..=OWED_LINES_MAX + 1).map(line).collect();
        owed.put_back(unpaid);
        assert_eq!((owed.lines.len(), &owed.lines[0], owed.announced), (OWED_LINES_MAX, &line(2), 1));
    }
}
