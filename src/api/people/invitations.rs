//! Invitations and resets: one-time links by which somebody becomes a member, or chooses another password. They are shown once,
//! and sent by mail where there is a server for it; none is needed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use super::members::{self, check_events, events_of, existing};
use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::body::Sent;
use crate::api::credentials::Wanted;
use crate::api::error::{INVALID, MEMBER_ELSEWHERE, MEMBER_EXISTS, Problem};
use crate::api::extract::{NoQuery, Path};
use crate::api::rate::Asker;
use crate::api::read::rule::{Email, Name};
use crate::api::read::{Fields, Read, documented};
use crate::api::session::is_behind_tls;
use crate::auth::{Role, SecretKey};
use crate::domain::{Events, Invalid, UnixMs};
use crate::store::{CredentialKind, Invited, Member, NewMember};

/// How long an invitation is good.
pub const INVITATION_MS: i64 = 7 * 24 * 3600 * 1_000;
/// How long a reset is.
pub const RESET_MS: i64 = 24 * 3600 * 1_000;

/// An invitation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationBody {
    /// Number of the member that they are to be.
    id: i64,
    /// Their email.
    email: String,
    /// What they are to be.
    role: &'static str,
    /// Keys of the events that are to exist for them; null is all.
    #[schema(required = true)]
    events: Option<Vec<String>>,
    /// The link, shown once: a page with one button.
    url: String,
    /// When it is too old.
    #[schema(format = DateTime)]
    expires_at: String,
    /// True where it was sent by mail too.
    mailed: bool,
}

/// A link to choose another password.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ResetLink)]
pub struct ResetBody {
    /// Number of the member.
    id: i64,
    /// The link, shown once: a page with one button.
    url: String,
    /// When it is too old.
    #[schema(format = DateTime)]
    expires_at: String,
    /// True where it was sent by mail too.
    mailed: bool,
}

struct InvitationDraft {
    email: String,
    name: String,
    role: Role,
    events: Events,
}

documented!(InvitationDraft);

impl Read for InvitationDraft {
    const NAME: &'static str = "InvitationDraft";
    const ABOUT: &'static str = "Somebody who is to become a member.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", Email, "Their email: what they sign in with.");
        let name = fields.optional("name", Name, "What people call them.").unwrap_or_default();
        let role = members::role(fields);
        let events = members::events(fields, role);
        Some(Self { email: email?, name, role: role?, events })
    }
}

/// The address of a one-time link: under the address that the configuration tells, or by which it was asked for.
pub fn link_address(public_url: &str, headers: &HeaderMap, secret: &SecretKey) -> String {
    let base = match public_url {
        "" => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            format!("{}://{host}", if is_behind_tls(headers) { "https" } else { "http" })
        }
        told => told.trim_end_matches('/').to_owned(),
    };
    format!("{base}/signin?link={}", secret.expose())
}

/// Invite somebody. The link is in this answer and never again, and is sent by mail too where a server for it is configured. Who is
/// invited again gets another link, and the one before ends.
#[utoipa::path(post, path = "/v1/invitations", tag = "Members", request_body = InvitationDraft,
    responses((status = 201, description = "Invited", body = InvitationBody)))]
pub async fn invite(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoQuery,
    headers: HeaderMap,
    mut sent: Sent,
) -> Result<(StatusCode, Json<InvitationBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let InvitationDraft { email, name, role, events } = sent.read().await?;
    check_events(&api, &caller, &events).await?;
    let now = api.clock.now();
    let expires_at = UnixMs(now.0.saturating_add(INVITATION_MS));
    let wanted = Wanted { expires_at: Some(expires_at), ..Wanted::new(CredentialKind::Invitation) };
    let (credential, secret) = wanted.sealed(now)?;
    let new = NewMember { email, name, role, events };
    let principal = &caller.principal;
    let member = match api.people.members.invite(principal.workspace, new, credential, principal.actor).await? {
        Invited::Made(member) => *member,
        Invited::There(member) => {
            let there = format!("{} is a member already, as {}; change that one", member.email, member.role.as_str());
            return Err(Problem::new(MEMBER_EXISTS, there));
        }
        Invited::Full => {
            let full = format!("there are {} members, as many as there may be; remove one first", crate::store::MEMBERS_MAX);
            return Err(Problem::invalid(INVALID, Invalid::one("", "too_many", full)));
        }
    };
    let url = link_address(&api.people.public_url, &headers, &secret);
    let mailed = mail(&api, &member, &url, Letter::Invitation).await;
    Ok((
        StatusCode::CREATED,
        Json(InvitationBody {
            id: member.number,
            events: events_of(&member.events),
            role: member.role.as_str(),
            email: member.email,
            url,
            expires_at: expires_at.to_string(),
            mailed,
        }),
    ))
}

