//! The `workspace` command.

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
    Err(CliError::failed("`workspace` is not in this build"))
}
