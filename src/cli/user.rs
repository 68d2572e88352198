//! `tidings user`: members are made, listed, given another password and removed, also while a server runs on the database.

use std::io::Write as _;

use super::CliError;
use super::open::{Database, workspace};
use super::terminal::plain;
use crate::api::people::invitations::{INVITATION_MS, RESET_MS};
use crate::auth::{Actor, Role, SecretKey};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::{Events, Key, UnixMs};
use crate::store::{
    CredentialKind, Invited, MEMBERS_MAX, Member, MemberChanged, NewCredential, NewMember, Store, WorkspaceRecord, folded_email,
};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make somebody a member, and write a one-time link, alone, to standard output: opened, they choose a password
    Create(Create),
    /// List members
    List(Of),
    /// Write a one-time link by which somebody chooses another password; used, it ends all of their sessions
    Reset(One),
    /// Remove a member: within a second or two a running server closes what they have open
    Remove(One),
}

#[derive(Debug, clap::Args)]
struct Of {
    #[command(flatten)]
    database: Database,
    /// Whose members
    #[arg(long, env = "TIDINGS_WORKSPACE", default_value = "default", value_name = "KEY")]
    workspace: String,
}

#[derive(Debug, clap::Args)]
struct One {
    #[command(flatten)]
    of: Of,
    /// Their email
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// Under which address people open the server; without it that of the configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    one: One,
    /// What they may do: owner, admin, editor, operator or viewer
    #[arg(long, default_value = "viewer", value_name = "ROLE")]
    role: String,
    /// An event that is to exist for them, and no other; may be given again
    #[arg(long = "event", value_name = "KEY")]
    events: Vec<String>,
    /// What people call them
    #[arg(long, default_value = "")]
    name: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] in words.
pub async fn run(args: Args) -> Result<(), CliError> {
    match args.command {
        Command::Create(create) => run_create(create).await,
        Command::List(of) => list(of).await,
        Command::Reset(one) => reset(one).await,
        Command::Remove(one) => remove(one).await,
    }
}

async fn run_create(create: Create) -> Result<(), CliError> {
    let One { of, email, url } = create.one;
    let email = crate::api::email(&email).map_err(|fault| CliError::usage(fault.under("--email")))?;
    let role = Role::parse(&create.role).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        CliError::usage(format!("--role {:?} is none; the roles are {}", create.role, words.join(", ")))
    })?;
    let keys: Result<Vec<Key>, _> = create.events.iter().map(|key| Key::parse(key)).collect();
    let keys = keys.map_err(|fault| CliError::usage(fault.under("--event")))?;
    if role == Role::Owner && !keys.is_empty() {
        return Err(CliError::usage("--event: an owner answers for all of the workspace; leave it out, or give another role"));
    }
    let name = match create.name.as_str() {
        "" => String::new(),
        name => crate::api::plain_text(name).map_err(|fault| CliError::usage(fault.under("--name")))?,
    };
    let events = if keys.is_empty() { Events::ALL } else { Events::these(keys) };
    let store = of.database.open().await?;
    let owner = workspace(&store, &of.workspace).await?;
    let (credential, secret) = link(CredentialKind::Invitation, INVITATION_MS)?;
    let new = NewMember { email: email.clone(), name, role, events };
    let made = store.members.invite(owner.id, new, credential, Actor::Server).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    match made {
        Invited::Made(_) => write_link(url, &secret),
        Invited::There(member) => {
            Err(CliError::failed(format!("{} is a member of {} already, as {}", member.email, owner.key, member.role.as_str())))
        }
        Invited::Full => Err(CliError::failed(format!("workspace {} has {MEMBERS_MAX} members, as many as it may", owner.key))),
    }
}

async fn list(of: Of) -> Result<(), CliError> {
    let store = of.database.open().await?;
    let owner = workspace(&store, &of.workspace).await?;
    let members = store.members.members(owner.id).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    let mut out = std::io::stdout().lock();
    let mut line = |id: &str, state: &str, role: &str, events: &str, email: &str, name: &str| {
        writeln!(out, "{id:>6}  {state:<7}  {role:<8}  {events:<24}  {:<32}  {}", plain(email), plain(name)).map_err(CliError::failed)
    };
    line("ID", "STATE", "ROLE", "EVENTS", "EMAIL", "NAME")?;
    for member in members {
        let state = if member.joined_at.is_some() { "active" } else { "invited" };
        let keys = member.events.keys().map(|keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        line(&member.number.to_string(), state, member.role.as_str(), keys.as_deref().unwrap_or("-"), &member.email, &member.name)?;
    }
    Ok(())
}

async fn reset(one: One) -> Result<(), CliError> {
    let store = one.of.database.open().await?;
    let (owner, member) = found(&store, &one).await?;
    let (credential, secret) = link(CredentialKind::Reset, RESET_MS)?;
    let credential = NewCredential { member: Some(member.number), ..credential };
    store.keyring.create_credential(owner.id, credential).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    write_link(one.url, &secret)
}

async fn remove(one: One) -> Result<(), CliError> {
    let store = one.of.database.open().await?;
    let (owner, member) = found(&store, &one).await?;
    let done = store.members.remove_member(owner.id, member.number, Actor::Server).await.map_err(CliError::failed)?;
    store.close().await.map_err(CliError::failed)?;
    match done {
        MemberChanged::Changed(..) => Ok(()),
        MemberChanged::Unknown => Err(unknown(&owner, &one.email)),
        MemberChanged::LastOwner => {
            Err(CliError::failed(format!("{} is the last owner of {}; make somebody else an owner first", member.email, owner.key)))
        }
    }
}

async fn found(store: &Store, one: &One) -> Result<(WorkspaceRecord, Member), CliError> {
    let owner = workspace(store, &one.of.workspace).await?;
    let members = store.members.members(owner.id).await.map_err(CliError::failed)?;
    let wanted = folded_email(&one.email);
    let found = members.into_iter().find(|member| folded_email(&member.email) == wanted);
    match found {
        Some(member) => Ok((owner, member)),
        None => Err(unknown(&owner, &one.email)),
    }
}

fn unknown(owner: &WorkspaceRecord, email: &str) -> CliError {
    CliError::failed(format!("workspace {} has no member {email}; see `tidings user list`", owner.key))
}

/// A one-time credential that lasts so long.
fn link(kind: CredentialKind, lasts_ms: i64) -> Result<(NewCredential, SecretKey), CliError> {
    let secret = SecretKey::generate(kind.as_str()).map_err(CliError::failed)?;
    let now = Clock::System.now();
    let expires_at = Some(UnixMs(now.0.saturating_add(lasts_ms)));
    Ok((NewCredential { expires_at, ..NewCredential::new(kind, secret.hash(), now) }, secret))
}

/// Writes the address of a one-time link, alone.
fn write_link(url: Option<String>, secret: &SecretKey) -> Result<(), CliError> {
    let told = |name: &str| config::given(name, &|name: &str| std::env::var(name).ok()).map_err(CliError::usage);
    let base = match url.or(told("TIDINGS_PUBLIC_URL")?).filter(|url| !url.is_empty()) {
        Some(base) => base,
        None => format!("http://{}", told("TIDINGS_LISTEN")?.unwrap_or_else(|| Config::default().listen)),
    };
    let mut out = std::io::stdout();
    writeln!(out, "{}/signin?link={}", base.trim_end_matches('/'), secret.expose()).map_err(CliError::failed)
}
