//! Shares: one view, for whoever has the link. A link is in one answer and never again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::authenticate::Caller;
use super::authorise::check_event;
use super::body::Sent;
use super::credentials::{Wanted, grant, grant_all, revoke};
use super::error::{INVALID, Problem, VIEW_UNKNOWN};
use super::extract::{NoQuery, Path};
use super::lists::ListBody;
use super::rate::Asker;
use super::read::rule::{Flag, KeyText, Name, Rule, Time};
use super::read::{Fields, Read, documented};
use super::session::is_behind_tls;
use super::wanted::{Viewed, viewed};
use crate::auth::{Scope, Scopes};
use crate::domain::{Events, Invalid, Key, Mask, UnixMs, fold};
use crate::store::{At, Confined, Credential, CredentialKind, ListQuery, NamedKind, Record, Thing};

/// How long a share lasts that says nothing of it.
const LASTS_MS: i64 = 90 * 24 * 3_600 * 1_000;
/// Links that one request makes.
const LINKS_MAX: usize = 5_000;
/// Partners of one page of the directory.
const PARTNERS_PAGE: usize = 1_000;
/// The number of shares that were made together, to revoke them by.
const SHARE: HeaderName = HeaderName::from_static("tidings-share");

/// A share, without its link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Share)]
pub struct ShareBody {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// Key of the view that it shows.
    view: String,
    /// Key of the one partner that it shows, where it was made for one.
    #[schema(required = true)]
    partner: Option<String>,
    /// What is left out: `contact` or `names`; null leaves out nothing.
    #[schema(required = true)]
    mask: Option<&'static str>,
    /// True where it may be taken out as a file.
    export: bool,
    /// The number of those that were made together with it: revoked, it revokes them all.
    #[schema(required = true)]
    together: Option<i64>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself; null is never.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[schema(required = true, format = DateTime)]
    used_at: Option<String>,
    /// When it was revoked.
    #[schema(required = true, format = DateTime)]
    revoked_at: Option<String>,
}

/// A new share, with its link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NewShare)]
pub struct NewShareBody {
    /// Its number.
    id: i64,
    /// The link: shown once. Whoever has it sees the view.
    url: String,
    /// When it ends by itself; null is never.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
}

impl ShareBody {
    fn of(share: Credential) -> Option<Self> {
        let Confined { views, partner, mask, exports, .. } = share.confined?;
        Some(Self {
            id: share.number,
            name: share.name,
            view: views.first()?.to_string(),
            partner: partner.map(|partner| partner.to_string()),
            mask: mask.map(Mask::as_str),
            export: exports,
            together: share.parent,
            created_at: share.created_at.to_string(),
            expires_at: share.expires_at.map(|at| at.to_string()),
            used_at: share.used_at.map(|at| at.to_string()),
            revoked_at: share.revoked_at.map(|at| at.to_string()),
        })
    }
}

/// What is left out: `false`, `true` for `"contact"`, `"contact"` or `"names"`.
pub struct MaskRule;

impl Rule for MaskRule {
    type Out = Option<Mask>;

    fn read(&self, value: &Value) -> Result<Option<Mask>, Invalid> {
        match value {
            Value::Bool(false) => Ok(None),
            Value::Bool(true) => Ok(Some(Mask::Contact)),
            Value::String(word) if Mask::parse(word).is_some() => Ok(Mask::parse(word)),
            _ => Err(Invalid::one("", "unknown_word", "must be false, true, \"contact\" or \"names\"")),
        }
    }

    fn schema(&self) -> Value {
        json!({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": Mask::WORDS}]})
    }
}

/// A share to be made.
struct ShareDraft {
    view: Key,
    name: String,
    until: Until,
    mask: Option<Mask>,
    export: bool,
}

/// Shares to be made, one for each of many partners.
struct SharesDraft {
    share: ShareDraft,
    event: Option<Key>,
    of: Partners,
}

enum Partners {
    Tagged(String),
    Named(Vec<Key>),
}

/// When a share ends.
#[derive(Clone, Copy)]
enum Until {
    Usual,
    Never,
    At(UnixMs),
}

documented!(ShareDraft, SharesDraft);

impl Read for ShareDraft {
    const NAME: &'static str = "ShareDraft";
    const ABOUT: &'static str = "A share to be made: a view, for whoever has its link.";

    fn read(fields: &mut Fields) -> Option<Self> {
        const UNTIL: &str = "When it ends by itself, and every stream with it; in 90 days without it, never with null.";
        let view = fields.required("view", KeyText, "Key of the view that it shows; not a private one.");
        let name = fields.optional("name", Name, "What people call it.").unwrap_or_default();
        let never = fields.is_null("expires_at");
        let until = match fields.optional("expires_at", Time, UNTIL) {
            Some(at) => Until::At(at),
            None if never => Until::Never,
            None => Until::Usual,
        };
        const MASK: &str = "What is left out: `\"contact\"` (or true) contacts, properties and all of a URL but its host, `\"names\"` \
                            names of partners too; nothing with false.";
        let mask = fields.optional("mask", MaskRule, MASK).flatten();
        let export = fields.optional("export", Flag, "True where it may be taken out as a file.").unwrap_or_default();
        Some(Self { view: view?, name, until, mask, export })
    }
}

impl Read for SharesDraft {
    const NAME: &'static str = "SharesDraft";
    const ABOUT: &'static str = "Shares to be made, one for each of many partners: with a tag, or by their keys.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let share = ShareDraft::read(fields);
        let event = fields.optional("event", KeyText, "Key of the event whose partners they are; that of the view without it.");
        let tag = fields.optional("tag", Name, "The partners with this tag.");
        let named = fields.list("partners", KeyText, LINKS_MAX, "The partners with these keys.");
        let of = match (tag, named.is_empty()) {
            (Some(tag), true) => Some(Partners::Tagged(tag)),
            (None, false) => Some(Partners::Named(named)),
            _ => {
                if fields.is_fine() {
                    fields.fault("partners", "one_of_two", "give either tag or partners");
                }
                None
            }
        };
        Some(Self { share: share?, event, of: of? })
    }
}

/// Make a share: a link to a view, for somebody without an account.
///
/// It reads that view, as it is at any time, and nothing else: a further filter set narrows it, another view is `view_forbidden`,
/// and every other route `right_missing`. A browser exchanges the part of the link behind `#` at `POST /v1/session`. It ends with
/// the key or session that made it only by being revoked.
#[utoipa::path(post, path = "/v1/shares", tag = "Shares", request_body = ShareDraft,
    responses((status = 201, description = "Made", body = NewShareBody)))]
