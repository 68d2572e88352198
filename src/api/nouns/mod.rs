//! The nouns of the directory: each file says what one of them holds, and the verbs are written here, once for all.
//!
//! A new noun is a file with its [`Noun`], and a line in the route table.

pub mod alerts;
pub mod campaigns;
pub mod channels;
pub mod events;
pub mod flavors;
pub mod messages;
pub mod partners;
pub mod recipients;
pub mod views;
pub mod walls;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, routing};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Api;
use super::activities;
use super::authenticate::Caller;
use super::authorise::Needs;
use super::body::{JSON, MERGE_PATCH, Sent};
use super::conditions::{self, entity_tag};
use super::error::{IN_USE, INTERNAL, INVALID, NOT_FOUND, OVERLOADED, Problem};
use super::extract::{Listing, NoQuery, Path};
use super::lists::{ListBody, ListParams};
use super::operation::Operation;
use super::read::{self, Read};
use super::routes::Route;
use crate::auth::Principal;
use crate::domain::{Events, Invalid, Key};
use crate::store::{At, Change, Condition, MissingThing, NamedKind, Outcome, Record, Thing};

/// How often a patch is tried again that somebody else's change came before.
const PATCH_TRIES: usize = 8;

/// One noun of the directory.
pub trait Noun: Send + Sync + 'static {
    /// Which kind of thing it is.
    const KIND: NamedKind;
    /// Path of its list; it stands in an event where the path names one.
    const LIST: &'static str;
    /// Path of one.
    const ONE: &'static str;
    /// As in *read an event*.
    const A: &'static str;
    /// As in *list the partners of an event*.
    const MANY: &'static str;
    /// Bytes of its largest body.
    const BODY_BYTES_MAX: usize;
    /// Whether [`Noun::check`] looks at what is there.
    const IS_CHECKED: bool = false;
    /// Whether it is told with how it stands, so that it is never the same as before.
    const IS_LIVE: bool = false;
    /// What is sent.
    type Draft: Read;
    /// What is read.
    type Body: Serialize + ToSchema + Send;

    /// What is put, by somebody.
    fn thing(draft: Self::Draft, by: &Principal) -> Thing;
    /// What is read of a record; `None` for one of another kind.
    fn body(record: Record) -> Option<Self::Body>;

    /// Whether it exists for somebody who may read; most of a workspace does for all.
    fn is_seen(_: &Record, _: &Principal) -> bool {
        true
    }

    /// What follows of a change that was made of one: `created` where it was not there before, no body where it is no more.
    fn follow(_: &Api, _: &At, _created: bool, _: Option<&mut Self::Body>) -> impl Future<Output = Result<(), Problem>> + Send {
        std::future::ready(Ok(()))
    }

    /// Brings a thing that is to be put into the form in which it is kept.
    ///
    /// # Errors
    /// What stands against it.
    fn settle(_: &Api, _: &mut Thing) -> Result<(), Problem> {
        Ok(())
    }

    /// Adds to what is read how it stands.
    fn tell(_: &Api, _: &At, _: &mut Self::Body) {}

    /// Whether somebody who may write may put `_new`, or remove what is there, in the place of `_now`.
    ///
    /// # Errors
    /// What stands against it.
    fn check(_new: Option<&Thing>, _now: Option<&Record>, _: &Principal) -> Result<(), Problem> {
        Ok(())
    }
}

/// The routes of a noun, for who may read and who may write it.
pub fn rows<N: Noun>(reads: Needs, writes: Needs) -> Vec<Route> {
    let row = |method, path, needs, body_bytes_max, handler, operation| Route {
        method,
        path,
        needs,
        body_bytes_max,
        keeps_to_view: false,
        handler,
        operation,
    };
    vec![
        row("GET", N::LIST, reads, 0, routing::get(list::<N>), Some(described::list::<N>)),
        row("GET", N::ONE, reads, 0, routing::get(get::<N>), Some(described::get::<N>)),
        row("PUT", N::ONE, writes, N::BODY_BYTES_MAX, routing::put(put::<N>), Some(described::put::<N>)),
        row("PATCH", N::ONE, writes, N::BODY_BYTES_MAX, routing::patch(patch::<N>), Some(described::patch::<N>)),
        row("DELETE", N::ONE, writes, 0, routing::delete(delete::<N>), Some(described::delete::<N>)),
    ]
}

