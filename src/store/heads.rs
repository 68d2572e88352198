//! Where logs end, as far as this process has heard: what wakes whoever follows them, without asking the store.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::auth::WorkspaceId;
use crate::domain::Seq;

/// The last durable seq of each log that was heard of. One number a workspace; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Heads {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    heads: HashMap<WorkspaceId, Seq>,
    listeners: Vec<Weak<Listening>>,
}

/// Hears which logs have grown.
#[derive(Debug)]
pub struct Listener {
    listening: Arc<Listening>,
}

#[derive(Debug, Default)]
struct Listening {
    /// Each workspace once, however often it has grown.
    grown: Mutex<BTreeSet<WorkspaceId>>,
    news: Notify,
}

impl Heads {
    /// A log is durable up to here. Never waits.
    pub fn reaches(&self, workspace: WorkspaceId, seq: Seq) {
        let mut shared = self.shared();
        let head = shared.heads.entry(workspace).or_insert(0);
        *head = (*head).max(seq);
        shared.listeners.retain(|listener| listener.strong_count() > 0);
        for listener in shared.listeners.iter().filter_map(Weak::upgrade) {
            listener.grown().insert(workspace);
            listener.news.notify_one();
        }
    }

    /// Where a log ends; 0 when nothing was heard of it.
    pub fn of(&self, workspace: WorkspaceId) -> Seq {
        self.shared().heads.get(&workspace).copied().unwrap_or(0)
    }

    /// Hears of everything from now on.
    pub fn listen(&self) -> Listener {
        let listening = Arc::new(Listening::default());
        self.shared().listeners.push(Arc::downgrade(&listening));
        Listener { listening }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // A panic between two changes of a map leaves it whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits until a log has grown since the last time; which ones.
    pub async fn grown(&self) -> BTreeSet<WorkspaceId> {
        loop {
            let grown = self.take();
            if !grown.is_empty() {
                return grown;
            }
            self.listening.news.notified().await;
        }
    }

    /// The logs that have grown since the last time.
    pub fn take(&self) -> BTreeSet<WorkspaceId> {
        std::mem::take(&mut *self.listening.grown())
    }
}

impl Listening {
    fn grown(&self) -> MutexGuard<'_, BTreeSet<WorkspaceId>> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::Heads;
    use crate::auth::Operator;

    #[tokio::test]
    async fn each_listener_hears_of_every_log_once() {
        let heads = Heads::default();
        let [one, two] = [1, 2].map(|number| Operator::assume().workspace(number));
        heads.reaches(one, 3);
        let (first, second) = (heads.listen(), heads.listen());
        assert!(first.grown().now_or_never().is_none(), "what was before is no news");
        for (workspace, seq) in [(one, 4), (two, 9), (one, 6)] {
            heads.reaches(workspace, seq);
        }
        assert_eq!(first.grown().await.into_iter().collect::<Vec<_>>(), [one, two]);
        assert!(first.grown().now_or_never().is_none());
        assert_eq!(second.take().len(), 2, "whoever comes late has missed nothing");
        heads.reaches(one, 5);
        assert_eq!((heads.of(one), heads.of(two)), (6, 9), "a head never goes back");
    }
}