/// Give a member a link to choose another password. It is in this answer and never again; used, it ends all of their sessions.
#[utoipa::path(post, path = "/v1/members/{id}/reset", tag = "Members", params(("id" = i64, Path, description = "Number of the member")),
    responses((status = 201, description = "Made", body = ResetBody)))]
pub async fn reset(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<ResetBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let member = existing(&api, &caller, &path).await?;
    let person = api.people.members.person_of(caller.principal.workspace, member.number).await?;
    let elsewhere = person.is_some_and(|person| person.memberships.iter().any(|other| other.workspace != caller.principal.workspace));
    if elsewhere {
        // Who could choose their password here could come in there.
        return Err(Problem::new(MEMBER_ELSEWHERE, MEMBER_ELSEWHERE.cure));
    }
    let now = api.clock.now();
    let expires_at = UnixMs(now.0.saturating_add(RESET_MS));
    let wanted = Wanted { member: Some(member.number), expires_at: Some(expires_at), ..Wanted::new(CredentialKind::Reset) };
    let (_, secret) = crate::api::credentials::grant(&api, caller.principal.workspace, wanted).await?;
    let url = link_address(&api.people.public_url, &headers, &secret);
    let mailed = mail(&api, &member, &url, Letter::Reset).await;
    Ok((StatusCode::CREATED, Json(ResetBody { id: member.number, url, expires_at: expires_at.to_string(), mailed })))
}

/// What a link is sent with.
#[derive(Clone, Copy)]
pub enum Letter {
    /// To become a member.
    Invitation,
    /// To choose another password.
    Reset,
}

/// Sends somebody their link, where there is a mail server. That it could not be sent is logged: the link itself was shown.
pub async fn mail(api: &Api, member: &Member, url: &str, letter: Letter) -> bool {
    if !api.people.mail.is_there() {
        return false;
    }
    let workspace = api.store.keyring.workspace(member.workspace).await.map(|found| found.name).unwrap_or_default();
    let is_german = member.language.as_deref() == Some("de");
    let (subject, text) = match (letter, is_german) {
        (Letter::Invitation, false) => (
            format!("You are invited to {workspace}"),
            format!("You are invited to {workspace} on Tidings.\n\nOpen this link within 7 days; it is good once:\n{url}\n"),
        ),
        (Letter::Invitation, true) => (
            format!("Sie sind zu {workspace} eingeladen"),
            format!(
                "Sie sind zu {workspace} in Tidings eingeladen.\n\nÖffnen Sie diesen Link innerhalb von 7 Tagen; er gilt einmal:\n{url}\n"
            ),
        ),
        (Letter::Reset, false) => (
            "Choose another password".to_owned(),
            format!(
                "Somebody asked for another password for you on Tidings.\n\nOpen this link within a day; it is good once:\n{url}\n\nIf it was not you, nothing is to be done.\n"
            ),
        ),
        (Letter::Reset, true) => (
            "Neues Passwort wählen".to_owned(),
            format!(
                "Für Sie wurde in Tidings ein neues Passwort angefordert.\n\nÖffnen Sie diesen Link innerhalb eines Tages; er gilt einmal:\n{url}\n\nWenn Sie das nicht waren, ist nichts zu tun.\n"
            ),
        ),
    };
    let id = uuid::Uuid::now_v7().to_string();
    match api.people.mail.send(&id, std::slice::from_ref(&member.email), &subject, &text).await {
        Ok(()) => true,
        Err(fault) => {
            tracing::warn!(fault, "a link could not be sent by mail; whoever made it has seen it");
            false
        }
    }
}
