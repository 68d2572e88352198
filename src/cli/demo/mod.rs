//! The `demo` command.

mod agents;
mod beat;
mod cast;
mod chance;
mod seed;
mod step;
mod story;
mod traffic;

use super::CliError;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, until it is built.
pub async fn run(args: Args) -> Result<(), CliError> {
    let Args {} = args;
    Err(CliError::failed("`demo` is not in this build"))
}
