//! Counting activities: by value of fields, and by time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::tz::TimeZone;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Api;
use super::authenticate::Caller;
use super::buckets::{Width, parse_zone, stretches};
use super::error::{PARAMETER_INVALID, Problem};
use super::history::{check_continues, check_history};
use super::query::Query;
use super::wanted::wanted;
use crate::domain::limits::FACET_VALUES_MAX;
use crate::domain::{Cursor, Invalid, Mask, UnixMs};
use crate::filter::Field;
use crate::store::{At, FacetQuery, FacetValue, Facets, HistogramQuery, NamedKind};
use crate::wire::A_PARTNER;

const MINUTE_MS: i64 = 60_000;

/// Counts by value.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Counts)]
pub struct CountsBody {
    /// The position that was counted up to.
    position: String,
    /// Activities that match the whole filter set.
    total: u64,
    /// False when the search had used up its time: counts are the least that there are.
    complete: bool,
    /// How far back it was counted then; null when it was counted to the start.
    #[schema(required = true, format = DateTime)]
    counted_back_to: Option<String>,
    /// By field: each counted without its own clauses, under all others; most frequent first.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<CountBody>>)]
    #[serde(serialize_with = "by_field")]
    by: Vec<(Field, Vec<CountBody>)>,
    /// By field: activities of values that are not listed.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    #[serde(serialize_with = "by_field")]
    rest: Vec<(Field, u64)>,
    /// By field: different values that activities have, listed or not.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    #[serde(serialize_with = "by_field")]
    different: Vec<(Field, u64)>,
}

/// One value and its count.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ValueCount)]
pub struct CountBody {
    /// What a filter takes.
    value: String,
    /// What people read.
    label: String,
    /// How many activities.
    count: u64,
}

impl From<FacetValue> for CountBody {
    fn from(found: FacetValue) -> Self {
        Self { label: found.label.unwrap_or_else(|| found.value.clone()), value: found.value, count: found.count }
    }
}

fn by_field<S: Serializer, T: Serialize>(fields: &[(Field, T)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (field, value) in fields {
        map.serialize_entry(field.as_str(), value)?;
    }
    map.end()
}

/// Counts by time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Histogram)]
pub struct HistogramBody {
    /// The position that was counted up to.
    position: String,
    /// False when the search had used up its time before all was counted.
    complete: bool,
    /// Where it was not complete: buckets that start at or after this time are whole, of those before it counts are the least
    /// that there are.
    #[schema(format = DateTime)]
    counted_back_to: Option<String>,
    /// Where it was not complete: ask the same with this as `before`, and add what comes to these buckets.
    older: Option<String>,
    /// Buckets that are not empty, ascending.
    items: Vec<BucketBody>,
}

/// One bucket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Bucket)]
pub struct BucketBody {
    /// Its start.
    #[schema(format = DateTime)]
    start: String,
    /// How many activities.
    count: u64,
}

/// Count activities by the values of fields, each without its own clauses, under all others.
///
/// Counts are of the whole log, however long it is, while the filter set asks for values of fields or for memberships. Words,
/// ids, URL prefixes and times that lie within the log are looked for row by row, newest first, for 250 ms at most; where that
/// did not reach the start, `complete` is false and counts are the least that there are.
#[utoipa::path(
    get,
    path = "/v1/activities/counts",
    tag = "Activities",
    params(
        crate::api::sent::FilterParams,
        ("by" = Option<String>, Query, description = "Fields, separated by commas", example = "flavor,partner"),
        ("since" = Option<String>, Query, description = "Only occurred at or after this time", format = DateTime),
        ("until" = Option<String>, Query, description = "Only occurred before this time", format = DateTime),
    ),
    responses((status = 200, description = "Counts", body = CountsBody))
)]
pub async fn counts(State(api): State<Arc<Api>>, caller: Caller, uri: Uri) -> Result<Json<CountsBody>, Problem> {
    let mut query = Query::new(uri.query());
    let asked = fields(&mut query);
    let (since, until) = (query.time("since"), query.time("until"));
    let wanted = wanted(&api, &caller, query).await?;
    // Counted without its own clause, the field event would tell a key of one event about the others.
    let bound = caller.principal.grant.events.one().is_some();
    let by = asked.iter().copied().filter(|f| !(bound && *f == Field::Event)).collect();
    let facets = FacetQuery { within: wanted.within(), filter: wanted.own, by, since, until, values_max: FACET_VALUES_MAX };
    let found = api.store.turn(caller.reader()).await?.log().facets(caller.principal.workspace, facets).await?;
    Ok(Json(counted(&api, &caller, &asked, found).await?))
}

