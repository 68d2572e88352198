//! `tidings key`: keys are made, listed and revoked, also while a server runs on the database.

use std::io::Write as _;

use super::CliError;
use super::open::{Database, workspace};
use super::terminal::plain;
use crate::auth::{Actor, Scopes, SecretKey};
use crate::clock::Clock;
use crate::domain::Key;
use crate::store::{CredentialKind, NewCredential};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Create a key and write it, alone, to standard output: it is never shown again
    Create(Create),
    /// List keys
    List(Of),
    /// Revoke a key: within a second or two a running server refuses it and closes what it has opened
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct Of {
    #[command(flatten)]
    database: Database,
    /// Whose keys
    #[arg(long, env = "TIDINGS_WORKSPACE", default_value = "default", value_name = "KEY")]
    workspace: String,
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    of: Of,
    /// What it may do: ingest, read, admin, separated by commas
    #[arg(long, value_name = "SCOPES")]
    scope: String,
    /// The only event that exists for it
    #[arg(long, value_name = "KEY")]
    event: Option<String>,
    /// What people call it
    #[arg(long, default_value = "")]
    name: String,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    #[command(flatten)]
    of: Of,
    /// Its number, as `key list` shows it
    id: i64,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] in words.
pub async fn run(args: Args) -> Result<(), CliError> {
    match args.command {
        Command::Create(create) => run_create(create).await,
        Command::List(of) => list(of).await,
        Command::Revoke(revoke) => run_revoke(revoke).await,
    }
}

async fn run_create(create: Create) -> Result<(), CliError> {
    let scopes: Scopes = create.scope.parse().map_err(|fault: crate::domain::Invalid| CliError::usage(format!("--{fault}")))?;
    let event = create.event.as_deref().map(Key::parse).transpose().map_err(|fault| CliError::usage(format!("--event: {fault}")))?;
    let name = match create.name.as_str() {
        "" => String::new(),
        name => crate::api::plain_text(name).map_err(|fault| CliError::usage(format!("--name: {fault}")))?,
    };
    let store = create.of.database.open().await?;
    let owner = workspace(&store, &create.of.workspace).await?;
    let secret = SecretKey::generate(CredentialKind::Key.as_str()).map_err(CliError::failed)?;
    let new =
        NewCredential { name, scopes, events: event.into(), ..NewCredential::new(CredentialKind::Key, secret.hash(), Clock::System.now()) };
    store.keyring.create_credential(owner.id, new).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    writeln!(std::io::stdout(), "{}", secret.expose()).map_err(CliError::failed)
}

async fn list(of: Of) -> Result<(), CliError> {
    let store = of.database.open().await?;
    let owner = workspace(&store, &of.workspace).await?;
    let keys = store.keyring.keys(owner.id).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    let mut out = std::io::stdout().lock();
    let mut line = |id: &str, kind: &str, state: &str, scopes: &str, event: &str, made: &str, name: &str| {
        writeln!(out, "{id:>6}  {kind:<4}  {state:<8}  {scopes:<17}  {event:<16}  {made:<24}  {}", plain(name)).map_err(CliError::failed)
    };
    line("ID", "KIND", "STATE", "SCOPES", "EVENT", "CREATED", "NAME")?;
    let now = Clock::System.now();
    for key in keys {
        let state = match (key.revoked_at, key.is_good(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "active",
            (None, false) => "expired",
        };
        let event = key.events.keys().map_or("-".to_owned(), |keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        line(&key.number.to_string(), key.kind.as_str(), state, &key.scopes.to_string(), &event, &key.created_at.to_string(), &key.name)?;
    }
    Ok(())
}

async fn run_revoke(revoke: Revoke) -> Result<(), CliError> {
    let store = revoke.of.database.open().await?;
    let owner = workspace(&store, &revoke.of.workspace).await?;
    let revoked = store.keyring.revoke(owner.id, revoke.id, Clock::System.now(), Actor::Server).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    match revoked.is_empty() {
        false => Ok(()),
        true => Err(CliError::failed(format!("workspace {} has no active key {}; see `tidings key list`", owner.key, revoke.id))),
    }
}
