//! `tidings config`: the whole configuration as a server here would use it.

use super::CliError;
use super::serve::Options;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] that names what cannot be used.
pub fn run(args: Args) -> Result<(), CliError> {
    let config = args.options.config()?;
    print!("{}", config.to_toml().map_err(CliError::failed)?);
    Ok(())
}
