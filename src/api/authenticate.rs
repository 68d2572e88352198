//! Who asks: finds the credential behind a key, a session cookie or a ticket.
//!
//! The only way from a request to a [`WorkspaceId`](crate::auth::WorkspaceId). Found credentials are remembered for a
//! moment, and only while nothing is revoked: what was read before a revocation is never an answer after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use quick_cache::sync::Cache;

use super::error::{Problem, UNAUTHORISED};
use crate::auth::{Actor, KEY_PREFIX, KeyHash, Principal, Revocations, SecretKey};
use crate::clock::Clock;
use crate::domain::Origin;
use crate::store::{Credential, CredentialKind, Keyring, Opened, Purpose, Reader};

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "tidings_session";
/// Its name behind TLS: a browser takes such a one from this very host alone.
pub const HOST_SESSION_COOKIE: &str = "__Host-tidings_session";
/// Name of the cookie of a screen.
pub const SCREEN_COOKIE: &str = "tidings_screen";
/// A browser may be both, a desk and a screen: with this header it asks as the screen.
pub const AS_SCREEN: &str = "tidings-screen";
/// Credentials that are remembered, found or not; the least used go first.
const REMEMBERED_MAX: usize = 10_000;
/// How exactly it is kept when a share was last used.
const USED_EVERY: Duration = Duration::from_secs(60);
/// How long one is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// What stands in an `Authorization` header.
pub const BEARERS: &[CredentialKind] = &[CredentialKind::Key, CredentialKind::Site];
/// What asks by that header.
const ASKING: &[CredentialKind] = &[CredentialKind::Key, CredentialKind::Site, CredentialKind::Screen];

/// How the caller has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// A key in the `Authorization` header.
    Bearer,
    /// A session cookie: a browser, which other sites can make send requests.
    Cookie,
    /// A single-use ticket.
    Ticket,
}

/// Who asks, and how that was shown.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// How.
    pub presented: Presented,
    /// Activities a second, where the key behind it has a rate of its own.
    pub rate_per_s: Option<u32>,
    /// Origins whose pages may use it, where it is a site key.
    pub origins: Vec<Origin>,
}

/// A credential that was found, and as of when.
#[derive(Clone)]
pub struct Found {
    /// The credential.
    pub credential: Arc<Credential>,
    /// How many revocations had been heard of before it was looked up.
    pub heard: u64,
}

impl Caller {
    /// Whose turn at reading it is when this caller asks.
    pub const fn reader(&self) -> Reader {
        Reader { workspace: self.principal.workspace, root: self.principal.root, purpose: Purpose::Request }
    }

    /// True for a page that only collects: what it names and is not there is not made.
    pub const fn only_collects(&self) -> bool {
        matches!(self.principal.actor, Actor::Site(_))
    }
}

/// Finds credentials by what was presented.
pub struct Authenticator {
    keyring: Arc<dyn Keyring>,
    revocations: Revocations,
    clock: Clock,
    remembered: Cache<KeyHash, Remembered>,
    /// Shares whose use was noted, and when.
    used: Cache<i64, Instant>,
}

/// What a look-up has found, and as of when.
#[derive(Clone)]
struct Remembered {
    at: Instant,
    heard: u64,
    found: Option<Arc<Credential>>,
}

impl Authenticator {
    /// An authenticator over a keyring; `revocations` counts what this process hears of.
    pub fn new(keyring: Arc<dyn Keyring>, revocations: Revocations, clock: Clock) -> Self {
        Self { keyring, revocations, clock, remembered: Cache::new(REMEMBERED_MAX), used: Cache::new(REMEMBERED_MAX) }
    }

