//! The recipients of a message: a set of partners that can change.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;

use super::Api;
use super::activities::refused;
use super::authenticate::Caller;
use super::body;
use super::directory::unexpected;
use super::error::{INVALID, NOT_FOUND, Problem};
use super::lists::{self, ListBody};
use super::paths::Path;
use super::query::Query;
use crate::domain::limits::RECIPIENTS_PER_REQUEST_MAX;
use crate::domain::{Invalid, Key};
use crate::store::{Change, MissingThing, NamedKind, Outcome, RecipientRecord};

/// A recipient.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Recipient)]
pub struct RecipientBody {
    /// Who.
    partner: RecipientPartner,
    /// How it became one: `manual` or `observed`.
    source: &'static str,
}

/// The partner that a recipient is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecipientPartner {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// Its company.
    #[schema(required = true)]
    company: Option<String>,
}

/// What a change of recipients did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecipientsChanged)]
pub struct ChangedBody {
    /// Became recipients.
    added: usize,
    /// Ceased to be recipients.
    removed: usize,
    /// Recipients now.
    total: usize,
}

impl From<RecipientRecord> for RecipientBody {
    fn from(record: RecipientRecord) -> Self {
        let partner = record.partner;
        let partner = RecipientPartner { key: partner.key.to_string(), name: partner.name, company: partner.company };
        Self { partner, source: record.source.as_str() }
    }
}

/// List the recipients of a message.
#[utoipa::path(get, path = "/v1/events/{event}/messages/{message}/recipients", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message"),
        crate::api::openapi::ListParams),
    responses((status = 200, description = "Recipients by key of the partner", body = ListBody<RecipientBody>)))]
pub async fn list(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<ListBody<RecipientBody>>, Problem> {
    let query = lists::asked(uri.query())?;
    let (workspace, event, message) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("message")?);
    if api.store.directory.message(workspace, event.clone(), message.clone()).await?.is_none() {
        return Err(Problem::not_found("message"));
    }
    let found = api.store.directory.recipients(workspace, event, message, query).await?;
    Ok(Json(ListBody::of(found, RecipientBody::from)))
}

/// Add and remove recipients. All partners must be there, or nothing is changed.
#[utoipa::path(post, path = "/v1/events/{event}/messages/{message}/recipients", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message")),
    request_body = crate::api::openapi::RecipientsDraft,
    responses((status = 200, description = "What was changed", body = ChangedBody)))]
pub async fn change(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ChangedBody>, Problem> {
    let (workspace, event, message) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("message")?);
    Query::new(uri.query()).finish()?;
    let mut fields = body::read_object(&headers, body).await?;
    let add = fields.list("add", RECIPIENTS_PER_REQUEST_MAX, Key::parse);
    let remove = fields.list("remove", RECIPIENTS_PER_REQUEST_MAX, Key::parse);
    let adding: std::collections::HashSet<&Key> = add.iter().collect();
    let both = remove.iter().enumerate().filter(|(_, key)| adding.contains(key)).map(|(index, _)| index).collect::<Vec<_>>();
    for index in both {
        fields.fault(&format!("remove[{index}]"), "contradiction", "is under add too; name a partner once");
    }
    fields.finish()?;
    let change = Change::Recipients { workspace, event, message, add: add.clone(), remove: remove.clone() };
    match api.ingest.change(change).await.map_err(refused)? {
        Outcome::Recipients { added, removed, total } => Ok(Json(ChangedBody { added, removed, total })),
        Outcome::Missing(missing) => Err(absent(&missing, &[("add", &add), ("remove", &remove)])),
        other => Err(unexpected(&other)),
    }
}

/// A missing event or message is not found; missing partners are faults of the body, each at its place.
fn absent(missing: &[MissingThing], lists: &[(&str, &[Key])]) -> Problem {
    if let Some(thing) = missing.iter().find(|m| m.kind != NamedKind::Partner) {
        return Problem::new(NOT_FOUND, format!("there is no {} {}", thing.kind.as_str(), thing.key));
    }
    let gone: std::collections::HashSet<Key> = missing.iter().map(|m| Key::trusted(&m.key)).collect();
    let mut invalid = Invalid::none();
    for (list, keys) in lists {
        for (index, key) in keys.iter().enumerate().filter(|(_, key)| gone.contains(key)) {
            invalid.push(
                format!("{list}[{index}]"),
                "partner_unknown",
                format!("there is no partner {key} in this event; create it first"),
            );
        }
    }
    Problem::invalid(INVALID, invalid)
}
