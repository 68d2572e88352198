//! The messages and campaigns of an event.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::directory::{existing_event, named, put};
use super::error::Problem;
use super::lists::{self, ListBody};
use super::paths::Path;
use super::query::Query;
use crate::store::{CampaignRecord, Change, MessageRecord};

/// A message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub struct MessageBody {
    /// Its key, as first spelled.
    key: String,
    /// Its subject.
    subject: String,
    /// How many recipients it has.
    recipients: u64,
}

/// A campaign.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
}

impl From<MessageRecord> for MessageBody {
    fn from(r: MessageRecord) -> Self {
        Self { key: r.key.to_string(), subject: r.subject, recipients: r.recipients }
    }
}

impl From<CampaignRecord> for CampaignBody {
    fn from(r: CampaignRecord) -> Self {
        Self { key: r.key.to_string(), name: r.name }
    }
}

/// Create a message, or change its subject.
#[utoipa::path(put, path = "/v1/events/{event}/messages/{message}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message"),
        crate::api::openapi::CreateParams),
    request_body = crate::api::openapi::SubjectDraft,
    responses((status = 201, description = "Created", body = MessageBody), (status = 200, description = "Replaced", body = MessageBody)))]
pub async fn put_message(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (workspace, event, message) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("message")?);
    let subject = named("subject", &uri, &headers, body).await?;
    let read = async { Ok(api.store.directory.message(workspace, event.clone(), message.clone()).await?.map(MessageBody::from)) };
    let change = Change::PutMessage { workspace, event: event.clone(), message: message.clone(), subject };
    put(&api, &headers, change, read).await
}

/// Read a message.
#[utoipa::path(get, path = "/v1/events/{event}/messages/{message}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message")),
    responses((status = 200, description = "The message", body = MessageBody)))]
pub async fn message(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<MessageBody>, Problem> {
    Query::new(uri.query()).finish()?;
    let (event, message) = (path.event(&caller.principal)?, path.key("message")?);
    let found = api.store.directory.message(caller.principal.workspace, event, message).await?;
    found.map(|r| Json(r.into())).ok_or_else(|| Problem::not_found("message"))
}

/// List the messages of an event.
#[utoipa::path(get, path = "/v1/events/{event}/messages", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), crate::api::openapi::ListParams),
    responses((status = 200, description = "Messages by key", body = ListBody<MessageBody>)))]
pub async fn messages(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<ListBody<MessageBody>>, Problem> {
    let query = lists::asked(uri.query())?;
    let event = existing_event(&api, &caller, &path).await?;
    let found = api.store.directory.messages(caller.principal.workspace, event, query).await?;
    Ok(Json(ListBody::of(found, MessageBody::from)))
}

/// Create a campaign, or rename it.
#[utoipa::path(put, path = "/v1/events/{event}/campaigns/{campaign}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("campaign" = String, Path, description = "Key of the campaign"),
        crate::api::openapi::CreateParams),
    request_body = crate::api::openapi::NameDraft,
    responses((status = 201, description = "Created", body = CampaignBody), (status = 200, description = "Replaced", body = CampaignBody)))]
pub async fn put_campaign(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (workspace, event, campaign) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("campaign")?);
    let name = named("name", &uri, &headers, body).await?;
    let read = async { Ok(api.store.directory.campaign(workspace, event.clone(), campaign.clone()).await?.map(CampaignBody::from)) };
    let change = Change::PutCampaign { workspace, event: event.clone(), campaign: campaign.clone(), name };
    put(&api, &headers, change, read).await
}

/// Read a campaign.
#[utoipa::path(get, path = "/v1/events/{event}/campaigns/{campaign}", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("campaign" = String, Path, description = "Key of the campaign")),
    responses((status = 200, description = "The campaign", body = CampaignBody)))]
pub async fn campaign(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<CampaignBody>, Problem> {
    Query::new(uri.query()).finish()?;
    let (event, campaign) = (path.event(&caller.principal)?, path.key("campaign")?);
    let found = api.store.directory.campaign(caller.principal.workspace, event, campaign).await?;
    found.map(|r| Json(r.into())).ok_or_else(|| Problem::not_found("campaign"))
}

/// List the campaigns of an event.
#[utoipa::path(get, path = "/v1/events/{event}/campaigns", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), crate::api::openapi::ListParams),
    responses((status = 200, description = "Campaigns by key", body = ListBody<CampaignBody>)))]
pub async fn campaigns(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<ListBody<CampaignBody>>, Problem> {
    let query = lists::asked(uri.query())?;
    let event = existing_event(&api, &caller, &path).await?;
    let found = api.store.directory.campaigns(caller.principal.workspace, event, query).await?;
    Ok(Json(ListBody::of(found, CampaignBody::from)))
}
