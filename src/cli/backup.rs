//! `tidings backup`: one file with everything, beside a running server too.

use std::path::PathBuf;

use super::CliError;
use super::copying::Copying;
use super::open::Database;
use crate::auth::Operator;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// Replace the file when it is there already
    #[arg(long)]
    force: bool,
    /// MiB a second at most, so that a server beside it keeps the disk; as fast as it goes when left out
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// The file that it becomes; it is there only once it is whole, on the disk, and was read through
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when there is no new backup.
pub async fn run(args: Args) -> Result<(), CliError> {
    let database = args.database.url()?;
    let copying = Copying::begin(args.force, args.rate)?;
    let copied = copying.until_told(database.backup(Operator::assume(), &args.file, &copying.options)).await?;
    println!(
        "{}: {}, {}",
        args.file.display(),
        copying.holds(&copied),
        match copied.looked_through {
            true => "checked",
            false => "of an older version, so the file's own check was made and the logs were not looked through",
        }
    );
    Ok(())
}
