//! The fields of a JSON object from outside, each declared once by name, rule and meaning.
//!
//! A declaration is run on what came, and tells every fault at once, what nobody asked for by name; or it is run on nothing,
//! and describes itself. So it must ask for the same fields whatever it finds.

use serde_json::{Map, Value, json};

use super::Read;
use super::rule::Rule;
use crate::domain::Invalid;

/// What a declaration is run on, and what it has found so far.
pub struct Fields {
    source: Source,
    known: Vec<&'static str>,
    invalid: Invalid,
}

enum Source {
    /// The fields that have not been asked for yet.
    Given(Map<String, Value>),
    /// Nothing: what is asked for is described.
    Described(Described),
}

/// What an object looks like.
#[derive(Default)]
pub(super) struct Described {
    pub properties: Map<String, Value>,
    pub required: Vec<&'static str>,
}

/// How often a field may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Always,
    Never,
}

impl Fields {
    /// The fields of an object.
    pub fn given(object: Map<String, Value>) -> Self {
        Self { source: Source::Given(object), known: Vec::new(), invalid: Invalid::none() }
    }

    pub(super) fn described(declare: impl FnOnce(&mut Self)) -> Described {
        let mut fields = Self { source: Source::Described(Described::default()), known: Vec::new(), invalid: Invalid::none() };
        declare(&mut fields);
        match fields.source {
            Source::Described(described) => described,
            Source::Given(_) => Described::default(),
        }
    }

    /// A value that may be left out; null is as if it were.
    pub fn optional<R: Rule>(&mut self, name: &'static str, rule: R, about: &'static str) -> Option<R::Out> {
        let value = self.value(name, Needed::Never, about, || rule.schema())?;
        self.invalid.take(name, rule.read(&value))
    }

    /// A value that must be there. `None` only with a fault, or where nothing was given at all.
    pub fn required<R: Rule>(&mut self, name: &'static str, rule: R, about: &'static str) -> Option<R::Out> {
        let value = self.value(name, Needed::Always, about, || rule.schema())?;
        self.invalid.take(name, rule.read(&value))
    }

    /// A list of at most `most` values; left out it is empty.
    pub fn list<R: Rule>(&mut self, name: &'static str, rule: R, most: usize, about: &'static str) -> Vec<R::Out> {
        let schema = || json!({"type": "array", "items": rule.schema(), "maxItems": most});
        let Some(value) = self.value(name, Needed::Never, about, schema) else { return Vec::new() };
        self.items(name, value, most, |item| rule.read(&item))
    }

    /// A list of 1 to `most` values that may be left out; null is as if it were.
    pub fn some_or_none<R: Rule>(&mut self, name: &'static str, rule: R, most: usize, about: &'static str) -> Option<Vec<R::Out>> {
        let schema = || json!({"type": "array", "items": rule.schema(), "minItems": 1, "maxItems": most});
        let value = self.value(name, Needed::Never, about, schema)?;
        if value.as_array().is_some_and(Vec::is_empty) {
            self.invalid.push(name, "required", "must hold one at least; null is all of them");
        }
        Some(self.items(name, value, most, |item| rule.read(&item)))
    }

    /// A list of 1 to `most` values.
    pub fn some<R: Rule>(&mut self, name: &'static str, rule: R, most: usize, about: &'static str) -> Vec<R::Out> {
        let schema = || json!({"type": "array", "items": rule.schema(), "minItems": 1, "maxItems": most});
        let Some(value) = self.value(name, Needed::Always, about, schema) else { return Vec::new() };
        if value.as_array().is_some_and(Vec::is_empty) {
            self.invalid.push(name, "required", "must hold one at least");
        }
        self.items(name, value, most, |item| rule.read(&item))
    }

    /// A list of 1 to `most` objects.
    pub fn objects<T: Read>(&mut self, name: &'static str, most: usize, about: &'static str) -> Vec<T> {
        let schema = || json!({"type": "array", "items": super::schema::<T>(), "minItems": 1, "maxItems": most});
        let Some(value) = self.value(name, Needed::Always, about, schema) else { return Vec::new() };
        if value.as_array().is_some_and(Vec::is_empty) {
            self.invalid.push(name, "required", "must hold one at least");
        }
        self.items(name, value, most, |item| match item {
            Value::Object(object) => super::read_within(object, T::read),
            _ => Err(Invalid::one("", "not_an_object", "must be an object")),
        })
    }

    fn items<T>(&mut self, name: &'static str, value: Value, most: usize, read: impl Fn(Value) -> Result<T, Invalid>) -> Vec<T> {
        let Value::Array(items) = value else {
            self.invalid.push(name, "not_a_list", "must be a list");
            return Vec::new();
        };
        if items.len() > most {
            self.invalid.push(name, "too_many", format!("has {} values; at most {most}", items.len()));
            return Vec::new();
        }
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match read(item) {
                Ok(one) => all.push(one),
                Err(faults) => self.invalid.extend(faults.under(&format!("{name}[{index}]"))),
            }
        }
        all
    }

    /// The value of a field, or its description.
    fn value(&mut self, name: &'static str, needed: Needed, about: &'static str, schema: impl FnOnce() -> Value) -> Option<Value> {
        match &mut self.source {
            Source::Given(left) => {
                self.known.push(name);
                let value = left.remove(name).filter(|value| !value.is_null());
                if value.is_none() && needed == Needed::Always {
                    self.invalid.push(name, "required", "is required");
                }
                value
            }
            Source::Described(described) => {
                let mut schema = schema();
                schema["description"] = about.into();
                if needed == Needed::Always {
                    described.required.push(name);
                } else {
                    or_null(&mut schema);
                }
                described.properties.insert(name.to_owned(), schema);
                None
            }
        }
    }

    /// Whether a field was given and is null, where that says something else than leaving it out. Asked before the field is.
    pub fn is_null(&self, name: &str) -> bool {
        matches!(&self.source, Source::Given(left) if left.get(name).is_some_and(Value::is_null))
    }

    /// Whether a field was given and is this text: which of several forms it is.
    pub fn says(&self, name: &str, text: &str) -> bool {
        matches!(&self.source, Source::Given(left) if left.get(name).and_then(Value::as_str) == Some(text))
    }

    /// A field of another form, which is told where it is given.
    pub fn misplaced(&mut self, name: &'static str, code: &'static str, message: &'static str) {
        if let Source::Given(left) = &mut self.source
            && left.remove(name).is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()))
        {
            self.invalid.push(name, code, message);
        }
    }

    /// Adds a fault that a rule across fields has found.
    pub fn fault(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.invalid.push(path, code, message);
    }

    /// True while nothing is wrong with what was given.
    pub fn is_fine(&self) -> bool {
        self.invalid.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every fault, those of fields that nobody asked for included.
    pub fn finish(mut self) -> Result<(), Invalid> {
        if let Source::Given(left) = &self.source {
            for (at, name) in left.keys().enumerate() {
                let shown: String = name.chars().take(64).collect();
                let message = match at {
                    0 => format!("is unknown here; the fields are {}", self.known.join(", ")),
                    _ => "is unknown here".to_owned(),
                };
                self.invalid.push(shown, "unknown_field", message);
            }
        }
        self.invalid.into_result()
    }
}

/// Null is taken, too.
pub(super) fn or_null(schema: &mut Value) {
    if let Some(kind) = schema["type"].as_str() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
}
