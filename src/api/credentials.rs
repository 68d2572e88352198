//! Keys and tickets: made, listed, revoked. A secret is in one answer and never again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::Api;
use super::authenticate::{Caller, Presented};
use super::authorise::check_event;
use super::body::Sent;
use super::error::{INTERNAL, Problem, UNAUTHORISED};
use super::extract::{NoQuery, Path};
use super::lists::ListBody;
use super::rate::Asker;
use super::read::rule::{KeyText, Name, Rule, Time, Whole};
use super::read::{Fields, Read, documented};
use crate::auth::{Actor, Principal, Role, Scope, Scopes, SecretKey, WorkspaceId};
use crate::domain::{Events, Invalid, Key, Origin, UnixMs};
use crate::store::{Confined, Credential, CredentialKind, NewCredential};

/// How long a ticket may wait to be used.
const TICKET_MS: i64 = 30_000;
/// Origins of one site key.
pub const ORIGINS_MAX: usize = 50;
/// Activities a second of the fastest key.
const KEY_RATE_MAX: u32 = 1_000_000;

/// A key, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Key)]
pub struct KeyBody {
    /// Its number.
    id: i64,
    /// `key`, or `site`: one that stands in web pages and only collects.
    kind: &'static str,
    /// What people call it.
    name: String,
    /// What it may do: `ingest`, `read`, `admin`.
    scopes: Vec<&'static str>,
    /// The only event that exists for it.
    #[schema(required = true)]
    event: Option<String>,
    /// Origins whose pages may use it, where it is a site key.
    origins: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    /// Activities a second that it may send, where it has a rate of its own.
    #[schema(required = true)]
    rate_per_s: Option<u32>,
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
    /// `key` or `site`.
    kind: &'static str,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// The only event that exists for it.
    #[schema(required = true)]
    event: Option<String>,
    /// Origins whose pages may use it, where it is a site key.
    origins: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    /// Activities a second that it may send, where it has a rate of its own.
    #[schema(required = true)]
    rate_per_s: Option<u32>,
}

