//! How long it takes until many readers that come back at once are live, while activities go on coming in.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::raw::Poster;
use super::report::{Report, percentile};
use super::server::Process;
use super::{Common, load, subscriber};
use crate::cli::CliError;

/// Activities in one request while readers come back.
const BATCH: usize = 10;

/// Let many readers resume at once
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Readers, one connection and one subscription each
    #[arg(long, default_value_t = 10_000)]
    pub readers: usize,
    /// Activities that they have missed
    #[arg(long, default_value_t = 500)]
    pub missed: usize,
    /// Activities a second that come in meanwhile
    #[arg(long, default_value_t = 100)]
    pub rate: u64,
    /// How long it may take, in seconds; who is not live by then is lost
    #[arg(long, default_value_t = 60)]
    pub within: u64,
    /// Server, key, process and output
    #[command(flatten)]
    pub common: Common,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be used.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.common.server()?;
    let process = Process(args.common.pid);
    let bar = args.common.bar("missing activities");
    let filter = json!({"event":[args.common.event]});
    let mut poster = Poster::connect(&server, "application/x-ndjson").await?;
    let mut sent = 0;
    let after = subscriber::position(&server, &filter).await?;
    while sent < args.missed as u64 {
        let count = (args.missed as u64 - sent).min(500) as usize;
        post(&mut poster, &args.common.event, sent, count).await?;
        sent += count as u64;
    }
    bar.set_message("resuming");
    bar.set_length(args.readers as u64);
    let (cpu, started) = (process.cpu_s(), Instant::now());
    let within = Duration::from_secs(args.within);
    let mut readers = JoinSet::new();
    for _ in 0..args.readers {
        let (server, filter, after) = (server.clone(), filter.clone(), after.clone());
        readers.spawn(async move {
            let stream = tokio::time::timeout(within, subscriber::resume(&server, &filter, &after)).await.ok()?.ok()?;
            Some((started.elapsed(), stream))
        });
    }
    let (mut live, mut streams, mut acknowledged, mut lost) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut tick = tokio::time::interval(Duration::from_secs_f64(BATCH as f64 / args.rate.max(1) as f64));
    while !readers.is_empty() {
        tokio::select! {
            Some(reader) = readers.join_next() => match reader {
                Ok(Some((took, stream))) => {
                    live.push(ms(took));
                    streams.push(stream);
                    bar.inc(1);
                }
                Ok(None) | Err(_) => lost += 1,
            },
            _ = tick.tick() => {
                let begun = Instant::now();
                post(&mut poster, &args.common.event, sent, BATCH).await?;
                acknowledged.push(ms(begun.elapsed()));
                sent += BATCH as u64;
            }
        }
    }
    let cpu = process.cpu_s().zip(cpu).map(|(end, begin)| end - begin);
    bar.finish_and_clear();
    live.sort_unstable();
    acknowledged.sort_unstable();
    let mut report = Report::default();
    report.add("readers", "", args.readers as f64);
    report.add("lost", "", f64::from(lost));
    report.add("live_p50_ms", "ms", percentile(&live, 0.5));
    report.add("live_p99_ms", "ms", percentile(&live, 0.99));
    report.add("live_all_ms", "ms", percentile(&live, 1.0));
    report.add("posts", "", acknowledged.len() as f64);
    report.add("post_p50_ms", "ms", percentile(&acknowledged, 0.5));
    report.add("post_p99_ms", "ms", percentile(&acknowledged, 0.99));
    report.add("post_max_ms", "ms", percentile(&acknowledged, 1.0));
    report.add_known("cpu_s", "s of server CPU", cpu);
    report.print(args.common.json);
    Ok(())
}

fn ms(took: Duration) -> u32 {
    u32::try_from(took.as_millis()).unwrap_or(u32::MAX)
}

async fn post(poster: &mut Poster, event: &str, first: u64, count: usize) -> Result<(), CliError> {
    match poster.post(&load::batch(event, first, count)).await? {
        200 | 201 => Ok(()),
        status => Err(CliError::failed(format!("the server answered a batch with {status}; a key with the scope ingest is needed"))),
    }
}
