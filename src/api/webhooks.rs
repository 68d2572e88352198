//! Webhooks: whom the activities of a view are sent to. The secret is in the answer that makes one, and never again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::authenticate::Caller;
use super::body::Sent;
use super::error::{EVENT_FORBIDDEN, INTERNAL, INVALID, Problem, RECEIVER_FORBIDDEN, VIEW_UNKNOWN};
use super::extract::{NoQuery, Path};
use super::history::check_history;
use super::lists::ListBody;
use super::rate::Asker;
use super::read::rule::{Flag, KeyText, Rule};
use super::read::{Fields, Read, documented};
use super::wanted::viewed;
use crate::consumers::{WebhookConsumer, new_secret, webhook_name};
use crate::domain::{Cursor, Invalid, Key, UnixMs};
use crate::outbound::{FORBIDDEN, URL_BYTES_MAX};
use crate::store::{Head, PutWebhook, Webhook, WebhookTerms};

/// How long a secret that was replaced signs too.
const BEFORE_MS: i64 = 24 * 3_600 * 1_000;

/// A webhook, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookBody {
    /// Its key, as first spelled.
    key: String,
    /// Where it sends to.
    url: String,
    /// Key of the view whose activities it sends.
    view: String,
    /// False while it rests.
    enabled: bool,
    /// `ok`, `failing` (it is tried again), `ended` (the receiver said 410: put it again to go on) or `resting`.
    state: &'static str,
    /// Everything up to here was taken.
    position: String,
    /// Entries of the log behind that: at most so many activities are to be sent.
    lag: u64,
    /// Attempts at what is next, so far.
    attempts: u32,
    /// When the last attempt was made.
    #[schema(required = true, format = DateTime)]
    tried_at: Option<String>,
    /// The status that it was answered with; null where there was no answer.
    #[schema(required = true)]
    answered: Option<u16>,
    /// Why it was not taken.
    #[schema(required = true)]
    fault: Option<String>,
    /// When the next attempt is due, while it fails.
    #[schema(required = true, format = DateTime)]
    next_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// What it signs with, where it was just made or replaced: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookBody {
    fn of(hook: Webhook, head: Head) -> Self {
        let progress = hook.progress;
        let state = match () {
            () if !hook.terms.enabled => "resting",
            () if progress.ended => "ended",
            () if progress.fault.is_some() => "failing",
            () => "ok",
        };
        Self {
            key: hook.key.to_string(),
            url: hook.terms.url,
            view: hook.terms.view.to_string(),
            enabled: hook.terms.enabled,
            state,
            position: Cursor { epoch: head.epoch, seq: progress.cursor, mark: None }.to_string(),
            lag: head.seq.saturating_sub(progress.cursor),
            attempts: progress.attempts,
            tried_at: progress.tried_at.map(|at| at.to_string()),
            answered: progress.answered,
            fault: progress.fault,
            next_at: progress.next_at.map(|at| at.to_string()),
            created_at: hook.created_at.to_string(),
            secret: None,
        }
    }
}

/// A webhook to be made, or to be replaced.
struct WebhookDraft {
    url: String,
    view: Key,
    after: Option<Cursor>,
    enabled: bool,
}

/// Where a webhook is to begin again.
struct RedeliverDraft {
    after: Option<Cursor>,
}

documented!(WebhookDraft, RedeliverDraft);

/// An address; where it may lead is looked at later.
pub(super) struct Address;
/// A cursor of the log.
pub(super) struct Position;

impl Rule for Address {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        let text = value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text"))?;
        Ok(text.trim().to_owned())
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "uri", "maxLength": URL_BYTES_MAX, "pattern": r"^https://[a-z]{1,20}\.example/[a-z]{0,20}$"})
    }
}

impl Rule for Position {
    type Out = Cursor;

    fn read(&self, value: &Value) -> Result<Cursor, Invalid> {
        let text = value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text: a cursor as the server gave it"))?;
        Cursor::parse(text).map_err(|fault| Invalid::one("", "cursor_invalid", fault.to_string()))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "cursor"})
    }
}