async fn counted(api: &Api, caller: &Caller, asked: &[Field], found: Facets) -> Result<CountsBody, Problem> {
    let mut by: Vec<(Field, Vec<CountBody>)> =
        found.by.into_iter().map(|(field, values)| (field, values.into_iter().map(CountBody::from).collect())).collect();
    let (mut rest, mut different) = (found.rest, found.different);
    if let (Some(event), Some(place)) = (caller.principal.grant.events.one(), asked.iter().position(|f| *f == Field::Event)) {
        let record = api
            .store
            .turn(caller.reader())
            .await?
            .directory()
            .one(NamedKind::Event, At::top(caller.principal.workspace, event.clone()))
            .await?;
        let (value, label) =
            record.map_or_else(|| (event.to_string(), event.to_string()), |r| (r.key.to_string(), r.thing.name().to_owned()));
        by.insert(place.min(by.len()), (Field::Event, vec![CountBody { value, label, count: found.total }]));
        rest.insert(place.min(rest.len()), (Field::Event, 0));
        different.insert(place.min(different.len()), (Field::Event, u64::from(found.total > 0)));
    }
    if caller.principal.grant.mask >= Some(Mask::Names) {
        let partners = by.iter_mut().filter(|(field, _)| *field == Field::Partner).flat_map(|(_, values)| values);
        partners.for_each(|value| (value.value, value.label) = (A_PARTNER.to_owned(), A_PARTNER.to_owned()));
    }
    let position = found.head.cursor().to_string();
    Ok(CountsBody {
        position,
        total: found.total,
        complete: found.complete,
        counted_back_to: found.counted_back_to.map(|at| at.to_string()),
        by,
        rest,
        different,
    })
}

fn fields(query: &mut Query<'_>) -> Vec<Field> {
    let mut found = Vec::new();
    for list in query.all("by") {
        for word in list.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            match Field::parse(word) {
                Some(Field::Id) => query.fault("by", "not_countable", "id is different in every activity; count by another field"),
                Some(field) if !found.contains(&field) => found.push(field),
                Some(_) => {}
                None => {
                    let shown: String = word.chars().take(64).collect();
                    let known = Field::ALL.iter().filter(|f| **f != Field::Id).map(|f| f.as_str()).collect::<Vec<_>>().join(", ");
                    query.fault("by", "unknown_field", format!("{shown:?} is no field; the fields are {known}"));
                }
            }
        }
    }
    found
}

/// Count activities by time.
///
/// With `before`, a subscription's `position` say, exactly what it has been sent is counted; what it is sent after that can be
/// added to the buckets, and nothing is counted twice or left out.
///
/// A bucket holds what the wall clock of `zone` showed in it. An hour that the clock shows a second time in full is a bucket
/// of its own; where it goes back by less, the hour is that much longer.
///
/// Under a filter set of events, flavors and grades, or none, the answer is whole at once, however long the log is. Anything
/// else is looked for row by row, newest first, for 250 ms at most. Where that did not reach the start of the span,
/// `complete` is false; `counted_back_to` tells which buckets are whole nevertheless, and the same question with `before` set
/// to `older` (and the same `since` and `until`, given as times) counts on from there: add its buckets to those that you have, until one is
/// `complete`. Then the sums are exact.
#[utoipa::path(
    get,
    path = "/v1/activities/histogram",
    tag = "Activities",
    params(
        crate::api::sent::FilterParams,
        ("before" = Option<String>, Query, description = "Cursor: only what lies before it"),
        ("bucket" = Option<String>, Query, description = "`minute` (as when left out), `hour` or `day`"),
        ("since" = Option<String>, Query, description = "Only occurred at or after this time; without it the last hour, two days or 30 days", format = DateTime),
        ("until" = Option<String>, Query, description = "Only occurred before this time; without it now", format = DateTime),
        ("zone" = Option<String>, Query, description = "IANA time zone of the buckets; UTC when left out", example = "Europe/Berlin"),
    ),
    responses((status = 200, description = "At most 2,000 buckets; empty ones are left out", body = HistogramBody))
)]
pub async fn histogram(State(api): State<Arc<Api>>, caller: Caller, uri: Uri) -> Result<Json<HistogramBody>, Problem> {
    let mut query = Query::new(uri.query());
    let width = query.parsed("bucket", Width::parse).unwrap_or(Width::Minute);
    let zone = query.parsed("zone", parse_zone).unwrap_or(TimeZone::UTC);
    let before = query.cursor("before");
    let (since, until) = (query.time("since"), query.time("until"));
    let filter = wanted(&api, &caller, query).await?.whole();
    let workspace = caller.principal.workspace;
    if let Some(cursor) = before {
        check_history(&api, workspace, cursor).await?;
    }
    // A sender's clock may be a little ahead: what is counted by default ends with the minute after that of now. Whole
    // minutes, of which counts are kept.
    let until = until.unwrap_or(UnixMs((api.clock.now().0.div_euclid(MINUTE_MS) + 2) * MINUTE_MS));
    let since = since.unwrap_or(UnixMs(until.0.saturating_sub(width.default_span_ms())));
    if since > until {
        let fault = Invalid::one("since", "out_of_range", "must not be later than until");
        return Err(Problem::invalid(PARAMETER_INVALID, fault));
    }
    let stretches = stretches(width, &zone, since, until).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault))?;
    let up_to = before.map(|cursor| cursor.seq);
    let turn = api.store.turn(caller.reader()).await?;
    let found = turn.log().histogram(workspace, HistogramQuery { filter, up_to, stretches, until }).await?;
    drop(turn);
    if let Some(cursor) = before {
        // It may have been pruned between the two reads.
        check_continues(cursor, found.head)?;
    }
    Ok(Json(HistogramBody {
        position: before.unwrap_or_else(|| found.head.cursor()).to_string(),
        complete: found.left.is_none(),
        counted_back_to: found.left.map(|left| left.before.to_string()),
        older: found.left.map(|left| Cursor { epoch: found.head.epoch, seq: left.up_to, mark: None }.to_string()),
        items: found.items.iter().map(|b| BucketBody { start: b.start.to_string(), count: b.count }).collect(),
    }))
}
