//! How many activities a second the server delivers.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;

use super::raw::Poster;
use super::report::Report;
use super::server::Process;
use super::{Common, load, subscriber};
use crate::cli::CliError;

/// How long deliveries may stand still before it is given up, in seconds.
const STALL_S_MAX: u64 = 20;

/// Deliver to many subscribers, all of which match, in a closed loop
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Subscribers, one connection each
    #[arg(long, default_value_t = 1_000)]
    pub subscribers: usize,
    /// Activities in one request; at most two requests are under way
    #[arg(long, default_value_t = 100)]
    pub batch: usize,
    /// How long it is measured, in seconds
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Activities a second; as fast as they are delivered by default
    #[arg(long)]
    pub rate: Option<u64>,
    /// Server, key, process and output
    #[command(flatten)]
    pub common: Common,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be used, or subscribers were lost.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.common.server()?;
    let process = Process(args.common.pid);
    let bar = args.common.bar("subscribing");
    let filter = json!({"event":[args.common.event]});
    let subscribers = subscriber::open(&server, args.subscribers, &filter, &bar).await?;
    let received = &subscribers.received;
    let mut poster = Poster::connect(&server, "application/x-ndjson").await?;
    bar.set_message("delivering");
    let (mut sent, mut rounds) = (0u64, 0u32);
    let mut begun = (Instant::now(), 0, process.cpu_s());
    let mut measuring = false;
    let warm_up = Duration::from_secs(1);
    let started = Instant::now();
    loop {
        if !measuring && started.elapsed() >= warm_up {
            measuring = true;
            begun = (Instant::now(), received.activities.load(Ordering::Relaxed), process.cpu_s());
        }
        if measuring && begun.0.elapsed() >= Duration::from_secs(args.seconds) {
            break;
        }
        let body = load::batch(&args.common.event, sent, args.batch);
        match poster.post(&body).await? {
            200 | 201 => {}
            status => {
                return Err(CliError::failed(format!("the server answered a batch with {status}; a key with the scope ingest is needed")));
            }
        }
        sent += args.batch as u64;
        rounds += 1;
        let outstanding = args.batch as u64 * args.subscribers as u64;
        wait_for(received, (sent * args.subscribers as u64).saturating_sub(outstanding), &bar).await?;
        if let Some(rate) = args.rate {
            let due = started + Duration::from_secs_f64(f64::from(rounds) * args.batch as f64 / rate.max(1) as f64);
            tokio::time::sleep_until(due.into()).await;
        }
    }
    let (elapsed, delivered) = (begun.0.elapsed().as_secs_f64(), received.activities.load(Ordering::Relaxed) - begun.1);
    let cpu = process.cpu_s().zip(begun.2).map(|(end, begin)| end - begin);
    bar.finish_and_clear();
    let lost = received.lost.load(Ordering::Relaxed);
    if lost > 0 {
        return Err(CliError::failed(format!("{lost} subscribers were closed or lost; the figures would mean nothing")));
    }
    let mut report = Report::default();
    report.add("subscribers", "", args.subscribers as f64);
    report.add("deliveries_per_s", "/s", delivered as f64 / elapsed);
    report.add("deliveries", "", delivered as f64);
    report.add(
        "activities_per_frame",
        "",
        received.activities.load(Ordering::Relaxed) as f64 / received.frames.load(Ordering::Relaxed).max(1) as f64,
    );
    report.add_known("cpu_s_per_million", "s of server CPU per million deliveries", cpu.map(|s| s * 1e6 / delivered.max(1) as f64));
    report.add_known("rss_kib", "KiB of server memory", process.rss_kib().map(|k| k as f64));
    report.print(args.common.json);
    Ok(())
}

async fn wait_for(received: &subscriber::Received, wanted: u64, bar: &ProgressBar) -> Result<(), CliError> {
    let (mut last, mut moved) = (received.activities.load(Ordering::Relaxed), Instant::now());
    loop {
        let now = received.activities.load(Ordering::Relaxed);
        bar.set_message(format!("delivered {now}"));
        if now >= wanted {
            return Ok(());
        }
        if now != last {
            (last, moved) = (now, Instant::now());
        } else if moved.elapsed() > Duration::from_secs(STALL_S_MAX) {
            return Err(CliError::failed(format!("nothing was delivered for {STALL_S_MAX} s, {} are missing", wanted - now)));
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}
