//! The system: as it is now, and as it goes on.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::error::Problem;
use super::extract::NoQuery;
use crate::auth::WorkspaceId;
use crate::system::{Level, Quantiles, Report, Rhythm};

/// How often the live form tells.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The system at one moment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = System)]
pub struct SystemBody {
    /// `ok`, `warn` or `bad`: the worst of what was found.
    status: &'static str,
    /// The time of day.
    #[schema(format = DateTime)]
    server_time: String,
    /// Version of the program.
    version: &'static str,
    /// Seconds since it began.
    uptime_s: u64,
    /// Activities made durable a second, over the last minute.
    in_per_s: f64,
    /// Activities offered to readers a second, over the last minute.
    out_per_s: f64,
    /// Streams that are open.
    connections: u64,
    /// Filters in force.
    subscriptions: u64,
    /// Streams that read the log since they were too slow.
    lagging: u64,
    /// From receipt to durable, over the last minute; null where nothing came.
    #[schema(required = true)]
    commit_ms: Option<QuantilesBody>,
    /// From durable to the socket, over the last minute; null where nothing went out.
    #[schema(required = true)]
    deliver_ms: Option<QuantilesBody>,
    /// What was refused within 15 minutes, by code.
    refusals: BTreeMap<String, u64>,
    /// Who sends.
    sources: Vec<SourceBody>,
    /// Bytes that wait for the writer.
    queue_bytes: u64,
    /// Bytes of the database.
    database_bytes: u64,
    /// Bytes of its write-ahead log.
    wal_bytes: u64,
    /// Bytes that are free where it lies.
    #[schema(required = true)]
    disk_free_bytes: Option<u64>,
    /// Seconds until they are used up at the rate of the last minutes; null where nothing grows.
    #[schema(required = true)]
    disk_left_s: Option<u64>,
    /// Milliseconds since the whole path was known to work; null while nobody reads.
    #[schema(required = true)]
    pulse_age_ms: Option<u64>,
    /// Seconds since the last backup that was verified; null where the server knows of none.
    #[schema(required = true)]
    backup_age_s: Option<u64>,
    /// Hosts that this server sends to.
    outbound: Vec<String>,
    /// What is not well, the worst first, each with what to do.
    findings: Vec<FindingBody>,
    /// How it went for 15 minutes, in steps of 15 seconds, oldest first.
    course: CourseBody,
}

/// Two quantiles in milliseconds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Quantiles)]
pub struct QuantilesBody {
    /// Half of all took no longer.
    p50: f64,
    /// 99 of 100 took no longer.
    p99: f64,
}

/// Somebody who sends.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Source)]
pub struct SourceBody {
    /// Name of the key.
    name: String,
    /// Key of the event that it is bound to.
    #[schema(required = true)]
    event: Option<String>,
    /// When something last came.
    #[schema(format = DateTime)]
    at: String,
    /// `learning`, `as_usual`, `quieter` or `silent`.
    rhythm: &'static str,
    /// Activities of the last hour in steps of two minutes, oldest first.
    steps: Vec<u64>,
}

/// Something that is not well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Finding)]
pub struct FindingBody {
    /// Which figure it is about.
    what: String,
    /// `warn` or `bad`.
    level: &'static str,
    /// What it is and what to do.
    message: String,
}

/// Counts by step.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Course)]
pub struct CourseBody {
    /// Activities in.
    r#in: Vec<u64>,
    /// Deliveries out.
    out: Vec<u64>,
}

impl From<Quantiles> for QuantilesBody {
    fn from(Quantiles { p50, p99 }: Quantiles) -> Self {
        let tenth = |ms: f64| (ms * 10.0).round() / 10.0;
        Self { p50: tenth(p50), p99: tenth(p99) }
    }
}

/// The system as it is now.
#[utoipa::path(get, path = "/v1/system", tag = "System", responses((status = 200, description = "As it is now", body = SystemBody)))]
pub async fn system(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Json<SystemBody>, Problem> {
    Ok(Json(told(&api, caller.principal.workspace).await?))
}

/// The system as it goes on: the event `system`, each second.
#[utoipa::path(get, path = "/v1/system/stream", tag = "System",
    responses((status = 200, description = "Events until either side ends it", body = String, content_type = "text/event-stream")))]
