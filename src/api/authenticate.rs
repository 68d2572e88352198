//! Who asks: finds the credential behind a key, a session cookie or a ticket.
//!
//! The only way from a request to a [`WorkspaceId`](crate::auth::WorkspaceId). Found credentials are remembered for
//! a moment; a revocation by this process forgets them at once, one by another process is seen by [`watch`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use quick_cache::sync::Cache;
use tokio_util::sync::CancellationToken;

use super::error::{Problem, UNAUTHORISED};
use crate::auth::{KeyHash, Operator, Principal, SecretKey};
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::session::Readers;
use crate::store::{Credential, CredentialKind, Keyring, StoreError};

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "tidings_session";
/// Credentials that are remembered, found or not; the least used go first.
const REMEMBERED_MAX: usize = 10_000;
/// How long one is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// How often it is looked whether another process has written.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// How far back revocations are asked for again, in milliseconds: clocks of two processes may differ a little.
const WATCH_OVERLAP_MS: i64 = 60_000;

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
    /// Number of the key behind it: a session and a ticket share the rate of the key they were made from.
    pub root: i64,
}

/// Finds credentials by what was presented.
pub struct Authenticator {
    keyring: Arc<dyn Keyring>,
    /// Revocations are watched for every workspace.
    operator: Operator,
    clock: Clock,
    remembered: Cache<KeyHash, (Instant, Option<Arc<Credential>>)>,
}

impl Authenticator {
    /// An authenticator over a keyring.
    pub fn new(keyring: Arc<dyn Keyring>, operator: Operator, clock: Clock) -> Self {
        Self { keyring, operator, clock, remembered: Cache::new(REMEMBERED_MAX) }
    }

    /// Who asks, by a header; a key wins over a cookie.
    ///
    /// # Errors
    /// [`UNAUTHORISED`] when nobody, or nobody known, asks.
    pub async fn by_headers(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let (text, kind, presented) = match headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let key = value.to_str().ok().and_then(bearer).ok_or_else(|| refused("Authorization must be: Bearer KEY"))?;
                (key, CredentialKind::Key, Presented::Bearer)
            }
            None => match session_cookie(headers) {
                Some(text) => (text, CredentialKind::Session, Presented::Cookie),
                None => return Err(refused("send a key as Authorization: Bearer KEY, or sign in")),
            },
        };
        let credential = self.find(text, kind).await?.ok_or_else(|| match presented {
            Presented::Bearer => refused("the key is unknown, expired or revoked"),
            _ => refused("the session has ended; sign in again"),
        })?;
        Ok(caller(&credential, credential.number, presented))
    }

    /// Who asks, by a ticket, which is used up by this.
    ///
    /// # Errors
    /// [`UNAUTHORISED`] when the ticket is unknown, used or too old.
    pub async fn by_ticket(&self, text: &str) -> Result<Caller, Problem> {
        let credential = self.take(text, CredentialKind::Ticket).await?;
        let credential = credential.ok_or_else(|| refused("the ticket is unknown, used or more than 30 seconds old"))?;
        // A stream outlives its ticket: it hangs on what the ticket was made from.
        Ok(caller(&credential, credential.parent.unwrap_or(credential.number), Presented::Ticket))
    }

    /// The credential of this kind behind a secret, unless it has ended.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn find(&self, text: &str, kind: CredentialKind) -> Result<Option<Arc<Credential>>, Problem> {
        let Some(secret) = SecretKey::parse(text) else { return Ok(None) };
        let hash = secret.hash();
        let found = match self.remembered.get(&hash) {
            Some((at, found)) if at.elapsed() < REMEMBERED_FOR => found,
            _ => {
                let found = self.keyring.find_credential(hash).await?.map(Arc::new);
                self.remembered.insert(hash, (Instant::now(), found.clone()));
                found
            }
        };
        Ok(found.filter(|c| c.kind == kind && counts(c, self.clock.now())))
    }

    /// Uses up a one-time secret of this kind; `None` when it is unknown, used, too old, or of another kind.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn take(&self, text: &str, kind: CredentialKind) -> Result<Option<Credential>, Problem> {
        // By its word first: presenting one kind as another must not use it up.
        let right_kind = text.strip_prefix(crate::auth::KEY_PREFIX).and_then(|rest| rest.split_once('_')).map(|(word, _)| word);
        let Some(secret) = SecretKey::parse(text).filter(|_| right_kind == Some(kind.as_str())) else { return Ok(None) };
        let now = self.clock.now();
        let taken = self.keyring.take_credential(secret.hash(), now).await?;
        Ok(taken.filter(|c| c.kind == kind && c.expires_at.is_none_or(|at| at > now)))
    }

    /// Numbers of all credentials that were revoked at or after a time.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn revoked_since(&self, since: UnixMs) -> Result<Vec<i64>, StoreError> {
        self.keyring.revoked_since(self.operator, since).await
    }

    /// Forgets what was remembered: the next request asks the store.
    pub fn forget(&self) {
        self.remembered.clear();
    }
}

fn caller(credential: &Credential, number: i64, presented: Presented) -> Caller {
    let principal = Principal { workspace: credential.workspace, scopes: credential.scopes, event: credential.event.clone(), key: number };
    Caller { principal, presented, root: credential.parent.unwrap_or(credential.number) }
}

fn counts(credential: &Credential, now: UnixMs) -> bool {
    credential.revoked_at.is_none() && credential.expires_at.is_none_or(|at| at > now)
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(UNAUTHORISED, detail)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The session cookie of a request.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value)
}

/// Until shutdown: when another process has written, forgets credentials and ends the streams of revoked ones.
pub async fn watch(authenticator: Arc<Authenticator>, readers: Readers, shutdown: CancellationToken) {
    let mut seen = None;
    let mut asked_up_to = authenticator.clock.now();
    let mut every = tokio::time::interval(WATCH_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = every.tick() => {}
        }
        let version = match authenticator.keyring.data_version().await {
            Ok(version) => version,
            Err(fault) => {
                tracing::warn!(%fault, "cannot see whether another process has revoked a key; trying again");
                continue;
            }
        };
        if seen == Some(version) {
            continue;
        }
        let now = authenticator.clock.now();
        authenticator.forget();
        let since = UnixMs(asked_up_to.0 - WATCH_OVERLAP_MS);
        match authenticator.revoked_since(since).await {
            Ok(numbers) => {
                readers.revoked(&numbers);
                (seen, asked_up_to) = (Some(version), now);
            }
            Err(fault) => tracing::warn!(%fault, "cannot read which keys were revoked; trying again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{bearer, session_cookie};

    #[test]
    fn reads_what_a_client_presents() {
        for (given, want) in
            [("Bearer td_x", Some("td_x")), ("bearer  td_x ", Some("td_x")), ("Basic abc", None), ("td_x", None), ("", None)]
        {
            assert_eq!(bearer(given), want, "{given:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(session_cookie(&headers), None);
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; tidings_session=td_session_1; c=d"));
        assert_eq!(session_cookie(&headers), Some("td_session_1"));
    }
}
