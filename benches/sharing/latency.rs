//! How long a post waits for its acknowledgement: alone, and beside readers who are sent other activities meanwhile.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Plan;
use crate::client::{Seen, Socket, middle, percentile};
use crate::machine::Outcome;
use crate::tidings::Build;

/// Posts a second whose acknowledgement is timed.
const PROBES_PER_S: u64 = 20;

pub async fn run(plan: Plan, builds: &[Build]) -> Outcome<()> {
    println!("\n| a post is acknowledged, ms | build | p50 | p99 |\n|---|---|---:|---:|");
    for (readers, per_s) in plan.beside {
        for build in builds {
            let seen = one(plan, build, *readers, *per_s).await?;
            let what = if *readers == 0 { "alone".to_owned() } else { format!("beside {per_s} a second to {readers} readers") };
            println!("| {what} | {} | {:.2} | {:.2} |", build.name, middle(&seen.taken_ms), percentile(&seen.taken_ms, 0.99));
        }
    }
    Ok(())
}

async fn one(plan: Plan, build: &Build, readers: usize, per_s: u64) -> Outcome<Seen> {
    let server = build.start()?;
    let key = server.key("default")?;
    let mut probe = server.connect(&key).await?;
    probe.post_one(0).await?;
    for _ in 0..readers {
        let mut socket = Socket::subscribe(server.authority(), &key, None).await?;
        socket.until(b"\"subscribed\"").await?;
        tokio::spawn(socket.drain());
    }
    if per_s > 0 {
        let mut other = server.connect(&key).await?;
        tokio::spawn(async move {
            let begun = Instant::now();
            for number in 0.. {
                sleep_until(begun + Duration::from_millis(number * 1_000 / per_s)).await;
                if other.post_one(usize::try_from(number).unwrap_or(0)).await.is_err() {
                    return;
                }
            }
        });
    }
    let (begun, mut seen) = (Instant::now(), Seen::default());
    for number in 0..plan.seconds * PROBES_PER_S {
        // On a schedule, so that a slow answer does not hide those that would have waited behind it.
        let due = begun + Duration::from_millis(number * 1_000 / PROBES_PER_S);
        sleep_until(due).await;
        let (status, _) = probe.post_one(usize::try_from(number).unwrap_or(0)).await?;
        seen.add(status, due.elapsed());
    }
    Ok(seen)
}
