//! Everybody comes back at once: readers that resume at one cursor, while activities go on coming.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Plan;
use crate::client::{Seen, Socket, middle, percentile};
use crate::machine::Outcome;
use crate::tidings::Build;

/// Entries between the cursor and the head.
const BEHIND: usize = 500;
/// Posts a second meanwhile.
const POSTS_PER_S: u64 = 20;
/// How long anybody is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(plan: Plan, builds: &[Build]) -> Outcome<()> {
    println!(
        "\n| readers that resume at once, {BEHIND} entries behind | build | live | all live after s | post p50 ms | p99 ms | refused |\n|---|---|---:|---:|---:|---:|---:|"
    );
    for readers in plan.storm {
        for build in builds {
            one(build, *readers).await?;
        }
    }
    Ok(())
}

async fn one(build: &Build, readers: usize) -> Outcome<()> {
    let server = build.start()?;
    let key = server.key("default")?;
    let mut client = server.connect(&key).await?;
    let (_, _, cursor) = client.post_many(0, BEHIND, 40).await?;
    client.post_many(BEHIND, BEHIND, 40).await?;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..readers {
        let (authority, key, cursor) = (server.authority().to_owned(), key.clone(), cursor.clone());
        tasks.spawn(async move {
            let live = async {
                let mut socket = Socket::subscribe(&authority, &key, Some(&cursor)).await?;
                socket.until(b"\"subscribed\"").await?;
                Outcome::Ok(socket)
            };
            let socket = timeout(PATIENCE, live).await.ok()?.ok()?;
            let after = begun.elapsed();
            tokio::spawn(socket.drain());
            Some(after.as_secs_f64())
        });
    }
    let mut live = Vec::new();
    let mut seen = Seen::default();
    let mut number = 0_u64;
    while !tasks.is_empty() {
        let due = begun + Duration::from_millis(number * 1_000 / POSTS_PER_S);
        tokio::select! {
            done = tasks.join_next() => live.extend(done.and_then(Result::ok).flatten()),
            () = sleep_until(due) => {
                number += 1;
                match timeout(PATIENCE, client.post_one(usize::try_from(number).unwrap_or(0))).await {
                    Ok(Ok((status, _))) => seen.add(status, due.elapsed()),
                    _ => seen.add(503, due.elapsed()),
                }
            }
        }
    }
    let last = live.iter().copied().fold(0.0, f64::max);
    let (p50, p99) = (middle(&seen.taken_ms), percentile(&seen.taken_ms, 0.99));
    println!("| {readers} | {} | {} | {last:.1} | {p50:.1} | {p99:.1} | {} |", build.name, live.len(), seen.refused_ms.len());
    Ok(())
}
