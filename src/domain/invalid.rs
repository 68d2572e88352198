//! What is wrong with an input: every fault at once, each with its place, its rule and its cure.

use std::fmt;

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a field path such as `occurred_at`, `properties.amount` or `not.device[0]`.
    pub path: String,
    /// Which rule: a stable word such as `required`, `too_long` or `unknown_field`.
    pub code: &'static str,
    /// The rule and its cure in plain words.
    pub message: String,
}

/// All faults of one input; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invalid {
    /// The faults in the order in which they were met.
    pub faults: Vec<Fault>,
}

impl Invalid {
    /// No fault yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// A single fault.
    pub fn one(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let mut invalid = Self::none();
        invalid.push(path, code, message);
        invalid
    }

    /// Adds one fault.
    pub fn push(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault { path: path.into(), code, message: message.into() });
    }

    /// Keeps the value, or the faults of its parsing under `path`.
    pub fn take<T>(&mut self, path: &str, parsed: Result<T, Invalid>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(inner) => {
                self.faults.extend(inner.under(path).faults);
                None
            }
        }
    }

    /// The same faults with `path` in front of each place.
    pub fn under(mut self, path: &str) -> Self {
        for fault in &mut self.faults {
            fault.path = match (path.is_empty(), fault.path.is_empty(), fault.path.starts_with('[')) {
                (true, _, _) => std::mem::take(&mut fault.path),
                (_, true, _) => path.to_owned(),
                (_, _, true) => format!("{path}{}", fault.path),
                _ => format!("{path}.{}", fault.path),
            };
        }
        self
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// `Ok` while nothing is wrong, else all the faults.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match fault.path.as_str() {
                "" => write!(f, "{separator}{}", fault.message)?,
                path => write!(f, "{separator}{path}: {}", fault.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
