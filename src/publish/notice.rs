//! What readers of a workspace are to hear of that is no entry of its log.
//!
//! Notices have no place in the log and no order: each says that something is to be looked at again, so those of one
//! workspace become one while they wait. What is not kept whole is told as "anything may have changed", never left out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::store::ChangedName;

/// Changed names of one workspace that wait; of more it is only told that there were some.
const NAMES_MAX: usize = 1_024;

/// What changed in one workspace since it was last told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// Names that are shown and have changed, in that order.
    pub names: Vec<Arc<ChangedName>>,
    /// True when any name may have changed: there were more than wait here.
    pub any_name: bool,
    /// The log was pruned up to here; 0 when it was not.
    pub pruned: Seq,
}

/// Notices that wait, at most one a workspace.
#[derive(Debug, Default)]
pub(super) struct Notices {
    waiting: Mutex<BTreeMap<WorkspaceId, Notice>>,
}

impl Notices {
    /// Adds changed names, of any workspaces.
    pub(super) fn names_changed(&self, names: Vec<ChangedName>) {
        let mut waiting = self.lock();
        for name in names {
            let notice = waiting.entry(name.workspace).or_default();
            if notice.names.len() >= NAMES_MAX {
                (notice.names, notice.any_name) = (Vec::new(), true);
            }
            if !notice.any_name {
                notice.names.push(Arc::new(name));
            }
        }
    }

    /// A log was pruned.
    pub(super) fn pruned(&self, workspace: WorkspaceId, up_to: Seq) {
        let mut waiting = self.lock();
        let notice = waiting.entry(workspace).or_default();
        notice.pruned = notice.pruned.max(up_to);
    }

    /// Takes all that wait.
    pub(super) fn take(&self) -> BTreeMap<WorkspaceId, Notice> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<WorkspaceId, Notice>> {
        // Each change of it is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES_MAX, Notices};
    use crate::auth::Operator;
    use crate::store::{ChangedName, NamedKind};

    fn names(number: i64, count: usize) -> Vec<ChangedName> {
        let name = |n| ChangedName {
            workspace: Operator::assume().workspace(number),
            kind: NamedKind::Partner,
            event: "expo".into(),
            key: format!("expo/p-{n}").into(),
        };
        (0..count).map(name).collect()
    }

    #[test]
    fn a_workspace_has_one_and_too_many_names_are_any() {
        let notices = Notices::default();
        notices.names_changed(names(1, 2));
        notices.names_changed(names(2, NAMES_MAX));
        notices.names_changed(names(1, 3));
        notices.names_changed(names(3, NAMES_MAX + 2));
        let taken = notices.take();
        let told = |number| taken.get(&Operator::assume().workspace(number)).map(|notice| (notice.names.len(), notice.any_name));
        assert_eq!((told(1), told(2), told(3)), (Some((5, false)), Some((NAMES_MAX, false)), Some((0, true))));
        assert!(notices.take().is_empty());
    }
}
