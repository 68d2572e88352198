//! Sessions of members: who is signed in where, and ending that.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::credentials::revoke;
use crate::api::error::Problem;
use crate::api::extract::{NoQuery, Path};
use crate::api::lists::ListBody;
use crate::auth::{Actor, Right};
use crate::store::Credential;

/// A signed-in browser of a member.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MemberSession)]
pub struct MemberSessionBody {
    /// Its number.
    id: i64,
    /// Number of the member whose it is.
    member: i64,
    /// The browser and its platform, as far as they are known.
    place: String,
    /// True for the one that asks.
    current: bool,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last used, to the minute.
    #[schema(required = true, format = DateTime)]
    used_at: Option<String>,
    /// When it ends if nothing is done until then.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
}

/// The sessions that somebody sees: a member their own, who may change members those of all.
async fn visible(api: &Api, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let of = match (caller.principal.actor, caller.principal.grant.rights.has(Right::Members)) {
        (_, true) => None,
        (Actor::Member(member), false) => Some(member),
        _ => return Ok(Vec::new()),
    };
    let mut found = api.people.members.sessions(caller.principal.workspace, of, api.clock.now()).await?;
    let bound = &caller.principal.grant.events;
    found.retain(|session| session.member.as_ref().is_some_and(|member| bound.cover(&member.events)));
    Ok(found)
}

/// List the browsers in which members are signed in, newest first: one's own, or with the right `members` those of all.
#[utoipa::path(get, path = "/v1/sessions", tag = "Members",
    responses((status = 200, description = "Sessions", body = ListBody<MemberSessionBody>)))]
pub async fn list(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<MemberSessionBody>>, Problem> {
    let current = caller.principal.credential;
    let bodies = visible(&api, &caller).await?.into_iter().map(|session| MemberSessionBody {
        id: session.number,
        member: session.member.map_or(0, |member| member.number),
        place: session.place.unwrap_or_default(),
        current: session.number == current,
        created_at: session.created_at.to_string(),
        used_at: session.used_at.map(|at| at.to_string()),
        expires_at: session.expires_at.map(|at| at.to_string()),
    });
    Ok(Json(ListBody::whole(bodies.collect())))
}

/// End a session: what it has open is closed too.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "Members", params(("id" = i64, Path, description = "Number of the session")),
    responses((status = 204, description = "Ended")))]
pub async fn end(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let number = path.text("id").parse::<i64>().map_err(|_| Problem::not_found("session"))?;
    if !visible(&api, &caller).await?.iter().any(|session| session.number == number) {
        return Err(Problem::not_found("session"));
    }
    revoke(&api, caller.principal.workspace, number, caller.principal.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of one's own but this one.
#[utoipa::path(delete, path = "/v1/sessions", tag = "Members", responses((status = 204, description = "Ended")))]
pub async fn end_others(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<StatusCode, Problem> {
    let Actor::Member(member) = caller.principal.actor else { return Ok(StatusCode::NO_CONTENT) };
    let mine = api.people.members.sessions(caller.principal.workspace, Some(member), api.clock.now()).await?;
    for session in mine.into_iter().filter(|session| session.number != caller.principal.credential) {
        revoke(&api, caller.principal.workspace, session.number, caller.principal.actor).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
