//! Following an invitation or a reset.

use crate::api::Api;
use crate::api::error::{INVALID, Problem, UNAUTHORISED};
use crate::api::people::WELCOMING;
use crate::api::people::hashing::is_no_password;
use crate::api::session::Entrance;
use crate::auth::{KeyHash, Role, SecretKey};
use crate::domain::{Invalid, Key};
use crate::store::{CredentialKind, Joined, Joining};

/// What somebody says of themselves who follows a link.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Their email, where the link is for whoever comes first.
    pub email: Option<String>,
    /// What people call them.
    pub name: Option<String>,
    /// The password that they choose; of somebody who has one already, that one.
    pub password: Option<String>,
}

/// What a link is for, as it is told to whoever has it.
#[derive(Debug)]
pub struct Welcome {
    /// Name of the workspace.
    pub workspace: String,
    /// Whom it is for; none where that is whoever comes first.
    pub email: Option<String>,
    /// What people call them, as far as it is known.
    pub name: String,
    /// What they are to be.
    pub role: Role,
    /// The events that are to exist for them; none is all.
    pub events: Option<Vec<Key>>,
    /// True where they choose another password.
    pub is_reset: bool,
    /// True where they have a password already, and join another workspace.
    pub is_known: bool,
}

/// A link that is good.
pub struct Good {
    /// What it is for.
    pub welcome: Welcome,
    hash: KeyHash,
    password: Option<String>,
}

/// Looks at a link without using it up; `None` where it is unknown, used or too old.
///
/// # Errors
/// When the store cannot answer.
pub async fn look(api: &Api, text: &str) -> Result<Option<Good>, Problem> {
    let Some(secret) = SecretKey::parse(text) else { return Ok(None) };
    let Some(found) = api.authenticator.find(text, WELCOMING).await? else { return Ok(None) };
    let credential = &found.credential;
    let is_reset = credential.kind == CredentialKind::Reset;
    let workspace = api.store.keyring.workspace(credential.workspace).await?.name;
    let Some(of) = &credential.member else {
        let welcome = Welcome { workspace, email: None, name: String::new(), role: Role::Owner, events: None, is_reset, is_known: false };
        return Ok(Some(Good { welcome, hash: secret.hash(), password: None }));
    };
    let Some(member) = api.people.members.member(credential.workspace, of.number).await? else { return Ok(None) };
    let person = api.people.members.person_of(credential.workspace, of.number).await?;
    let password = person.and_then(|person| person.password);
    let welcome = Welcome {
        workspace,
        email: Some(member.email),
        name: member.name,
        role: member.role,
        events: member.events.keys().map(<[Key]>::to_vec),
        is_reset,
        is_known: !is_reset && password.is_some(),
    };
    Ok(Some(Good { welcome, hash: secret.hash(), password }))
}

/// Follows a link: it is used up, and whoever followed it is who it is for.
///
/// # Errors
/// [`UNAUTHORISED`] where it is unknown, used or too old; [`INVALID`] with what is to be said and was not.
pub(in crate::api) async fn follow(api: &Api, text: &str, said: Said) -> Result<Entrance, Problem> {
    let ended = || Problem::new(UNAUTHORISED, "the link is unknown, used or too old; ask whoever gave it to you for another");
    let good = look(api, text).await?.ok_or_else(ended)?;
    let missing = |field: &str, why: &str| Problem::invalid(INVALID, Invalid::one(field, "required", why));
    let email = match (&good.welcome.email, said.email) {
        (Some(_), _) => None,
        (None, Some(email)) => Some(email),
        (None, None) => return Err(missing("email", "is required: what you will sign in with")),
    };
    let password = match said.password {
        // Whoever made the link has seen it: it opens nothing of somebody who has a password elsewhere.
        Some(password) if good.welcome.is_known => {
            if !api.people.hashing.verify(password, good.password).await? {
                return Err(Problem::invalid(INVALID, is_no_password()));
            }
            None
        }
        None if good.welcome.is_known => return Err(missing("password", "is required: you have one on this server already")),
        None if good.welcome.is_reset || email.is_some() => return Err(missing("password", "is required: choose one")),
        Some(password) => {
            let whose = good.welcome.email.as_deref().or(email.as_deref()).unwrap_or("");
            Some(api.people.hashing.hash("password", password, whose).await?)
        }
        None => None,
    };
    let joining = Joining { email, name: said.name, password };
    match api.people.members.join(good.hash, joining, api.clock.now()).await? {
        Joined::Member(member, sessions) => {
            if !sessions.is_empty() {
                api.readers.revoked(&sessions);
            }
            Ok(Entrance::of_member(*member))
        }
        Joined::Known => {
            let known = "is known on this server already: sign in, or take another";
            Err(Problem::invalid(INVALID, Invalid::one("email", "known", known)))
        }
        Joined::Unknown | Joined::NoEmail => Err(ended()),
    }
}
