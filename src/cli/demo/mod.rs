//! `tidings demo`: a server on a database of its own, with a sample event that lives.
//!
//! It serves like any other server and is filled through the same doors. The file, the port and the key stay the same
//! from one start to the next.

mod agents;
mod beat;
mod cast;
mod chance;
mod key;
mod members;
mod outlets;
mod receiver;
mod seed;
mod step;
mod story;
mod traffic;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::{Client, Target};
use super::{CliError, log, serve};
use crate::app::{self, AppError, Running};
use crate::auth::{Scope, Scopes};
use crate::clock::Clock;
use crate::config::{Config, WebhooksConfig};
use crate::domain::{Key, UnixMs};
use crate::store::{DatabaseUrl, OpenFor, Store};
use seed::{HISTORY_MS, beside, remove};

/// The workspace of the demo: the one that every new database has.
const WORKSPACE: &str = "default";
/// How long the printed address signs in, unless it was used.
const LINK_LASTS: Duration = Duration::from_hours(24);

/// Serve a sample event with partners, a week of history and live sample traffic, and print one address to open, signed in
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Forget what is there and begin afresh
    #[arg(long)]
    pub reset: bool,
    /// Address of the API and the page; port 0 takes a free one
    #[arg(long, env = "TIDINGS_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: String,
    /// Address of /metrics, /live and /ready, or off
    #[arg(long, env = "TIDINGS_OPS_LISTEN", default_value = "off", value_name = "ADDRESS")]
    pub ops_listen: String,
    /// File of the demo's database
    #[arg(long, default_value = "demo-data/tidings.db", value_name = "FILE")]
    pub database: PathBuf,
    /// Send no live sample traffic
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when it cannot start, or could not drain.
pub async fn run(args: Args) -> Result<(), CliError> {
    let database = DatabaseUrl::of_file(&args.database).to_string();
    let log = std::env::var("TIDINGS_LOG").unwrap_or_else(|_| "warn".to_owned());
    // Its own receiver is on this very machine.
    let webhooks = WebhooksConfig { allow_loopback: true };
    let config = Config { database, listen: args.listen.clone(), ops_listen: args.ops_listen.clone(), log, webhooks, ..Config::default() };
    let _log = log::start(&config)?;
    let mut stop = serve::Stop::new()?;
    if args.reset {
        reset(&args.database).await?;
    }
    if !args.database.exists() {
        tokio::select! {
            made = make(&args.database) => made?,
            () = stop.told() => return Ok(()),
        }
    }
    let running = app::start(&config, Clock::System, true).await.map_err(failed)?;
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let key = key::of(&running, &beside(&args.database, ".key")).await?;
    members::make(&running).await?;
    let screen = key::of_screen(&running, &beside(&args.database, ".screen")).await?;
    // In a container it listens on every address, and is opened at one.
    let url = format!("http://{}", serve::near(running.api_addr));
    let receiver = receiver::start(&tasks, shutdown.clone()).await.map_err(CliError::failed)?;
    let server = Target { url: url.clone(), key: Some(key.clone()), key_file: None, ca_file: None }.server()?;
    outlets::make(&mut Client::new(server.clone())?, receiver).await?;
    if !args.quiet {
        let seed = Clock::System.now().0.unsigned_abs();
        tasks.spawn(traffic::play(Client::new(server)?, seed, shutdown.clone()));
    }
    serve::warn_of_plain_text(&running);
    greet(&running, &url, &key, &screen, receiver).await?;
    stop.told().await;
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
    serve::finish(running).await
}

/// Forgets the demo, unless a server has it open.
async fn reset(database: &Path) -> Result<(), CliError> {
    let url = DatabaseUrl::of_file(database);
    if database.exists() {
        // Opening it takes the lock that a running server holds.
        let open = Store::open(&url, Clock::System, OpenFor::Oneself).await.map_err(CliError::failed)?;
        open.close().await.map_err(CliError::failed)?;
    }
    url.remove().map_err(|e| CliError::failed(format!("{}: {e}", database.display())))?;
    remove(&beside(database, ".screen")).map_err(CliError::failed)?;
    remove(&beside(database, ".key")).map_err(CliError::failed)
}

/// Makes the database with its history.
async fn make(database: &Path) -> Result<(), CliError> {
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).map_err(|e| CliError::failed(format!("{}: {e}", folder.display())))?;
    }
    let bar = ProgressBar::new(0).with_message("a week of history");
    // The template is constant; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{msg}  {bar:30} {pos}/{len}") {
        bar.set_style(style);
    }
    let end = Clock::System.now();
    let made = seed::seed(database, UnixMs(end.0 - HISTORY_MS), end, &bar).await;
    bar.finish_and_clear();
    made.map(drop).map_err(CliError::failed)
}

/// Prints the one address to open, and below it what a developer needs.
async fn greet(running: &Running, url: &str, key: &str, screen: &str, receiver: SocketAddr) -> Result<(), CliError> {
    let path = running.sign_in_link(&Key::trusted(WORKSPACE), Scopes::of(&Scope::ALL), LINK_LASTS).await.map_err(failed)?;
    let mut out = std::io::stdout();
    let (bold, plain) = if out.is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let other = if url == "http://127.0.0.1:8080" { String::new() } else { format!("  export TIDINGS_URL={url}\n") };
    let text = format!(
        "{name} is on. Open this, it signs you in once:\n\n  {bold}{url}{path}&to=/events/{event}/activity{plain}\n\n\
         A wall for a hall, on another screen:\n\n  {url}/wall#{screen}\n\n\
         What its webhook and its alert send arrives here:\n\n  http://{receiver}/\n\n\
         To send and to watch from a terminal:\n\n{other}  export TIDINGS_KEY={key}\n  tidings tail --partner acme\n  \
         tidings post --event {event} --partner acme --flavor content.shared\n\nCtrl-C ends it.\n",
        name = cast::EVENT_NAME,
        event = cast::EVENT,
    );
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::failed)
}

fn failed(fault: AppError) -> CliError {
    match fault {
        AppError::Listen { .. } => CliError::failed(format!("{fault}; is a demo running already? --listen takes another address")),
        other => serve::failed(other),
    }
}
