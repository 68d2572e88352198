//! Browsers: a key, a one-time link or (in a demo) a click becomes an HttpOnly cookie.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::{Caller, Presented, SESSION_COOKIE};
use super::credentials::{Grant, grant, revoke};
use super::error::{INVALID, PARAMETER_INVALID, Problem, SCOPE_MISSING, UNAUTHORISED};
use super::query::Query;
use super::workspace::WorkspaceBody;
use super::{body, origin};
use crate::auth::{Scope, Scopes, WorkspaceId};
use crate::domain::{Invalid, Key};
use crate::store::CredentialKind;

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
    /// True on a demo server.
    demo: bool,
}

/// Whose session is to begin.
struct Entrance {
    workspace: WorkspaceId,
    scopes: Scopes,
    event: Option<Key>,
    parent: Option<i64>,
}

/// Sign a browser in with a key that may read, or, on a demo server, with nothing.
#[utoipa::path(post, path = "/v1/session", tag = "Sign-in", request_body = crate::api::openapi::SessionDraft,
    responses((status = 201, description = "Signed in; the cookie is set", body = SessionBody)))]
pub async fn sign_in(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    Query::new(uri.query()).finish()?;
    // Another site must not sign a person in as somebody else.
    origin::check_change(&Method::POST, &headers, &api.config.origins)?;
    let mut fields = body::read_object(&headers, body).await?;
    let (key, demo) = (fields.text("key"), fields.flag("demo"));
    if key.is_none() && !demo && fields.is_fine() {
        fields.fault("key", "required", "is required");
    }
    fields.finish()?;
    let entrance = match key {
        Some(key) => by_key(&api, &key).await?,
        None => by_demo(&api)?,
    };
    let body = described(&api, entrance.workspace, entrance.scopes, entrance.event.as_ref()).await?;
    let cookie = begin(&api, entrance, &headers).await?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

async fn by_key(api: &Api, key: &str) -> Result<Entrance, Problem> {
    let unknown = || Problem::new(UNAUTHORISED, "the key is unknown, expired or revoked").in_demo(api.config.demo.is_some());
    let found = api.authenticator.find(key, CredentialKind::Key).await?.ok_or_else(unknown)?;
    if !found.scopes.has(Scope::Read) {
        return Err(Problem::new(SCOPE_MISSING, "signing in needs a key with the scope read"));
    }
    Ok(Entrance { workspace: found.workspace, scopes: found.scopes, event: found.event.clone(), parent: Some(found.number) })
}

fn by_demo(api: &Api) -> Result<Entrance, Problem> {
    let no_demo = || Invalid::one("demo", "no_demo", "this server is no demo; sign in with a key");
    let workspace = api.config.demo.ok_or_else(|| Problem::invalid(INVALID, no_demo()))?;
    Ok(Entrance { workspace, scopes: Scopes::of(&Scope::ALL), event: None, parent: None })
}

/// Keeps a session and gives the cookie for it.
async fn begin(api: &Api, entrance: Entrance, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let Entrance { workspace, scopes, event, parent } = entrance;
    let wanted =
        Grant { kind: CredentialKind::Session, name: String::new(), scopes, event, parent, lasts_ms: Some(SESSION_SECONDS * 1_000) };
    let (_, secret, _) = grant(api, workspace, wanted).await?;
    Ok(cookie(secret.expose(), SESSION_SECONDS, headers))
}

fn cookie(value: &str, seconds: i64, headers: &HeaderMap) -> HeaderValue {
    let tls = headers.get("x-forwarded-proto").is_some_and(|p| p.as_bytes().eq_ignore_ascii_case(b"https"));
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // A secret is base64url, which a header always takes.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

async fn described(api: &Api, workspace: WorkspaceId, scopes: Scopes, event: Option<&Key>) -> Result<SessionBody, Problem> {
    let found = api.store.keyring.workspace(workspace).await?;
    Ok(SessionBody {
        workspace: WorkspaceBody { key: found.key.to_string(), name: found.name },
        scopes: scopes.iter().map(Scope::as_str).collect(),
        event: event.map(ToString::to_string),
        demo: api.config.demo.is_some(),
    })
}

/// Who is signed in here.
#[utoipa::path(get, path = "/v1/session", tag = "Sign-in",
    responses((status = 200, description = "Who is signed in, by cookie or key", body = SessionBody)))]
pub async fn session(State(api): State<Arc<Api>>, Extension(caller): Extension<Caller>, uri: Uri) -> Result<Json<SessionBody>, Problem> {
    Query::new(uri.query()).finish()?;
    let Caller { principal, .. } = caller;
    Ok(Json(described(&api, principal.workspace, principal.scopes, principal.event.as_ref()).await?))
}

/// Sign out: the session ends, the cookie goes, and streams it has opened are closed.
#[utoipa::path(delete, path = "/v1/session", tag = "Sign-in", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Query::new(uri.query()).finish()?;
    // A key is not a session: signing out with one changes nothing.
    if caller.presented == Presented::Cookie {
        revoke(&api, caller.principal.workspace, caller.principal.key).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &headers))]).into_response())
}

/// `GET /signin?link=...&to=/path`: a one-time link signs in and leads on; without one, the page asks for a key.
pub async fn by_link(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut query = Query::new(uri.query());
    let Some(link) = query.one("link") else { return Ok(crate::web::page(&headers)) };
    let to = query.one("to").filter(|to| is_local_path(to)).unwrap_or("/".into());
    let Some(taken) = api.authenticator.take(&link, CredentialKind::Link).await? else {
        return Ok(see_other("/signin?problem=link"));
    };
    let entrance = Entrance { workspace: taken.workspace, scopes: taken.scopes, event: taken.event, parent: taken.parent };
    let cookie = begin(&api, entrance, &headers).await?;
    let mut response = see_other(&to);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Problem::new(PARAMETER_INVALID, "to is no path").into_response(),
    }
}

/// True for a path on this server; `//host` and `/\host` lead elsewhere.
fn is_local_path(to: &str) -> bool {
    to.starts_with('/') && !to.starts_with("//") && to.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{cookie, is_local_path};

    #[test]
    fn links_lead_only_here() {
        for (to, local) in [
            ("/", true),
            ("/events/expo-2026?partner=acme", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/\t/evil.example", false),
        ] {
            assert_eq!(is_local_path(to), local, "{to:?}");
        }
    }

    #[test]
    fn the_cookie_is_secure_behind_tls() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie("x", 60, &headers), "tidings_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(cookie("", 0, &headers), "tidings_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }
}
