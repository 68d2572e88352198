//! `tidings tail`: activities as they are stored, in a terminal.
//!
//! It never prints an activity twice and never leaves one out: after a break it goes on at its position, and where the
//! server cannot, that is said.

pub mod filter;
mod follow;
mod frames;
mod printer;
mod row;
mod since;
mod stream;
mod typed;

use std::io::IsTerminal as _;

use jiff::tz::TimeZone;

use super::CliError;
use super::client::{Client, Target};
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::domain::limits::BACKFILL_MAX;
use filter::FilterArgs;
use follow::Follow;
use printer::Printer;
use row::Style;
use since::Since;
use stream::Stream;

/// Watch activities live
///
/// Typing another filter and Enter, as in: partner=globex flavor=message.* not.browser=Chrome
/// changes it in place, without a gap; an empty line is everything.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to show
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Begin here: a cursor, or a time ago as in 10m
    #[arg(long, value_name = "CURSOR|TIME")]
    pub since: Option<Since>,
    /// How many of the newest to begin with
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    pub backfill: usize,
    /// Print the JSON of each activity, one a line
    #[arg(long)]
    pub json: bool,
    /// Read filters from standard input although it is no terminal
    #[arg(long)]
    pub refilter_stdin: bool,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command until it is interrupted or its reader goes away.
///
/// # Errors
/// When the server refuses; a server that is away is waited for.
pub async fn run(args: Args) -> Result<(), CliError> {
    let filter = args.filter.filter().map_err(|invalid| CliError::usage(invalid.to_string()))?;
    if args.backfill > BACKFILL_MAX {
        return Err(CliError::usage(format!("backfill: at most {BACKFILL_MAX}; use --since for more")));
    }
    let server = args.target.server()?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let style = Style { colour, zone: TimeZone::system() };
    let mut printer = Printer::new(style, args.json);
    let position = match args.since {
        None => None,
        Some(Since::Cursor(cursor)) => Some(cursor),
        Some(Since::Ago(ms)) => {
            let since = UnixMs(Clock::System.now().0.saturating_sub(ms));
            let history = since::history(&mut Client::new(server.clone())?, &filter, since).await?;
            if let Some(note) = history.left_out.note(history.items.len(), since) {
                printer.note(&note);
            }
            if !printer.activities(history.items) {
                return Ok(());
            }
            history.position
        }
    };
    let reads_filters = args.refilter_stdin || std::io::stdin().is_terminal();
    let typed = if reads_filters { typed::lines() } else { typed::nothing() };
    Stream { server, follow: Follow::new(filter, position), backfill: args.backfill, printer, typed }.run().await
}