pub async fn create_share(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoQuery,
    headers: HeaderMap,
    mut sent: Sent,
) -> Result<(StatusCode, Json<NewShareBody>), Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let draft: ShareDraft = sent.read().await?;
    let viewed = shared_view(&api, &caller, &draft.view).await?;
    let wanted = wanted(&api, &caller, &draft, &viewed)?;
    let expires_at = wanted.expires_at.map(|at| at.to_string());
    let (id, secret) = grant(&api, caller.principal.workspace, wanted).await?;
    Ok((StatusCode::CREATED, Json(NewShareBody { id, url: url(&headers, secret.expose()), expires_at })))
}

/// Make a share for each of many partners: what each gets shows that partner alone. CSV: `partner`, `name`, `email`, `url`.
///
/// The header `Tidings-Share` is the number of all of them together: revoked, they all end.
#[utoipa::path(post, path = "/v1/shares:each", tag = "Shares", request_body = SharesDraft,
    responses((status = 201, description = "Made: a line for each partner", body = String, content_type = "text/csv")))]
pub async fn create_shares(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoQuery,
    headers: HeaderMap,
    mut sent: Sent,
) -> Result<Response, Problem> {
    api.rates.credential(Asker::Key(caller.principal.root))?;
    let SharesDraft { share: draft, event, of } = sent.read().await?;
    let viewed = shared_view(&api, &caller, &draft.view).await?;
    let no_event = || Invalid::one("event", "required", "is required: the view is of all events, and a partner is of one");
    let event = event.or_else(|| viewed.view.event.clone()).or_else(|| caller.principal.grant.events.one().cloned());
    let event = event.ok_or_else(|| Problem::invalid(INVALID, no_event()))?;
    check_event(&caller.principal, &event)?;
    if viewed.view.event.as_ref().is_some_and(|of| *of != event) {
        let other = Invalid::one("event", "other_event", format!("the view {} is of another event; leave event out", viewed.key));
        return Err(Problem::invalid(INVALID, other));
    }
    let partners = partners(&api, &caller, &event, of).await?;
    let one = Wanted { events: Events::only(event), ..wanted(&api, &caller, &draft, &viewed)? };
    // The secret of what they hang on is given to nobody.
    let together = Wanted { name: if one.name.is_empty() { viewed.name.clone() } else { one.name.clone() }, ..one.clone() };
    let (id, _) = grant(&api, caller.principal.workspace, together).await?;
    let each = partners.iter().map(|partner| {
        let confined = one.confined.clone().map(|to| Confined { partner: Some(partner.key.clone()), ..to });
        Wanted { name: partner.thing.name().to_owned(), confined, parent: Some(id), ..one.clone() }
    });
    let made = grant_all(&api, caller.principal.workspace, each.collect()).await?;
    let mut lines = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let rows = partners.iter().zip(&made).map(|(partner, (_, secret))| {
        let (email, _) = partner.thing.contact();
        [partner.key.to_string(), partner.thing.name().to_owned(), email.unwrap_or_default().to_owned(), url(&headers, secret.expose())]
    });
    let written =
        [["partner", "name", "email", "url"].map(str::to_owned)].into_iter().chain(rows).try_for_each(|row| lines.write_record(row));
    let body = written.ok().and_then(|()| lines.into_inner().ok()).unwrap_or_default();
    let mut response = (StatusCode::CREATED, [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], body).into_response();
    response.headers_mut().insert(SHARE, HeaderValue::from(id));
    Ok(response)
}

