//! What each route needs of its caller, checked before its handler runs.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::authenticate::{Caller, Presented};
use super::body::BodyMax;
use super::cors::OfSite;
use super::error::{EVENT_FORBIDDEN, Problem, RIGHT_MISSING, SCOPE_MISSING};
use super::origin;
use super::query::Query;
use super::requests::Known;
use crate::auth::{Actor, Principal, Right, Rights, Scope};
use crate::domain::{Events, Key};
use crate::store::Opened;
use crate::telemetry::{HTTP_REQUESTS, HTTP_SECONDS};

/// What a route needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anybody may ask.
    Nothing,
    /// A credential, whatever its rights.
    Credential,
    /// This right.
    Right(Right),
    /// Any of these rights.
    AnyOf(&'static [Right]),
    /// The right to read, by header, cookie or `?ticket=`.
    Stream,
}

impl Needs {
    /// The rights any of which is enough; none where a credential is, or nothing.
    pub const fn rights(self) -> Rights {
        match self {
            Self::Nothing | Self::Credential => Rights::NONE,
            Self::Right(right) => Rights::of(&[right]),
            Self::AnyOf(rights) => Rights::of(rights),
            Self::Stream => Rights::of(&[Right::Read]),
        }
    }

    /// The scopes any of which is enough for a key.
    pub fn scopes(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| scope.rights().meets(self.rights()))
    }
}

/// A route as the gate before it knows it.
#[derive(Clone)]
pub struct Gate {
    /// Everything the handlers work with.
    pub api: Arc<Api>,
    /// The route's path, as metrics tell it.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Bytes of its largest body.
    pub body_bytes_max: usize,
    /// True where it keeps to its caller's view and mask.
    pub keeps_to_view: bool,
}

/// Lets a request through to its handler with its [`Caller`], or answers for it; counts both.
pub async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (mut known, mut of_site) = (Known::of(gate.path, None), false);
    let mut response = match admit(&gate, request).await {
        Ok(request) => {
            let caller = request.extensions().get::<Caller>();
            known = Known::of(gate.path, caller.map(|caller| &caller.principal));
            of_site = caller.is_some_and(Caller::only_collects);
            let reader = caller.map(Caller::reader);
            let asked = request.method() == Method::GET;
            let response = next.run(request).await;
            match reader {
                Some(reader) => gate.api.answers.hold(reader, asked, response),
                None => response,
            }
        }
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(known);
    if of_site {
        response.extensions_mut().insert(OfSite);
    }
    metrics::histogram!(HTTP_SECONDS, "route" => gate.path).record(started.elapsed());
    metrics::counter!(HTTP_REQUESTS, "route" => gate.path, "status" => status_word(response.status())).increment(1);
    response
}

