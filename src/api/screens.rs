//! Screens of walls: what each shows, as it says, and what it is told to do.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Api;
use super::authenticate::{Caller, Presented, SCREEN_COOKIE, cookie};
use super::body::Sent;
use super::credentials::revoke;
use super::error::{INTERNAL, INVALID, Problem, RIGHT_MISSING};
use super::extract::{NoQuery, Path};
use super::lists::ListBody;
use super::nouns::walls::{WallBody, Walls};
use super::nouns::{Noun, changed, unexpected};
use super::pairing::screen_cookie;
use super::read::rule::{KeyText, Name, OneOf, Time};
use super::read::{Fields, Read, documented};
use crate::auth::Actor;
use crate::domain::{Invalid, Key, Mask, UnixMs};
use crate::screens::{Order, Shown, State as Shows};
use crate::store::{At, Banner, Change, ChangedName, Condition, Credential, Layout, NamedKind, Outcome, Record, Thing, Wall};

/// A screen, as whoever looks after it sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Screen)]
pub struct ScreenBody {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// Key of the wall that it shows.
    #[schema(required = true)]
    wall: Option<String>,
    /// `live`, `behind`, `frozen` (it talks and paints nothing), `clock` (its clock is wrong), `stale` (not heard of, it reconnects),
    /// `gone`, or `new` (never heard of).
    state: &'static str,
    /// Since when it is so, where that is known.
    #[schema(required = true, format = DateTime)]
    since: Option<String>,
    /// Seconds that its picture is behind, or its clock ahead.
    #[schema(required = true)]
    by_s: Option<f64>,
    /// True when it runs another build of the page than this server has.
    old_build: bool,
    /// When it was last heard of.
    #[schema(required = true, format = DateTime)]
    seen_at: Option<String>,
    /// When it last painted, by its own clock.
    #[schema(required = true, format = DateTime)]
    painted_at: Option<String>,
    /// Frames a second.
    #[schema(required = true)]
    fps: Option<u16>,
    /// Which build of the page it runs.
    #[schema(required = true)]
    build: Option<String>,
    /// Width of its picture in CSS pixels.
    #[schema(required = true)]
    width: Option<u32>,
    /// Height of its picture.
    #[schema(required = true)]
    height: Option<u32>,
    /// When it was paired.
    #[schema(format = DateTime)]
    created_at: String,
}

/// What a screen is to show.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ScreenTask)]
pub struct TaskBody {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// Name of its workspace.
    workspace: String,
    /// The wall.
    wall: WallBody,
    /// Its views, in the order that they are shown.
    views: Vec<TaskView>,
    /// Which build of the page this server has.
    build: String,
    /// What fires and is told here: of its views, and of the server where it is a team's; nothing where visitors see it.
    alerts: Vec<TaskAlert>,
    /// What it was told to do of late.
    #[schema(required = true)]
    order: Option<OrderBody>,
    /// The time of day.
    #[schema(format = DateTime)]
    server_time: String,
}

/// An alert that fires, as a screen shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaskAlert {
    /// Its name.
    name: String,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// Who is on it.
    #[schema(required = true)]
    acknowledged_by: Option<String>,
}

/// A view as a screen knows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaskView {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// Key of the one event that it is of.
    #[schema(required = true)]
    event: Option<String>,
    /// Name of that event.
    #[schema(required = true)]
    event_name: Option<String>,
    /// IANA time zone of the view.
    #[schema(required = true)]
    zone: Option<String>,
}

/// What a screen was told to do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ScreenOrder)]
pub struct OrderBody {
    /// It is followed once: another number is another order.
    number: u64,
    /// `blink`, `test`, `reload` or `rotate`.
    say: &'static str,
    /// When it was said.
    #[schema(format = DateTime)]
    at: String,
}