/// A ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Ticket)]
pub struct TicketBody {
    /// For `?ticket=` of `/v1/ws` or `/v1/activities/stream`, once. With a `Last-Event-ID` it opens the same stream again, for
    /// 10 minutes and 10 more each time.
    ticket: String,
    /// When it is too old.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<Credential> for KeyBody {
    fn from(key: Credential) -> Self {
        Self {
            id: key.number,
            kind: key.kind.as_str(),
            name: key.name,
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            event: key.events.one().map(ToString::to_string),
            origins: key.origins.iter().map(ToString::to_string).collect(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            rate_per_s: key.rate_per_s,
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// What a new secret is to be good for.
#[derive(Clone)]
pub struct Wanted {
    /// What it is for.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The events that exist for it.
    pub events: Events,
    /// Origins whose pages may use a site key.
    pub origins: Vec<Origin>,
    /// What it is confined to, where it is a share or comes from one.
    pub confined: Option<Confined>,
    /// The wall that it shows, where it is a screen.
    pub wall: Option<Key>,
    /// The member whose it is, where it is a session, an invitation or a reset.
    pub member: Option<i64>,
    /// The role of the member who makes it, where it is a key.
    pub held: Option<Role>,
    /// The browser and its platform, where it is a session.
    pub place: Option<String>,
    /// Who makes it.
    pub by: Actor,
    /// The credential that it is made from: it ends with it.
    pub parent: Option<i64>,
    /// Activities a second, where it has a rate of its own.
    pub rate_per_s: Option<u32>,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
}

impl Wanted {
    /// One that may do nothing yet, is made from nothing and never ends.
    pub const fn new(kind: CredentialKind) -> Self {
        Self {
            kind,
            name: String::new(),
            scopes: Scopes::NONE,
            events: Events::ALL,
            origins: Vec::new(),
            confined: None,
            wall: None,
            member: None,
            held: None,
            place: None,
            by: Actor::Server,
            parent: None,
            rate_per_s: None,
            expires_at: None,
        }
    }

    /// A new secret for it, by its hash, and the secret.
    ///
    /// # Errors
    /// [`INTERNAL`] where the machine has no randomness to give.
    pub fn sealed(self, created_at: UnixMs) -> Result<(NewCredential, SecretKey), Problem> {
        let secret = SecretKey::generate(self.kind.as_str()).map_err(|fault| {
            tracing::error!(%fault, "the machine has no randomness to give");
            Problem::new(INTERNAL, INTERNAL.cure)
        })?;
        let new = NewCredential {
            kind: self.kind,
            hash: secret.hash(),
            name: self.name,
            scopes: self.scopes,
            events: self.events,
            origins: self.origins,
            confined: self.confined,
            wall: self.wall,
            member: self.member,
            held: self.held,
            place: self.place,
            by: self.by,
            parent: self.parent,
            rate_per_s: self.rate_per_s,
            created_at,
            expires_at: self.expires_at,
        };
        Ok((new, secret))
    }
}

/// Makes a secret and keeps its hash: its number and the secret.
///
/// # Errors
/// When the store cannot keep it, or the machine has no randomness.
pub async fn grant(api: &Api, workspace: WorkspaceId, wanted: Wanted) -> Result<(i64, SecretKey), Problem> {
    let made = grant_all(api, workspace, vec![wanted]).await?.pop();
    made.ok_or_else(|| Problem::new(INTERNAL, INTERNAL.cure))
}

/// Makes many, all or none, in order.
///
/// # Errors
/// As [`grant`].
pub async fn grant_all(api: &Api, workspace: WorkspaceId, wanted: Vec<Wanted>) -> Result<Vec<(i64, SecretKey)>, Problem> {
    let created_at = api.clock.now();
    let (mut new, mut secrets) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
    for wanted in wanted {
        let (credential, secret) = wanted.sealed(created_at)?;
        new.push(credential);
        secrets.push(secret);
    }
    let numbers = api.store.keyring.create_credentials(workspace, new).await?;
    Ok(numbers.into_iter().zip(secrets).collect())
}

/// Create a key. The secret is in this answer and never again. One that a signed-in browser makes ends with the key that
/// signed it in.
#[utoipa::path(post, path = "/v1/keys", tag = "Keys", request_body = NewKeyDraft,
    responses((status = 201, description = "Created", body = NewKeyBody)))]
pub async fn create_key(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<(StatusCode, Json<NewKeyBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let (principal, now) = (&caller.principal, api.clock.now());
    let bound = principal.grant.events.clone();
    let wanted = sent.read_by(move |fields| wanted_key(fields, &bound, now)).await?;
    // A key of one event can only beget keys of that event.
    if let Some(named) = wanted.events.one() {
        check_event(principal, named)?;
    }
    let hangs_on = hangs_on(&api, &caller).await?;
    let ends = hangs_on.as_ref().and_then(|credential| credential.expires_at);
    let held = match principal.actor {
        Actor::Member(member) => api.people.members.member(principal.workspace, member).await?.map(|member| member.role),
        // What comes of a key reaches no further than that.
        _ => api.store.keyring.credential(principal.workspace, principal.credential).await?.and_then(|credential| credential.held),
    };
    let wanted = Wanted {
        held,
        by: principal.actor,
        parent: hangs_on.map(|credential| credential.number),
        expires_at: wanted.expires_at.into_iter().chain(ends).min(),
        ..wanted
    };
    let (kind, name, scopes) = (wanted.kind.as_str(), wanted.name.clone(), wanted.scopes);
    let (event, origins) = (wanted.events.one().map(ToString::to_string), wanted.origins.iter().map(ToString::to_string).collect());
    let (expires_at, rate_per_s) = (wanted.expires_at.map(|at| at.to_string()), wanted.rate_per_s);
    let (id, secret) = grant(&api, principal.workspace, wanted).await?;
    let body = NewKeyBody {
        id,
        key: secret.expose().to_owned(),
        kind,
        name,
        scopes: scopes.iter().map(Scope::as_str).collect(),
        event,
        origins,
        created_at: now.to_string(),
        expires_at,
        rate_per_s,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// What a key that the caller makes ends with. A key by itself makes keys that stand for themselves. What a signed-in
/// browser makes outlives its sign-in, or people would lose with it what their programs send by; but not the key that signed
/// in, which answers for it. At a demo that is the session itself.
async fn hangs_on(api: &Api, caller: &Caller) -> Result<Option<Credential>, Problem> {
    let Principal { workspace, credential, root, .. } = caller.principal;
    if caller.presented == Presented::Bearer && root == credential {
        return Ok(None);
    }
    // A member's stands for itself: whoever removes them sees who made it.
    if matches!(caller.principal.actor, Actor::Member(_)) {
        return Ok(None);
    }
    let found = api.store.keyring.credential(workspace, root).await?;
    // Swept away: what came of it has ended with it.
    found.map(Some).ok_or_else(|| Problem::new(UNAUTHORISED, "what you signed in with has ended; sign in again"))
}

/// A key to be made, or a site key.
struct NewKeyDraft;
/// A key to be made, as the document describes it.
struct KeyDraft;
/// A site key to be made, as the document describes it.
struct SiteKeyDraft;

documented!(KeyDraft, SiteKeyDraft);

impl Read for KeyDraft {
    const NAME: &'static str = "KeyDraft";
    const ABOUT: &'static str = "A key to be made.";

    fn read(fields: &mut Fields) -> Option<Self> {
        plain_key(fields, &Events::ALL, UnixMs(0)).map(|_| Self)
    }
}

impl Read for SiteKeyDraft {
    const NAME: &'static str = "SiteKeyDraft";
    const ABOUT: &'static str = "A site key to be made: it stands in web pages for all to read, and only collects.";

    fn read(fields: &mut Fields) -> Option<Self> {
        site_key(fields, &Events::ALL, UnixMs(0)).map(|_| Self)
    }
}

impl ToSchema for NewKeyDraft {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((KeyDraft::NAME.to_owned(), KeyDraft::schema()));
        schemas.push((SiteKeyDraft::NAME.to_owned(), SiteKeyDraft::schema()));
    }
}

impl PartialSchema for NewKeyDraft {
    fn schema() -> RefOr<Schema> {
        let kinds = [KeyDraft::NAME, SiteKeyDraft::NAME].into_iter().map(Ref::from_schema_name);
        kinds.fold(OneOfBuilder::new(), OneOfBuilder::item).description(Some("A key to be made, or a site key.")).into()
    }
}

/// The kind of a key, in the form that is for one of them.
struct Kind(CredentialKind);
/// A scope, in a form that takes these.
struct OneScope(&'static [Scope]);
/// The origin of a web page.
struct PageOrigin;

impl Rule for Kind {
    type Out = CredentialKind;

    fn read(&self, value: &Value) -> Result<CredentialKind, Invalid> {
        let found = [CredentialKind::Key, CredentialKind::Site].into_iter().find(|kind| Some(kind.as_str()) == value.as_str());
        found.ok_or_else(|| Invalid::one("", "unknown_kind", "must be key or site"))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "enum": [self.0.as_str()]})
    }
}

impl Rule for OneScope {
    type Out = Scope;

    fn read(&self, value: &Value) -> Result<Scope, Invalid> {
        let found = Scope::ALL.into_iter().find(|scope| Some(scope.as_str()) == value.as_str());
        found.ok_or_else(|| Invalid::one("", "unknown_scope", "must be one of: ingest read admin"))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "enum": self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>()})
    }
}

impl Rule for PageOrigin {
    type Out = Origin;

