//! `tidings bench`: load on a running server, and figures.
//!
//! It measures from outside, through the public API. Figures of one run are to be compared with a reference in the same
//! run on the same machine, never with figures of another.

mod fanout;
mod frames;
mod idle;
mod ingest;
mod load;
mod raw;
mod report;
mod resume_storm;
mod server;
mod subscriber;

use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use super::client::{Server, Target};

/// Measure a running server
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Fanout(fanout::Args),
    Ingest(ingest::Args),
    Idle(idle::Args),
    ResumeStorm(resume_storm::Args),
}

/// What every measurement is told.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Process of the server, to read its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    /// Event that the activities are sent to; it is created
    #[arg(long, default_value = "bench")]
    pub event: String,
    /// Print figures as JSON
    #[arg(long)]
    pub json: bool,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

impl Common {
    /// The server, which is measured in the clear: a proxy in front would be measured with it.
    fn server(&self) -> Result<Server, CliError> {
        let server = self.target.server()?;
        match server.secure {
            None => Ok(server),
            Some(_) => Err(CliError::usage("a server is measured without TLS; name it with --url http://...")),
        }
    }

    fn bar(&self, message: &'static str) -> ProgressBar {
        let bar = ProgressBar::no_length().with_message(message);
        // The template is constant; were it wrong, the plain bar would do.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg} {pos}/{len}") {
            bar.set_style(style);
        }
        bar
    }
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be used, or the figures would mean nothing.
pub async fn run(args: Args) -> Result<(), CliError> {
    match args.what {
        What::Fanout(args) => fanout::run(args).await,
        What::Ingest(args) => ingest::run(args).await,
        What::Idle(args) => idle::run(args).await,
        What::ResumeStorm(args) => resume_storm::run(args).await,
    }
}
