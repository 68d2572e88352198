//! Two workspaces on one server: one asks for all it can, the other posts now and then.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use crate::Plan;
use crate::client::{Seen, middle, percentile};
use crate::machine::Outcome;
use crate::tidings::{Build, Tidings};

/// Posts a second of the quiet workspace.
const QUIET_PER_S: u64 = 20;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the hostile workspace does.
#[derive(Clone, Copy, PartialEq)]
enum Load {
    Nothing,
    Counts,
    Searches,
    Bodies,
    Batches,
}

pub async fn run(plan: Plan, builds: &[Build]) -> Outcome<()> {
    println!(
        "\n| a quiet workspace posts {QUIET_PER_S} a second beside one that sends | build | p50 ms | p99 ms | refused |\n|---|---|---:|---:|---:|"
    );
    for (load, what) in [
        (Load::Nothing, "nothing"),
        (Load::Counts, "24 connections of counts by event, partner, message and campaign"),
        (Load::Searches, "64 connections of searches for words that nothing has"),
        (Load::Bodies, "4 connections of 2 MiB to POST /v1/session, without a key"),
        (Load::Batches, "64 connections of 5,000 activities a request"),
    ] {
        for build in builds {
            let seen = one(plan, build, load).await?;
            let (p50, p99) = (middle(&seen.taken_ms), percentile(&seen.taken_ms, 0.99));
            println!(
                "| {what} | {} | {p50:.2} | {p99:.2} | {} of {} |",
                build.name,
                seen.refused_ms.len(),
                seen.refused_ms.len() + seen.taken_ms.len()
            );
        }
    }
    Ok(())
}

async fn one(plan: Plan, build: &Build, load: Load) -> Outcome<Seen> {
    let server = build.start()?;
    server.workspace("hostile")?;
    let (quiet, hostile) = (server.key("default")?, server.key("hostile")?);
    fill(&server, &hostile, plan).await?;
    let connections = match load {
        Load::Nothing => 0,
        Load::Counts => 24,
        Load::Bodies => 4,
        Load::Searches | Load::Batches => 64,
    };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..connections {
        let mut client = server.connect(if load == Load::Bodies { "none" } else { &hostile }).await?;
        tasks.spawn(async move {
            for round in 0.. {
                let is_done = match load {
                    Load::Counts => client.get("/v1/activities/counts?by=event,partner,message,campaign").await.is_ok(),
                    Load::Searches => client.get(&format!("/v1/activities?text=nothing{number}x{round}")).await.is_ok(),
                    Load::Bodies => {
                        let body = format!("{{\"key\":\"{}\"}}", "x".repeat(2 << 20));
                        client.call(hyper::Method::POST, "/v1/session", "application/json", body).await.is_ok()
                    }
                    _ => client.post_many(round * 5_000, 5_000, 40).await.is_ok(),
                };
                if !is_done {
                    // Refused before it was read: the connection is made anew by the next call.
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let mut probe = server.connect(&quiet).await?;
    let (begun, mut seen) = (Instant::now(), Seen::default());
    for number in 0..plan.seconds * QUIET_PER_S {
        let due = begun + Duration::from_millis(number * 1_000 / QUIET_PER_S);
        sleep_until(due).await;
        // Behind schedule by more than the patience: the rest would say the same.
        if due.elapsed() > PATIENCE {
            seen.add(503, due.elapsed());
            break;
        }
        match timeout(PATIENCE, probe.post_one(usize::try_from(number).unwrap_or(0))).await {
            Ok(Ok((status, _))) => seen.add(status, due.elapsed()),
            Ok(Err(_)) | Err(_) => {
                seen.add(503, due.elapsed());
                probe = server.connect(&quiet).await?;
            }
        }
    }
    tasks.shutdown().await;
    Ok(seen)
}

/// A log and a directory that are long enough to be a burden.
pub async fn fill(server: &Tidings, key: &str, plan: Plan) -> Outcome<String> {
    let mut client = server.connect(key).await?;
    let mut cursor = String::new();
    let mut sent = 0;
    while sent < plan.activities {
        let (status, _, at) = client.post_many(sent, 5_000.min(plan.activities), plan.partners).await?;
        match status {
            200 => {
                sent += 5_000;
                cursor = at;
            }
            // A server that makes haste slowly, with things made on first sight say, is asked again.
            429 | 503 => tokio::time::sleep(Duration::from_millis(500)).await,
            other => return Err(format!("the log could not be filled: {other}").into()),
        }
    }
    Ok(cursor)
}