/// A view that may be shared.
async fn shared_view(api: &Api, caller: &Caller, key: &Key) -> Result<Viewed, Problem> {
    let found = viewed(api, caller, Some(key.clone())).await?;
    let viewed = found.ok_or_else(|| Problem::new(VIEW_UNKNOWN, VIEW_UNKNOWN.cure))?;
    if viewed.view.owner.is_some() {
        let private = Invalid::one("view", "private_view", "is private: make it the team's first, then share it");
        return Err(Problem::invalid(INVALID, private));
    }
    Ok(viewed)
}

fn wanted(api: &Api, caller: &Caller, draft: &ShareDraft, viewed: &Viewed) -> Result<Wanted, Problem> {
    let now = api.clock.now();
    let expires_at = match draft.until {
        Until::Usual => Some(UnixMs(now.0.saturating_add(LASTS_MS))),
        Until::Never => None,
        Until::At(at) if at <= now => {
            let over = Invalid::one("expires_at", "in_the_past", format!("{at} is over; give a time that is to come, or null for never"));
            return Err(Problem::invalid(INVALID, over));
        }
        Until::At(at) => Some(at),
    };
    let confined = Confined { views: vec![viewed.key.clone()], partner: None, mask: draft.mask, exports: draft.export, operates: false };
    Ok(Wanted {
        name: draft.name.clone(),
        scopes: Scopes::of(&[Scope::Read]),
        events: caller.principal.grant.events.clone(),
        by: caller.principal.actor,
        confined: Some(confined),
        expires_at,
        ..Wanted::new(CredentialKind::Share)
    })
}

/// The partners that are wanted, each of which is there.
async fn partners(api: &Api, caller: &Caller, event: &Key, of: Partners) -> Result<Vec<Record>, Problem> {
    let workspace = caller.principal.workspace;
    let mut found: Vec<Record> = Vec::new();
    match of {
        Partners::Named(keys) => {
            let mut faults = Invalid::none();
            for (at, key) in keys.into_iter().enumerate() {
                let place = At::within(workspace, event.clone(), key.clone());
                match api.store.turn(caller.reader()).await?.directory().one(NamedKind::Partner, place).await? {
                    Some(partner) if found.iter().all(|known| known.key != partner.key) => found.push(partner),
                    Some(_) => {}
                    None => faults.push(format!("partners[{at}]"), "unknown_partner", format!("the event {event} has no partner {key}")),
                }
            }
            if !faults.is_empty() {
                return Err(Problem::invalid(INVALID, faults));
            }
        }
        Partners::Tagged(tag) => {
            let wanted = fold(tag.trim());
            let mut query = ListQuery::first(PARTNERS_PAGE);
            loop {
                let turn = api.store.turn(caller.reader()).await?;
                let page = turn.directory().list(NamedKind::Partner, workspace, Events::only(event.clone()), query.clone()).await?;
                let tagged =
                    |partner: &Record| matches!(&partner.thing, Thing::Partner { tags, .. } if tags.iter().any(|tag| fold(tag) == wanted));
                found.extend(page.items.into_iter().filter(tagged));
                match page.next {
                    Some(next) if found.len() <= LINKS_MAX => query.after = Some(next),
                    _ => break,
                }
            }
            if found.is_empty() {
                return Err(Problem::invalid(
                    INVALID,
                    Invalid::one("tag", "unknown_tag", format!("no partner of {event} has the tag {tag}")),
                ));
            }
            if found.len() > LINKS_MAX {
                let many = format!("more than {LINKS_MAX} partners of {event} have it; name those of each request by partners");
                return Err(Problem::invalid(INVALID, Invalid::one("tag", "too_many", many)));
            }
        }
    }
    Ok(found)
}

/// The address of a share, as the caller reaches this server.
fn url(headers: &HeaderMap, secret: &str) -> String {
    address(headers, "/s", secret)
}

/// The address of a page with a secret behind `#`, which no server is told.
pub(super) fn address(headers: &HeaderMap, path: &str, secret: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{}://{host}{path}#{secret}", if is_behind_tls(headers) { "https" } else { "http" })
}

/// List shares, newest first, with when each was last used.
#[utoipa::path(get, path = "/v1/shares", tag = "Shares",
    responses((status = 200, description = "Shares without their links", body = ListBody<ShareBody>)))]
pub async fn shares(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<ShareBody>>, Problem> {
    Ok(Json(ListBody::whole(visible(&api, &caller).await?.into_iter().filter_map(ShareBody::of).collect())))
}

/// The shares that exist for the caller.
async fn visible(api: &Api, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let mut found = api.store.keyring.shares(caller.principal.workspace).await?;
    found.retain(|share| caller.principal.grant.events.cover(&share.events));
    Ok(found)
}

/// Revoke a share: what it has opened is closed too, and what was made together with it ends with it where its number is that of all.
#[utoipa::path(delete, path = "/v1/shares/{id}", tag = "Shares", params(("id" = i64, Path, description = "Number of the share")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_share(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let number = path.text("id").parse::<i64>().map_err(|_| Problem::not_found("share"))?;
    if !visible(&api, &caller).await?.iter().any(|share| share.number == number && share.revoked_at.is_none()) {
        return Err(Problem::not_found("share"));
    }
    revoke(&api, caller.principal.workspace, number, caller.principal.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
