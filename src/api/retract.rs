//! Taking back what was sent by mistake: all activities of a filter set are erased, under live readers, counts and seals exact.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::Api;
use super::activities::refused;
use super::authenticate::Caller;
use super::authorise::event_forbidden;
use super::body::Sent;
use super::error::{INTERNAL, INVALID, Problem};
use super::extract::NoQuery;
use super::history::check_history;
use super::nouns::unexpected;
use super::nouns::views::Filter;
use super::read::rule::{Flag, KeyText, Name};
use super::read::{Fields, Read, documented};
use super::wanted::{granted, viewed};
use super::webhooks::Position;
use crate::domain::{ActivityId, Cursor, Invalid, Key, Seq};
use crate::filter::{Conjunction, FilterSet};
use crate::store::{Change, Order, Outcome, PageQuery};

/// Activities that one request takes back.
const RETRACTED_MAX: u64 = 100_000;
/// Activities of one page.
const PAGE: usize = 500;
/// Bytes of one page: only the ids are used.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Erasures under way at one time: those that wait are committed together.
const AT_ONCE: usize = 256;

/// What was taken back, or would be.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Retraction)]
pub struct RetractionBody {
    /// Activities that match.
    matched: u64,
    /// Those that were erased; 0 where it was only looked.
    erased: u64,
    /// Up to where was looked: what comes after it is not among them.
    position: String,
}

/// What is read of an activity.
#[derive(Deserialize)]
struct Identified {
    id: uuid::Uuid,
}

/// Which activities are to be taken back.
struct RetractDraft {
    filter: FilterSet,
    view: Option<Key>,
    after: Option<Cursor>,
    before: Option<Cursor>,
    dry_run: bool,
}

documented!(RetractDraft);

impl Read for RetractDraft {
    const NAME: &'static str = "RetractDraft";
    const ABOUT: &'static str =
        "Which activities are to be taken back. One of `filter`, `view`, `after` and `before` must leave something out.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let filter = fields.optional("filter", Filter, "A FilterSet; everything without it.").unwrap_or_default();
        let view = fields.optional("view", KeyText, "Key of a view, whose filter set must hold too.");
        let after = fields.optional("after", Position, "Only what lies after this cursor.");
        let before = fields.optional("before", Position, "Only what lies up to this cursor.");
        fields.optional("reason", Name, "Why, for those who read the request: it is kept nowhere.");
        let dry_run = fields.optional("dry_run", Flag, "True looks only: how many it would be.").unwrap_or_default();
        if filter.is_everything() && view.is_none() && after.is_none() && before.is_none() && fields.is_fine() {
            fields.fault("filter", "everything", "would take back the whole log; say which activities by filter, view, after or before");
        }
        Some(Self { filter, view, after, before, dry_run })
    }
}

/// Take back activities that were sent by mistake: they are erased, as by `DELETE /v1/activities/{id}`, all that match up to where
/// the log is now. Readers see them go at exact positions; counts and seals are exact. Taken up again after a cut it goes on.
#[utoipa::path(post, path = "/v1/activities:retract", tag = "Activities", request_body = RetractDraft,
    responses((status = 200, description = "Taken back, or with dry_run counted", body = RetractionBody)))]
pub async fn retract(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery, mut sent: Sent) -> Result<Json<RetractionBody>, Problem> {
    let RetractDraft { filter: own, view, after, before, dry_run } = sent.read().await?;
    let (workspace, by) = (caller.principal.workspace, caller.principal.actor);
    let bound = caller.principal.grant.events.clone();
    if own.names_other_event(&bound) {
        return Err(event_forbidden(&bound, "others in filter"));
    }
    for cursor in [after, before].into_iter().flatten() {
        check_history(&api, workspace, cursor).await?;
    }
    let view = match viewed(&api, &caller, view).await? {
        Some(viewed) => viewed.view.wanted(),
        None => FilterSet::default(),
    };
    let filter = Conjunction { grant: granted(&caller.principal), view, own }.whole();
    let head = api.store.head(workspace).await?;
    let from = after.map_or(0, |cursor| cursor.seq);
    let up_to = before.map_or(head.seq, |cursor| cursor.seq.min(head.seq));
    let matched = count(&api, &caller, &filter, from, up_to).await?;
    let position = head.cursor().to_string();
    if dry_run {
        return Ok(Json(RetractionBody { matched, erased: 0, position }));
    }
    if matched > RETRACTED_MAX {
        let many =
            format!("are {matched} activities; at most {RETRACTED_MAX} at once: narrow it by after and before, and take back part by part");
        return Err(Problem::invalid(INVALID, Invalid::one("filter", "too_many", many)));
    }
    // By whom and how many: a log never holds what somebody wrote.
    tracing::warn!(%by, matched, "activities are taken back");
    let (mut erased, mut reached) = (0, from);
    while reached < up_to {
        let (ids, next) = page(&api, &caller, &filter, reached, up_to).await?;
        let within = &bound;
        let erase = |id: ActivityId| {
            let change = Change::Erase { workspace, id, within: within.clone(), by };
            let api = &api;
            async move {
                match api.ingest.change(change).await.map_err(refused)? {
                    Outcome::Erased => Ok(1u64),
                    // Somebody else was quicker.
                    Outcome::Gone | Outcome::NoActivity => Ok(0),
                    other => Err(unexpected(&other)),
                }
            }
        };
        let done: Vec<u64> = stream::iter(ids).map(erase).buffer_unordered(AT_ONCE).try_collect().await?;
        erased += done.into_iter().sum::<u64>();
        if next <= reached {
            break;
        }
        reached = next;
    }
    Ok(Json(RetractionBody { matched, erased, position }))
}

/// How many match, one short read a turn.
async fn count(api: &Api, caller: &Caller, filter: &FilterSet, from: Seq, to: Seq) -> Result<u64, Problem> {
    let (mut reached, mut total) = (from, 0);
    while reached < to {
        let turn = api.store.turn(caller.reader()).await?;
        let found = turn.log().count(caller.principal.workspace, filter.clone(), reached, to).await?;
        total += found.stored;
        if found.reached <= reached {
            break;
        }
        reached = found.reached;
    }
    Ok(total)
}

/// Ids of a page, and where it ended.
async fn page(api: &Api, caller: &Caller, filter: &FilterSet, after: Seq, up_to: Seq) -> Result<(Vec<ActivityId>, Seq), Problem> {
    let query = PageQuery {
        filter: filter.clone(),
        after,
        up_to: Some(up_to),
        since: None,
        until: None,
        order: Order::OldestFirst,
        limit: PAGE,
        bytes_max: PAGE_BYTES_MAX,
        corrections: false,
    };
    let page = api.store.turn(caller.reader()).await?.log().page(caller.principal.workspace, query).await?;
    let mut ids = Vec::with_capacity(page.items.len());
    for item in &page.items {
        let Identified { id } = serde_json::from_slice(&item.body).map_err(|fault| {
            tracing::error!(%fault, seq = item.seq, "the body of an activity cannot be read");
            Problem::new(INTERNAL, INTERNAL.cure)
        })?;
        ids.push(ActivityId(id));
    }
    Ok((ids, page.reached))
}
