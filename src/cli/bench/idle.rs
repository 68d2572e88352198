//! What a connection costs that has nothing to do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::report::Report;
use super::server::Process;
use super::{Common, subscriber};
use crate::cli::CliError;

/// Hold many connections with one subscription each
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Connections
    #[arg(long, default_value_t = 5_000)]
    pub connections: usize,
    /// How long they are held before memory is read again, in seconds
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Server, key, process and output
    #[command(flatten)]
    pub common: Common,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be used, `--pid` is not given, or connections were lost.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.common.server()?;
    let process = Process(args.common.pid);
    let bar = args.common.bar("connecting");
    let filter = json!({"event":[args.common.event],"partner":["nobody"]});
    // The first connection brings up what all share.
    let first = subscriber::open(&server, 1, &filter, &bar).await?;
    let Some(before) = process.rss_kib() else {
        return Err(CliError::usage("--pid must be the server's process on this machine: memory is read from it"));
    };
    bar.set_position(0);
    let subscribers = subscriber::open(&server, args.connections, &filter, &bar).await?;
    bar.set_message("holding");
    let cpu = process.cpu_s();
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let after = process.rss_kib().unwrap_or(before);
    let cpu = process.cpu_s().zip(cpu).map(|(end, begin)| end - begin);
    bar.finish_and_clear();
    let lost = subscribers.received.lost.load(Ordering::Relaxed) + first.received.lost.load(Ordering::Relaxed);
    if lost > 0 {
        return Err(CliError::failed(format!("{lost} connections were closed or lost; the figures would mean nothing")));
    }
    let mut report = Report::default();
    report.add("connections", "", args.connections as f64);
    report.add("kib_per_connection", "KiB", after.saturating_sub(before) as f64 / args.connections.max(1) as f64);
    report.add("rss_before_kib", "KiB", before as f64);
    report.add("rss_after_kib", "KiB", after as f64);
    report.add_known("cpu_s_while_idle", "s of server CPU", cpu);
    report.print(args.common.json);
    Ok(())
}
