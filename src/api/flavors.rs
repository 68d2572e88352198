//! `GET /v1/flavors`: the standard set, and what the workspace has met beyond it.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::error::Problem;
use super::lists::ListBody;
use super::query::Query;
use crate::domain::{Flavor, STANDARD_FLAVORS};
use crate::filter::{Field, FilterSet};
use crate::store::FacetQuery;

/// Flavors that a list for a key of one event looks for, beyond the standard set.
const BOUND_FLAVORS_MAX: usize = 1_000;

/// A flavor.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Flavor)]
pub struct FlavorBody {
    /// As in `message.opened`.
    key: String,
    /// What people read.
    label: String,
    /// Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`.
    actor: &'static str,
    /// True when it is of the standard set.
    standard: bool,
}

/// List flavors: the standard set, then those that the workspace has met.
#[utoipa::path(get, path = "/v1/flavors", tag = "Directory",
    responses((status = 200, description = "All flavors", body = ListBody<FlavorBody>)))]
pub async fn flavors(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<ListBody<FlavorBody>>, Problem> {
    Query::new(uri.query()).finish()?;
    let workspace = caller.principal.workspace;
    let mut met = match &caller.principal.event {
        None => api.store.directory.flavors(workspace).await?,
        // What other events have met does not exist for a key of one event.
        Some(event) => {
            let filter = FilterSet::default().within_event(event.folded());
            let by = FacetQuery { filter, by: vec![Field::Flavor], since: None, until: None, values_max: BOUND_FLAVORS_MAX };
            let found = api.store.log.facets(workspace, by).await?;
            found.by.into_iter().flat_map(|(_, values)| values).map(|v| v.value).collect()
        }
    };
    met.sort_unstable();
    let standard = STANDARD_FLAVORS.iter().map(|s| Flavor::trusted(s.key));
    let met = met.iter().map(|key| Flavor::trusted(key)).filter(|f| f.standard().is_none());
    let items = standard.chain(met).map(|flavor| FlavorBody {
        key: flavor.to_string(),
        label: flavor.label(),
        actor: flavor.default_actor().as_str(),
        standard: flavor.standard().is_some(),
    });
    Ok(Json(ListBody::whole(items.collect())))
}
