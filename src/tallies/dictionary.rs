//! Values and their numbers.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// The values that were met, numbered in that order.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary<T> {
    pub values: Vec<T>,
    codes: HashMap<T, u32>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { values: Vec::new(), codes: HashMap::new() }
    }
}

impl<T: Hash + Eq + Clone> Dictionary<T> {
    pub(crate) fn add(&mut self, value: T) -> u32 {
        let code = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.clone());
        self.codes.insert(value, code);
        code
    }

    /// The number of a value, if it was met.
    pub(crate) fn code<Q: Hash + Eq + ?Sized>(&self, value: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.codes.get(value).copied()
    }
}
