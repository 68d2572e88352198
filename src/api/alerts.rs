//! Alerts: what became of each, and what people do about it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::body::Sent;
use super::error::{INVALID, NOT_FIRING, Problem};
use super::extract::{NoQuery, Path};
use super::lists::ListBody;
use super::nouns::Noun as _;
use super::nouns::alerts::{AlertBody, AlertsNoun, MuteBody};
use super::nouns::channels::{ChannelsNoun, begin, fresh_secret};
use super::rate::Asker;
use super::read::rule::{Name, Time};
use super::read::{Fields, Read, documented};
use crate::auth::Actor;
use crate::domain::{Invalid, Key, UnixMs};
use crate::store::{At, Mute, NamedKind, NoticeRecord, Record};

/// Lines of the history that are told.
const HISTORY: usize = 200;

/// One line of the history of an alert.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AlertLine)]
pub struct LineBody {
    /// Its identity: every notice of it carries this.
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// `fired`, `resolved`, `acknowledged`, `escalated`, `reminded`, `muted`, `unmuted` or `tested`.
    what: &'static str,
    /// Who did it; null where it came by itself.
    #[schema(required = true)]
    by: Option<String>,
    /// Why, for people.
    text: String,
    /// What was told of it.
    notices: Vec<NoticeBody>,
}

/// What was told by one channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Notice)]
pub struct NoticeBody {
    /// Key of the channel.
    channel: String,
    /// `sent`, `waiting` (it is tried again) or `failed` (it was given up).
    state: &'static str,
    /// Attempts so far.
    attempts: u32,
    /// When the last was made.
    #[schema(required = true, format = DateTime)]
    at: Option<String>,
    /// Why it was not taken.
    #[schema(required = true)]
    fault: Option<String>,
}

/// How an example went.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AlertTest)]
pub struct TestBody {
    /// By channel.
    sent: Vec<SentBody>,
}

/// How an example went by one channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AlertTestSent)]
pub struct SentBody {
    /// Key of the channel.
    channel: String,
    /// True when it was taken.
    taken: bool,
    /// Why it was not.
    #[schema(required = true)]
    fault: Option<String>,
}

/// Whether all alerts are mute.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AllMute)]
pub struct AllMuteBody {
    /// Why nobody is told of any; null while they are.
    #[schema(required = true)]
    mute: Option<MuteBody>,
}

/// A new secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChannelSecret)]
pub struct SecretBody {
    /// What the channel signs with from now on: shown once.
    secret: String,
}

/// Who is on it.
struct AcknowledgeDraft {
    by: Option<String>,
}

/// Until when nobody is told, and why.
struct MuteDraft {
    until: Option<UnixMs>,
    why: Option<String>,
}

documented!(AcknowledgeDraft, MuteDraft);

impl MuteDraft {
    /// Holds that it ends in time to come: whoever gives another would believe that nobody is told.
    fn check(&self, now: UnixMs) -> Result<(), Problem> {
        match self.until.filter(|until| *until <= now) {
            Some(until) => {
                let over = Invalid::one("until", "in_the_past", format!("{until} is over; give a time that is to come, or leave it out"));
                Err(Problem::invalid(INVALID, over))
            }
            None => Ok(()),
        }
    }
}

impl Read for AcknowledgeDraft {
    const NAME: &'static str = "AcknowledgeDraft";
    const ABOUT: &'static str = "Who is on it.";

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { by: fields.optional("by", Name, "Your name; that of the key without it.") })
    }
}

impl Read for MuteDraft {
    const NAME: &'static str = "MuteDraft";
    const ABOUT: &'static str = "Until when nobody is told, and why.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let until = fields.optional("until", Time, "Until when nobody is told; without it they are told again.");
        let why = fields.optional("why", Name, "Why, for those who read it.");
        Some(Self { until, why })
    }
}

