//! What members change of themselves: their password and their second factor.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::hashing::is_no_password;
use super::second;
use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::body::Sent;
use crate::api::client::ClientAddress;
use crate::api::error::{INTERNAL, INVALID, NO_MEMBER, Problem};
use crate::api::extract::NoQuery;
use crate::api::read::rule::{OneTimeCode, Password, Rule};
use crate::api::read::{Fields, Read, documented};
use crate::auth::Actor;
use crate::domain::Invalid;
use crate::store::{Person, Second, folded_email};
use serde_json::{Value, json};

/// Bytes of the shortest secret of a second factor.
const SECRET_BYTES_MIN: usize = 16;
/// Who the codes are for, as an app shows it.
const ISSUER: &str = "Tidings";

/// A secret for a second factor, which is not in force yet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SecondFactor)]
pub struct SecondBody {
    /// The secret, as people type it into an app.
    secret: String,
    /// The same as an address that apps open.
    uri: String,
    /// The address as a QR code: a row each, a sign each module, `1` for dark.
    qr: Vec<String>,
}

/// Recovery codes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecoveryCodes)]
pub struct RecoveryBody {
    /// The codes, shown once; each is good once in the place of a code of the app.
    recovery: Vec<String>,
}

struct PasswordDraft {
    password: Option<String>,
    new: String,
}

/// What turns the second factor on: who somebody is, the secret that was given, and a code that an app makes from it.
struct SecondDraft {
    password: Option<String>,
    secret: Vec<u8>,
    code: String,
}

/// What shows that somebody is who they are.
struct ProofDraft {
    password: String,
}

documented!(PasswordDraft, SecondDraft, ProofDraft);

/// A secret in base32.
struct Base32;

impl Rule for Base32 {
    type Out = Vec<u8>;

    fn read(&self, value: &Value) -> Result<Vec<u8>, Invalid> {
        let text: String = value.as_str().unwrap_or("").chars().filter(|sign| !sign.is_whitespace()).collect();
        let bytes = totp_rs::Secret::Encoded(text).to_bytes().ok().filter(|bytes| (SECRET_BYTES_MIN..=64).contains(&bytes.len()));
        bytes.ok_or_else(|| Invalid::one("", "secret_form", "must be the secret that POST /v1/session/second gave"))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 26, "maxLength": 103, "pattern": "^[A-Z2-7]+$"})
    }
}

impl Read for PasswordDraft {
    const NAME: &'static str = "PasswordDraft";
    const ABOUT: &'static str = "Another password.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let password = fields.optional("password", Password, "The password of before; who has none yet leaves it out.");
        let new = fields.required("new", Password, "The new one, of 12 characters or more.");
        Some(Self { password, new: new? })
    }
}

impl Read for SecondDraft {
    const NAME: &'static str = "SecondFactorDraft";
    const ABOUT: &'static str = "A second factor that is to be in force from now on.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let password = fields.optional("password", Password, "One's own password; who has none leaves it out.");
        let secret = fields.required("secret", Base32, "The secret, as it was given.");
        let code = fields.required("code", OneTimeCode, "The code that the app shows.");
        Some(Self { password, secret: secret?, code: code? })
    }
}

impl Read for ProofDraft {
    const NAME: &'static str = "ProofDraft";
    const ABOUT: &'static str = "What shows that somebody is who they are.";

    fn read(fields: &mut Fields) -> Option<Self> {
        fields.required("password", Password, "One's own password.").map(|password| Self { password })
    }
}

/// The person who asks.
async fn person(api: &Api, caller: &Caller) -> Result<Person, Problem> {
    let nobody = || Problem::new(NO_MEMBER, NO_MEMBER.cure);
    let Actor::Member(member) = caller.principal.actor else { return Err(nobody()) };
    api.people.members.person_of(caller.principal.workspace, member).await?.ok_or_else(nobody)
}

async fn prove(api: &Api, person: &Person, client: ClientAddress, password: Option<String>) -> Result<(), Problem> {
    let Some(hash) = &person.password else { return Ok(()) };
    api.rates.password(client.network(), &folded_email(&person.email))?;
    let is_right = match password {
        Some(password) => api.people.hashing.verify(password, Some(hash.clone())).await?,
        None => false,
    };
    if is_right { Ok(()) } else { Err(Problem::invalid(INVALID, is_no_password())) }
}

