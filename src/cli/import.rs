//! `tidings import`: a partner list of whatever program's making into an event, by a running server.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::CliError;
use super::client::{Client, Patience, Target};
use super::terminal::plain;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);
/// Faults that are written of one list.
const FAULTS_SHOWN_MAX: usize = 20;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Import a partner list: .csv, .tsv or .xlsx
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The list
    pub file: PathBuf,
    /// Key of the event
    #[arg(long, value_name = "KEY")]
    pub event: String,
    /// Say what it would do, and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// `all` imports nothing where a line is at fault, `good` leaves out those that are
    #[arg(long, default_value = "all", value_parser = ["all", "good"])]
    pub mode: String,
    /// What a column is, as in `Firma=company`; `Notiz=` leaves it out; may be given again
    #[arg(long = "map", value_name = "TITLE=FIELD")]
    pub map: Vec<String>,
    /// The tag of those that are new or changed
    #[arg(long)]
    pub tag: Option<String>,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

/// What the server says of it.
#[derive(Debug, Deserialize)]
struct Told {
    new: usize,
    changed: usize,
    same: usize,
    faulty: usize,
    doubled: usize,
    gone: usize,
    tag: String,
    import_id: Option<i64>,
    encoding: String,
    columns: Vec<Column>,
    errors: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
struct Column {
    title: String,
    field: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    line: usize,
    column: String,
    message: String,
}

/// Runs the command.
///
/// # Errors
/// When the list cannot be read or imported; what is at fault is in the words.
pub async fn run(args: Args) -> Result<(), CliError> {
    let bytes =
        tokio::fs::read(&args.file).await.map_err(|fault| CliError::failed(format!("cannot read {}: {fault}", args.file.display())))?;
    let end = args.file.extension().and_then(|end| end.to_str()).unwrap_or("").to_ascii_lowercase();
    let kind = match end.as_str() {
        "xlsx" | "xlsm" => XLSX,
        "tsv" | "tab" => "text/tab-separated-values",
        _ => "text/csv",
    };
    let path = path_of(&args)?;
    let mut client = Client::new(args.target.server()?)?;
    let bar = ProgressBar::new_spinner().with_message(args.file.display().to_string());
    bar.enable_steady_tick(TICK);
    // Sent again after its answer was lost, what is there already is the same: nothing comes twice.
    let sent = client
        .send(&Method::POST, &path, Some((kind, Bytes::from(bytes))), Patience::MINUTE, |fault| bar.set_message(fault.to_string()))
        .await;
    bar.finish_and_clear();
    write(&client.decode(&sent?)?, args.dry_run).map_err(CliError::failed)
}

fn path_of(args: &Args) -> Result<String, CliError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("mode", &args.mode);
    if args.dry_run {
        query.append_pair("dry_run", "true");
    }
    if let Some(tag) = &args.tag {
        query.append_pair("tag", tag);
    }
    let mut mapping = Map::new();
    for given in &args.map {
        let (title, field) =
            given.rsplit_once('=').ok_or_else(|| CliError::usage(format!("--map {given:?} must be TITLE=FIELD, as in Firma=company")))?;
        mapping.insert(title.to_owned(), if field.is_empty() { Value::Null } else { field.into() });
    }
    if !mapping.is_empty() {
        query.append_pair("mapping", &Value::Object(mapping).to_string());
    }
    let event = percent_encoding::utf8_percent_encode(&args.event, percent_encoding::NON_ALPHANUMERIC);
    Ok(format!("/v1/events/{event}/partners:import?{}", query.finish()))
}

fn write(told: &Told, dry_run: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let titled = |column: &Column| format!("{}={}", plain(&column.title), column.field.as_deref().unwrap_or(""));
    let columns: Vec<_> = told.columns.iter().map(titled).collect();
    writeln!(out, "{}: {}", told.encoding, columns.join(", "))?;
    let Told { new, changed, same, faulty, doubled, gone, .. } = told;
    writeln!(out, "{new} new, {changed} changed, {same} the same, {faulty} faulty, {doubled} twice in the file, {gone} not in the file")?;
    for Fault { line, column, message } in told.errors.iter().take(FAULTS_SHOWN_MAX) {
        let place = if column.is_empty() { String::new() } else { format!(", {}", plain(column)) };
        writeln!(out, "line {line}{place}: {}", plain(message))?;
    }
    match (told.import_id, dry_run) {
        (Some(id), _) => writeln!(out, "imported as {id}; those that are new or changed have the tag {}", plain(&told.tag)),
        (None, true) => writeln!(out, "nothing was stored: that was a dry run"),
        (None, false) => writeln!(out, "nothing was to be done"),
    }
}
