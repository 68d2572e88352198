//! More than the server can take: what still comes through, and how soon the rest is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Plan;
use crate::client::{Seen, percentile};
use crate::machine::Outcome;
use crate::tidings::{Build, Tidings};

/// Activities of one request.
const BATCH: usize = 500;
/// Requests that may be under way at once: what an open loop needs so that waiting does not slow it down.
const UNDER_WAY_MAX: usize = 512;

pub async fn run(plan: Plan, builds: &[Build]) -> Outcome<()> {
    println!(
        "\n| offered, {BATCH} a request | build | durable/s | share of its peak | refused | refusal p50 ms | p99 ms |\n|---|---|---:|---:|---:|---:|---:|"
    );
    for build in builds {
        let server = build.start()?;
        let key = server.key("default")?;
        let capacity = closed(&server, &key, plan).await?;
        let mut peak = capacity;
        println!("| closed loop, 4 connections | {} | {capacity:.0} | | | | |", build.name);
        for times in [1, 3, 10] {
            let (seen, elapsed) = open(&server, &key, plan, capacity * f64::from(times)).await?;
            let goodput = seen.taken_ms.len() as f64 * BATCH as f64 / elapsed;
            peak = peak.max(goodput);
            let (p50, p99) = (percentile(&seen.refused_ms, 0.5), percentile(&seen.refused_ms, 0.99));
            let share = goodput / peak;
            println!("| {times}x | {} | {goodput:.0} | {share:.2} | {} | {p50:.1} | {p99:.1} |", build.name, seen.refused_ms.len());
        }
    }
    Ok(())
}

async fn closed(server: &Tidings, key: &str, plan: Plan) -> Outcome<f64> {
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..4 {
        let mut client = server.connect(key).await?;
        tasks.spawn(async move {
            let mut stored = 0_usize;
            while Instant::now() < until {
                if client.post_many(number * 1_000_000 + stored, BATCH, 40).await.is_ok_and(|(status, ..)| status == 200) {
                    stored += BATCH;
                }
            }
            stored
        });
    }
    let stored: usize = tasks.join_all().await.into_iter().sum();
    Ok(stored as f64 / plan.seconds as f64)
}

/// Requests on a schedule, whatever became of those before.
async fn open(server: &Tidings, key: &str, plan: Plan, per_s: f64) -> Outcome<(Seen, f64)> {
    let every = Duration::from_secs_f64(BATCH as f64 / per_s);
    let total = (plan.seconds as f64 / every.as_secs_f64()) as u64;
    let (next, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..UNDER_WAY_MAX {
        let (next, mut client) = (next.clone(), server.connect(key).await?);
        tasks.spawn(async move {
            let mut seen = Seen::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return seen;
                }
                sleep_until(begun + every * u32::try_from(number).unwrap_or(u32::MAX)).await;
                let sent = Instant::now();
                match client.post_many(usize::try_from(number).unwrap_or(0) * BATCH, BATCH, 40).await {
                    Ok((status, took, _)) => seen.add(status, took),
                    Err(_) => seen.add(503, sent.elapsed()),
                }
            }
        });
    }
    let mut seen = Seen::default();
    while let Some(done) = tasks.join_next().await {
        seen.extend(done?);
    }
    Ok((seen, begun.elapsed().as_secs_f64()))
}
