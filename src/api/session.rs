//! Browsers: a password, a link, a key or (in a demo) a click becomes an HttpOnly cookie; `signin` does the same for a form.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::{BEARERS, Caller, HOST_SESSION_COOKIE, Presented, SESSION_COOKIE, session_cookie};
use super::body::Sent;
use super::client::ClientAddress;
use super::credentials::{Wanted, grant, revoke};
use super::error::{CODE_REQUIRED, INVALID, Problem, SCOPE_MISSING, SIGN_IN_FAILED, UNAUTHORISED};
use super::extract::NoQuery;
use super::origin;
use super::people::link::{self, Said};
use super::people::members::{ROLES, events_of};
use super::people::second;
use super::rate::Asker;
use super::read::rule::{Email, Flag, KeyText, Name, OneOf, OneTimeCode, Password, Secret};
use super::read::{Fields, Read, documented};
use super::workspace::WorkspaceBody;
use crate::auth::{Actor, Grant, Principal, Right, Rights, Role, Scope, Scopes, WorkspaceId};
use crate::domain::{Events, Invalid, Key, Mask, UnixMs};
use crate::store::{At, Confined, CredentialKind, Member, NamedKind, Purpose, Reader, Thing, folded_email};

/// How long a browser stays signed in that is no member's.
const SESSION_MS: i64 = 30 * 24 * 3600 * 1_000;

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub struct SessionBody {
    /// Where.
    workspace: WorkspaceBody,
    /// What they may do: `ingest`, `read`, `admin`, each where all of it is.
    scopes: Vec<&'static str>,
    /// What they may do, one right each.
    rights: Vec<&'static str>,
    /// The only event that exists for them, where it is just one.
    #[schema(required = true)]
    event: Option<String>,
    /// The events that exist for them; null is all.
    #[schema(required = true)]
    events: Option<Vec<String>>,
    /// What a share shows; absent for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<SharedBody>,
    /// Who they are, where they are a member; absent for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<MeBody>,
    /// True on a demo server.
    demo: bool,
}

/// Who a signed-in member is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Me)]
pub struct MeBody {
    /// Number of the member.
    id: i64,
    /// Their email.
    email: String,
    /// What people call them; may be empty.
    name: String,
    /// The language that they read, `en` or `de`.
    #[schema(required = true)]
    language: Option<String>,
    /// `owner`, `admin`, `editor`, `operator` or `viewer`.
    role: &'static str,
    /// True where they have chosen a password.
    has_password: bool,
    /// True where they sign in with a second factor.
    second_factor: bool,
    /// Every workspace that they are a member of.
    workspaces: Vec<WorkspaceBody>,
}

/// What a share shows.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Shared)]
pub struct SharedBody {
    /// Key of its view.
    view: String,
    /// Name of its view; null when there is no such view any more.
    #[schema(required = true)]
    name: Option<String>,
    /// Key of the one event that its view is of; null is all.
    #[schema(required = true)]
    event: Option<String>,
    /// IANA time zone of its view.
    #[schema(required = true)]
    zone: Option<String>,
    /// What is left out: `contact` or `names`; null leaves out nothing.
    #[schema(required = true)]
    mask: Option<&'static str>,
    /// True where it may be taken out as a file.
    export: bool,
}

/// Whose session is to begin.
pub(super) struct Entrance {
    pub workspace: WorkspaceId,
    pub scopes: Scopes,
    pub events: Events,
    /// What it is confined to, where it comes from a share.
    pub confined: Option<Confined>,
    /// What it comes from: it ends with it.
    pub parent: Option<i64>,
    /// When that ends by itself.
    pub until: Option<UnixMs>,
    /// Whose it is: what they may do is what counts.
    pub member: Option<Member>,
    /// Beyond which role it does not reach, as what it comes from does not.
    pub held: Option<Role>,
}

impl Entrance {
    /// Of a member.
    pub fn of_member(member: Member) -> Self {
        let workspace = member.workspace;
        Self {
            workspace,
            scopes: Scopes::NONE,
            events: Events::ALL,
            confined: None,
            parent: None,
            until: None,
            member: Some(member),
            held: None,
        }
    }

    /// Of somebody at a demo who is nobody in particular.
    const fn of_guest(workspace: WorkspaceId, scopes: Scopes) -> Self {
        Self { workspace, scopes, events: Events::ALL, confined: None, parent: None, until: None, member: None, held: None }
    }

    fn grant(&self) -> Grant {
        match &self.member {
            Some(member) => Grant { events: member.events.clone(), ..Grant::of(member.role.rights()) },
            None => {
                let rights = self.held.map_or(Rights::ALL, Role::rights).within(self.scopes.rights());
                Grant { events: self.events.clone(), ..Grant::of(rights) }
            }
        }
    }
}