impl ScreenBody {
    pub(super) fn of(screen: &Credential, shown: Option<Shown>, build: &str, now: UnixMs) -> Self {
        let state = shown.as_ref().map_or_else(|| Shows::unheard(screen.used_at, now), |shown| shown.state(now));
        let (since, by_ms) = match state {
            Shows::Frozen(at) | Shows::Stale(at) | Shows::Gone(at) => (Some(at), None),
            Shows::Behind(ms) | Shows::Clock(ms) => (None, Some(ms)),
            Shows::Live | Shows::New => (None, None),
        };
        let report = shown.as_ref().map(|shown| &shown.report);
        Self {
            id: screen.number,
            name: screen.name.clone(),
            wall: screen.wall.as_ref().map(ToString::to_string),
            state: state.as_str(),
            since: since.map(|at| at.to_string()),
            by_s: by_ms.map(|ms| ms as f64 / 1_000.0),
            old_build: report.is_some_and(|report| report.build != build),
            seen_at: shown.as_ref().map(|shown| shown.at).or(screen.used_at).map(|at| at.to_string()),
            painted_at: report.map(|report| report.painted_at.to_string()),
            fps: report.map(|report| report.fps),
            build: report.map(|report| report.build.clone()),
            width: report.map(|report| report.width),
            height: report.map(|report| report.height),
            created_at: screen.created_at.to_string(),
        }
    }
}

/// What of a screen is to be another.
struct ScreenChange {
    name: Option<String>,
    wall: Option<Key>,
}

/// What a screen is to do.
struct OrderDraft(Order);

/// A banner, or none any more.
struct BannerDraft(Option<Banner>);

documented!(ScreenChange, OrderDraft, BannerDraft);

impl Read for ScreenChange {
    const NAME: &'static str = "ScreenChange";
    const ABOUT: &'static str = "What of a screen is to be another.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", Name, "Where it hangs.");
        let wall = fields.optional("wall", KeyText, "Key of the wall that it is to show.");
        Some(Self { name, wall })
    }
}

impl Read for OrderDraft {
    const NAME: &'static str = "OrderDraft";
    const ABOUT: &'static str = "What a screen is to do, once.";

    fn read(fields: &mut Fields) -> Option<Self> {
        const SAY: &str = "`blink` shows its name, `test` the test picture, `rotate` the next view; `reload` loads the page anew.";
        let say = fields.required("say", OneOf(Order::WORDS), SAY);
        Some(Self(say.and_then(Order::parse)?))
    }
}

impl Read for BannerDraft {
    const NAME: &'static str = "BannerDraft";
    const ABOUT: &'static str = "What hangs over a wall for a while.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let text = fields.optional("text", Name, "What it says; without it the one that hangs is taken away.");
        let until = fields.optional("until", Time, "When it goes by itself.");
        match (text, until) {
            (Some(text), Some(until)) => Some(Self(Some(Banner { text, until }))),
            (Some(_), None) => {
                if fields.is_fine() {
                    fields.fault("until", "no_end", "is required with text: a banner has an end");
                }
                None
            }
            (None, _) => Some(Self(None)),
        }
    }
}

/// List screens in the order that they were paired, each as it is now.
#[utoipa::path(get, path = "/v1/screens", tag = "Walls", responses((status = 200, description = "Screens", body = ListBody<ScreenBody>)))]
pub async fn list(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<ListBody<ScreenBody>>, Problem> {
    let (now, build) = (api.clock.now(), crate::web::wall_build());
    let found = visible(&api, &caller).await?;
    let bodies = found.iter().map(|screen| ScreenBody::of(screen, api.readers.screens().shown(screen.number), &build, now));
    Ok(Json(ListBody::whole(bodies.collect())))
}

/// Screens that exist for the caller.
async fn visible(api: &Api, caller: &Caller) -> Result<Vec<Credential>, Problem> {
    let mut found = api.store.keyring.screens(caller.principal.workspace).await?;
    found.retain(|screen| caller.principal.grant.events.cover(&screen.events));
    Ok(found)
}

async fn one(api: &Api, caller: &Caller, path: &Path) -> Result<Credential, Problem> {
    let number = path.text("id").parse::<i64>().map_err(|_| Problem::not_found("screen"))?;
    let found = visible(api, caller).await?.into_iter().find(|screen| screen.number == number);
    found.ok_or_else(|| Problem::not_found("screen"))
}

/// The wall of a path, for somebody who sees it.
pub(super) async fn wall_of(api: &Api, caller: &Caller, key: Key) -> Result<Record, Problem> {
    let at = At::top(caller.principal.workspace, key);
    let found = api.store.turn(caller.reader()).await?.directory().one(NamedKind::Wall, at).await?;
    found.filter(|record| Walls::is_seen(record, &caller.principal)).ok_or_else(|| Problem::not_found("wall"))
}

/// Give a screen another name, or let it show another wall.
#[utoipa::path(patch, path = "/v1/screens/{id}", tag = "Walls", request_body = ScreenChange,
    params(("id" = i64, Path, description = "Number of the screen")),
    responses((status = 200, description = "As it is now", body = ScreenBody)))]
