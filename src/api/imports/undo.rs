//! Taking an import back.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::bodies::{ImportedBody, UndoBody};
use super::{CHUNK, partners, put_many};
use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::authorise::check_event;
use crate::api::error::{IMPORT_OVER, Problem};
use crate::api::extract::{NoQuery, Path};
use crate::api::lists::ListBody;
use crate::api::nouns::{changed, existing_event, unexpected};
use crate::domain::{Events, Key, fold};
use crate::filter::{Field as Facet, FilterSet};
use crate::import::plan::Partner;
use crate::store::{
    At, Change, Condition, FacetQuery, Import, ImportRow, ImportState, NamedKind, Order, Outcome, PageEnd, PageQuery, Thing, UNDO_MS,
};

/// Removals under way at one time.
const REMOVALS: usize = 64;
/// Bytes of the one activity that is asked for.
const ONE_BYTES_MAX: usize = 256 * 1024;

/// List the imports of an event, newest first.
#[utoipa::path(get, path = "/v1/events/{event}/imports", tag = "Directory", params(("event" = String, Path, description = "Key of the event")),
    responses((status = 200, description = "Imports", body = ListBody<ImportedBody>)))]
pub async fn list(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<ListBody<ImportedBody>>, Problem> {
    let event = existing_event(&api, &caller, path.event(&caller.principal)?).await?;
    let found = api.people.imports.of_event(caller.principal.workspace, event).await?;
    Ok(Json(ListBody::whole(found.into_iter().map(ImportedBody::from).collect())))
}

/// What taking an import back would do: who has acted or was changed since stays.
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "Directory", params(("id" = i64, Path, description = "Number of the import")),
    responses((status = 200, description = "What would go", body = UndoBody)))]
pub async fn look(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<UndoBody>, Problem> {
    let import = existing(&api, &caller, &path).await?;
    let way_back = way_back(&api, &caller, &import.list.event, import.number).await?;
    Ok(Json(way_back.body()))
}

/// Take an import back, for 30 days: partners that it made go, but those that have acted; those that it changed are as before, but
/// those that were changed since. They are named in the answer.
#[utoipa::path(delete, path = "/v1/imports/{id}", tag = "Directory", params(("id" = i64, Path, description = "Number of the import")),
    responses((status = 200, description = "What went", body = UndoBody)))]
pub async fn take_back(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<UndoBody>, Problem> {
    let import = existing(&api, &caller, &path).await?;
    Ok(Json(undo(&api, &caller, &import.list.event, import.number).await?))
}

async fn existing(api: &Api, caller: &Caller, path: &Path) -> Result<Import, Problem> {
    let unknown = || Problem::not_found("import");
    let number = path.text("id").parse::<i64>().map_err(|_| unknown())?;
    let found = api.people.imports.import(caller.principal.workspace, number).await?.ok_or_else(unknown)?;
    check_event(&caller.principal, &found.list.event).map_err(|_| unknown())?;
    let over = api.clock.now().0 > found.list.at.0.saturating_add(UNDO_MS);
    if over || found.state == ImportState::Undone {
        return Err(Problem::new(IMPORT_OVER, IMPORT_OVER.cure));
    }
    Ok(found)
}

/// What it takes to take an import back.
struct WayBack {
    remove: Vec<Key>,
    restore: Vec<(Key, Thing)>,
    kept: Vec<Key>,
}

impl WayBack {
    fn body(&self) -> UndoBody {
        UndoBody { removed: self.remove.len(), restored: self.restore.len(), kept: self.kept.iter().map(ToString::to_string).collect() }
    }
}

async fn way_back(api: &Api, caller: &Caller, event: &Key, import: i64) -> Result<WayBack, Problem> {
    let workspace = caller.principal.workspace;
    let rows = api.people.imports.rows(workspace, import).await?;
    let now: BTreeMap<String, Thing> = partners(api, caller, event)
        .await?
        .into_iter()
        .map(|Partner { key, name, email, company, tags }| {
            (key.folded().to_string(), Thing::Partner { name, email, company, tags }.settled())
        })
        .collect();
    // Everybody who has acted, in one read.
    let by = FacetQuery {
        filter: FilterSet::default(),
        within: FilterSet::of_event(event),
        by: vec![Facet::Partner],
        since: None,
        until: None,
        values_max: usize::MAX,
    };
    let counted = api.store.turn(caller.reader()).await?.log().facets(workspace, by).await?;
    let is_whole = counted.complete;
    let acted: HashSet<String> = counted
        .by
        .into_iter()
        .flat_map(|(_, values)| values)
        .filter(|value| value.count > 0)
        .map(|value| fold(&value.value).into_owned())
        .collect();
    let in_event = |key: &Key| format!("{}/{}", event.folded(), key.folded());
    let has_acted = |key: &Key| acted.contains(&**key.folded()) || acted.contains(&in_event(key));
    let mut way = WayBack { remove: Vec::new(), restore: Vec::new(), kept: Vec::new() };
    for ImportRow { key, was, became } in rows {
        // What could not be counted whole is asked one by one: nobody who has acted goes.
        let acted = has_acted(&key) || !is_whole && was.is_none() && acts(api, caller, event, &key).await?;
        match (now.get(&**key.folded()), was) {
            // It is gone, or was never made.
            (None, _) => {}
            (Some(is), None) if *is == became && !acted => way.remove.push(key),
            (Some(is), Some(was)) if *is == became => way.restore.push((key, was)),
            (Some(is), Some(was)) if *is == was => {}
            _ => way.kept.push(key),
        }
    }
    Ok(way)
}

/// Whether a partner has acted.
async fn acts(api: &Api, caller: &Caller, event: &Key, partner: &Key) -> Result<bool, Problem> {
    let query = PageQuery {
        filter: FilterSet::granted(&Events::only(event.clone()), Some(partner)),
        after: 0,
        up_to: None,
        since: None,
        until: None,
        order: Order::NewestFirst,
        limit: 1,
        bytes_max: ONE_BYTES_MAX,
        corrections: false,
    };
    let page = api.store.turn(caller.reader()).await?.log().page(caller.principal.workspace, query).await?;
    // Where the read did not come to the end it may have.
    Ok(!page.items.is_empty() || page.end != PageEnd::Range)
}

/// Takes it back.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn undo(api: &Api, caller: &Caller, event: &Key, import: i64) -> Result<UndoBody, Problem> {
    let way = way_back(api, caller, event, import).await?;
    let body = way.body();
    for chunk in way.restore.chunks(CHUNK) {
        put_many(api, caller, event, chunk.to_vec()).await?;
    }
    let (workspace, by) = (caller.principal.workspace, caller.principal.actor);
    let remove = |key: Key| async move {
        let at = At::within(workspace, event.clone(), key);
        let change = Change::Remove { at, kind: NamedKind::Partner, condition: Condition::None, by };
        match changed(api, change).await {
            // Somebody else was quicker.
            Ok(Outcome::Removed) => Ok(()),
            Ok(other) => Err(unexpected(&other)),
            Err(problem) if problem.code().status == 404 => Ok(()),
            Err(problem) => Err(problem),
        }
    };
    stream::iter(way.remove).map(remove).buffer_unordered(REMOVALS).try_collect::<()>().await?;
    api.people.imports.settle(workspace, import, ImportState::Undone).await?;
    Ok(body)
}
