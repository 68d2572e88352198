//! Events and their partners, and what all of the directory shares. Changes go through the one writer.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::error::{INTERNAL, NOT_FOUND, PARAMETER_INVALID, PRECONDITION_FAILED, Problem};
use super::fields::{Fields, plain_text};
use super::lists::{self, ListBody};
use super::paths::Path;
use super::query::Query;
use super::{activities, body};
use crate::domain::limits::TAGS_MAX;
use crate::domain::{Invalid, Key, fold};
use crate::store::{Change, EventRecord, NamedKind, Outcome, PartnerRecord};

/// An event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
    /// How many partners it has.
    partners: u64,
}

/// A partner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Partner)]
pub struct PartnerBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
    /// Its email address.
    #[schema(required = true)]
    email: Option<String>,
    /// Its company.
    #[schema(required = true)]
    company: Option<String>,
    /// Its tags.
    tags: Vec<String>,
}

impl From<EventRecord> for EventBody {
    fn from(r: EventRecord) -> Self {
        Self { key: r.key.to_string(), name: r.name, partners: r.partners }
    }
}

impl From<PartnerRecord> for PartnerBody {
    fn from(r: PartnerRecord) -> Self {
        Self { key: r.key.to_string(), name: r.name, email: r.email, company: r.company, tags: r.tags }
    }
}

/// Makes what a change names last, and gives it back as it is now: 201 when it is new, 200 when it was replaced. With
/// `If-None-Match: *` nothing is replaced.
///
/// # Errors
/// As [`changed`] and [`only_new`], and [`PRECONDITION_FAILED`] where something has the key already.
pub(super) async fn put<T: Serialize>(
    api: &Api,
    headers: &HeaderMap,
    change: Change,
    read: impl Future<Output = Result<Option<T>, crate::store::StoreError>>,
) -> Result<Response, Problem> {
    let change = if only_new(headers)? { Change::Create(Box::new(change)) } else { change };
    let status = match changed(api, change).await? {
        Outcome::Put { created: true } => StatusCode::CREATED,
        Outcome::Put { created: false } => StatusCode::OK,
        Outcome::Taken { kind, key, name } => return Err(taken(kind, &key, &name)),
        other => return Err(unexpected(&other)),
    };
    let now = read.await?.ok_or_else(|| Problem::not_found("thing any more"))?;
    Ok((status, Json(now)).into_response())
}

/// Whether the caller wants to make something new and to replace nothing: `If-None-Match: *`.
///
/// # Errors
/// [`PARAMETER_INVALID`] for any other value: nothing here has an entity tag.
fn only_new(headers: &HeaderMap) -> Result<bool, Problem> {
    let given: Vec<_> = headers.get_all(header::IF_NONE_MATCH).iter().map(|value| value.as_bytes().trim_ascii()).collect();
    match given.as_slice() {
        [] => Ok(false),
        [b"*"] => Ok(true),
        _ => {
            let fault = Invalid::one("If-None-Match", "precondition", "must be *, which means: only where nothing has the key yet");
            Err(Problem::invalid(PARAMETER_INVALID, fault))
        }
    }
}

/// Something has the key that was to be new.
fn taken(kind: NamedKind, key: &str, name: &str) -> Problem {
    let kind = kind.as_str();
    let rule = format!("the {kind} {key} ({name}) has this key already; choose another, or leave If-None-Match out to replace it");
    Problem::invalid(PRECONDITION_FAILED, Invalid::one(kind, "key_taken", rule))
}

/// Hands a change to the one writer; what it names and is not there is not found.
///
/// # Errors
/// [`NOT_FOUND`], or what [`activities::refused`] tells.
pub async fn changed(api: &Api, change: Change) -> Result<Outcome, Problem> {
    match api.ingest.change(change).await.map_err(activities::refused)? {
        Outcome::Missing(missing) => {
            let named: Vec<_> = missing.iter().map(|m| format!("{} {}", m.kind.as_str(), m.key)).collect();
            Err(Problem::new(NOT_FOUND, format!("there is no {}", named.join(", no "))))
        }
        outcome => Ok(outcome),
    }
}

/// The writer answered something that belongs to another change.
pub fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "the writer answered with the outcome of another change");
    Problem::new(INTERNAL, INTERNAL.cure)
}

/// Reads the body's `name` (or `subject`), which must be there.
pub(super) async fn named(field: &'static str, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    Query::new(uri.query()).finish()?;
    let mut fields: Fields = body::read_object(headers, body).await?;
    let name = fields.required_text(field);
    fields.finish()?;
    Ok(name)
}