pub async fn change(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<ScreenBody>, Problem> {
    let ScreenChange { name, wall } = sent.read().await?;
    let screen = one(&api, &caller, &path).await?;
    let moves = wall.is_some();
    let wall = match wall {
        Some(key) => {
            let missing =
                |_| Problem::invalid(INVALID, Invalid::one("wall", "unknown_wall", format!("there is no wall {key}; make it first")));
            wall_of(&api, &caller, key.clone()).await.map_err(missing)?.key
        }
        None => screen.wall.clone().ok_or_else(|| Problem::not_found("wall"))?,
    };
    let workspace = caller.principal.workspace;
    let changed = api.store.keyring.change_screen(workspace, screen.number, name.unwrap_or(screen.name), wall).await?;
    let changed = changed.ok_or_else(|| Problem::not_found("screen"))?;
    if moves {
        // It comes back and reads what it may from now on.
        api.readers.revoked(&[screen.number]);
    } else {
        announce(&api, &changed).await;
    }
    Ok(Json(ScreenBody::of(&changed, api.readers.screens().shown(changed.number), &crate::web::wall_build(), api.clock.now())))
}

/// Revoke a screen: it shows a code again, and can be paired anew.
#[utoipa::path(delete, path = "/v1/screens/{id}", tag = "Walls", params(("id" = i64, Path, description = "Number of the screen")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_screen(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let screen = one(&api, &caller, &path).await?;
    revoke(&api, caller.principal.workspace, screen.number, caller.principal.actor).await?;
    api.readers.screens().forget(screen.number);
    Ok(StatusCode::NO_CONTENT)
}

/// Tell a screen to do something, once: it does so within a second, if it is there.
#[utoipa::path(post, path = "/v1/screens/{id}/orders", tag = "Walls", request_body = OrderDraft,
    params(("id" = i64, Path, description = "Number of the screen")), responses((status = 204, description = "Told")))]
pub async fn order(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery, mut sent: Sent) -> Result<StatusCode, Problem> {
    let OrderDraft(order) = sent.read().await?;
    let screen = one(&api, &caller, &path).await?;
    api.readers.screens().tell(screen.number, order, api.clock.now());
    announce(&api, &screen).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets the screens of a wall look at what they are to show: they hear of it as of any change of the wall.
async fn announce(api: &Api, screen: &Credential) {
    let Some(wall) = &screen.wall else { return };
    let event = screen.events.keys().and_then(<[Key]>::first).map_or_else(|| "".into(), |event| event.folded().clone());
    let name = ChangedName { workspace: screen.workspace, kind: NamedKind::Wall, event, key: wall.as_str().into() };
    api.readers.changed(screen.workspace, [Arc::new(name)].into()).await;
}

/// Hang a banner over a wall, up to its end, or take it away.
#[utoipa::path(post, path = "/v1/walls/{wall}/banner", tag = "Walls", request_body = BannerDraft,
    params(("wall" = String, Path, description = "Key of the wall")), responses((status = 200, description = "As it is now", body = WallBody)))]
