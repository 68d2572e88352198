//! Members: listed, changed, removed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::authorise::{check_whole, event_forbidden};
use crate::api::body::Sent;
use crate::api::error::{INVALID, LAST_OWNER, Problem};
use crate::api::extract::{NoQuery, Path};
use crate::api::lists::ListBody;
use crate::api::read::rule::{KeyText, Name, OneOf};
use crate::api::read::{self, Fields, Read, documented, merge};
use crate::auth::{Principal, Role};
use crate::domain::{Events, Invalid, Key};
use crate::store::{At, Member, MemberChange, MemberChanged, NamedKind};

/// The words of all roles.
pub const ROLES: &[&str] = &["owner", "admin", "editor", "operator", "viewer"];
/// Events that one member may be confined to.
pub const MEMBER_EVENTS_MAX: usize = 100;
/// Languages that the page speaks.
const LANGUAGES: &[&str] = &["en", "de"];

/// A member.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Member)]
pub struct MemberBody {
    /// Its number.
    pub id: i64,
    /// Their email.
    pub email: String,
    /// What people call them; may be empty.
    pub name: String,
    /// The language that they read, `en` or `de`.
    #[schema(required = true)]
    pub language: Option<String>,
    /// `owner`, `admin`, `editor`, `operator` or `viewer`.
    pub role: &'static str,
    /// Keys of the events that exist for them; null is all.
    #[schema(required = true)]
    pub events: Option<Vec<String>>,
    /// `invited` or `active`.
    pub state: &'static str,
    /// True where they sign in with a second factor.
    pub second_factor: bool,
    /// When they were invited.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When they came.
    #[schema(required = true, format = DateTime)]
    pub joined_at: Option<String>,
    /// When they were last here, to the minute.
    #[schema(required = true, format = DateTime)]
    pub used_at: Option<String>,
}

/// Keys of events as they are shown; none is all.
pub fn events_of(events: &Events) -> Option<Vec<String>> {
    events.keys().map(|keys| keys.iter().map(ToString::to_string).collect())
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            id: member.number,
            events: events_of(&member.events),
            state: if member.joined_at.is_some() { "active" } else { "invited" },
            email: member.email,
            name: member.name,
            language: member.language,
            role: member.role.as_str(),
            second_factor: member.has_second,
            created_at: member.created_at.to_string(),
            joined_at: member.joined_at.map(|at| at.to_string()),
            used_at: member.used_at.map(|at| at.to_string()),
        }
    }
}

/// What may be changed of a member.
struct MemberDraft {
    name: String,
    language: Option<String>,
    role: Role,
    events: Events,
}

documented!(MemberDraft);

/// Reads a role.
pub fn role(fields: &mut Fields) -> Option<Role> {
    Role::parse(fields.required("role", OneOf(ROLES), "What they may do: `owner`, `admin`, `editor`, `operator` or `viewer`.")?)
}

/// Reads the events that are to exist for somebody: null or nothing is all of them.
pub fn events(fields: &mut Fields, role: Option<Role>) -> Events {
    const EVENTS: &str = "Keys of the only events that exist for them; null or nothing is all.";
    let Some(keys) = fields.some_or_none("events", KeyText, MEMBER_EVENTS_MAX, EVENTS) else { return Events::ALL };
    if role == Some(Role::Owner) {
        fields.fault("events", "owner_of_some", "must be null for an owner, who answers for all of the workspace");
    }
    Events::these(keys)
}

impl Read for MemberDraft {
    const NAME: &'static str = "MemberDraft";
    const ABOUT: &'static str = "What may be changed of a member.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", Name, "What people call them.").unwrap_or_default();
        let language = fields.optional("language", OneOf(LANGUAGES), "The language that they read.").map(str::to_owned);
        let role = role(fields);
        let events = events(fields, role);
        Some(Self { name, language, role: role?, events })
    }
}

/// The members that exist for somebody: who is bound to events sees those who are bound to no others.
fn is_seen(member: &Member, by: &Principal) -> bool {
    by.grant.events.cover(&member.events)
}

/// The member of a path.
///
/// # Errors
/// `not_found`.
pub async fn existing(api: &Api, caller: &Caller, path: &Path) -> Result<Member, Problem> {
    let unknown = || Problem::not_found("member");
    let number = path.text("id").parse::<i64>().map_err(|_| unknown())?;
    let found = api.people.members.member(caller.principal.workspace, number).await?;
    found.filter(|member| is_seen(member, &caller.principal)).ok_or_else(unknown)
}

