//! `GET` and `PUT /v1/retention`: how long activities are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::activities::refused;
use super::authenticate::Caller;
use super::authorise::check_whole;
use super::body::Sent;
use super::error::Problem;
use super::extract::NoQuery;
use super::nouns::unexpected;
use super::read::rule::{Rule, Whole};
use super::read::{Fields, Read, documented};
use crate::consumers::RETENTION;
use crate::domain::Invalid;
use crate::store::{Change, Kept, Outcome, RETENTION_DAYS_MAX, Retention};

/// How long activities are kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Retention)]
pub struct RetentionBody {
    /// Days from the recording of an activity on; null keeps all of them.
    #[schema(required = true)]
    days: Option<u32>,
    /// Days of single flavors; none for now.
    flavors: BTreeMap<String, u32>,
    /// Everything recorded from here on is there; null while nothing was ever taken away.
    #[schema(required = true, format = DateTime)]
    kept_since: Option<String>,
}

impl From<Kept> for RetentionBody {
    fn from(kept: Kept) -> Self {
        Self { days: kept.retention.days, flavors: BTreeMap::new(), kept_since: kept.since.map(|at| at.to_string()) }
    }
}

/// Read how long activities are kept, and since when they are.
#[utoipa::path(get, path = "/v1/retention", tag = "Activities", responses((status = 200, description = "What is kept", body = RetentionBody)))]
pub async fn retention(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<RetentionBody>, Problem> {
    Ok(Json(api.store.kept(caller.principal.workspace).await?.into()))
}

/// Say how long activities are kept. What is older is taken away from now on, a little at a time: cursors that lie behind what
/// is kept answer 410 `cursor_gone`, or `reset` with the reason `pruned` on a stream. Ids stay taken: who sends an activity
/// again after that is answered with the first receipt.
#[utoipa::path(put, path = "/v1/retention", tag = "Activities", request_body = RetentionDraft,
    responses((status = 200, description = "What is kept now", body = RetentionBody)))]
pub async fn put_retention(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<RetentionBody>, Problem> {
    check_whole(&caller.principal, "what holds for the whole workspace")?;
    let workspace = caller.principal.workspace;
    let RetentionDraft(retention) = sent.read().await?;
    match api.ingest.change(Change::Retain { workspace, retention, by: caller.principal.actor }).await.map_err(refused)? {
        Outcome::Retained(kept) => {
            api.consumers.stir(workspace, RETENTION.into()).await;
            Ok(Json(kept.into()))
        }
        other => Err(unexpected(&other)),
    }
}

/// No days of single flavors.
struct NoFlavors;

impl Rule for NoFlavors {
    type Out = ();

    fn read(&self, value: &Value) -> Result<(), Invalid> {
        match value.as_object() {
            Some(flavors) if flavors.is_empty() => Ok(()),
            Some(_) => Err(Invalid::one("", "unsupported", "must be empty: days of single flavors cannot be given yet; use days")),
            None => Err(Invalid::one("", "not_an_object", "must be an object")),
        }
    }

    fn schema(&self) -> Value {
        json!({"type": "object", "maxProperties": 0})
    }
}

/// How long activities are to be kept.
struct RetentionDraft(Retention);

documented!(RetentionDraft);

impl Read for RetentionDraft {
    const NAME: &'static str = "RetentionDraft";
    const ABOUT: &'static str = "How long activities are to be kept.";

    fn read(fields: &mut Fields) -> Option<Self> {
        const DAYS: &str = "Days from the recording of an activity on, 1 to 36,500; null or left out keeps all of them.";
        let days = fields.optional("days", Whole { least: 1, most: RETENTION_DAYS_MAX }, DAYS);
        fields.optional("flavors", NoFlavors, "Days of single flavors. None can be given yet; left out and empty are the same.");
        Some(Self(Retention { days }))
    }
}