/// One thing that a request is about, and who asks; the query holds nothing.
struct One<N> {
    caller: Caller,
    at: At,
    noun: PhantomData<N>,
}

impl<N: Noun> FromRequestParts<Arc<Api>> for One<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        let path = Path::from_request_parts(parts, api).await?;
        let event = path.event_if_any(&caller.principal)?;
        // An event is not held by another.
        let (event, key) = match (N::KIND, event) {
            (NamedKind::Event, Some(itself)) => (None, itself),
            (_, event) => (event, path.key(N::KIND.as_str())?),
        };
        NoQuery::from_request_parts(parts, api).await?;
        let at = At { workspace: caller.principal.workspace, event, key };
        Ok(Self { caller, at, noun: PhantomData })
    }
}

impl<N: Noun> One<N> {
    async fn find(&self, api: &Api) -> Result<Option<Record>, Problem> {
        Ok(api.store.turn(self.caller.reader()).await?.directory().one(N::KIND, self.at.clone()).await?)
    }

    async fn record(&self, api: &Api) -> Result<Record, Problem> {
        let found = self.find(api).await?.filter(|record| N::is_seen(record, &self.caller.principal));
        found.ok_or_else(|| Problem::not_found(N::KIND.as_str()))
    }

    /// Puts it. What its body names and is not there is a fault of the body; what its path names is not found.
    async fn put(&self, api: &Api, thing: Thing, condition: Condition) -> Result<Outcome, Problem> {
        let change = Change::Put { at: self.at.clone(), thing, condition, by: self.caller.principal.actor };
        match api.ingest.change(change).await.map_err(activities::refused)? {
            Outcome::Missing(missing) if self.at.event.is_none() => {
                let mut faults = Invalid::none();
                for MissingThing { kind, key } in missing {
                    let word = kind.as_str();
                    // Channels are named in lists.
                    let path = if kind == NamedKind::Channel { "to" } else { word };
                    faults.push(path, kind.unknown(), format!("there is no {word} {key}; make it first"));
                }
                Err(Problem::invalid(INVALID, faults))
            }
            outcome => found(outcome),
        }
    }
}

async fn list<N: Noun>(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    Listing(asked): Listing,
) -> Result<Json<ListBody<N::Body>>, Problem> {
    // Of events those that somebody is bound to; all else stands in the event of its path.
    let within = match path.event_if_any(&caller.principal)? {
        Some(event) => Events::only(existing_event(&api, &caller, event).await?),
        None if N::KIND == NamedKind::Event => caller.principal.grant.events.clone(),
        None => Events::ALL,
    };
    let turn = api.store.turn(caller.reader()).await?;
    let found = turn.directory().list(N::KIND, caller.principal.workspace, within, asked).await?;
    drop(turn);
    let mut bodies = Vec::with_capacity(found.items.len());
    for record in found.items.into_iter().filter(|record| N::is_seen(record, &caller.principal)) {
        let at = At { workspace: caller.principal.workspace, event: None, key: record.key.clone() };
        let mut body = N::body(record).ok_or_else(other_kind)?;
        N::tell(&api, &at, &mut body);
        bodies.push(body);
    }
    Ok(Json(ListBody::from_page(bodies, found.next)))
}