impl Read for WebhookDraft {
    const NAME: &'static str = "WebhookDraft";
    const ABOUT: &'static str = "A webhook as it is sent.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let url = fields.required("url", Address, "Where to send to: https, and a host that the internet reaches.");
        let view = fields.required("view", KeyText, "Key of the view whose activities are sent; not a private one.");
        let after = fields.optional(
            "after",
            Position,
            "Cursor: begin after it; where it stands without it, and at the end of the log if it is new.",
        );
        let enabled = fields.optional("enabled", Flag, "False to let it rest; what comes meanwhile is sent afterwards.").unwrap_or(true);
        Some(Self { url: url?, view: view?, after, enabled })
    }
}

impl Read for RedeliverDraft {
    const NAME: &'static str = "RedeliverDraft";
    const ABOUT: &'static str = "Where to begin again.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let after =
            fields.optional("after", Position, "Cursor: send everything after it, once more; without it the next attempt is made at once.");
        Some(Self { after })
    }
}

/// List webhooks by key.
#[utoipa::path(get, path = "/v1/webhooks", tag = "Webhooks",
    responses((status = 200, description = "Webhooks without their secrets", body = ListBody<WebhookBody>)))]
pub async fn webhooks(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<WebhookBody>>, Problem> {
    let head = api.store.head(caller.principal.workspace).await?;
    let found = api.webhooks.store.webhooks.list(caller.principal.workspace).await?;
    let seen = found.into_iter().filter(|hook| is_seen(hook, &caller));
    Ok(Json(ListBody::whole(seen.map(|hook| WebhookBody::of(hook, head)).collect())))
}

/// Read a webhook: how far it has come, and how its last attempt went.
#[utoipa::path(get, path = "/v1/webhooks/{webhook}", tag = "Webhooks", params(("webhook" = String, Path, description = "Key of the webhook")),
    responses((status = 200, description = "As it is now", body = WebhookBody)))]