/// What a browser signs in with.
enum SessionDraft {
    Key(String),
    Share(String),
    Password { email: String, password: String, workspace: Option<Key>, code: Option<String> },
    Link { link: String, said: Said },
    Demo(Option<Role>),
}

documented!(SessionDraft);

impl Read for SessionDraft {
    const NAME: &'static str = "SessionDraft";
    const ABOUT: &'static str =
        "One of a key, the secret of a share, an email with a password, a one-time link, and, on a demo server, `demo`.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let key = fields.optional("key", Secret, "A key with the scope read.");
        let share = fields.optional("share", Secret, "What stands behind `#` in the link of a share.");
        let link = fields.optional("link", Secret, "What stands behind `link=` in an invitation or a reset.");
        const EMAIL: &str = "Email of a member; with a link that is for whoever comes first, the email that they choose.";
        let email = fields.optional("email", Email, EMAIL);
        const PASSWORD: &str = "The password; with a link the one that they choose, of 12 characters or more.";
        let password = fields.optional("password", Password, PASSWORD);
        let workspace = fields.optional("workspace", KeyText, "Key of the workspace to sign in to; without it the last one.");
        let code = fields.optional("code", OneTimeCode, "Code of the second factor, or a recovery code.");
        let name = fields.optional("name", Name, "With a link: what people call them.");
        let demo = fields.optional("demo", Flag, "True to sign in to a demo.").unwrap_or_default();
        let role = fields.optional("role", OneOf(ROLES), "At a demo: the role of the member to be; without it all is allowed.");
        match (key, share, link, email) {
            (Some(key), None, None, None) => Some(Self::Key(key)),
            (None, Some(share), None, None) => Some(Self::Share(share)),
            (None, None, Some(link), email) => Some(Self::Link { link, said: Said { email, name, password } }),
            (None, None, None, Some(email)) => {
                if password.is_none() {
                    fields.fault("password", "required", "is required beside the email");
                }
                Some(Self::Password { email, password: password?, workspace, code })
            }
            (None, None, None, None) if demo => Some(Self::Demo(role.and_then(Role::parse))),
            (Some(_), Some(_), ..) => {
                fields.fault("share", "one_of_two", "give either key or share");
                None
            }
            (None, None, None, None) => {
                if fields.is_fine() {
                    fields.fault("key", "required", "is required");
                }
                None
            }
            _ => {
                fields.fault("key", "one_of_two", "give one of key, share, link and email");
                None
            }
        }
    }
}

/// Sign a browser in: a member by email and password or by a one-time link, somebody else by a key that may read, or, on a demo
/// server, with nothing.
#[utoipa::path(post, path = "/v1/session", tag = "Sign-in", request_body = SessionDraft,
    responses((status = 201, description = "Signed in; the cookie is set", body = SessionBody)))]