/// Create an event, or rename it.
#[utoipa::path(put, path = "/v1/events/{event}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), crate::api::openapi::CreateParams),
    request_body = crate::api::openapi::NameDraft,
    responses((status = 201, description = "Created", body = EventBody), (status = 200, description = "Replaced", body = EventBody)))]
pub async fn put_event(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (workspace, event) = (caller.principal.workspace, path.event(&caller.principal)?);
    let name = named("name", &uri, &headers, body).await?;
    let read = async { Ok(api.store.directory.event(workspace, event.clone()).await?.map(EventBody::from)) };
    put(&api, &headers, Change::PutEvent { workspace, event: event.clone(), name }, read).await
}

/// Read an event.
#[utoipa::path(get, path = "/v1/events/{event}", tag = "Directory", params(("event" = String, Path, description = "Key of the event")),
    responses((status = 200, description = "The event", body = EventBody)))]
pub async fn event(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<EventBody>, Problem> {
    Query::new(uri.query()).finish()?;
    let found = api.store.directory.event(caller.principal.workspace, path.event(&caller.principal)?).await?;
    found.map(|r| Json(r.into())).ok_or_else(|| Problem::not_found("event"))
}

/// List events.
#[utoipa::path(get, path = "/v1/events", tag = "Directory", params(crate::api::openapi::ListParams),
    responses((status = 200, description = "Events by key", body = ListBody<EventBody>)))]
pub async fn events(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<ListBody<EventBody>>, Problem> {
    let query = lists::asked(uri.query())?;
    let found = api.store.directory.events(caller.principal.workspace, caller.principal.event.clone(), query).await?;
    Ok(Json(ListBody::of(found, EventBody::from)))
}

/// Create a partner, or replace it whole.
#[utoipa::path(put, path = "/v1/events/{event}/partners/{partner}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("partner" = String, Path, description = "Key of the partner"),
        crate::api::openapi::CreateParams),
    request_body = crate::api::openapi::PartnerDraft,
    responses((status = 201, description = "Created", body = PartnerBody), (status = 200, description = "Replaced", body = PartnerBody)))]
pub async fn put_partner(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (workspace, event, partner) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("partner")?);
    Query::new(uri.query()).finish()?;
    let mut fields = body::read_object(&headers, body).await?;
    let (name, email, company) = (fields.required_text("name"), fields.text("email"), fields.text("company"));
    let tags = distinct(fields.list("tags", TAGS_MAX, plain_text));
    if email.as_deref().is_some_and(|e| !is_email(e)) {
        fields.fault("email", "email_form", "must be an email address, as in desk@acme.example");
    }
    fields.finish()?;
    let read = async { Ok(api.store.directory.partner(workspace, event.clone(), partner.clone()).await?.map(PartnerBody::from)) };
    let change = Change::PutPartner { workspace, event: event.clone(), partner: partner.clone(), name, email, company, tags };
    put(&api, &headers, change, read).await
}

/// Tags, each once by fold, in the spelling that came first.
fn distinct(tags: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    tags.into_iter().filter(|tag| seen.insert(fold(tag).into_owned())).collect()
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@')) && !text.contains(char::is_whitespace)
}

/// Read a partner.
#[utoipa::path(get, path = "/v1/events/{event}/partners/{partner}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("partner" = String, Path, description = "Key of the partner")),
    responses((status = 200, description = "The partner", body = PartnerBody)))]
pub async fn partner(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<PartnerBody>, Problem> {
    Query::new(uri.query()).finish()?;
    let (event, partner) = (path.event(&caller.principal)?, path.key("partner")?);
    let found = api.store.directory.partner(caller.principal.workspace, event, partner).await?;
    found.map(|r| Json(r.into())).ok_or_else(|| Problem::not_found("partner"))
}

/// Holds that the event of a path is there: an empty list would say that it is, and empty.
///
/// # Errors
/// [`NOT_FOUND`], or that the key is bound to another event.
pub async fn existing_event(api: &Api, caller: &Caller, path: &Path) -> Result<Key, Problem> {
    let event = path.event(&caller.principal)?;
    let found = api.store.directory.event(caller.principal.workspace, event.clone()).await?;
    found.map(|_| event).ok_or_else(|| Problem::not_found("event"))
}

/// List the partners of an event.
#[utoipa::path(get, path = "/v1/events/{event}/partners", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), crate::api::openapi::ListParams),
    responses((status = 200, description = "Partners by key", body = ListBody<PartnerBody>)))]
pub async fn partners(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<ListBody<PartnerBody>>, Problem> {
    let query = lists::asked(uri.query())?;
    let event = existing_event(&api, &caller, &path).await?;
    let found = api.store.directory.partners(caller.principal.workspace, event, query).await?;
    Ok(Json(ListBody::of(found, PartnerBody::from)))
}