    fn read(&self, value: &Value) -> Result<Origin, Invalid> {
        Origin::parse(value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text"))?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "maxLength": 270, "pattern": r"^https?://[a-z0-9.:\[\]-]+$", "format": "origin"})
    }
}

/// Declares what a key is to be good for, by somebody who may be bound to an event.
fn wanted_key(fields: &mut Fields, bound: &Events, now: UnixMs) -> Option<Wanted> {
    if fields.says("kind", CredentialKind::Site.as_str()) { site_key(fields, bound, now) } else { plain_key(fields, bound, now) }
}

fn plain_key(fields: &mut Fields, bound: &Events, now: UnixMs) -> Option<Wanted> {
    fields.optional("kind", Kind(CredentialKind::Key), "`key`, or nothing.");
    let scopes = fields.some("scopes", OneScope(&Scope::ALL), Scope::ALL.len(), "One or more of `ingest`, `read`, `admin`.");
    let events = fields.optional("event", KeyText, "Key of the only event that exists for it.").map_or_else(|| bound.clone(), Events::only);
    fields.misplaced("origins", "not_of_a_site", "are for a site key; leave them out, or make the kind site");
    Some(Wanted { kind: CredentialKind::Key, scopes: Scopes::of(&scopes), events, ..any_key(fields, now) })
}

fn site_key(fields: &mut Fields, bound: &Events, now: UnixMs) -> Option<Wanted> {
    const EVENT: &str = "Key of the event that it collects for; what is not in its directory yet is not made.";
    const ORIGINS: &str =
        "Origins whose pages may use it, as browsers send them: scheme and host, and the port where it is not the usual one.";
    fields.required("kind", Kind(CredentialKind::Site), "`site`.");
    let scopes = fields.list("scopes", OneScope(&[Scope::Ingest]), Scope::ALL.len(), "`ingest`, or nothing.");
    if scopes.iter().any(|scope| *scope != Scope::Ingest) {
        fields.fault("scopes", "site_scope", "of a site key is ingest and no other: whoever reads the page has the key");
    }
    let event = match bound.one() {
        Some(one) => fields.optional("event", KeyText, EVENT).or_else(|| Some(one.clone())),
        None => fields.required("event", KeyText, EVENT),
    };
    let origins = fields.some("origins", PageOrigin, ORIGINS_MAX, ORIGINS);
    Some(Wanted { kind: CredentialKind::Site, scopes: Scopes::of(&[Scope::Ingest]), events: event.into(), origins, ..any_key(fields, now) })
}

/// What keys of both kinds have.
fn any_key(fields: &mut Fields, now: UnixMs) -> Wanted {
    const RATE: &str = "Activities, and requests that send some, a second; without it the server's own rate.";
    let name = fields.optional("name", Name, "What people call it.").unwrap_or_default();
    let expires_at = fields.optional("expires_at", Time, "When it ends by itself, and every stream with it.");
    if let Some(at) = expires_at.filter(|at| *at <= now) {
        fields.fault("expires_at", "in_the_past", format!("{at} is over; give a time that is to come, or leave it out"));
    }
    let rate_per_s = fields.optional("rate_per_s", Whole { least: 1, most: KEY_RATE_MAX }, RATE);
    let (kind, scopes) = (CredentialKind::Key, Scopes::default());
    Wanted { name, scopes, rate_per_s, expires_at, ..Wanted::new(kind) }
}

/// List keys, newest first.
#[utoipa::path(get, path = "/v1/keys", tag = "Keys",
    responses((status = 200, description = "Keys without their secrets", body = ListBody<KeyBody>)))]