async fn get<N: Noun>(State(api): State<Arc<Api>>, one: One<N>, headers: HeaderMap) -> Result<Response, Problem> {
    let record = one.record(&api).await?;
    let tag = entity_tag(&record);
    if !N::IS_LIVE && conditions::is_known(&headers, &tag)? {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    shown::<N>(&api, &one.at, StatusCode::OK, record, None).await
}

async fn put<N: Noun>(State(api): State<Arc<Api>>, one: One<N>, mut sent: Sent) -> Result<Response, Problem> {
    // A body that cannot be used is told before what stands against it.
    let draft = sent.read::<N::Draft>().await?;
    let condition = conditions::of_put(&sent.headers)?;
    drop(sent);
    let mut thing = N::thing(draft, &one.caller.principal);
    N::settle(&api, &mut thing)?;
    if N::IS_CHECKED {
        N::check(Some(&thing), one.find(&api).await?.as_ref(), &one.caller.principal)?;
    }
    match one.put(&api, thing, condition.clone()).await? {
        Outcome::Put { created, record } => {
            shown::<N>(&api, &one.at, if created { StatusCode::CREATED } else { StatusCode::OK }, record, Some(created)).await
        }
        Outcome::Refused { now, .. } => Err(conditions::refused(N::KIND, &condition, now.as_ref())),
        Outcome::Full { kind, most } => {
            let word = kind.as_str();
            let full = format!("there are {most} of the kind {word}, as many as there may be; delete one first");
            Err(Problem::invalid(INVALID, Invalid::one("", "too_many", full)))
        }
        other => Err(unexpected(&other)),
    }
}

async fn patch<N: Noun>(State(api): State<Arc<Api>>, one: One<N>, mut sent: Sent) -> Result<Response, Problem> {
    let patch = sent.patch().await?;
    let condition = conditions::of_change(&sent.headers)?;
    drop(sent);
    for _ in 0..PATCH_TRIES {
        let record = one.record(&api).await?;
        if !condition.holds(Some(&record)) {
            return Err(conditions::refused(N::KIND, &condition, Some(&record)));
        }
        let only_then = Condition::Unchanged(vec![record.tag()]);
        let draft = read::read(read::merge::merged(given_of::<N>(record.clone())?, patch.clone()), N::Draft::read)?;
        let mut thing = N::thing(draft, &one.caller.principal);
        N::settle(&api, &mut thing)?;
        N::check(Some(&thing), Some(&record), &one.caller.principal)?;
        match one.put(&api, thing, only_then).await? {
            Outcome::Put { record, .. } => {
                return shown::<N>(&api, &one.at, StatusCode::OK, record, Some(false)).await;
            }
            // Somebody else was faster: what they wrote is patched instead, or stands against the caller's condition.
            Outcome::Refused { .. } => {}
            other => return Err(unexpected(&other)),
        }
    }
    Err(Problem::new(OVERLOADED, format!("the {} is changed all the time; try again in a moment", N::KIND.as_str())).retry_after(1))
}

async fn delete<N: Noun>(State(api): State<Arc<Api>>, one: One<N>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    let condition = conditions::of_change(&headers)?;
    if N::IS_CHECKED {
        N::check(None, Some(&one.record(&api).await?), &one.caller.principal)?;
    }
    let change = Change::Remove { at: one.at.clone(), kind: N::KIND, condition: condition.clone(), by: one.caller.principal.actor };
    match changed(&api, change).await? {
        Outcome::Removed => {
            N::follow(&api, &one.at, false, None).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Outcome::Refused { now, .. } => Err(conditions::refused(N::KIND, &condition, now.as_ref())),
        Outcome::InUse { kind, by } => Err(Problem::new(IN_USE, format!("the {} {} is in use by {by}", kind.as_str(), one.at.key))),
        other => Err(unexpected(&other)),
    }
}

/// A thing as it is read, with its entity tag; what follows of a change is done before.
async fn shown<N: Noun>(api: &Api, at: &At, status: StatusCode, record: Record, created: Option<bool>) -> Result<Response, Problem> {
    let tag = entity_tag(&record);
    let mut body = N::body(record).ok_or_else(other_kind)?;
    if let Some(created) = created {
        N::follow(api, at, created, Some(&mut body)).await?;
    }
    N::tell(api, at, &mut body);
    Ok((status, [(header::ETAG, tag)], Json(body)).into_response())
}

/// What was given of a thing: of what is read, the fields that can be sent.
fn given_of<N: Noun>(record: Record) -> Result<Map<String, Value>, Problem> {
    let body = serde_json::to_value(N::body(record).ok_or_else(other_kind)?);
    let Ok(Value::Object(mut fields)) = body else { return Err(Problem::new(INTERNAL, INTERNAL.cure)) };
    let schema = read::schema::<N::Draft>();
    fields.retain(|name, _| schema["properties"].get(name).is_some());
    Ok(fields)
}

/// Hands a change to the one writer; what it names and is not there is not found.
///
/// # Errors
/// [`NOT_FOUND`], or what [`activities::refused`] tells.
pub async fn changed(api: &Api, change: Change) -> Result<Outcome, Problem> {
    found(api.ingest.change(change).await.map_err(activities::refused)?)
}

fn found(outcome: Outcome) -> Result<Outcome, Problem> {
    match outcome {
        Outcome::Missing(missing) => {
            let named: Vec<_> = missing.iter().map(|m| format!("{} {}", m.kind.as_str(), m.key)).collect();
            Err(Problem::new(NOT_FOUND, format!("there is no {}", named.join(", no "))))
        }
        outcome => Ok(outcome),
    }
}

/// Holds that an event is there: an empty list would say that it is, and empty.
///
/// # Errors
/// [`NOT_FOUND`].
pub async fn existing_event(api: &Api, caller: &Caller, event: Key) -> Result<Key, Problem> {
    let at = At::top(caller.principal.workspace, event.clone());
    let found = api.store.turn(caller.reader()).await?.directory().one(NamedKind::Event, at).await?;
    found.map(|_| event).ok_or_else(|| Problem::not_found("event"))
}

/// The writer answered something that belongs to another change.
pub fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "the writer answered with the outcome of another change");
    Problem::new(INTERNAL, INTERNAL.cure)
}

