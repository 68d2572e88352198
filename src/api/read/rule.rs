//! The rules of single values: each says how its value is read and what its schema is, side by side.

use serde_json::{Value, json};

use super::pattern;
use crate::auth::password::BYTES_MAX as PASSWORD_BYTES_MAX;
use crate::domain::limits::{KEY_BYTES_MAX, NAME_BYTES_MAX};
use crate::domain::{Invalid, Key, UnixMs};

/// What holds of one value.
pub trait Rule {
    /// What it becomes.
    type Out;
    /// Reads a value that is not null.
    ///
    /// # Errors
    /// Its faults; their paths are empty.
    fn read(&self, value: &Value) -> Result<Self::Out, Invalid>;
    /// What JSON Schema says of it.
    fn schema(&self) -> Value;
}

/// A text that people read: trimmed, 1 to 512 bytes, no control character.
pub struct Name;
/// An email address.
pub struct Email;
/// The key of something.
pub struct KeyText;
/// True or false.
pub struct Flag;
/// A time in RFC 3339.
pub struct Time;
/// A key, ticket or share as it was shown once.
pub struct Secret;

/// A password, as it was typed: nothing of it is trimmed.
pub struct Password;
/// A code of a second factor, or a recovery code.
pub struct OneTimeCode;

/// A whole number.
pub struct Whole {
    /// The least that is taken.
    pub least: u32,
    /// The most.
    pub most: u32,
}

/// One of these words.
pub struct OneOf(pub &'static [&'static str]);

/// Characters of a code, however it is typed.
const CODE_BYTES_MAX: usize = 20;

fn text(value: &Value) -> Result<&str, Invalid> {
    value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text"))
}

impl Rule for Name {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        plain_text(text(value)?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": NAME_BYTES_MAX, "pattern": pattern::name_pattern(NAME_BYTES_MAX)})
    }
}

impl Rule for Email {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        email(text(value)?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "maxLength": NAME_BYTES_MAX, "pattern": pattern::EMAIL})
    }
}

impl Rule for KeyText {
    type Out = Key;

    fn read(&self, value: &Value) -> Result<Key, Invalid> {
        Key::parse(text(value)?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX, "pattern": pattern::key_pattern()})
    }
}

impl Rule for Flag {
    type Out = bool;

    fn read(&self, value: &Value) -> Result<bool, Invalid> {
        value.as_bool().ok_or_else(|| Invalid::one("", "not_boolean", "must be true or false"))
    }

    fn schema(&self) -> Value {
        json!({"type": "boolean"})
    }
}

impl Rule for Time {
    type Out = UnixMs;

    fn read(&self, value: &Value) -> Result<UnixMs, Invalid> {
        let text = value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text: a time in RFC 3339"))?;
        UnixMs::parse(text)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "date-time"})
    }
}

impl Rule for Secret {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        plain_text(text(value)?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 4, "maxLength": 256, "pattern": pattern::SECRET})
    }
}

impl Rule for Password {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        let given = text(value)?;
        match given.len() {
            0 => Err(Invalid::one("", "empty", "must not be empty")),
            bytes if bytes > PASSWORD_BYTES_MAX => {
                Err(Invalid::one("", "too_long", format!("is {bytes} bytes; at most {PASSWORD_BYTES_MAX}")))
            }
            _ => Ok(given.to_owned()),
        }
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "password", "minLength": 1, "maxLength": PASSWORD_BYTES_MAX / 4})
    }
}

impl Rule for OneTimeCode {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        let given = plain_text(text(value)?)?;
        if given.len() <= CODE_BYTES_MAX && given.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, ' ' | '-')) {
            Ok(given)
        } else {
            Err(Invalid::one("", "code_form", "must be the 6 digits that the app shows, or a recovery code"))
        }
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": CODE_BYTES_MAX, "pattern": "^[0-9A-Za-z](?:[0-9A-Za-z -]{0,18}[0-9A-Za-z])?$"})
    }
}

impl Rule for Whole {
    type Out = u32;

    fn read(&self, value: &Value) -> Result<u32, Invalid> {
        let Self { least, most } = *self;
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| Invalid::one("", "out_of_range", format!("must be a whole number from {least} to {most}")))
    }

    fn schema(&self) -> Value {
        json!({"type": "integer", "format": "int32", "minimum": self.least, "maximum": self.most})
    }
}

impl Rule for OneOf {
    type Out = &'static str;

    fn read(&self, value: &Value) -> Result<&'static str, Invalid> {
        let given = text(value)?;
        let found = self.0.iter().copied().find(|word| *word == given);
        found.ok_or_else(|| Invalid::one("", "unknown_word", format!("must be one of: {}", self.0.join(" "))))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "enum": self.0})
    }
}

/// An email address: trimmed, a part on either side of one `@`.
///
/// # Errors
/// One fault; its path is empty.
pub fn email(text: &str) -> Result<String, Invalid> {
    let text = plain_text(text)?;
    let parts = text.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    if parts.is_some() && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err(Invalid::one("", "email_form", "must be an email address, as in desk@acme.example"))
    }
}

/// A name for people: trimmed, 1 to 512 bytes, no control character.
///
/// # Errors
/// One fault; its path is empty.
pub fn plain_text(text: &str) -> Result<String, Invalid> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Invalid::one("", "empty", "must not be empty; leave it out to say nothing"));
    }
    if trimmed.len() > NAME_BYTES_MAX {
        return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {NAME_BYTES_MAX}", trimmed.len())));
    }
    match trimmed.chars().find(|c| c.is_control()) {
        Some(bad) => Err(Invalid::one("", "bad_character", format!("contains {bad:?}; leave control characters out"))),
        None => Ok(trimmed.to_owned()),
    }
}
