//! The directory as the writer remembers it, so that appends ask the database for no name in the steady state.
//!
//! Only the writer changes the directory, so what it remembers is what is stored, unless a transaction failed:
//! then everything is forgotten. It must never outlive a failed transaction.

use std::collections::HashMap;
use std::sync::Arc;

use quick_cache::unsync::Cache;

use crate::domain::Flavor;
use crate::store::NamedKind;

/// Things of the directory that are remembered; the least used go first.
const NAMES_MAX: usize = 50_000;
/// Pairs of message and partner that are known to have a row; the least used go first.
const RECIPIENTS_MAX: usize = 50_000;
/// Labels of flavors; when full, all are forgotten.
const LABELS_MAX: usize = 2_000;
/// Flavors beyond the standard set that a workspace is known to have met; the least used go first.
const FLAVORS_MAX: usize = 50_000;

/// Where a thing is found: its kind, the workspace (of an event) or the event (of all others), its folded key.
pub(super) type NameKey = (NamedKind, i64, Arc<str>);

/// A flavor of a workspace.
pub(super) type FlavorKey = (i64, Arc<str>);

/// One thing of the directory.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Its number, unique within its kind.
    pub id: i64,
    /// Its spelling.
    pub key: Arc<str>,
    /// Its folded key.
    pub folded: Arc<str>,
    /// Its name, or its subject.
    pub name: Arc<str>,
    /// Company of a partner.
    pub company: Option<Arc<str>>,
}

/// What the writer remembers.
#[derive(Debug)]
pub(super) struct Names {
    things: Cache<NameKey, Arc<Named>>,
    recipients: Cache<(i64, i64), ()>,
    labels: HashMap<Arc<str>, Arc<str>>,
    flavors: Cache<FlavorKey, ()>,
}

impl Names {
    /// Remembers nothing yet.
    pub(super) fn new() -> Self {
        let (things, recipients, flavors) = (Cache::new(NAMES_MAX), Cache::new(RECIPIENTS_MAX), Cache::new(FLAVORS_MAX));
        Self { things, recipients, labels: HashMap::new(), flavors }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// A thing, if it is remembered; not being remembered says nothing.
    pub(super) fn get(&self, key: &NameKey) -> Option<Arc<Named>> {
        self.things.get(key).cloned()
    }

    /// Remembers a thing.
    pub(super) fn put(&mut self, key: NameKey, named: Arc<Named>) {
        self.things.insert(key, named);
    }

    /// Forgets a thing.
    pub(super) fn forget(&mut self, key: &NameKey) {
        self.things.remove(key);
    }

    /// Forgets that the pair had a row.
    pub(super) fn forget_recipient(&mut self, message: i64, partner: i64) {
        self.recipients.remove(&(message, partner));
    }

    /// True when the pair is known to have a row, be it removed or not.
    pub(super) fn knows_recipient(&self, message: i64, partner: i64) -> bool {
        self.recipients.get(&(message, partner)).is_some()
    }

    /// Remembers that the pair has a row.
    pub(super) fn put_recipient(&mut self, message: i64, partner: i64) {
        self.recipients.insert((message, partner), ());
    }

    /// What people read for a flavor.
    pub(super) fn label(&mut self, flavor: &Flavor) -> Arc<str> {
        if let Some(label) = self.labels.get(flavor.shared()) {
            return label.clone();
        }
        if self.labels.len() >= LABELS_MAX {
            self.labels.clear();
        }
        let label: Arc<str> = flavor.label().into();
        self.labels.insert(flavor.shared().clone(), label.clone());
        label
    }

    /// True when the workspace is known to have met the flavor.
    pub(super) fn knows_flavor(&self, key: &FlavorKey) -> bool {
        self.flavors.get(key).is_some()
    }

    /// Remembers that a workspace has met a flavor.
    pub(super) fn put_flavor(&mut self, key: FlavorKey) {
        self.flavors.insert(key, ());
    }
}