async fn admit(gate: &Gate, mut request: Request) -> Result<Request, Problem> {
    request.extensions_mut().insert(BodyMax(gate.body_bytes_max));
    if gate.needs == Needs::Nothing {
        return Ok(request);
    }
    let caller = identify(gate, request.uri(), request.headers()).await?;
    if caller.presented == Presented::Cookie {
        origin::check_change(request.method(), request.headers(), &gate.api.config.origins)?;
    }
    allow(&caller.principal, gate.needs, gate.keeps_to_view)?;
    gate.api.authenticator.note_use(caller.principal.actor).await;
    gate.api.people.note_use(&caller.principal, gate.api.clock.now()).await;
    if caller.only_collects() {
        origin::check_site(request.headers(), &caller.origins)?;
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

async fn identify(gate: &Gate, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Problem> {
    if gate.needs == Needs::Stream
        && let Some(ticket) = Query::new(uri.query()).one("ticket")
    {
        let opens = Opened::of(uri.path_and_query().map_or("", |whole| whole.as_str()));
        let resumes = headers.get("last-event-id").is_some_and(|id| !id.is_empty());
        return gate.api.authenticator.by_ticket(&ticket, opens, resumes).await;
    }
    let found = gate.api.authenticator.by_headers(headers).await;
    found.map_err(|problem| problem.in_demo(gate.api.config.demo.is_some()))
}

fn allow(principal: &Principal, needs: Needs, keeps_to_view: bool) -> Result<(), Problem> {
    let (grant, rights) = (&principal.grant, needs.rights());
    // Whoever is held to a view, or to a mask, gets nothing of a route that keeps to neither.
    if !keeps_to_view && (grant.views.is_some() || grant.mask.is_some()) {
        return Err(Problem::new(RIGHT_MISSING, "this shows more than the view that you may see"));
    }
    // Whoever reads the page has its key: it opens nothing that is not named.
    let enough = match needs {
        Needs::Credential => !matches!(principal.actor, Actor::Site(_)),
        _ => rights.is_empty() || grant.rights.meets(rights),
    };
    if enough {
        return Ok(());
    }
    if needs == Needs::Credential {
        return Err(Problem::new(SCOPE_MISSING, "a site key only collects: it sends activities and opens nothing else"));
    }
    Err(match principal.actor.has_scopes() {
        true => Problem::new(SCOPE_MISSING, format!("this needs a key with the scope {}", any_of(needs.scopes().map(Scope::as_str)))),
        false => Problem::new(RIGHT_MISSING, format!("this needs the right {}", any_of(rights.iter().map(Right::as_str)))),
    })
}

fn any_of(words: impl Iterator<Item = &'static str>) -> String {
    words.collect::<Vec<_>>().join(" or ")
}

/// Holds a caller who is bound to events to these.
///
/// # Errors
/// [`EVENT_FORBIDDEN`] when it is another one.
pub fn check_event(principal: &Principal, named: &Key) -> Result<(), Problem> {
    let bound = &principal.grant.events;
    if bound.has(named) { Ok(()) } else { Err(event_forbidden(bound, named.as_str())) }
}

/// Holds that somebody is bound to no event, for `what` is of all of them.
///
/// # Errors
/// [`EVENT_FORBIDDEN`].
pub fn check_whole(principal: &Principal, what: &str) -> Result<(), Problem> {
    let bound = &principal.grant.events;
    if bound.is_all() { Ok(()) } else { Err(event_forbidden(bound, what)) }
}

/// What a handler finds that the caller has no right to.
pub fn right_missing(principal: &Principal, right: Right) -> Problem {
    match principal.actor.has_scopes() {
        true => Problem::new(SCOPE_MISSING, "this needs a key with the scope admin"),
        false => Problem::new(RIGHT_MISSING, format!("this needs the right {}", right.as_str())),
    }
}

/// Who asks is bound to `bound`, and `named` is not of it.
pub fn event_forbidden(bound: &Events, named: &str) -> Problem {
    Problem::new(EVENT_FORBIDDEN, format!("you are bound to {bound} and may not name {named}"))
}

fn status_word(status: StatusCode) -> &'static str {
    const WORDS: [(u16, &str); 21] = [
        (101, "101"),
        (200, "200"),
        (201, "201"),
        (204, "204"),
        (303, "303"),
        (304, "304"),
        (400, "400"),
        (401, "401"),
        (403, "403"),
        (404, "404"),
        (405, "405"),
        (408, "408"),
        (409, "409"),
        (410, "410"),
        (412, "412"),
        (413, "413"),
        (415, "415"),
        (422, "422"),
        (429, "429"),
        (500, "500"),
        (503, "503"),
    ];
    WORDS.iter().find(|(code, _)| *code == status.as_u16()).map_or("other", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::{Needs, allow};
    use crate::auth::{Actor, Grant, Operator, Principal, Right, Role, Scope, Scopes};
    use crate::domain::{Key, Mask};

    fn principal(actor: Actor, grant: Grant) -> Principal {
        Principal { workspace: Operator::assume().workspace(1), actor, credential: 1, root: 1, grant, heard: 0 }
    }

    fn refused(actor: Actor, grant: Grant, needs: Needs) -> Option<(&'static str, String)> {
        let problem = allow(&principal(actor, grant), needs, false).err()?;
        let told = format!("{problem:?}");
        let detail = told.split("detail: \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a detail").to_owned();
        Some((problem.code().word, detail))
    }

    #[test]
    fn keys_are_told_a_scope_and_others_a_right() {
        let (key, member) = (Actor::Key(1), Actor::Member(1));
        let scopes = |scopes: &[Scope]| Grant::of(Scopes::of(scopes).rights());
        let viewer = || Grant::of(Role::Viewer.rights());
        const SEEN: Needs = Needs::AnyOf(&[Right::Read, Right::Directory]);
        for (actor, grant, needs, want) in [
            (key, scopes(&[Scope::Ingest]), Needs::Right(Right::Ingest), None),
            (key, scopes(&[Scope::Admin]), SEEN, None),
            (key, scopes(&[Scope::Read]), Needs::Stream, None),
            (key, scopes(&[]), Needs::Credential, None),
            (key, scopes(&[Scope::Ingest]), SEEN, Some(("scope_missing", "this needs a key with the scope read or admin"))),
            (key, scopes(&[Scope::Admin]), Needs::Stream, Some(("scope_missing", "this needs a key with the scope read"))),
            (Actor::Guest(1), scopes(&[]), Needs::Right(Right::Keys), Some(("scope_missing", "this needs a key with the scope admin"))),
            (Actor::Site(1), scopes(&[Scope::Ingest]), Needs::Right(Right::Ingest), None),
            (
                Actor::Site(1),
                scopes(&[Scope::Ingest]),
                Needs::Credential,
                Some(("scope_missing", "a site key only collects: it sends activities and opens nothing else")),
            ),
            (member, viewer(), Needs::Stream, None),
            (member, viewer(), Needs::Right(Right::Keys), Some(("right_missing", "this needs the right keys"))),
            (member, Grant::default(), SEEN, Some(("right_missing", "this needs the right read or directory"))),
        ] {
            assert_eq!(
                refused(actor, grant.clone(), needs),
                want.map(|(code, told)| (code, told.to_owned())),
                "{actor} {grant:?} {needs:?}"
            );
        }
    }

    #[test]
    fn whoever_is_held_to_a_view_or_a_mask_gets_nothing_that_keeps_to_neither() {
        let read = || Grant::of(Role::Viewer.rights());
        for grant in [Grant { views: Some(vec![Key::trusted("opens")]), ..read() }, Grant { mask: Some(Mask::Contact), ..read() }] {
            for needs in [Needs::Credential, Needs::Stream, Needs::Right(Right::Read)] {
                assert_eq!(refused(Actor::Share(1), grant.clone(), needs).map(|(code, _)| code), Some("right_missing"), "{grant:?}");
            }
        }
    }
}