pub async fn webhook(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<WebhookBody>, Problem> {
    let found = existing(&api, &caller, path.key("webhook")?).await?;
    Ok(Json(WebhookBody::of(found, api.store.head(caller.principal.workspace).await?)))
}

/// Make a webhook, or replace it: activities of a view are sent to an address, in order, each batch until it is taken.
///
/// Standard Webhooks 1.0: `webhook-id` is the same for the same batch, `webhook-signature` is of identity, time and body. A batch is
/// `{"type":"activities","view","items","amended","erased","position"}`, at most 100 activities and 256 KiB; the next comes after
/// an answer of 2xx. What is not taken is tried again after 1 s and longer each time, up to an hour; 410 ends it. A receiver that was
/// away gets everything that came meanwhile. The secret is in the answer that makes it, and never again.
#[utoipa::path(put, path = "/v1/webhooks/{webhook}", tag = "Webhooks", request_body = WebhookDraft,
    params(("webhook" = String, Path, description = "Key of the webhook")),
    responses(
        (status = 201, description = "Made", body = WebhookBody),
        (status = 200, description = "Replaced", body = WebhookBody),
        (status = 422, description = "Fields are at fault; `receiver_forbidden` where nothing may be sent to the address", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn put_webhook(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery, mut sent: Sent) -> Result<Response, Problem> {
    let key = path.key("webhook")?;
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let draft: WebhookDraft = sent.read().await?;
    let url = api.webhooks.outbound.parse(&draft.url).map_err(|fault| {
        let code = if fault.faults.iter().any(|fault| fault.code == FORBIDDEN) { RECEIVER_FORBIDDEN } else { INVALID };
        Problem::invalid(code, fault.under("url"))
    })?;
    let found = viewed(&api, &caller, Some(draft.view.clone())).await?.ok_or_else(|| Problem::new(VIEW_UNKNOWN, VIEW_UNKNOWN.cure))?;
    if found.view.owner.is_some() {
        let private = Invalid::one("view", "private_view", "is private: make it the team's first");
        return Err(Problem::invalid(INVALID, private));
    }
    let workspace = caller.principal.workspace;
    if let Some(after) = draft.after {
        check_history(&api, workspace, after).await?;
    }
    let now = api.clock.now();
    if let Some(there) = api.webhooks.store.webhooks.one(workspace, key.clone()).await?.filter(|hook| !is_seen(hook, &caller)) {
        return Err(Problem::new(EVENT_FORBIDDEN, format!("the webhook {} tells of more than you are bound to", there.key)));
    }
    let terms =
        WebhookTerms { url: url.to_string(), view: draft.view, events: caller.principal.grant.events.clone(), enabled: draft.enabled };
    let put = PutWebhook { key: key.clone(), terms, secret: secret()?, after: draft.after.map(|after| after.seq), at: now };
    let (made, hook) = api.webhooks.store.webhooks.put(workspace, put).await?;
    if made {
        api.consumers.add(Arc::new(WebhookConsumer::new(api.webhooks.clone(), workspace, hook.key.clone())), Some(workspace)).await;
    }
    api.consumers.stir(workspace, webhook_name(workspace, &key)).await;
    let secret = made.then(|| hook.secret.clone());
    let body = WebhookBody { secret, ..WebhookBody::of(hook, api.store.head(workspace).await?) };
    Ok((if made { StatusCode::CREATED } else { StatusCode::OK }, Json(body)).into_response())
}

/// Delete a webhook.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook}", tag = "Webhooks", params(("webhook" = String, Path, description = "Key of the webhook")),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_webhook(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let hook = existing(&api, &caller, path.key("webhook")?).await?;
    let workspace = caller.principal.workspace;
    if !api.webhooks.store.webhooks.remove(workspace, hook.key.clone()).await? {
        return Err(Problem::not_found("webhook"));
    }
    api.consumers.remove(webhook_name(workspace, &hook.key)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Send again: everything after a cursor, or what is next, at once.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/redeliver", tag = "Webhooks", request_body = RedeliverDraft,
    params(("webhook" = String, Path, description = "Key of the webhook")),
    responses((status = 200, description = "Under way", body = WebhookBody)))]
pub async fn redeliver(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<WebhookBody>, Problem> {
    let hook = existing(&api, &caller, path.key("webhook")?).await?;
    let workspace = caller.principal.workspace;
    let RedeliverDraft { after } = sent.read().await?;
    if let Some(after) = after {
        check_history(&api, workspace, after).await?;
    }
    let put = PutWebhook {
        key: hook.key.clone(),
        terms: hook.terms,
        secret: hook.secret,
        after: after.map(|after| after.seq),
        at: hook.created_at,
    };
    let (_, hook) = api.webhooks.store.webhooks.put(workspace, put).await?;
    api.consumers.stir(workspace, webhook_name(workspace, &hook.key)).await;
    Ok(Json(WebhookBody::of(hook, api.store.head(workspace).await?)))
}

/// Give a webhook a new secret, which is in this answer and never again. For a day batches are signed with both.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/secret", tag = "Webhooks", params(("webhook" = String, Path, description = "Key of the webhook")),
    responses((status = 200, description = "Replaced", body = WebhookBody)))]
pub async fn rotate_secret(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<WebhookBody>, Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let hook = existing(&api, &caller, path.key("webhook")?).await?;
    let workspace = caller.principal.workspace;
    let until = UnixMs(api.clock.now().0.saturating_add(BEFORE_MS));
    let found = api.webhooks.store.webhooks.rotate(workspace, hook.key, secret()?, until).await?;
    let hook = found.ok_or_else(|| Problem::not_found("webhook"))?;
    let secret = Some(hook.secret.clone());
    Ok(Json(WebhookBody { secret, ..WebhookBody::of(hook, api.store.head(workspace).await?) }))
}

async fn existing(api: &Api, caller: &Caller, key: Key) -> Result<Webhook, Problem> {
    let found = api.webhooks.store.webhooks.one(caller.principal.workspace, key).await?;
    found.filter(|hook| is_seen(hook, caller)).ok_or_else(|| Problem::not_found("webhook"))
}

/// Who is bound to events sees the webhooks that are.
fn is_seen(hook: &Webhook, caller: &Caller) -> bool {
    caller.principal.grant.events.cover(&hook.terms.events)
}

fn secret() -> Result<String, Problem> {
    new_secret().map_err(|fault| {
        tracing::error!(%fault, "the machine has no randomness to give");
        Problem::new(INTERNAL, INTERNAL.cure)
    })
}