pub async fn banner(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<WallBody>, Problem> {
    let BannerDraft(banner) = sent.read().await?;
    loop {
        let record = wall_of(&api, &caller, path.key("wall")?).await?;
        let only_then = Condition::Unchanged(vec![record.tag()]);
        let Thing::Wall { name, wall } = record.thing else { return Err(Problem::not_found("wall")) };
        let wall = Box::new(Wall { banner: banner.clone(), ..*wall });
        let at = At::top(caller.principal.workspace, record.key.clone());
        let change = Change::Put { at, thing: Thing::Wall { name, wall }, condition: only_then, by: caller.principal.actor };
        match changed(&api, change).await? {
            Outcome::Put { record, .. } => {
                return Walls::body(record).map(Json).ok_or_else(|| Problem::new(INTERNAL, INTERNAL.cure));
            }
            // Somebody else was faster: their wall gets the banner.
            Outcome::Refused { .. } => {}
            other => return Err(unexpected(&other)),
        }
    }
}

/// What this screen is to show. Each answer lets the cookie of a screen last for another 400 days.
#[utoipa::path(get, path = "/v1/screen", tag = "Walls", responses((status = 200, description = "What it is to show", body = TaskBody)))]
pub async fn task(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, headers: HeaderMap) -> Result<Response, Problem> {
    let Actor::Screen(number) = caller.principal.actor else {
        return Err(Problem::new(RIGHT_MISSING, "only a screen of a wall is told what it shows; GET /v1/walls tells of walls"));
    };
    let workspace = caller.principal.workspace;
    let screen = api.store.keyring.credential(workspace, number).await?.ok_or_else(|| Problem::not_found("screen"))?;
    let key = screen.wall.clone().ok_or_else(|| Problem::not_found("wall"))?;
    let turn = api.store.turn(caller.reader()).await?;
    let found = turn.directory().one(NamedKind::Wall, At::top(workspace, key)).await?;
    let Some(Record { key, thing: Thing::Wall { name, mut wall }, .. }) = found else { return Err(Problem::not_found("wall")) };
    let mut views = Vec::with_capacity(wall.views.len());
    for key in &wall.views {
        let Some((name, view)) = turn.seen_view(key.clone(), caller.principal.actor, &screen.events).await? else { continue };
        let event_name = match &view.event {
            Some(event) => {
                turn.directory().one(NamedKind::Event, At::top(workspace, event.clone())).await?.map(|e| e.thing.name().to_owned())
            }
            None => None,
        };
        views.push(TaskView { key: key.to_string(), name, event: view.event.map(|event| event.to_string()), event_name, zone: view.zone });
    }
    drop(turn);
    let now = api.clock.now();
    wall.banner = wall.banner.filter(|banner| banner.until > now);
    let order = api.readers.screens().told(number, now);
    // Visitors are not to worry; and a wall of one event tells nothing of others, nor of the server.
    let is_whole = screen.events.is_all();
    let tells = |view: Option<&Key>| match view {
        Some(view) => wall.views.contains(view) || is_whole && wall.layout == Layout::System,
        None => is_whole,
    };
    let firing = if wall.mask == Some(Mask::Names) { Vec::new() } else { api.alerts.firing(workspace) };
    let alerts = firing.into_iter().filter(|(_, _, view, _)| tells(view.as_ref())).map(|(_, name, _, stands)| TaskAlert {
        name,
        since: stands.since.to_string(),
        acknowledged_by: stands.acknowledged.map(|(by, _)| by),
    });
    let alerts = alerts.collect();
    let body = TaskBody {
        id: number,
        name: screen.name,
        workspace: api.store.keyring.workspace(workspace).await?.name,
        wall: WallBody::of(key.to_string(), name, *wall),
        views,
        build: crate::web::wall_build(),
        alerts,
        order: order.map(|told| OrderBody { number: told.number, say: told.order.as_str(), at: told.at.to_string() }),
        server_time: now.to_string(),
    };
    let mut response = Json(body).into_response();
    if caller.presented == Presented::Cookie
        && let Some(secret) = cookie(&headers, SCREEN_COOKIE)
    {
        response.headers_mut().insert(header::SET_COOKIE, screen_cookie(secret, &headers));
    }
    Ok(response)
}