/// Holds that events are there, and that they exist for whoever gives them to somebody.
///
/// # Errors
/// [`INVALID`] with each that is not there, `event_forbidden`.
pub async fn check_events(api: &Api, caller: &Caller, events: &Events) -> Result<(), Problem> {
    let bound = &caller.principal.grant.events;
    let Some(keys) = events.keys() else { return check_whole(&caller.principal, "all events") };
    if let Some(other) = keys.iter().find(|key| !bound.has(key)) {
        return Err(event_forbidden(bound, other.as_str()));
    }
    let mut faults = Invalid::none();
    let turn = api.store.turn(caller.reader()).await?;
    for (at, key) in keys.iter().enumerate() {
        if turn.directory().one(NamedKind::Event, At::top(caller.principal.workspace, Key::clone(key))).await?.is_none() {
            faults.push(format!("events[{at}]"), NamedKind::Event.unknown(), format!("there is no event {key}; make it first"));
        }
    }
    faults.into_result().map_err(|faults| Problem::invalid(INVALID, faults))
}

/// List members by email, those who are only invited too.
#[utoipa::path(get, path = "/v1/members", tag = "Members", responses((status = 200, description = "Members", body = ListBody<MemberBody>)))]
pub async fn list(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<MemberBody>>, Problem> {
    let found = api.people.members.members(caller.principal.workspace).await?;
    let seen = found.into_iter().filter(|member| is_seen(member, &caller.principal));
    Ok(Json(ListBody::whole(seen.map(MemberBody::from).collect())))
}

/// Change what a member is called, is, or which events exist for them. What they have open is closed and comes back by what they
/// may do now.
#[utoipa::path(patch, path = "/v1/members/{id}", tag = "Members", request_body = MemberPatch,
    params(("id" = i64, Path, description = "Number of the member")),
    responses((status = 200, description = "As it is now", body = MemberBody)))]
pub async fn change(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<MemberBody>, Problem> {
    let member = existing(&api, &caller, &path).await?;
    let patch = sent.patch().await?;
    let draft = read::read(merge::merged(given_of(&member), patch), MemberDraft::read)?;
    if draft.events != member.events {
        check_events(&api, &caller, &draft.events).await?;
    }
    let change =
        MemberChange { name: Some(draft.name), language: Some(draft.language), role: Some(draft.role), events: Some(draft.events) };
    let done = api.people.members.change_member(caller.principal.workspace, member.number, change, caller.principal.actor).await?;
    // Believed no more from now on; what is open is closed by the watch over credentials, once, whichever process it is on.
    let done = match done {
        MemberChanged::Changed(member, _) => MemberChanged::Changed(member, Vec::new()),
        other => other,
    };
    Ok(Json(changed(&api, done)?.into()))
}

/// Remove a member. All that they have open is closed; what they made stays.
#[utoipa::path(delete, path = "/v1/members/{id}", tag = "Members", params(("id" = i64, Path, description = "Number of the member")),
    responses((status = 204, description = "Removed")))]
pub async fn remove(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let member = existing(&api, &caller, &path).await?;
    let done = api.people.members.remove_member(caller.principal.workspace, member.number, caller.principal.actor).await?;
    changed(&api, done)?;
    Ok(StatusCode::NO_CONTENT)
}

fn changed(api: &Api, done: MemberChanged) -> Result<Member, Problem> {
    match done {
        MemberChanged::Changed(member, sessions) => {
            api.readers.revoked(&sessions);
            Ok(*member)
        }
        MemberChanged::Unknown => Err(Problem::not_found("member")),
        MemberChanged::LastOwner => Err(Problem::new(LAST_OWNER, LAST_OWNER.cure)),
    }
}

/// What a patch is laid on.
fn given_of(member: &Member) -> Map<String, Value> {
    let name = (!member.name.is_empty()).then_some(&member.name);
    let given = json!({"name": name, "language": member.language, "role": member.role.as_str(), "events": events_of(&member.events)});
    given.as_object().cloned().unwrap_or_default()
}

/// A patch of a member, as the document describes it.
pub struct MemberPatch;

impl utoipa::ToSchema for MemberPatch {
    fn name() -> std::borrow::Cow<'static, str> {
        "MemberPatch".into()
    }
}

impl utoipa::PartialSchema for MemberPatch {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        read::standing_in(read::patch_schema::<MemberDraft>())
    }
}

#[cfg(test)]
mod tests {
    use super::ROLES;
    use crate::auth::Role;

    #[test]
    fn every_role_has_its_word() {
        assert_eq!(Role::ALL.map(Role::as_str), *ROLES);
    }
}
