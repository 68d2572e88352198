//! The recipients of a message: a set of partners that can change.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::messages::{MessageBody, Messages};
use super::{Noun as _, unexpected};
use crate::api::Api;
use crate::api::activities::refused;
use crate::api::authenticate::Caller;
use crate::api::body::Sent;
use crate::api::error::{INVALID, NOT_FOUND, Problem};
use crate::api::extract::{Listing, NoQuery, Path};
use crate::api::lists::{ListBody, ListParams};
use crate::api::read::rule::KeyText;
use crate::api::read::{Fields, Read, documented};
use crate::domain::limits::RECIPIENTS_PER_REQUEST_MAX;
use crate::domain::{Invalid, Key};
use crate::store::{At, Change, MissingThing, NamedKind, Outcome, RecipientRecord};

/// A recipient.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Recipient)]
pub struct RecipientBody {
    /// Who.
    partner: RecipientPartner,
    /// How it became one: `manual` or `observed`.
    source: &'static str,
}

/// The partner that a recipient is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecipientPartner {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// Its company.
    #[schema(required = true)]
    company: Option<String>,
}

/// What a change of recipients did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecipientsChanged)]
pub struct ChangedBody {
    /// Became recipients.
    added: usize,
    /// Ceased to be recipients.
    removed: usize,
    /// Recipients now.
    total: usize,
}

impl From<RecipientRecord> for RecipientBody {
    fn from(record: RecipientRecord) -> Self {
        let partner = record.partner;
        let company = partner.thing.contact().1.map(str::to_owned);
        let partner = RecipientPartner { key: partner.key.to_string(), name: partner.thing.name().to_owned(), company };
        Self { partner, source: record.source.as_str() }
    }
}

/// List the recipients of a message.
#[utoipa::path(get, path = "/v1/events/{event}/messages/{message}/recipients", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message"),
        ListParams),
    responses((status = 200, description = "Recipients by key of the partner", body = ListBody<RecipientBody>)))]
pub async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    Listing(asked): Listing,
) -> Result<Json<ListBody<RecipientBody>>, Problem> {
    let (workspace, event, message) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("message")?);
    let at = At::within(workspace, event.clone(), message.clone());
    if api.store.turn(caller.reader()).await?.directory().one(NamedKind::Message, at).await?.is_none() {
        return Err(Problem::not_found("message"));
    }
    let found = api.store.turn(caller.reader()).await?.directory().recipients(workspace, event, message, asked).await?;
    Ok(Json(ListBody::of(found, RecipientBody::from)))
}

/// List the messages whose recipient a partner is.
#[utoipa::path(get, path = "/v1/events/{event}/partners/{partner}/messages", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("partner" = String, Path, description = "Key of the partner"),
        ListParams),
    responses((status = 200, description = "Messages by key", body = ListBody<MessageBody>)))]
pub async fn received(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    Listing(asked): Listing,
) -> Result<Json<ListBody<MessageBody>>, Problem> {
    let (workspace, event, partner) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("partner")?);
    let at = At::within(workspace, event.clone(), partner.clone());
    if api.store.turn(caller.reader()).await?.directory().one(NamedKind::Partner, at).await?.is_none() {
        return Err(Problem::not_found("partner"));
    }
    let found = api.store.turn(caller.reader()).await?.directory().received(workspace, event, partner, asked).await?;
    Ok(Json(ListBody::from_page(found.items.into_iter().filter_map(Messages::body).collect(), found.next)))
}

/// Add and remove recipients. All partners must be there, or nothing is changed.
#[utoipa::path(post, path = "/v1/events/{event}/messages/{message}/recipients", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ("message" = String, Path, description = "Key of the message")),
    request_body = RecipientsDraft,
    responses((status = 200, description = "What was changed", body = ChangedBody)))]
pub async fn change(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<ChangedBody>, Problem> {
    let (workspace, event, message) = (caller.principal.workspace, path.event(&caller.principal)?, path.key("message")?);
    let RecipientsDraft { add, remove } = sent.read().await?;
    let change = Change::Recipients { workspace, event, message, add: add.clone(), remove: remove.clone(), by: caller.principal.actor };
    match api.ingest.change(change).await.map_err(refused)? {
        Outcome::Recipients { added, removed, total } => Ok(Json(ChangedBody { added, removed, total })),
        Outcome::Missing(missing) => Err(absent(&missing, &[("add", &add), ("remove", &remove)])),
        other => Err(unexpected(&other)),
    }
}

/// Who is to be added and who removed.
struct RecipientsDraft {
    add: Vec<Key>,
    remove: Vec<Key>,
}

documented!(RecipientsDraft);

impl Read for RecipientsDraft {
    const NAME: &'static str = "RecipientsDraft";
    const ABOUT: &'static str = "Partners to add to, and to remove from, the recipients.";

    fn read(fields: &mut Fields) -> Option<Self> {
        const REMOVE: &str = "Keys of partners, at most 10,000; an activity seen later does not bring them back.";
        let add = fields.list("add", KeyText, RECIPIENTS_PER_REQUEST_MAX, "Keys of partners, at most 10,000.");
        let remove = fields.list("remove", KeyText, RECIPIENTS_PER_REQUEST_MAX, REMOVE);
        let adding: std::collections::HashSet<&Key> = add.iter().collect();
        for (index, _) in remove.iter().enumerate().filter(|(_, key)| adding.contains(key)) {
            fields.fault(&format!("remove[{index}]"), "contradiction", "is under add too; name a partner once");
        }
        Some(Self { add, remove })
    }
}

/// A missing event or message is not found; missing partners are faults of the body, each at its place.
fn absent(missing: &[MissingThing], lists: &[(&str, &[Key])]) -> Problem {
    if let Some(thing) = missing.iter().find(|m| m.kind != NamedKind::Partner) {
        return Problem::new(NOT_FOUND, format!("there is no {} {}", thing.kind.as_str(), thing.key));
    }
    let gone: std::collections::HashSet<Key> = missing.iter().map(|m| Key::trusted(&m.key)).collect();
    let mut invalid = Invalid::none();
    for (list, keys) in lists {
        for (index, key) in keys.iter().enumerate().filter(|(_, key)| gone.contains(key)) {
            invalid.push(
                format!("{list}[{index}]"),
                "partner_unknown",
                format!("there is no partner {key} in this event; create it first"),
            );
        }
    }
    Problem::invalid(INVALID, invalid)
}
