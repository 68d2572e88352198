//! Pairing: a screen shows a code, somebody at the desk enters it, and it is live.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde_json::json;

use super::Api;
use super::authenticate::{Caller, SCREEN_COOKIE};
use super::body::Sent;
use super::client::ClientAddress;
use super::credentials::{Wanted, grant, revoke};
use super::error::{CODE_UNKNOWN, INTERNAL, OVERLOADED, PARAMETER_INVALID, POLL_UNKNOWN, Problem};
use super::extract::{NoQuery, Path};
use super::query::Query;
use super::rate::Asker;
use super::read::rule::{Name, Secret};
use super::read::{Fields, Read, documented};
use super::screens::{ScreenBody, wall_of};
use super::session::is_behind_tls;
use super::shares::address;
use crate::domain::Invalid;
use crate::screens::{CODE_LASTS, Stage};
use crate::store::CredentialKind;

/// How long the cookie of a screen lasts; each look at what it is to show begins it anew. Browsers keep none for longer.
const COOKIE_SECONDS: i64 = 400 * 24 * 3_600;

/// A code for a screen that waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ScreenCode)]
pub struct CodeBody {
    /// Six signs to be shown.
    code: String,
    /// What the screen waits by: nobody else may know it.
    poll: String,
    /// Seconds that the code lasts.
    lasts_s: u64,
}

/// A screen that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NewScreen)]
pub struct NewScreenBody {
    /// The screen.
    #[serde(flatten)]
    screen: ScreenBody,
    /// The address of one that was made without a code, for a player that keeps nothing: shown once.
    #[schema(required = true)]
    url: Option<String>,
}

/// A screen to be made.
struct ScreenDraft {
    code: Option<String>,
    name: String,
}

documented!(ScreenDraft);

impl Read for ScreenDraft {
    const NAME: &'static str = "ScreenDraft";
    const ABOUT: &'static str = "A screen to be made: by the code that it shows, or without one, with an address of its own.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let code = fields.optional("code", Secret, "What the screen shows; small letters and spaces count for nothing.");
        let name = fields.required("name", Name, "Where it hangs.");
        Some(Self { code, name: name? })
    }
}

/// A code for a screen that nobody knows yet: it shows it and waits at `GET /v1/screens/wait`.
#[utoipa::path(post, path = "/v1/screens", tag = "Walls", responses((status = 201, description = "A code, for ten minutes", body = CodeBody)))]
pub async fn begin(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    _: NoQuery,
) -> Result<(StatusCode, Json<CodeBody>), Problem> {
    api.rates.credential(Asker::Address(client.network()))?;
    let begun = api.readers.screens().pairings.begin(client.network()).map_err(|fault| {
        tracing::error!(%fault, "the machine has no randomness to give");
        Problem::new(INTERNAL, INTERNAL.cure)
    })?;
    let many = || Problem::new(OVERLOADED, "too many screens wait to be paired; try again in a minute").retry_after(60);
    let begun = begun.ok_or_else(many)?;
    Ok((StatusCode::CREATED, Json(CodeBody { code: begun.code, poll: begun.poll, lasts_s: CODE_LASTS.as_secs() })))
}

