//! The write-ahead log and the memory of a server whose readers overlap without a pause while others write.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::hostile::fill;
use crate::Plan;
use crate::machine::Outcome;
use crate::tidings::Build;

/// Searches at once.
const SEARCHES: usize = 4;
/// Times longer than other measurements: a log that grows shows it slowly.
const LONGER: u64 = 3;

pub async fn run(plan: Plan, builds: &[Build]) -> Outcome<()> {
    let seconds = plan.seconds * LONGER;
    println!(
        "\n| {seconds} s of {SEARCHES} looping searches beside batches of 500 | build | write-ahead log MiB, most | at the end | memory MiB, most | at the end | stored/s |\n|---|---|---:|---:|---:|---:|---:|"
    );
    for build in builds {
        let server = build.start()?;
        let key = server.key("default")?;
        fill(&server, &key, plan).await?;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..SEARCHES {
            let mut client = server.connect(&key).await?;
            tasks.spawn(async move {
                for round in 0.. {
                    if client.get(&format!("/v1/activities?text=nothing{number}x{round}")).await.is_err() {
                        tokio::task::yield_now().await;
                    }
                }
            });
        }
        let mut writer = server.connect(&key).await?;
        let (begun, mut stored) = (Instant::now(), 0_usize);
        let (mut wal, mut rss, mut sample) = (0_f64, 0_f64, begun);
        while begun.elapsed() < Duration::from_secs(seconds) {
            if writer.post_many(stored, 500, plan.partners).await.is_ok_and(|(status, ..)| status == 200) {
                stored += 500;
            }
            if sample.elapsed() > Duration::from_millis(200) {
                sample = Instant::now();
                wal = wal.max(server.wal_mib());
                rss = rss.max(server.rss_mib());
            }
            sleep_until(Instant::now() + Duration::from_millis(5)).await;
        }
        let what = "";
        println!(
            "| {what} | {} | {wal:.0} | {:.0} | {rss:.0} | {:.0} | {:.0} |",
            build.name,
            server.wal_mib(),
            server.rss_mib(),
            stored as f64 / begun.elapsed().as_secs_f64()
        );
        tasks.shutdown().await;
    }
    Ok(())
}
