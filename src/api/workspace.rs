//! `GET /v1/workspace`: one's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::error::Problem;
use super::extract::NoQuery;

/// A workspace.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Workspace)]
pub struct WorkspaceBody {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// Read the workspace of the key.
#[utoipa::path(get, path = "/v1/workspace", tag = "Keys", responses((status = 200, description = "The workspace", body = WorkspaceBody)))]
pub async fn workspace(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<WorkspaceBody>, Problem> {
    let found = api.store.keyring.workspace(caller.principal.workspace).await?;
    Ok(Json(WorkspaceBody { key: found.key.to_string(), name: found.name }))
}