/// Wait until somebody enters the code: the event `paired` tells that, `over` that the code is too old.
///
/// A browser asks once more when it was told, and is given its cookie with that answer.
#[utoipa::path(get, path = "/v1/screens/wait", tag = "Walls", params(("poll" = String, Query, description = "What the screen waits by")),
    responses(
        (status = 200, description = "Events until it is paired or over; the cookie, where it is paired", body = String, content_type = "text/event-stream"),
        (status = 404, description = "Nobody waits by this, or no longer", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn wait(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut query = Query::new(uri.query());
    let poll = query.one("poll");
    query.finish()?;
    let poll = poll.ok_or_else(|| Problem::invalid(PARAMETER_INVALID, Invalid::one("poll", "required", "is required")))?;
    let (mut stage, until) = api.readers.screens().pairings.wait(&poll).ok_or_else(|| Problem::new(POLL_UNKNOWN, POLL_UNKNOWN.cure))?;
    let now = stage.borrow().clone();
    let ends = api.readers.shutdown();
    let told = |stage: &Stage| match stage {
        Stage::Paired { name, wall, .. } => Event::default().event("paired").data(json!({"name": name, "wall": wall}).to_string()),
        Stage::Waiting => Event::default().event("waiting").data("{}"),
    };
    let first = told(&now);
    if let Stage::Paired { secret, .. } = now {
        let cookie = screen_cookie(&secret, &headers);
        let event: Result<Event, Infallible> = Ok(first);
        return Ok(([(header::SET_COOKIE, cookie)], Sse::new(stream::once(std::future::ready(event)))).into_response());
    }
    let rest = async move {
        let over = tokio::time::timeout_at(until, stage.wait_for(|stage| *stage != Stage::Waiting));
        match ends.run_until_cancelled(over).await {
            Some(Ok(Ok(stage))) => Some(told(&stage)),
            Some(_) => Some(Event::default().event("over").data("{}")),
            None => None,
        }
    };
    let events = stream::once(std::future::ready(first)).chain(stream::once(rest).filter_map(std::future::ready)).map(Ok);
    Ok(Sse::new(boxed(events)).keep_alive(KeepAlive::default()).into_response())
}

fn boxed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> stream::BoxStream<'static, Result<Event, Infallible>> {
    events.boxed()
}

pub(super) fn screen_cookie(secret: &str, headers: &HeaderMap) -> HeaderValue {
    let secure = if is_behind_tls(headers) { "; Secure" } else { "" };
    let text = format!("{SCREEN_COOKIE}={secret}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    // A secret is base64url, which a header always takes.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Make a screen of a wall: the one that shows this code, or without a code one with an address of its own.
#[utoipa::path(post, path = "/v1/walls/{wall}/screens", tag = "Walls", request_body = ScreenDraft,
    params(("wall" = String, Path, description = "Key of the wall")),
    responses(
        (status = 201, description = "Made", body = NewScreenBody),
        (status = 404, description = "No screen shows this code (`code_unknown`), or there is no such wall", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn pair(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    headers: HeaderMap,
    mut sent: Sent,
) -> Result<(StatusCode, Json<NewScreenBody>), Problem> {
    let ScreenDraft { code, name } = sent.read().await?;
    let wall = wall_of(&api, &caller, path.key("wall")?).await?;
    let pairings = &api.readers.screens().pairings;
    if code.is_some() {
        api.rates.code(client.network())?;
    } else {
        api.rates.credential(Asker::Key(caller.principal.root))?;
    }
    let unknown = || Problem::new(CODE_UNKNOWN, CODE_UNKNOWN.cure);
    if code.as_ref().is_some_and(|code| !pairings.waits(code)) {
        return Err(unknown());
    }
    let wanted =
        Wanted { name: name.clone(), wall: Some(wall.key.clone()), by: caller.principal.actor, ..Wanted::new(CredentialKind::Screen) };
    let (number, secret) = grant(&api, caller.principal.workspace, wanted).await?;
    let url = match code {
        Some(code) => {
            let paired = Stage::Paired { secret: secret.expose().to_owned(), name, wall: wall.key.to_string() };
            if !pairings.pair(&code, paired) {
                // Somebody else was quicker, or the code has run out meanwhile.
                revoke(&api, caller.principal.workspace, number, caller.principal.actor).await?;
                return Err(unknown());
            }
            None
        }
        None => Some(address(&headers, "/wall", secret.expose())),
    };
    let made = api.store.keyring.credential(caller.principal.workspace, number).await?;
    let made = made.ok_or_else(|| Problem::new(INTERNAL, INTERNAL.cure))?;
    let screen = ScreenBody::of(&made, None, &crate::web::wall_build(), api.clock.now());
    Ok((StatusCode::CREATED, Json(NewScreenBody { screen, url })))
}