/// Choose another password. All other sessions of one's own end.
#[utoipa::path(put, path = "/v1/session/password", tag = "Sign-in", request_body = PasswordDraft,
    responses((status = 204, description = "Changed")))]
pub async fn put_password(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<StatusCode, Problem> {
    let PasswordDraft { password, new } = sent.read().await?;
    let person = person(&api, &caller).await?;
    prove(&api, &person, client, password).await?;
    let hash = api.people.hashing.hash("new", new, &person.email).await?;
    let ended = api.people.members.set_password(person.number, hash, caller.principal.credential, api.clock.now()).await?;
    if !ended.is_empty() {
        api.readers.revoked(&ended);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Make a secret for a second factor. Nothing of it is kept: it is in force once `PUT` was told a code that an app makes from it.
#[utoipa::path(post, path = "/v1/session/second", tag = "Sign-in", request_body = ProofDraft,
    responses((status = 201, description = "A secret", body = SecondBody)))]
pub async fn make_second(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<(StatusCode, Json<SecondBody>), Problem> {
    let ProofDraft { password } = sent.read().await?;
    let person = person(&api, &caller).await?;
    prove(&api, &person, client, Some(password)).await?;
    let secret = second::spelled(&second::new_secret().map_err(no_randomness)?);
    let label = percent_encoding::utf8_percent_encode(&person.email, percent_encoding::NON_ALPHANUMERIC);
    let uri = format!("otpauth://totp/{ISSUER}:{label}?secret={secret}&issuer={ISSUER}");
    let code = qrcodegen::QrCode::encode_text(&uri, qrcodegen::QrCodeEcc::Medium).map_err(|fault| {
        tracing::error!(%fault, "an address does not fit a QR code");
        Problem::new(INTERNAL, INTERNAL.cure)
    })?;
    let row = |y| (0..code.size()).map(|x| if code.get_module(x, y) { '1' } else { '0' }).collect();
    Ok((StatusCode::CREATED, Json(SecondBody { secret, uri, qr: (0..code.size()).map(row).collect() })))
}

/// Put a second factor in force, in the place of one before. The recovery codes are in this answer and never again.
#[utoipa::path(put, path = "/v1/session/second", tag = "Sign-in", request_body = SecondDraft,
    responses((status = 200, description = "In force", body = RecoveryBody)))]
pub async fn put_second(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<RecoveryBody>, Problem> {
    let SecondDraft { password, secret, code } = sent.read().await?;
    let person = person(&api, &caller).await?;
    // A browser that was left open is not enough to lock its owner out.
    prove(&api, &person, client, password).await?;
    let wrong = || Problem::invalid(INVALID, Invalid::one("code", "wrong_code", "is not what the app shows now; is its clock right?"));
    let begun = Second { secret, used: 0, recovery: Vec::new() };
    let begun = second::spent(&begun, &code, api.clock.now().0 / 1_000).ok_or_else(wrong)?;
    let recovery = second::new_recovery().map_err(no_randomness)?;
    let kept = Second { recovery: recovery.iter().map(|code| second::kept(code)).collect(), ..begun };
    api.people.members.set_second(person.number, person.second, Some(kept)).await?.ok_or_else(wrong)?;
    Ok(Json(RecoveryBody { recovery }))
}

/// Sign in without a second factor from now on.
#[utoipa::path(post, path = "/v1/session/second:remove", tag = "Sign-in", request_body = ProofDraft,
    responses((status = 204, description = "Removed")))]
pub async fn remove_second(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    caller: Caller,
    _: NoQuery,
    mut sent: Sent,
) -> Result<StatusCode, Problem> {
    let ProofDraft { password } = sent.read().await?;
    let person = person(&api, &caller).await?;
    prove(&api, &person, client, Some(password)).await?;
    if person.second.is_some() {
        let gone = api.people.members.set_second(person.number, person.second, None).await?;
        gone.ok_or_else(|| Problem::new(INTERNAL, INTERNAL.cure))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn no_randomness(fault: getrandom::Error) -> Problem {
    tracing::error!(%fault, "the machine has no randomness to give");
    Problem::new(INTERNAL, INTERNAL.cure)
}
