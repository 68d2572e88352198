//! `tidings check`: reads a whole database, beside a running server too, and tells what is wrong.

use super::CliError;
use super::open::Database;
use crate::auth::Operator;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: Database,
    /// Throw saved tallies away first; no server may run, and the next one counts anew
    #[arg(long)]
    forget_tallies: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when anything is wrong, or the database cannot be read.
pub async fn run(args: Args) -> Result<(), CliError> {
    let url = args.database.url()?;
    let file = url.file();
    if !file.exists() {
        return Err(CliError::failed(format!("there is no database {}", file.display())));
    }
    let store = match args.forget_tallies {
        true => args.database.open_alone().await?,
        false => args.database.open().await?,
    };
    if args.forget_tallies {
        store.upkeep.forget_tallies(Operator::assume()).await.map_err(CliError::failed)?;
    }
    let findings = store.upkeep.check(Operator::assume()).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    for finding in &findings {
        println!("{}: {}", finding.workspace.as_deref().unwrap_or("file"), finding.text);
    }
    match findings.len() {
        0 => {
            println!("{}: whole", file.display());
            Ok(())
        }
        1 => Err(CliError::failed("1 thing is wrong")),
        several => Err(CliError::failed(format!("{several} things are wrong"))),
    }
}
