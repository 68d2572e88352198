//! `tidings serve`: runs a server until it is told to end.

use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{CliError, log};
use crate::app::{self, AppError, Leftovers, Running};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::ops::supervisor::Supervisor;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

/// The options of a server. What is left out comes from `TIDINGS_...` variables, then from the file, then is the default;
/// `tidings config` shows all of it.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// A TOML file; `tidings config` prints one with every key
    #[arg(long, env = "TIDINGS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where everything is kept, as in sqlite:tidings.db [env: TIDINGS_DATABASE]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Address of the API and the page; port 0 takes a free one [env: TIDINGS_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Address of /metrics, /live and /ready, or off [env: TIDINGS_OPS_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub ops_listen: Option<String>,
    /// Taken so that who gives one is told: several nodes are not in this version
    #[arg(long, env = "TIDINGS_BUS", value_name = "URL", hide = true)]
    pub bus: Option<String>,
    /// An origin whose pages may open a WebSocket, as in `https://desk.example`; may be given again [env: TIDINGS_ORIGINS]
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
    /// How log lines look [env: TIDINGS_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, or by module [env: TIDINGS_LOG]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

impl Options {
    /// The configuration that they make with variables, file and defaults.
    ///
    /// # Errors
    /// A usage error that names what cannot be used.
    pub fn config(self) -> Result<Config, CliError> {
        if let Some(bus) = self.bus {
            return Err(CliError::usage(format!("--bus {bus:?}: several nodes are not in this version; leave it out")));
        }
        let mut config = Config::load(self.config.as_deref(), |name| std::env::var(name).ok()).map_err(CliError::usage)?;
        let options = [(self.database, &mut config.database), (self.listen, &mut config.listen), (self.ops_listen, &mut config.ops_listen)];
        for (option, value) in options.into_iter().chain([(self.log, &mut config.log)]) {
            if let Some(given) = option {
                *value = given;
            }
        }
        if let Some(format) = self.log_format {
            config.log_format = format;
        }
        if !self.origins.is_empty() {
            config.origins = self.origins;
        }
        config.check().map_err(CliError::usage)?;
        Ok(config)
    }
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when it cannot start, or could not drain.
pub async fn run(args: Args) -> Result<(), CliError> {
    let config = args.options.config()?;
    config.database_url().map_err(CliError::usage)?;
    let _log = log::start(&config)?;
    // Before anything is served: a signal that comes early is not lost.
    let mut stop = Stop::new()?;
    let supervisor = Supervisor::find(|name| std::env::var_os(name), std::process::id());
    let running = app::start(&config, Clock::System, false).await.map_err(failed)?;
    announce(&running)?;
    welcome(&running, &config).await?;
    supervisor.serving(running.api_addr);
    tokio::select! {
        () = stop.told() => {}
        () = supervisor.watch(&running.ready) => {}
    }
    supervisor.stopping();
    tokio::select! {
        finished = finish(running) => finished,
        // What was acknowledged is durable already; readers come back by themselves.
        () = stop.told() => Err(CliError::failed("told a second time to end: ended at once, without draining")),
    }
}

/// Writes the one line of standard output that says where the server is.
///
/// # Errors
/// When standard output is closed.
pub fn announce(running: &Running) -> Result<(), CliError> {
    tracing::info!(api = %running.api_addr, ops = ?running.ops_addr, "serving");
    warn_of_plain_text(running);
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", running.api_addr).and_then(|()| out.flush()).map_err(CliError::failed)
}

/// Where nobody can come in yet, writes the link that makes the owner.
async fn welcome(running: &Running, config: &Config) -> Result<(), CliError> {
    let Some(path) = running.first_owner_link().await.map_err(failed)? else { return Ok(()) };
    let base = if config.public_url.is_empty() {
        format!("http://{}", near(running.api_addr))
    } else {
        config.public_url.trim_end_matches('/').to_owned()
    };
    // Not by the log, which has no secrets; to where people look at a first start, in the form of all that stands there.
    let told = format!("nobody can sign in yet; open this once to be the owner: {base}{path}");
    match config.log_format {
        LogFormat::Text => eprintln!("{told}"),
        LogFormat::Json => eprintln!("{}", serde_json::json!({ "level": "WARN", "message": told })),
    }
    Ok(())
}

/// Says that nothing hides keys and activities on their way, where others than this machine can come.
pub fn warn_of_plain_text(running: &Running) {
    if !running.api_addr.ip().to_canonical().is_loopback() {
        tracing::warn!(
            api = %running.api_addr,
            "listening beyond this machine without TLS: keys, cookies and activities can be read on the way; put a proxy that speaks \
             TLS in front, or listen on 127.0.0.1"
        );
    }
}

/// Where this machine finds what listens on an address: a server that listens on every one of its addresses is at its own.
pub fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Drains a server.
///
/// # Errors
/// When something was left.
pub async fn finish(running: Running) -> Result<(), CliError> {
    tracing::info!("draining");
    let left = running.finish().await;
    if left == Leftovers::default() {
        tracing::info!("ended");
        return Ok(());
    }
    Err(CliError::failed(format!(
        "ended with {} tasks, {} sessions and {} queued bytes left",
        left.tasks, left.sessions, left.queued_bytes
    )))
}

/// A fault at start: what was asked wrongly is a usage error.
pub fn failed(fault: AppError) -> CliError {
    match fault {
        AppError::Config(fault) => CliError::usage(fault),
        AppError::Listen { address, fault } if fault.kind() == ErrorKind::InvalidInput => {
            CliError::usage(format!("cannot listen on {address:?}: {fault}; give host and port, as in 127.0.0.1:8080"))
        }
        AppError::Listen { .. } => CliError::failed(format!("{fault}; --listen and --ops-listen take other addresses, port 0 a free one")),
        other => CliError::failed(other),
    }
}

/// SIGTERM and SIGINT.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to listen for them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(|fault| CliError::failed(format!("cannot listen for signals: {fault}")));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