pub async fn keys(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<KeyBody>>, Problem> {
    let found = visible_keys(&api, &caller).await?;
    Ok(Json(ListBody::whole(found.into_iter().map(KeyBody::from).collect())))
}

/// The keys that exist for the caller.
async fn visible_keys(api: &Api, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let mut found = api.store.keyring.keys(caller.principal.workspace).await?;
    found.retain(|key| caller.principal.grant.events.cover(&key.events));
    Ok(found)
}

/// Revoke a key: what it has opened is closed too.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "Keys", params(("id" = i64, Path, description = "Number of the key")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_key(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let number = path.text("id").parse::<i64>().map_err(|_| Problem::not_found("key"))?;
    if !visible_keys(&api, &caller).await?.iter().any(|key| key.number == number && key.revoked_at.is_none()) {
        return Err(Problem::not_found("key"));
    }
    revoke(&api, caller.principal.workspace, number, caller.principal.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a credential and, at once, ends what it and what was made from it have opened.
///
/// # Errors
/// When the store cannot keep it.
pub async fn revoke(api: &Api, workspace: WorkspaceId, number: i64, by: Actor) -> Result<(), Problem> {
    let revoked = api.store.keyring.revoke(workspace, number, api.clock.now(), by).await?;
    api.readers.revoked(&revoked);
    Ok(())
}

/// Make a ticket: for where no header can be set, once, within 30 seconds.
#[utoipa::path(post, path = "/v1/tickets", tag = "Keys", responses((status = 201, description = "A ticket", body = TicketBody)))]
pub async fn create_ticket(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<(StatusCode, Json<TicketBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let Caller { principal, .. } = caller;
    let waits_until = UnixMs(api.clock.now().0 + TICKET_MS);
    let expires_at = principal.grant.until.map_or(waits_until, |until| until.min(waits_until));
    let wanted = Wanted {
        scopes: Scopes::of(&[Scope::Read]),
        confined: Confined::of(&principal.grant),
        events: principal.grant.events,
        parent: Some(principal.credential),
        expires_at: Some(expires_at),
        ..Wanted::new(CredentialKind::Ticket)
    };
    let (_, secret) = grant(&api, principal.workspace, wanted).await?;
    Ok((StatusCode::CREATED, Json(TicketBody { ticket: secret.expose().to_owned(), expires_at: expires_at.to_string() })))
}
