//! Who has changed what: read by who may, changed by nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::authorise::check_whole;
use super::error::Problem;
use super::lists::ListBody;
use super::query::Query;
use crate::domain::Invalid;
use crate::store::AuditEntry;

/// Lines of one page.
const LINES_MAX: usize = 1_000;
/// Lines of one page when the caller does not say.
const LINES_DEFAULT: usize = 100;

/// What is asked of the audit.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what is asked")]
pub struct AuditParams {
    /// Lines at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` of the page before.
    older: Option<i64>,
}

/// One line of the audit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditBody {
    /// Its number; later ones are larger.
    id: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    by: AuditActorBody,
    /// What was done: `made`, `changed`, `removed` or `exported`.
    action: String,
    /// What it was done with, as in `partner`.
    kind: String,
    /// Number of that.
    number: i64,
    /// Its key, name or email, while it is there.
    #[schema(required = true)]
    key: Option<String>,
    /// Names of the fields that changed; what stood in them is not kept.
    fields: Vec<String>,
}

/// Who has changed something.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AuditActor)]
pub struct AuditActorBody {
    /// `member`, `key`, `site`, `guest`, `share`, `screen`, or `server`: the command line and the server itself.
    kind: &'static str,
    /// Its number; the server has none.
    #[schema(required = true)]
    id: Option<i64>,
    /// The email of a member, the name of a key, as far as it is known.
    #[schema(required = true)]
    name: Option<String>,
}

impl From<AuditEntry> for AuditBody {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { number, at, by, called, action, kind, of, key, fields } = entry;
        let by = AuditActorBody { kind: by.kind(), id: by.number(), name: called };
        Self { id: number, at: at.to_string(), by, action, kind, number: of, key, fields }
    }
}

/// Read who has changed what, newest first. Lines are written with the change that they tell of, and nobody changes them.
#[utoipa::path(get, path = "/v1/audit", tag = "Members", params(AuditParams),
    responses((status = 200, description = "Lines", body = ListBody<AuditBody>)))]
pub async fn audit(State(api): State<Arc<Api>>, caller: Caller, uri: Uri) -> Result<Json<ListBody<AuditBody>>, Problem> {
    check_whole(&caller.principal, "the audit, which is of all events")?;
    let mut query = Query::new(uri.query());
    let limit = query.number("limit", 1, LINES_MAX, LINES_DEFAULT);
    let older =
        query.parsed("older", |text| text.parse::<i64>().map_err(|_| Invalid::one("", "not_a_number", "must be next of the page before")));
    query.finish()?;
    let mut found = api.people.audit.page(caller.principal.workspace, older, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.number.to_string());
    Ok(Json(ListBody { items: found.into_iter().map(AuditBody::from).collect(), next }))
}
