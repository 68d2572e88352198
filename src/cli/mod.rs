//! The command line: reads what was asked, calls one function, and says in words what went wrong.
//!
//! Composition only. Commands that talk to a running server (`post`, `tail`, `replay`, `bench`) do it over HTTP like
//! anybody else; commands that own a database (`serve`, `demo`, `key`, `user`, `workspace`, `check`,
//! `backup`, `restore`) open it here.

mod backup;
pub mod bench;
mod check;
mod client;
mod config;
mod copying;
pub mod demo;
pub mod export;
mod health;
pub mod import;
mod key;
mod log;
mod open;
pub mod post;
pub mod replay;
mod restore;
pub mod serve;
pub mod tail;
mod terminal;
mod text;
mod user;
mod workspace;

use std::fmt;
use std::process::ExitCode;

use clap::Parser;

/// The exit code of a command that failed.
pub const EXIT_FAILED: u8 = 1;
/// The exit code of a command that was used wrongly.
pub const EXIT_USAGE: u8 = 2;

/// Why a command ended without doing what was asked: a sentence for people, and the exit code.
#[derive(Debug)]
pub struct CliError {
    message: String,
    code: u8,
}

impl CliError {
    /// It was asked rightly and could not be done: exit code 1.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: EXIT_FAILED }
    }

    /// It was asked wrongly: exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: EXIT_USAGE }
    }

    /// The exit code, 1 or 2.
    pub const fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

/// Tidings: a real-time activity feed server, durable, filtered on the server, provably complete.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve: take activities in, keep them, stream them out
    Serve(serve::Args),
    /// Serve a sample event with partners, a week of history and live sample traffic, and open signed in
    Demo(demo::Args),
    /// Send the lines of an access log or an NDJSON file to a server as activities
    Replay(replay::Args),
    /// Send one activity, or NDJSON from standard input
    Post(post::Args),
    /// Watch activities live in the terminal
    Tail(tail::Args),
    /// Take activities out as a file
    Export(export::Args),
    /// Import a partner list: .csv, .tsv or .xlsx
    Import(import::Args),
    /// Create, list and revoke keys
    Key(key::Args),
    /// Make members, list and remove them, let them choose another password
    User(user::Args),
    /// Create and list workspaces
    Workspace(workspace::Args),
    /// Look through a database and say whether it is whole
    Check(check::Args),
    /// Say whether the server of this machine works: exit code 0, or 1 with the reason
    Health(health::Args),
    /// Copy the whole database to one file, while a server runs on it too
    Backup(backup::Args),
    /// Put a backup in place of a database; no server may run on it
    Restore(restore::Args),
    /// Print the whole configuration as it would be used, defaults included
    Config(config::Args),
    /// Measure a running server
    Bench(bench::Args),
}

/// Reads the command line, does what it says and gives the exit code: 0, 1 failed, 2 usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are answers, not faults.
            let code = if told.use_stderr() { EXIT_USAGE } else { 0 };
            let _ = told.print();
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => {
            eprintln!("tidings: cannot start the runtime: {fault}");
            return ExitCode::from(EXIT_FAILED);
        }
    };
    let ended = runtime.block_on(run(cli.command));
    // A thread that waits for standard input must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("tidings: {}", terminal::plain_lines(&fault.to_string()));
            ExitCode::from(fault.code)
        }
    }
}

async fn run(command: Command) -> Result<(), CliError> {
    // Boxed: the size of the largest command is not carried by all of them.
    match command {
        Command::Serve(args) => Box::pin(serve::run(args)).await,
        Command::Demo(args) => Box::pin(demo::run(args)).await,
        Command::Replay(args) => Box::pin(replay::run(args)).await,
        Command::Post(args) => Box::pin(post::run(args)).await,
        Command::Tail(args) => Box::pin(tail::run(args)).await,
        Command::Export(args) => Box::pin(export::run(args)).await,
        Command::Import(args) => Box::pin(import::run(args)).await,
        Command::Key(args) => Box::pin(key::run(args)).await,
        Command::User(args) => Box::pin(user::run(args)).await,
        Command::Workspace(args) => Box::pin(workspace::run(args)).await,
        Command::Check(args) => Box::pin(check::run(args)).await,
        Command::Health(args) => Box::pin(health::run(args)).await,
        Command::Backup(args) => Box::pin(backup::run(args)).await,
        Command::Restore(args) => Box::pin(restore::run(args)).await,
        Command::Config(args) => config::run(args),
        Command::Bench(args) => Box::pin(bench::run(args)).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
