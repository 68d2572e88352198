//! How many activities a second the server makes durable.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::raw::Poster;
use super::report::{Report, percentile};
use super::server::Process;
use super::{Common, load};
use crate::cli::CliError;

/// Send activities in a closed loop
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Activities in one request; 1 sends a single object
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// How long it is measured, in seconds
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Server, key, process and output
    #[command(flatten)]
    pub common: Common,
}

/// What one connection saw.
struct Seen {
    /// Microseconds of each request.
    took_us: Vec<u32>,
    /// Requests that were not answered with success.
    refused: u64,
    /// The status of the last of them.
    refused_with: Option<u16>,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be used, or nothing was accepted.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.common.server()?;
    let process = Process(args.common.pid);
    let bar = args.common.bar("sending");
    let content_type = if args.batch == 1 { "application/json" } else { "application/x-ndjson" };
    let mut posters = Vec::with_capacity(args.connections);
    for _ in 0..args.connections {
        posters.push(Poster::connect(&server, content_type).await?);
    }
    let (begun, cpu) = (Instant::now(), process.cpu_s());
    let until = begun + Duration::from_secs(args.seconds);
    let mut tasks = JoinSet::new();
    for (number, poster) in posters.into_iter().enumerate() {
        tasks.spawn(send(poster, args.common.event.clone(), number as u64 * 1_000_003, args.batch, until));
    }
    let (mut took_us, mut refused, mut refused_with) = (Vec::new(), 0, None);
    while let Some(ended) = tasks.join_next().await {
        let seen = ended.map_err(CliError::failed)??;
        took_us.extend(seen.took_us);
        refused += seen.refused;
        refused_with = seen.refused_with.or(refused_with);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let cpu = process.cpu_s().zip(cpu).map(|(end, begin)| end - begin);
    bar.finish_and_clear();
    if took_us.is_empty() {
        return Err(CliError::failed(nothing_accepted(refused_with)));
    }
    took_us.sort_unstable();
    let activities = took_us.len() as f64 * args.batch as f64;
    let mut report = Report::default();
    report.add("connections", "", args.connections as f64);
    report.add("batch", "", args.batch as f64);
    report.add("activities_per_s", "/s", activities / elapsed);
    report.add("requests_per_s", "/s", took_us.len() as f64 / elapsed);
    report.add("refused", "requests", refused as f64);
    report.add("p50_ms", "ms", percentile(&took_us, 0.5) / 1_000.0);
    report.add("p99_ms", "ms", percentile(&took_us, 0.99) / 1_000.0);
    report.add_known("cpu_s_per_million", "s of server CPU per million activities", cpu.map(|s| s * 1e6 / activities));
    report.add_known("rss_kib", "KiB of server memory", process.rss_kib().map(|k| k as f64));
    report.print(args.common.json);
    Ok(())
}

fn nothing_accepted(refused_with: Option<u16>) -> String {
    match refused_with {
        None => "nothing was answered in time; give it more seconds".to_owned(),
        Some(401 | 403) => "nothing was accepted; a key with the scope ingest is needed".to_owned(),
        Some(429) => "nothing was accepted (429): the key is over its rate, or makes no more new things for now; wait a minute".to_owned(),
        Some(status) => format!("nothing was accepted (the last answer was {status}); `tidings post` with the same key says why"),
    }
}

async fn send(mut poster: Poster, event: String, first: u64, batch: usize, until: Instant) -> Result<Seen, CliError> {
    let mut seen = Seen { took_us: Vec::new(), refused: 0, refused_with: None };
    let mut number = first;
    while Instant::now() < until {
        let body = match batch {
            1 => {
                let mut body = String::with_capacity(512);
                load::push_draft(&mut body, &event, number);
                body
            }
            many => load::batch(&event, number, many),
        };
        number += batch as u64;
        let begun = Instant::now();
        match poster.post(&body).await? {
            200..=299 => seen.took_us.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX)),
            status => {
                seen.refused += 1;
                seen.refused_with = Some(status);
            }
        }
    }
    Ok(seen)
}