pub async fn sign_in(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Response, Problem> {
    // Another site must not sign a person in as somebody else.
    origin::check_change(&Method::POST, &sent.headers, &api.config.origins)?;
    api.rates.credential(Asker::Address(client.network()))?;
    let entrance = match sent.read().await? {
        SessionDraft::Key(key) => by_key(&api, &key).await?,
        SessionDraft::Share(share) => by_share(&api, &share).await?,
        SessionDraft::Password { email, password, workspace, code } => {
            api.rates.password(client.network(), &folded_email(&email))?;
            by_password(&api, &email, password, workspace, code).await?
        }
        SessionDraft::Link { link, said } => link::follow(&api, &link, said).await?,
        SessionDraft::Demo(role) => by_demo(&api, role).await?,
    };
    let who = Who {
        workspace: entrance.workspace,
        grant: entrance.grant(),
        confined: entrance.confined.clone(),
        member: entrance.member.as_ref().map(|member| member.number),
    };
    let cookie = begin(&api, entrance, &sent.headers).await?;
    let body = described(&api, who).await?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

async fn by_key(api: &Api, key: &str) -> Result<Entrance, Problem> {
    let unknown = || Problem::new(UNAUTHORISED, "the key is unknown, expired or revoked").in_demo(api.config.demo.is_some());
    let found = api.authenticator.find(key, BEARERS).await?.ok_or_else(unknown)?.credential;
    if !found.scopes.rights().has(Right::Read) {
        return Err(Problem::new(SCOPE_MISSING, "signing in needs a key with the scope read"));
    }
    api.rates.credential(Asker::Key(found.root))?;
    Ok(Entrance {
        workspace: found.workspace,
        scopes: found.scopes,
        events: found.events.clone(),
        confined: None,
        parent: Some(found.number),
        until: found.expires_at,
        member: None,
        held: found.held,
    })
}

async fn by_share(api: &Api, share: &str) -> Result<Entrance, Problem> {
    let unknown = || Problem::new(UNAUTHORISED, "the link has ended or was revoked; ask whoever gave it to you for another");
    let found = api.authenticator.find(share, &[CredentialKind::Share]).await?.ok_or_else(unknown)?.credential;
    api.rates.credential(Asker::Key(found.root))?;
    Ok(Entrance {
        workspace: found.workspace,
        scopes: found.scopes,
        events: found.events.clone(),
        confined: found.confined.clone(),
        parent: Some(found.number),
        until: found.expires_at,
        member: None,
        held: found.held,
    })
}

/// By email and password. Whatever fails is told in the same words and takes as long: nobody learns whether somebody is known.
async fn by_password(api: &Api, email: &str, password: String, workspace: Option<Key>, code: Option<String>) -> Result<Entrance, Problem> {
    let failed = || Problem::new(SIGN_IN_FAILED, SIGN_IN_FAILED.cure);
    let person = api.people.members.person(email).await?;
    let hash = person.as_ref().and_then(|person| person.password.clone());
    if !api.people.hashing.verify(password, hash).await? {
        return Err(failed());
    }
    let person = person.ok_or_else(failed)?;
    if let Some(was) = &person.second {
        let code = code.ok_or_else(|| Problem::new(CODE_REQUIRED, CODE_REQUIRED.cure))?;
        api.rates.second(&folded_email(email))?;
        let left = second::spent(was, &code, api.clock.now().0 / 1_000).ok_or_else(failed)?;
        // Somebody else has used a code at this very moment: it may have been this one.
        api.people.members.set_second(person.number, person.second.clone(), Some(left)).await?.ok_or_else(failed)?;
    }
    let mut memberships = person.memberships.into_iter();
    let member = match workspace {
        None => memberships.next(),
        Some(wanted) => {
            let mut found = None;
            for member in memberships {
                if api.store.keyring.workspace(member.workspace).await?.key == wanted {
                    found = Some(member);
                }
            }
            found
        }
    };
    Ok(Entrance::of_member(member.ok_or_else(failed)?))
}

async fn by_demo(api: &Api, role: Option<Role>) -> Result<Entrance, Problem> {
    let no_demo = || Invalid::one("demo", "no_demo", "this server is no demo; sign in with a key");
    let workspace = api.config.demo.ok_or_else(|| Problem::invalid(INVALID, no_demo()))?;
    let Some(role) = role else { return Ok(Entrance::of_guest(workspace, Scopes::of(&Scope::ALL))) };
    let members = api.people.members.members(workspace).await?;
    let found = members.into_iter().find(|member| member.role == role && member.joined_at.is_some());
    let nobody = || Invalid::one("role", "nobody", format!("nobody at this demo is {}", role.as_str()));
    found.map(Entrance::of_member).ok_or_else(|| Problem::invalid(INVALID, nobody()))
}

/// Keeps a session and gives the cookie for it.
pub(super) async fn begin(api: &Api, entrance: Entrance, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let Entrance { workspace, scopes, events, confined, parent, until, member, held: _ } = entrance;
    let now = api.clock.now();
    let lasts_ms = if member.is_some() { api.people.idle_ms } else { SESSION_MS };
    let lasts_until = UnixMs(now.0 + lasts_ms);
    let expires_at = until.map_or(lasts_until, |until| until.min(lasts_until));
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
    let wanted = Wanted {
        scopes,
        events,
        parent,
        confined,
        place: Some(place(api, agent).await).filter(|_| member.is_some()),
        member: member.map(|member| member.number),
        expires_at: Some(expires_at),
        ..Wanted::new(CredentialKind::Session)
    };
    let (_, secret) = grant(api, workspace, wanted).await?;
    Ok(cookie(secret.expose(), i64::try_from(expires_at.ms_since(now)).unwrap_or(i64::MAX) / 1_000, headers))
}

/// A browser and its platform, for people; a separator between them where both are known.
async fn place(api: &Api, agent: &str) -> String {
    let found = api.ingest.agents().look_up(agent).await;
    let names = [&found.browser, &found.platform].into_iter().flatten().map(|one| one.name.clone());
    names.collect::<Vec<_>>().join(", ")
}

/// Whether the browser came over TLS, as the proxy in front says.
pub(super) fn is_behind_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|p| p.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn cookie(value: &str, seconds: i64, headers: &HeaderMap) -> HeaderValue {
    let (name, secure) = if is_behind_tls(headers) { (HOST_SESSION_COOKIE, "; Secure") } else { (SESSION_COOKIE, "") };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // A secret is base64url, which a header always takes.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Who is described.
struct Who {
    workspace: WorkspaceId,
    grant: Grant,
    confined: Option<Confined>,
    member: Option<i64>,
}

async fn described(api: &Api, who: Who) -> Result<SessionBody, Problem> {
    let Who { workspace, grant, confined, member } = who;
    let found = api.store.keyring.workspace(workspace).await?;
    let rights: Rights = grant.rights;
    Ok(SessionBody {
        workspace: WorkspaceBody { key: found.key.to_string(), name: found.name },
        scopes: rights.scopes().iter().map(Scope::as_str).collect(),
        rights: rights.iter().map(Right::as_str).collect(),
        event: grant.events.one().map(ToString::to_string),
        events: events_of(&grant.events),
        share: match confined {
            Some(to) => Some(shared(api, workspace, &to).await?),
            None => None,
        },
        member: match member {
            Some(number) => me(api, workspace, number).await?,
            None => None,
        },
        demo: api.config.demo.is_some(),
    })
}

async fn me(api: &Api, workspace: WorkspaceId, number: i64) -> Result<Option<MeBody>, Problem> {
    let Some(member) = api.people.members.member(workspace, number).await? else { return Ok(None) };
    let person = api.people.members.person_of(workspace, number).await?;
    let mut workspaces = Vec::new();
    for other in person.iter().flat_map(|person| &person.memberships) {
        let found = api.store.keyring.workspace(other.workspace).await?;
        workspaces.push(WorkspaceBody { key: found.key.to_string(), name: found.name });
    }
    Ok(Some(MeBody {
        id: member.number,
        email: member.email,
        name: member.name,
        language: member.language,
        role: member.role.as_str(),
        has_password: person.is_some_and(|person| person.password.is_some()),
        second_factor: member.has_second,
        workspaces,
    }))
}

async fn shared(api: &Api, workspace: WorkspaceId, to: &Confined) -> Result<SharedBody, Problem> {
    // A share has one.
    let key = to.views.first().cloned().unwrap_or_else(|| Key::trusted(""));
    let reader = Reader { workspace, root: 0, purpose: Purpose::Request };
    let found = api.store.turn(reader).await?.directory().one(NamedKind::View, At::top(workspace, key.clone())).await?;
    let view = match found.as_ref().map(|record| &record.thing) {
        Some(Thing::View { view, .. }) => Some(view),
        _ => None,
    };
    Ok(SharedBody {
        view: key.to_string(),
        event: view.and_then(|view| view.event.as_ref()).map(ToString::to_string),
        zone: view.and_then(|view| view.zone.clone()),
        name: found.as_ref().map(|record| record.thing.name().to_owned()),
        mask: to.mask.map(Mask::as_str),
        export: to.exports,
    })
}

/// Holds that somebody asks who may be signed in: a browser that is a screen only is nobody's.
fn check_person(principal: &Principal) -> Result<(), Problem> {
    match principal.actor {
        Actor::Screen(_) => Err(Problem::new(UNAUTHORISED, "this browser is a screen of a wall; sign in as well")),
        _ => Ok(()),
    }
}

/// Who is signed in here.
#[utoipa::path(get, path = "/v1/session", tag = "Sign-in",
    responses((status = 200, description = "Who is signed in, by cookie or key", body = SessionBody)))]
pub async fn session(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, headers: HeaderMap) -> Result<Response, Problem> {
    let Caller { principal, presented, .. } = caller;
    check_person(&principal)?;
    let member = match principal.actor {
        Actor::Member(number) => Some(number),
        _ => None,
    };
    // A member's session goes on from each time they are here, and so does the cookie.
    let renewed = session_cookie(&headers).filter(|_| member.is_some() && presented == Presented::Cookie);
    let renewed = renewed.map(|secret| (header::SET_COOKIE, cookie(secret, api.people.idle_ms / 1_000, &headers)));
    let confined = Confined::of(&principal.grant);
    let body = described(&api, Who { workspace: principal.workspace, grant: principal.grant, confined, member }).await?;
    Ok((AppendHeaders(renewed), Json(body)).into_response())
}

/// Sign out: the session ends, the cookie goes, and streams it has opened are closed.
#[utoipa::path(delete, path = "/v1/session", tag = "Sign-in", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, headers: HeaderMap) -> Result<Response, Problem> {
    check_person(&caller.principal)?;
    // A key is not a session: signing out with one changes nothing.
    if caller.presented == Presented::Cookie {
        revoke(&api, caller.principal.workspace, caller.principal.credential, caller.principal.actor).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &headers))]).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::cookie;

    #[test]
    fn the_cookie_is_of_this_host_alone_behind_tls() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie("x", 60, &headers), "tidings_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(cookie("", 0, &headers), "__Host-tidings_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }
}
