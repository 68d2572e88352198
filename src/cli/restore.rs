//! `tidings restore`: a backup becomes the database.

use std::path::PathBuf;

use super::CliError;
use super::copying::Copying;
use super::open::Database;
use crate::auth::Operator;
use crate::clock::Clock;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// Where a database is already, move it aside first
    #[arg(long)]
    force: bool,
    /// The backup, which stays as it is
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when the database is as it was.
pub async fn run(args: Args) -> Result<(), CliError> {
    let database = args.database.url()?;
    let copying = Copying::begin(args.force, None)?;
    let copied = copying.until_told(database.restore(Operator::assume(), &args.file, &Clock::System, &copying.options)).await?;
    if let Some(aside) = &copied.aside {
        println!("what was there is now {}", aside.display());
    }
    println!("{}: restored, {}, checked", database.file().display(), copying.holds(&copied));
    println!("readers are told to begin afresh; keys that were revoked since the backup are good again, see `tidings key list`");
    Ok(())
}
