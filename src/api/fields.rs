//! The fields of a JSON object from outside: each is asked for by name and rule, all faults are told at once, and what
//! nobody asked for is refused by name.

use serde_json::{Map, Value};

use super::error::{INVALID, Problem};
use crate::domain::limits::NAME_BYTES_MAX;
use crate::domain::{Invalid, Key};

/// The fields that have not been asked for yet, and the faults so far.
pub struct Fields {
    left: Map<String, Value>,
    known: Vec<&'static str>,
    invalid: Invalid,
}

impl Fields {
    /// The fields of an object.
    pub fn new(object: Map<String, Value>) -> Self {
        Self { left: object, known: Vec::new(), invalid: Invalid::none() }
    }

    /// The value of a field; absent and null are the same.
    fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|v| !v.is_null())
    }

    /// A text that may be left out, trimmed, of 1 to 512 bytes.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.value(name)?;
        let parsed = match &value {
            Value::String(text) => plain_text(text),
            _ => Err(Invalid::one("", "not_text", "must be text")),
        };
        self.invalid.take(name, parsed)
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &'static str) -> String {
        let was_fine = self.invalid.faults.len();
        let text = self.text(name);
        if text.is_none() && self.invalid.faults.len() == was_fine {
            self.invalid.push(name, "required", "is required");
        }
        text.unwrap_or_default()
    }

    /// A yes or no that may be left out.
    pub fn flag(&mut self, name: &'static str) -> bool {
        match self.value(name) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(_) => {
                self.invalid.push(name, "not_boolean", "must be true or false");
                false
            }
        }
    }

    /// A list of at most `max` texts, each parsed by `parse`; absent is empty.
    pub fn list<T>(&mut self, name: &'static str, max: usize, parse: impl Fn(&str) -> Result<T, Invalid>) -> Vec<T> {
        let items = match self.value(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.invalid.push(name, "not_a_list", "must be a list of texts");
                return Vec::new();
            }
        };
        if items.len() > max {
            self.invalid.push(name, "too_many", format!("has {} values; at most {max}", items.len()));
            return Vec::new();
        }
        let mut parsed = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let one = match item {
                Value::String(text) => parse(text),
                _ => Err(Invalid::one("", "not_text", "must be text")),
            };
            parsed.extend(self.invalid.take(&format!("{name}[{index}]"), one));
        }
        parsed
    }

    /// A key that may be left out.
    pub fn key(&mut self, name: &'static str) -> Option<Key> {
        match self.value(name)? {
            Value::String(text) => self.invalid.take(name, Key::parse(&text)),
            _ => {
                self.invalid.push(name, "not_text", "must be text");
                None
            }
        }
    }

    /// Adds a fault that a rule across fields has found.
    pub fn fault(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.invalid.push(path, code, message);
    }

    /// True while nothing is wrong.
    pub fn is_fine(&self) -> bool {
        self.invalid.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`INVALID`] with every fault, those of fields that nobody asked for included.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in self.left.keys().take(16) {
            let shown: String = name.chars().take(64).collect();
            self.invalid.push(shown, "unknown_field", format!("is unknown here; the fields are {}", self.known.join(", ")));
        }
        self.invalid.into_result().map_err(|invalid| Problem::invalid(INVALID, invalid))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Fields;
    use crate::domain::Key;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(object) => Fields::new(object),
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn tells_every_fault_at_once() {
        let mut given = fields(json!({"email": 5, "tags": ["a", 1, ""], "colour": "red", "event": "a b", "demo": "yes"}));
        given.required_text("name");
        given.text("email");
        given.list("tags", 10, Key::parse);
        given.key("event");
        given.flag("demo");
        let problem = format!("{:?}", given.finish().expect_err("faults"));
        for path in ["name", "email", "tags[1]", "tags[2]", "colour", "event", "demo"] {
            assert!(problem.contains(&format!("path: {path:?}")), "{path} in {problem}");
        }
    }

    #[test]
    fn null_is_absent() {
        let mut given = fields(json!({"name": " Acme ", "email": null}));
        assert_eq!(given.required_text("name"), "Acme");
        assert_eq!(given.text("email"), None);
        assert!(given.finish().is_ok());
    }
}
