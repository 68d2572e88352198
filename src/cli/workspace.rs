//! `tidings workspace`: customers are made and listed, also while a server runs on the database.

use std::io::Write as _;

use super::CliError;
use super::open::Database;
use super::terminal::plain;
use crate::auth::Operator;
use crate::domain::Key;
use crate::ops::ready::OPS_WORKSPACE;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Create a workspace
    Create(Create),
    /// List workspaces
    List(Database),
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    database: Database,
    /// Its key
    key: String,
    /// Its name; the key when left out
    #[arg(long)]
    name: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] in words.
pub async fn run(args: Args) -> Result<(), CliError> {
    match args.command {
        Command::Create(create) => run_create(create).await,
        Command::List(database) => list(&database).await,
    }
}

async fn run_create(create: Create) -> Result<(), CliError> {
    let key = Key::parse(&create.key).map_err(|fault| CliError::usage(fault.under("KEY")))?;
    if key == Key::trusted(OPS_WORKSPACE) {
        return Err(CliError::usage(format!("{OPS_WORKSPACE} belongs to the server; choose another key")));
    }
    let name = create.name.unwrap_or_else(|| key.to_string());
    let name = crate::api::plain_text(&name).map_err(|fault| CliError::usage(fault.under("--name")))?;
    let store = create.database.open().await?;
    let made = store.keyring.create_workspace(Operator::assume(), key.clone(), name).await;
    store.close().await.map_err(CliError::failed)?;
    made.map_err(CliError::failed)?;
    eprintln!("created workspace {key}; give it a key with `tidings key create --workspace {key} --scope ingest,read,admin`");
    Ok(())
}

async fn list(database: &Database) -> Result<(), CliError> {
    let store = database.open().await?;
    let found = store.keyring.workspaces(Operator::assume()).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    let mut out = std::io::stdout().lock();
    for workspace in found.iter().filter(|w| w.key.as_str() != OPS_WORKSPACE) {
        writeln!(out, "{}\t{}", plain(workspace.key.as_str()), plain(&workspace.name)).map_err(CliError::failed)?;
    }
    Ok(())
}
