//! What is wrong with an input: every fault at once, each with its place, its rule and its cure.

use std::fmt;

use super::limits::FAULTS_MAX;

/// The code of the last fault where not all are told.
pub const MORE_FAULTS: &str = "more_faults";

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

/// The faults of one input, [`FAULTS_MAX`] of them at most; never empty when returned as an error. What is beyond is only
/// counted, so that a hostile input cannot make an answer much larger than itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invalid {
    /// The faults in the order in which they were met.
    pub faults: Vec<Fault>,
    /// Faults beyond those.
    untold: usize,
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
        if self.faults.len() == FAULTS_MAX {
            self.untold += 1;
        } else {
            self.faults.push(Fault { path: path.into(), code, message: message.into() });
        }
    }

    /// Adds all faults of another part.
    pub fn extend(&mut self, other: Self) {
        self.untold += other.untold;
        for fault in other.faults {
            self.push(fault.path, fault.code, fault.message);
        }
    }

    /// Keeps the value, or the faults of its parsing under `path`.
    pub fn take<T>(&mut self, path: &str, parsed: Result<T, Invalid>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(inner) => {
                self.extend(inner.under(path));
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

    /// `Ok` while nothing is wrong, else the faults, of which the last says how many more there are.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self.closed()) }
    }

    /// The same faults; where there are more than are told, the last one says how many.
    pub fn closed(mut self) -> Self {
        if self.untold > 0 {
            let untold = std::mem::take(&mut self.untold) + usize::from(self.faults.pop().is_some());
            self.push("", MORE_FAULTS, format!("and {untold} more faults are not listed; mend these first"));
        }
        self
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

#[cfg(test)]
mod tests {
    use super::{FAULTS_MAX, Invalid, MORE_FAULTS};

    fn many(count: usize) -> Invalid {
        let mut invalid = Invalid::none();
        (0..count).for_each(|n| invalid.push(format!("[{n}]"), "bad", "is bad"));
        invalid
    }

    #[test]
    fn are_bounded_and_say_how_many_more() {
        for (count, told, more) in
            [(1, 1, None), (FAULTS_MAX, FAULTS_MAX, None), (FAULTS_MAX + 1, FAULTS_MAX, Some(2)), (10_000, FAULTS_MAX, Some(9_969))]
        {
            let closed = many(count).into_result().expect_err("faults");
            assert_eq!(closed.faults.len(), told, "{count}");
            let last = closed.faults.last().filter(|last| last.code == MORE_FAULTS).map(|last| last.message.clone());
            assert_eq!(last, more.map(|more: usize| format!("and {more} more faults are not listed; mend these first")), "{count}");
            assert_eq!(closed.clone().closed(), closed, "closing twice changes nothing");
        }
        let mut outer = Invalid::none();
        outer.take("part", Err::<(), _>(many(50)));
        outer.take("other", Err::<(), _>(many(50)));
        let closed = outer.closed();
        assert_eq!(closed.faults[0].path, "part[0]");
        assert!(closed.faults[FAULTS_MAX - 1].message.contains("69 more"), "{closed}");
    }
}
