//! `Idempotency-Key`: the id of a draft whose sender has a word of its own for the request.

use axum::http::HeaderMap;
use uuid::Uuid;

use super::authenticate::Caller;
use super::error::{PARAMETER_INVALID, Problem};
use crate::domain::{ActivityId, Invalid};

/// The name of the header.
pub const HEADER: &str = "Idempotency-Key";
/// Bytes of its value.
const KEY_BYTES_MAX: usize = 255;

/// The id that the header makes: a UUIDv5 over workspace, key and value, so that no other key's requests meet these.
/// `None` without the header.
///
/// # Errors
/// [`PARAMETER_INVALID`] when it is empty, too long or there twice.
pub fn made_id(headers: &HeaderMap, caller: &Caller) -> Result<Option<ActivityId>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.as_bytes().trim_ascii();
    if value.is_empty() || value.len() > KEY_BYTES_MAX || values.next().is_some() {
        let message = format!("must be there once and have 1 to {KEY_BYTES_MAX} bytes");
        return Err(Problem::invalid(PARAMETER_INVALID, Invalid::one(HEADER, "key_form", message)));
    }
    let mut name = format!("{}\n{}\n", caller.principal.workspace.number(), caller.principal.root).into_bytes();
    name.extend_from_slice(value);
    Ok(Some(ActivityId(Uuid::new_v5(&Uuid::NAMESPACE_URL, &name))))
}