pub async fn system_stream(State(api): State<Arc<Api>>, caller: Caller, _: NoQuery) -> Result<Response, Problem> {
    let workspace = caller.principal.workspace;
    let (heard, until) = (caller.principal.heard, caller.principal.grant.until);
    let ends = api.readers.shutdown();
    let events = stream::unfold((api, true), move |(api, first)| {
        let ends = ends.clone();
        async move {
            if !first {
                ends.run_until_cancelled(tokio::time::sleep(TELL_EVERY)).await?;
            }
            // Something was revoked since: who asks comes back, and is looked at again.
            if api.authenticator.heard() != heard || until.is_some_and(|until| until <= api.clock.now()) {
                return None;
            }
            let body = told(&api, workspace).await.ok()?;
            let event = Event::default().event("system").json_data(body).ok()?;
            Some((Ok::<_, Infallible>(event), (api, false)))
        }
    });
    Ok(Sse::new(events.boxed()).keep_alive(KeepAlive::default()).into_response())
}

async fn told(api: &Api, workspace: WorkspaceId) -> Result<SystemBody, Problem> {
    let (report, now) = (api.system.report(), api.clock.now());
    let sources = api.system.sources.of(workspace, now);
    let keys = if sources.is_empty() { Vec::new() } else { api.store.keyring.keys(workspace).await? };
    let mut findings: Vec<(Level, FindingBody)> = report
        .findings()
        .into_iter()
        .map(|found| (found.level, FindingBody { what: found.what.to_owned(), level: found.level.as_str(), message: found.message }))
        .collect();
    let mut told = Vec::with_capacity(sources.len());
    for source in sources {
        let key = keys.iter().find(|key| key.number == source.key);
        // Who was revoked is silent for a reason.
        if key.is_none_or(|key| key.revoked_at.is_some()) {
            continue;
        }
        let name =
            key.map(|key| key.name.as_str()).filter(|name| !name.is_empty()).map_or_else(|| format!("key {}", source.key), str::to_owned);
        if source.rhythm == Rhythm::Silent {
            let message = format!("{name} is silent since {}. Find out why it stopped.", source.at);
            findings.push((Level::Warn, FindingBody { what: format!("source {name}"), level: Level::Warn.as_str(), message }));
        }
        let event = source.event.map(|event| event.to_string());
        told.push(SourceBody { name, event, at: source.at.to_string(), rhythm: source.rhythm.as_str(), steps: source.steps });
    }
    findings.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let hooks = api.webhooks.store.webhooks.list(workspace).await?;
    let hosts = hooks
        .iter()
        .filter(|hook| hook.terms.enabled)
        .filter_map(|hook| url::Url::parse(&hook.terms.url).ok()?.host_str().map(str::to_owned));
    let mut outbound: Vec<String> = hosts.collect();
    outbound.sort();
    outbound.dedup();
    let status = findings.first().map_or(Level::Ok, |(level, _)| *level);
    let tenth = |rate: f64| (rate * 10.0).round() / 10.0;
    let Report { uptime_s, connections, subscriptions, lagging, queue_bytes, database_bytes, wal_bytes, .. } = report;
    Ok(SystemBody {
        status: status.as_str(),
        server_time: now.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_s,
        in_per_s: tenth(report.in_per_s),
        out_per_s: tenth(report.out_per_s),
        connections,
        subscriptions,
        lagging,
        commit_ms: report.commit_ms.map(QuantilesBody::from),
        deliver_ms: report.deliver_ms.map(QuantilesBody::from),
        refusals: report.refusals,
        sources: told,
        queue_bytes,
        database_bytes,
        wal_bytes,
        disk_free_bytes: report.disk_free_bytes,
        disk_left_s: report.disk_left_s,
        pulse_age_ms: report.pulse_age_ms,
        backup_age_s: None,
        outbound,
        findings: findings.into_iter().map(|(_, body)| body).collect(),
        course: CourseBody { r#in: report.course_in, out: report.course_out },
    })
}
