//! `tidings export`: activities of a server as a file.
//!
//! The file gets its name only when it is whole: what was cut off is taken away again, and that is said.

use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, ProgressBar};
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, stdout};

use super::CliError;
use super::client::{Client, Target};
use super::tail::filter::FilterArgs;

/// Take activities out as a file: csv, ndjson or xlsx
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to take
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Key of a view, whose filter set must hold too
    #[arg(long, value_name = "KEY")]
    pub view: Option<String>,
    /// File to write; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What it is; by the end of the file's name without it, or else ndjson
    #[arg(long, value_parser = ["csv", "ndjson", "xlsx"])]
    pub format: Option<String>,
    /// Between the cells of a CSV
    #[arg(long, value_parser = [",", ";", "tab"])]
    pub separator: Option<String>,
    /// Columns in their order, separated by commas; those of the view without it
    #[arg(long)]
    pub columns: Option<String>,
    /// IANA time zone of its times; the view's without it
    #[arg(long)]
    pub zone: Option<String>,
    /// Only occurred at or after this time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only occurred before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only what lies before this cursor
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<String>,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command.
///
/// # Errors
/// When the server refuses, the file cannot be written, or not all of it came.
pub async fn run(args: Args) -> Result<(), CliError> {
    let path = path_of(&args)?;
    let client = Client::new(args.target.server()?)?;
    let Some(out) = args.out else {
        return copy(&client, &path, &mut stdout()).await;
    };
    let mut unfinished = out.clone().into_os_string();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let written = write(&client, &path, &unfinished).await;
    if written.is_err() {
        // There may be none; what was said before is what matters.
        let _ = tokio::fs::remove_file(&unfinished).await;
        return written;
    }
    tokio::fs::rename(&unfinished, &out).await.map_err(|fault| cannot_write(&out, &fault))
}

async fn write(client: &Client, path: &str, to: &Path) -> Result<(), CliError> {
    let mut file = File::create(to).await.map_err(|fault| cannot_write(to, &fault))?;
    copy(client, path, &mut file).await?;
    file.sync_all().await.map_err(|fault| cannot_write(to, &fault))
}

async fn copy(client: &Client, path: &str, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), CliError> {
    let mut answer = client.open(path).await?;
    // Drawn on standard error, and only where that is a terminal.
    let bar = ProgressBar::new_spinner();
    let mut bytes = 0;
    while let Some(piece) = client.next_piece(&mut answer).await? {
        to.write_all(&piece).await.map_err(CliError::failed)?;
        bytes += piece.len() as u64;
        bar.set_message(HumanBytes(bytes).to_string());
        bar.tick();
    }
    bar.finish_and_clear();
    to.flush().await.map_err(CliError::failed)
}

fn cannot_write(path: &Path, fault: &std::io::Error) -> CliError {
    CliError::failed(format!("cannot write {}: {fault}", path.display()))
}

fn path_of(args: &Args) -> Result<String, CliError> {
    let filter = args.filter.filter().map_err(|invalid| CliError::usage(invalid.to_string()))?;
    let by_name = args.out.as_deref().and_then(Path::extension).and_then(|end| end.to_str());
    let format = args.format.as_deref().or(by_name.filter(|end| ["csv", "ndjson", "xlsx"].contains(end))).unwrap_or("ndjson");
    let mut query = form_urlencoded::Serializer::new(filter.to_query());
    query.append_pair("format", format);
    let given = [
        ("view", &args.view),
        ("separator", &args.separator),
        ("columns", &args.columns),
        ("zone", &args.zone),
        ("since", &args.since),
        ("until", &args.until),
        ("before", &args.before),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    Ok(format!("/v1/activities/export?{}", query.finish()))
}
