//! Browsers: a key or (in a demo) a click becomes an HttpOnly cookie; `signin` does the same for a one-time link.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::{BEARERS, Caller, Presented, SESSION_COOKIE};
use super::body::Sent;
use super::client::ClientAddress;
use super::credentials::{Wanted, grant, revoke};
use super::error::{INVALID, Problem, SCOPE_MISSING, UNAUTHORISED};
use super::extract::NoQuery;
use super::origin;
use super::rate::Asker;
use super::read::rule::{Flag, Secret};
use super::read::{Fields, Read, documented};
use super::workspace::WorkspaceBody;
use crate::auth::{Actor, Principal, Right, Scope, Scopes, WorkspaceId};
use crate::domain::{Invalid, Key, Mask, UnixMs};
use crate::store::{At, Confined, CredentialKind, NamedKind, Purpose, Reader, Thing};

/// How long a browser stays signed in.
const SESSION_SECONDS: i64 = 30 * 24 * 3600;

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub struct SessionBody {
    /// Where.
    workspace: WorkspaceBody,
    /// What they may do: `ingest`, `read`, `admin`.
    scopes: Vec<&'static str>,
    /// The only event that exists for them.
    #[schema(required = true)]
    event: Option<String>,
    /// What a share shows; absent for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<SharedBody>,
    /// True on a demo server.
    demo: bool,
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
    pub event: Option<Key>,
    /// What it is confined to, where it comes from a share.
    pub confined: Option<Confined>,
    /// What it comes from: it ends with it.
    pub parent: Option<i64>,
    /// When that ends by itself.
    pub until: Option<UnixMs>,
}

/// What a browser signs in with.
enum SessionDraft {
    Key(String),
    Share(String),
    Demo,
}

documented!(SessionDraft);

impl Read for SessionDraft {
    const NAME: &'static str = "SessionDraft";
    const ABOUT: &'static str = "One of a key, the secret of a share, and, on a demo server, `demo`.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let key = fields.optional("key", Secret, "A key with the scope read.");
        let share = fields.optional("share", Secret, "What stands behind `#` in the link of a share.");
        let demo = fields.optional("demo", Flag, "True to sign in to a demo.").unwrap_or_default();
        match (key, share) {
            (Some(key), None) => Some(Self::Key(key)),
            (None, Some(share)) => Some(Self::Share(share)),
            (None, None) if demo => Some(Self::Demo),
            (Some(_), Some(_)) => {
                fields.fault("share", "one_of_two", "give either key or share");
                None
            }
            (None, None) => {
                if fields.is_fine() {
                    fields.fault("key", "required", "is required");
                }
                None
            }
        }
    }
}

/// Sign a browser in with a key that may read, or, on a demo server, with nothing.
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
        SessionDraft::Demo => by_demo(&api)?,
    };
    let body = described(&api, entrance.workspace, entrance.scopes, entrance.event.as_ref(), entrance.confined.as_ref()).await?;
    let cookie = begin(&api, entrance, &sent.headers).await?;
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
        event: found.event.clone(),
        confined: None,
        parent: Some(found.number),
        until: found.expires_at,
    })
}

async fn by_share(api: &Api, share: &str) -> Result<Entrance, Problem> {
    let unknown = || Problem::new(UNAUTHORISED, "the link has ended or was revoked; ask whoever gave it to you for another");
    let found = api.authenticator.find(share, &[CredentialKind::Share]).await?.ok_or_else(unknown)?.credential;
    api.rates.credential(Asker::Key(found.root))?;
    Ok(Entrance {
        workspace: found.workspace,
        scopes: found.scopes,
        event: found.event.clone(),
        confined: found.confined.clone(),
        parent: Some(found.number),
        until: found.expires_at,
    })
}

fn by_demo(api: &Api) -> Result<Entrance, Problem> {
    let no_demo = || Invalid::one("demo", "no_demo", "this server is no demo; sign in with a key");
    let workspace = api.config.demo.ok_or_else(|| Problem::invalid(INVALID, no_demo()))?;
    Ok(Entrance { workspace, scopes: Scopes::of(&Scope::ALL), event: None, confined: None, parent: None, until: None })
}

/// Keeps a session and gives the cookie for it.
pub(super) async fn begin(api: &Api, entrance: Entrance, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let Entrance { workspace, scopes, event, confined, parent, until } = entrance;
    let now = api.clock.now();
    let lasts_until = UnixMs(now.0 + SESSION_SECONDS * 1_000);
    let expires_at = until.map_or(lasts_until, |until| until.min(lasts_until));
    let (kind, name) = (CredentialKind::Session, String::new());
    let wanted = Wanted {
        kind,
        name,
        scopes,
        event,
        parent,
        confined,
        wall: None,
        origins: Vec::new(),
        rate_per_s: None,
        expires_at: Some(expires_at),
    };
    let (_, secret) = grant(api, workspace, wanted).await?;
    Ok(cookie(secret.expose(), i64::try_from(expires_at.ms_since(now)).unwrap_or(i64::MAX) / 1_000, headers))
}

/// Whether the browser came over TLS, as the proxy in front says.
pub(super) fn is_behind_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|p| p.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn cookie(value: &str, seconds: i64, headers: &HeaderMap) -> HeaderValue {
    let secure = if is_behind_tls(headers) { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // A secret is base64url, which a header always takes.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

async fn described(
    api: &Api,
    workspace: WorkspaceId,
    scopes: Scopes,
    event: Option<&Key>,
    confined: Option<&Confined>,
) -> Result<SessionBody, Problem> {
    let found = api.store.keyring.workspace(workspace).await?;
    Ok(SessionBody {
        workspace: WorkspaceBody { key: found.key.to_string(), name: found.name },
        scopes: scopes.iter().map(Scope::as_str).collect(),
        event: event.map(ToString::to_string),
        share: match confined {
            Some(to) => Some(shared(api, workspace, to).await?),
            None => None,
        },
        demo: api.config.demo.is_some(),
    })
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
pub async fn session(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<SessionBody>, Problem> {
    let Caller { principal, .. } = caller;
    check_person(&principal)?;
    let grant = principal.grant;
    let confined = Confined::of(&grant);
    Ok(Json(described(&api, principal.workspace, grant.rights.scopes(), grant.event.as_ref(), confined.as_ref()).await?))
}

/// Sign out: the session ends, the cookie goes, and streams it has opened are closed.
#[utoipa::path(delete, path = "/v1/session", tag = "Sign-in", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, headers: HeaderMap) -> Result<Response, Problem> {
    check_person(&caller.principal)?;
    // A key is not a session: signing out with one changes nothing.
    if caller.presented == Presented::Cookie {
        revoke(&api, caller.principal.workspace, caller.principal.credential).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &headers))]).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::cookie;

    #[test]
    fn the_cookie_is_secure_behind_tls() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie("x", 60, &headers), "tidings_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(cookie("", 0, &headers), "tidings_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }
}