    /// Who asks, by a header; a key wins over a cookie.
    ///
    /// # Errors
    /// [`UNAUTHORISED`] when nobody, or nobody known, asks.
    pub async fn by_headers(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let (text, kinds, presented) = match headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let key = value.to_str().ok().and_then(bearer).ok_or_else(|| refused("Authorization must be: Bearer KEY"))?;
                (key, ASKING, Presented::Bearer)
            }
            None => {
                let session = || session_cookie(headers).map(|text| (text, &[CredentialKind::Session][..], Presented::Cookie));
                let screen = || cookie(headers, SCREEN_COOKIE).map(|text| (text, &[CredentialKind::Screen][..], Presented::Cookie));
                let found = if headers.contains_key(AS_SCREEN) { screen() } else { session().or_else(screen) };
                found.ok_or_else(|| refused("send a key as Authorization: Bearer KEY, or sign in"))?
            }
        };
        let found = self.find(text, kinds).await?.ok_or_else(|| match presented {
            Presented::Bearer => refused("the key is unknown, expired or revoked"),
            _ => refused("the session has ended; sign in again"),
        })?;
        Ok(caller(&found.credential, presented, found.heard))
    }

    /// Who asks, by a ticket for what it `opens`. It is used up by this, but where it `resumes` it opens the same again
    /// for a while: a browser comes back by itself, with the address that it knows.
    ///
    /// # Errors
    /// [`UNAUTHORISED`] when the ticket is unknown, used or too old, or what it was made from has ended.
    pub async fn by_ticket(&self, text: &str, opens: Opened, resumes: bool) -> Result<Caller, Problem> {
        let heard = self.revocations.heard();
        let mut ticket = self.take(text, CredentialKind::Ticket, Some(opens)).await?;
        if ticket.is_none()
            && resumes
            && let Some(hash) = hash_of(text, CredentialKind::Ticket)
        {
            ticket = self.keyring.resume_credential(hash, self.clock.now(), opens).await?;
        }
        let ticket = ticket.ok_or_else(|| refused("the ticket is unknown, used or more than 30 seconds old; take a new one"))?;
        // A stream outlives its ticket: it hangs on what the ticket was made from.
        let made_from = match ticket.parent {
            Some(parent) => self.keyring.credential(ticket.workspace, parent).await?,
            None => None,
        };
        let made_from = made_from.filter(|parent| parent.is_good(self.clock.now()));
        let made_from = made_from.ok_or_else(|| refused("what the ticket was made from has ended; sign in again"))?;
        let mut caller = caller(&made_from, Presented::Ticket, heard);
        let grant = &mut caller.principal.grant;
        (grant.rights, grant.events) = (grant.rights.within(ticket.scopes.rights()), ticket.events);
        Ok(caller)
    }

    /// The credential of one of these kinds behind a secret, unless it has ended.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn find(&self, text: &str, kinds: &[CredentialKind]) -> Result<Option<Found>, Problem> {
        let Some(secret) = SecretKey::parse(text) else { return Ok(None) };
        let hash = secret.hash();
        // Before the store is asked: what is revoked while it answers makes the answer old.
        let heard = self.revocations.heard();
        let known = self.remembered.get(&hash).filter(|known| known.heard == heard && known.at.elapsed() < REMEMBERED_FOR);
        let found = match known {
            Some(known) => known.found,
            None => {
                let found = self.keyring.find_credential(hash).await?.map(Arc::new);
                // What is good for once is good no more when it was taken, which is no revocation.
                if !kinds.iter().any(|kind| kind.is_one_time()) {
                    self.remembered.insert(hash, Remembered { at: Instant::now(), heard, found: found.clone() });
                }
                found
            }
        };
        let good = found.filter(|credential| kinds.contains(&credential.kind) && credential.is_good(self.clock.now()));
        Ok(good.map(|credential| Found { credential, heard }))
    }

    /// Takes note that whoever asks uses a share or is a screen, once a minute. That it could not be noted keeps nobody from reading.
    pub async fn note_use(&self, by: Actor) {
        let (Actor::Share(number) | Actor::Screen(number)) = by else { return };
        if self.used.get(&number).is_some_and(|noted| noted.elapsed() < USED_EVERY) {
            return;
        }
        self.used.insert(number, Instant::now());
        if let Err(fault) = self.keyring.used(number, self.clock.now()).await {
            tracing::debug!(%fault, number, "the use of a credential could not be noted");
        }
    }

    /// How many revocations were heard of: after more, who was let in is to be looked at again.
    pub fn heard(&self) -> u64 {
        self.revocations.heard()
    }

    /// True when pages of this origin may use a site key, whosever it is.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn is_site_origin(&self, origin: &str) -> Result<bool, Problem> {
        let Ok(origin) = Origin::parse(origin) else { return Ok(false) };
        Ok(self.keyring.is_site_origin(origin, self.clock.now()).await?)
    }

    /// Uses up a one-time secret of this kind, a ticket for what it `opens`; `None` when it is unknown, used, too old, or of
    /// another kind.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn take(&self, text: &str, kind: CredentialKind, opens: Option<Opened>) -> Result<Option<Credential>, Problem> {
        // Looked at first: who presents nonsense does not get to wait in front of the writer.
        if self.find(text, &[kind]).await?.is_none() {
            return Ok(None);
        }
        let Some(hash) = hash_of(text, kind) else { return Ok(None) };
        Ok(self.keyring.take_credential(hash, self.clock.now(), opens).await?)
    }
}

/// The hash of a secret of this kind. By its word: presenting one kind as another must not use it up.
fn hash_of(text: &str, kind: CredentialKind) -> Option<KeyHash> {
    let (word, _) = text.strip_prefix(KEY_PREFIX)?.split_once('_')?;
    SecretKey::parse(text).filter(|_| word == kind.as_str()).map(|secret| secret.hash())
}

fn caller(credential: &Credential, presented: Presented, heard: u64) -> Caller {
    let Credential { rate_per_s, origins, .. } = credential;
    Caller { principal: credential.principal(heard), presented, rate_per_s: *rate_per_s, origins: origins.clone() }
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(UNAUTHORISED, detail)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The session cookie of a request, under either name.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, HOST_SESSION_COOKIE).or_else(|| cookie(headers, SESSION_COOKIE))
}

/// A cookie of a request.
pub fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