/// Read what became of an alert, the newest first, and what was told of it.
#[utoipa::path(get, path = "/v1/alerts/{alert}/history", tag = "Alerts", params(("alert" = String, Path, description = "Key of the alert")),
    responses((status = 200, description = "At most 200 lines", body = ListBody<LineBody>)))]
pub async fn history(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<ListBody<LineBody>>, Problem> {
    let at = existing(&api, &caller, NamedKind::Alert, path.key("alert")?).await?.0;
    let found = api.webhooks.store.alerting.alert_history(at.workspace, at.key, HISTORY).await?;
    let lines = found.into_iter().map(|(line, notices)| LineBody {
        id: line.id.to_string(),
        at: line.at.to_string(),
        what: line.turned.as_str(),
        by: line.by,
        text: line.text,
        notices: notices.into_iter().map(told).collect(),
    });
    Ok(Json(ListBody::whole(lines.collect())))
}

fn told(notice: NoticeRecord) -> NoticeBody {
    let state = match (notice.done, &notice.fault) {
        (true, None) => "sent",
        (true, Some(_)) => "failed",
        (false, _) => "waiting",
    };
    let NoticeRecord { channel, attempts, tried_at, fault, .. } = notice;
    NoticeBody { channel: channel.to_string(), state, attempts, at: tried_at.map(|at| at.to_string()), fault }
}

/// Say that you are on it: whoever would be told next is not.
#[utoipa::path(post, path = "/v1/alerts/{alert}/acknowledge", tag = "Alerts", request_body = AcknowledgeDraft,
    params(("alert" = String, Path, description = "Key of the alert")),
    responses((status = 200, description = "As it is now", body = AlertBody), (status = 409, description = "It does not fire", body = super::error::ProblemBody, content_type = "application/problem+json")))]
pub async fn acknowledge(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<AlertBody>, Problem> {
    let AcknowledgeDraft { by } = sent.read().await?;
    let (at, record) = existing(&api, &caller, NamedKind::Alert, path.key("alert")?).await?;
    let by = match by {
        Some(by) => by,
        None => name_of(&api, &caller).await?,
    };
    match api.alerts.acknowledge(at.workspace, &at.key, by).await {
        Some(true) => shown(&api, &at, record),
        _ => Err(Problem::new(NOT_FIRING, format!("the alert {} does not fire: there is nothing to be on", at.key))),
    }
}

/// Tell nobody of an alert for a while, or tell again. What fires is kept and shown all the same.
#[utoipa::path(post, path = "/v1/alerts/{alert}/mute", tag = "Alerts", request_body = MuteDraft,
    params(("alert" = String, Path, description = "Key of the alert")),
    responses((status = 200, description = "As it is now", body = AlertBody)))]
pub async fn mute(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery, mut sent: Sent) -> Result<Json<AlertBody>, Problem> {
    let draft: MuteDraft = sent.read().await?;
    draft.check(api.clock.now())?;
    let (at, record) = existing(&api, &caller, NamedKind::Alert, path.key("alert")?).await?;
    let by = name_of(&api, &caller).await?;
    api.alerts.mute(at.workspace, Some(&at.key), draft.mute(&by), &by).await;
    shown(&api, &at, record)
}

/// Tell nobody of any alert for a while, or tell again.
#[utoipa::path(post, path = "/v1/alerts:mute", tag = "Alerts", request_body = MuteDraft,
    responses((status = 200, description = "As it is now", body = AllMuteBody)))]
pub async fn mute_all(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, mut sent: Sent) -> Result<Json<AllMuteBody>, Problem> {
    let draft: MuteDraft = sent.read().await?;
    draft.check(api.clock.now())?;
    whole(&caller)?;
    let by = name_of(&api, &caller).await?;
    api.alerts.mute(caller.principal.workspace, None, draft.mute(&by), &by).await;
    Ok(Json(all_mute(&api, &caller)))
}

