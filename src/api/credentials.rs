//! Keys and tickets: made, listed, revoked. A secret is in one answer and never again.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::authorise::check_event;
use super::body;
use super::error::{INTERNAL, Problem};
use super::lists::ListBody;
use super::paths::Path;
use super::query::Query;
use crate::auth::{Scope, Scopes, SecretKey, WorkspaceId};
use crate::domain::{Invalid, Key, UnixMs};
use crate::store::{Credential, CredentialKind, NewCredential};

/// How long a ticket may wait to be used.
const TICKET_MS: i64 = 30_000;

/// A key, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Key)]
pub struct KeyBody {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// What it may do: `ingest`, `read`, `admin`.
    scopes: Vec<&'static str>,
    /// The only event that exists for it.
    #[schema(required = true)]
    event: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was revoked.
    #[schema(required = true, format = DateTime)]
    revoked_at: Option<String>,
}

/// A new key, with its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NewKey)]
pub struct NewKeyBody {
    /// Its number.
    id: i64,
    /// The secret: shown once, kept only as a hash.
    key: String,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// The only event that exists for it.
    #[schema(required = true)]
    event: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Ticket)]
pub struct TicketBody {
    /// For `?ticket=` of `/v1/ws` or `/v1/activities/stream`, once.
    ticket: String,
    /// When it is too old.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<Credential> for KeyBody {
    fn from(key: Credential) -> Self {
        Self {
            id: key.number,
            name: key.name,
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            event: key.event.map(|e| e.to_string()),
            created_at: key.created_at.to_string(),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// What a new secret is to be good for.
pub struct Grant {
    /// What it is for.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only event that exists for it.
    pub event: Option<Key>,
    /// The credential that it is made from.
    pub parent: Option<i64>,
    /// How long it lasts, in milliseconds.
    pub lasts_ms: Option<i64>,
}

/// Makes a secret and keeps its hash: its number, the secret, and when it was made.
///
/// # Errors
/// When the store cannot keep it, or the machine has no randomness.
pub async fn grant(api: &Api, workspace: WorkspaceId, grant: Grant) -> Result<(i64, SecretKey, UnixMs), Problem> {
    let secret = SecretKey::generate(grant.kind.as_str()).map_err(|fault| {
        tracing::error!(%fault, "the machine has no randomness to give");
        Problem::new(INTERNAL, INTERNAL.cure)
    })?;
    let now = api.clock.now();
    let new = NewCredential {
        kind: grant.kind,
        hash: secret.hash(),
        name: grant.name,
        scopes: grant.scopes,
        event: grant.event,
        parent: grant.parent,
        created_at: now,
        expires_at: grant.lasts_ms.map(|ms| UnixMs(now.0 + ms)),
    };
    let number = api.store.keyring.create_credential(workspace, new).await?;
    Ok((number, secret, now))
}

/// Create a key. The secret is in this answer and never again.
#[utoipa::path(post, path = "/v1/keys", tag = "Keys", request_body = crate::api::openapi::KeyDraft,
    responses((status = 201, description = "Created", body = NewKeyBody)))]
pub async fn create_key(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewKeyBody>), Problem> {
    Query::new(uri.query()).finish()?;
    let principal = &caller.principal;
    let mut fields = body::read_object(&headers, body).await?;
    let name = fields.text("name").unwrap_or_default();
    let was_fine = fields.is_fine();
    let scopes = fields.list("scopes", Scope::ALL.len(), parse_scope);
    if scopes.is_empty() && was_fine == fields.is_fine() {
        fields.fault("scopes", "required", "is required: one or more of ingest, read, admin");
    }
    let event = fields.key("event");
    fields.finish()?;
    // A key of one event can only beget keys of that event.
    if let Some(named) = &event {
        check_event(principal, named)?;
    }
    let event = event.or_else(|| principal.event.clone());
    let scopes = Scopes::of(&scopes);
    let wanted = Grant { kind: CredentialKind::Key, name: name.clone(), scopes, event: event.clone(), parent: None, lasts_ms: None };
    let (id, secret, made) = grant(&api, principal.workspace, wanted).await?;
    let body = NewKeyBody {
        id,
        key: secret.expose().to_owned(),
        name,
        scopes: scopes.iter().map(Scope::as_str).collect(),
        event: event.map(|e| e.to_string()),
        created_at: made.to_string(),
    };
    Ok((StatusCode::CREATED, Json(body)))
}

fn parse_scope(word: &str) -> Result<Scope, Invalid> {
    let found = Scope::ALL.into_iter().find(|s| s.as_str() == word);
    found.ok_or_else(|| Invalid::one("", "unknown_scope", "must be one of: ingest read admin"))
}

/// List keys, newest first.
#[utoipa::path(get, path = "/v1/keys", tag = "Keys",
    responses((status = 200, description = "Keys without their secrets", body = ListBody<KeyBody>)))]
pub async fn keys(State(api): State<Arc<Api>>, Extension(caller): Extension<Caller>, uri: Uri) -> Result<Json<ListBody<KeyBody>>, Problem> {
    Query::new(uri.query()).finish()?;
    let found = visible_keys(&api, &caller).await?;
    Ok(Json(ListBody::whole(found.into_iter().map(KeyBody::from).collect())))
}

/// The keys that exist for the caller.
async fn visible_keys(api: &Api, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let mut found = api.store.keyring.keys(caller.principal.workspace).await?;
    if let Some(event) = &caller.principal.event {
        found.retain(|key| key.event.as_ref() == Some(event));
    }
    Ok(found)
}

/// Revoke a key: what it has opened is closed too.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "Keys", params(("id" = i64, Path, description = "Number of the key")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_key(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::new(uri.query()).finish()?;
    let number = path.text("id").parse::<i64>().map_err(|_| Problem::not_found("key"))?;
    if !visible_keys(&api, &caller).await?.iter().any(|key| key.number == number && key.revoked_at.is_none()) {
        return Err(Problem::not_found("key"));
    }
    revoke(&api, caller.principal.workspace, number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a credential and, at once, ends what it and what was made from it have opened.
///
/// # Errors
/// When the store cannot keep it.
pub async fn revoke(api: &Api, workspace: WorkspaceId, number: i64) -> Result<(), Problem> {
    let now = api.clock.now();
    api.store.keyring.revoke(workspace, number, now).await?;
    api.authenticator.forget();
    let mut ended = api.authenticator.revoked_since(now).await?;
    ended.push(number);
    api.readers.revoked(&ended);
    Ok(())
}

/// Make a ticket: for where no header can be set, once, within 30 seconds.
#[utoipa::path(post, path = "/v1/tickets", tag = "Keys", responses((status = 201, description = "A ticket", body = TicketBody)))]
pub async fn create_ticket(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<(StatusCode, Json<TicketBody>), Problem> {
    Query::new(uri.query()).finish()?;
    let Caller { principal, .. } = caller;
    let scopes = Scopes::of(&[Scope::Read]);
    let parent = Some(principal.key);
    let wanted =
        Grant { kind: CredentialKind::Ticket, name: String::new(), scopes, event: principal.event, parent, lasts_ms: Some(TICKET_MS) };
    let (_, secret, made) = grant(&api, principal.workspace, wanted).await?;
    let expires_at = UnixMs(made.0 + TICKET_MS).to_string();
    Ok((StatusCode::CREATED, Json(TicketBody { ticket: secret.expose().to_owned(), expires_at })))
}