fn other_kind() -> Problem {
    tracing::error!("the store gave a thing of another kind than it was asked for");
    Problem::new(INTERNAL, INTERNAL.cure)
}

/// What the document says of each verb.
mod described {
    use utoipa::ToSchema as _;

    use super::{JSON, ListBody, ListParams, MERGE_PATCH, Noun, Operation, Read, read};

    const IF_MATCH: &str = "`*`, or ETags as they were read: only while the thing is as it was then (412 otherwise)";

    pub(super) fn list<N: Noun>() -> Operation {
        let summary = format!("List {}.", N::MANY);
        let name = format!("ListBody_{}", N::Body::name());
        Operation::of_directory(summary, N::LIST).with::<ListParams>().answers::<ListBody<N::Body>>("200", &name, "By key", false)
    }

    pub(super) fn get<N: Noun>() -> Operation {
        Operation::of_directory(format!("Read {}.", N::A), N::ONE)
            .header("If-None-Match", "ETags as they were read: 304 when it is still so")
            .answers::<N::Body>("200", &N::Body::name(), "As it is now", true)
            .says("304", "It is as it was")
    }

    pub(super) fn put<N: Noun>() -> Operation {
        Operation::of_directory(format!("Make {}, or replace it whole.", N::A), N::ONE)
            .header("If-None-Match", "`*`: only where nothing has the key yet, compared by fold. Without it what is there is replaced.")
            .header("If-Match", IF_MATCH)
            .takes(&[JSON], N::Draft::NAME.to_owned(), read::standing_in(read::schema::<N::Draft>()))
            .answers::<N::Body>("201", &N::Body::name(), "Created", true)
            .answers::<N::Body>("200", &N::Body::name(), "Replaced", true)
            .says("412", "The condition does not hold; `errors` says why")
    }

    pub(super) fn patch<N: Noun>() -> Operation {
        let name = N::Draft::NAME.replace("Draft", "Patch");
        Operation::of_directory(format!("Change fields of {}.", N::A), N::ONE)
            .header("If-Match", IF_MATCH)
            .takes(&[MERGE_PATCH, JSON], name, read::standing_in(read::patch_schema::<N::Draft>()))
            .answers::<N::Body>("200", &N::Body::name(), "As it is now", true)
            .says("412", "The condition does not hold; `errors` says why")
    }

    pub(super) fn delete<N: Noun>() -> Operation {
        Operation::of_directory(format!("Delete {}.", N::A), N::ONE)
            .header("If-Match", IF_MATCH)
            .says("204", "Deleted: out of lists and reads. Activities that name it stay, and filters by its key find them")
            .says("409", "It is in use (`in_use`)")
            .says("412", "The condition does not hold; `errors` says why")
    }
}