/// Read whether all alerts are mute.
#[utoipa::path(get, path = "/v1/alerts:mute", tag = "Alerts", responses((status = 200, description = "As it is now", body = AllMuteBody)))]
pub async fn muted(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Json<AllMuteBody> {
    Json(all_mute(&api, &caller))
}

fn all_mute(api: &Api, caller: &Caller) -> AllMuteBody {
    AllMuteBody { mute: MuteBody::of(api.alerts.muted(caller.principal.workspace), api.clock.now()) }
}

/// Send an example, marked as one, by every channel of an alert.
#[utoipa::path(post, path = "/v1/alerts/{alert}/test", tag = "Alerts", params(("alert" = String, Path, description = "Key of the alert")),
    responses((status = 200, description = "How that went by each", body = TestBody)))]
pub async fn test(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<TestBody>, Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let (at, _) = existing(&api, &caller, NamedKind::Alert, path.key("alert")?).await?;
    let by = name_of(&api, &caller).await?;
    let told = api.alerts.test(at.workspace, &at.key, &by).await.unwrap_or_default();
    let sent = told.into_iter().map(|(channel, told)| SentBody { channel: channel.to_string(), taken: told.is_ok(), fault: told.err() });
    Ok(Json(TestBody { sent: sent.collect() }))
}

/// Give a channel a new secret to sign with, which is in this answer and never again. The one before ends with it.
#[utoipa::path(post, path = "/v1/channels/{channel}/secret", tag = "Alerts", params(("channel" = String, Path, description = "Key of the channel")),
    responses((status = 200, description = "Replaced", body = SecretBody)))]
pub async fn rotate_channel(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
) -> Result<(StatusCode, Json<SecretBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let (at, record) = existing(&api, &caller, NamedKind::Channel, path.key("channel")?).await?;
    // A body of another kind would have told it: it is a channel.
    ChannelsNoun::body(record).ok_or_else(|| Problem::not_found("channel"))?;
    let secret = fresh_secret()?;
    api.alerts.secret(at.workspace, &at.key, secret.clone(), false).await?;
    begin(&api, &at, None).await;
    Ok((StatusCode::OK, Json(SecretBody { secret })))
}

impl MuteDraft {
    fn mute(self, by: &str) -> Option<Mute> {
        let why = self.why.unwrap_or_else(|| "no reason was given".to_owned());
        self.until.map(|until| Mute { until_ms: until.0, why, by: by.to_owned() })
    }
}

async fn existing(api: &Api, caller: &Caller, kind: NamedKind, key: Key) -> Result<(At, Record), Problem> {
    let at = At::top(caller.principal.workspace, key);
    let found = api.store.turn(caller.reader()).await?.directory().one(kind, at.clone()).await?;
    let is_seen = |record: &Record| match kind {
        NamedKind::Alert => AlertsNoun::is_seen(record, &caller.principal),
        _ => ChannelsNoun::is_seen(record, &caller.principal),
    };
    let record = found.filter(is_seen).ok_or_else(|| Problem::not_found(kind.as_str()))?;
    Ok((at, record))
}

fn shown(api: &Api, at: &At, record: Record) -> Result<Json<AlertBody>, Problem> {
    let mut body = AlertsNoun::body(record).ok_or_else(|| Problem::not_found("alert"))?;
    AlertsNoun::tell(api, at, &mut body);
    Ok(Json(body))
}

/// Who is bound to an event does not speak for all.
fn whole(caller: &Caller) -> Result<(), Problem> {
    super::authorise::check_whole(&caller.principal, "all alerts")
}

/// What people call whoever asks: by the key that they come by.
async fn name_of(api: &Api, caller: &Caller) -> Result<String, Problem> {
    if let Actor::Member(number) = caller.principal.actor
        && let Some(member) = api.people.members.member(caller.principal.workspace, number).await?
    {
        return Ok(if member.name.is_empty() { member.email } else { member.name });
    }
    let found = api.store.keyring.credential(caller.principal.workspace, caller.principal.root).await?;
    let name = found.map(|credential| credential.name).filter(|name| !name.is_empty());
    Ok(name.unwrap_or_else(|| format!("{} {}", caller.principal.actor.kind(), caller.principal.root)))
}
