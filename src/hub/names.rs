//! Names that changed in one workspace: kept once for all its sessions, which read from where they were.
//!
//! A change costs its shard one place here and, at most once a second, a wake-up of each session; never a message for each
//! session and name. What is no longer kept is told as "read the directory again", never left out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{Events, Key, fold};
use crate::store::{ChangedName, NamedKind};

/// Changed names that a workspace keeps on each shard; of older ones only the kind is known.
const KEPT_MAX: usize = 1_024;
/// Keys that one frame names; more are told as "read the directory again".
pub const KEYS_MAX: usize = 100;
/// Kinds of names.
pub const KINDS: usize = NamedKind::ALL.len();

/// How many changes of each kind a reader has been told: the number of the last one.
pub type Told = [u64; KINDS];

/// The changed names of a workspace on one shard.
#[derive(Debug, Default)]
pub struct Names {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Number of the last change.
    last: u64,
    /// Number of the last change of each kind.
    last_of: Told,
    /// Number of the last change of each kind that is kept no more.
    gone_of: Told,
    names: VecDeque<(u64, Arc<ChangedName>)>,
}

/// What to tell a reader of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// Which names.
    pub kind: NamedKind,
    /// Their keys, each once, the first changed first; `None` when there are too many to name.
    pub keys: Option<Vec<Arc<str>>>,
}

impl Names {
    /// Takes changes, all of this workspace.
    pub(super) fn push(&self, changed: impl IntoIterator<Item = Arc<ChangedName>>) {
        let mut kept = self.lock();
        for name in changed {
            kept.last += 1;
            let number = kept.last;
            kept.last_of[name.kind.index()] = number;
            kept.names.push_back((number, name));
            if kept.names.len() > KEPT_MAX
                && let Some((number, oldest)) = kept.names.pop_front()
            {
                kept.gone_of[oldest.kind.index()] = number;
            }
        }
    }

    /// Any name may have changed: nobody knows which.
    pub(super) fn push_unknown(&self) {
        let mut kept = self.lock();
        kept.last += 1;
        (kept.last_of, kept.gone_of) = ([kept.last; KINDS], [kept.last; KINDS]);
        kept.names.clear();
    }

    /// What a reader that comes now has been told: everything.
    pub fn told(&self) -> Told {
        self.lock().last_of
    }

    /// Whether one thing of a kind may have changed since so many changes were looked at; from here on all of them were.
    pub fn has_changed(&self, kind: NamedKind, key: &Key, seen: &mut u64) -> bool {
        let kept = self.lock();
        let since = std::mem::replace(seen, kept.last);
        if kept.last_of[kind.index()] <= since {
            return false;
        }
        let first = kept.names.partition_point(|(number, _)| *number <= since);
        let is_it = |name: &ChangedName| name.kind == kind && *fold(&name.key) == **key.folded();
        kept.gone_of[kind.index()] > since || kept.names.range(first..).any(|(_, name)| is_it(name))
    }

    /// What is to be told next to a reader that was told so much, who sees only these
    /// events. One kind at a time, the one that has waited longest; `told` moves on over what is no news for this reader.
    pub fn next(&self, told: &mut Told, events: &Events) -> Option<News> {
        let kept = self.lock();
        loop {
            let kinds = NamedKind::ALL.iter().copied().filter(|kind| kept.last_of[kind.index()] > told[kind.index()]);
            let kind = kinds.min_by_key(|kind| told[kind.index()])?;
            let since = std::mem::replace(&mut told[kind.index()], kept.last_of[kind.index()]);
            if kept.gone_of[kind.index()] > since {
                return Some(News { kind, keys: None });
            }
            let first = kept.names.partition_point(|(number, _)| *number <= since);
            let mut keys: Vec<Arc<str>> = Vec::new();
            let of_kind = kept.names.range(first..).map(|(_, name)| name).filter(|name| name.kind == kind);
            for name in of_kind.filter(|name| events.has_folded(&name.event)) {
                if keys.contains(&name.key) {
                    continue;
                }
                if keys.len() == KEYS_MAX {
                    return Some(News { kind, keys: None });
                }
                keys.push(name.key.clone());
            }
            if !keys.is_empty() {
                return Some(News { kind, keys: Some(keys) });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held; were it so, the numbers would still be whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{KEPT_MAX, KEYS_MAX, Names, News};
    use crate::auth::Operator;
    use crate::domain::{Events, Key};
    use crate::store::{ChangedName, NamedKind};

    fn only(event: &str) -> Events {
        Events::only(Key::trusted(event))
    }

    fn partner(event: &str, n: usize) -> Arc<ChangedName> {
        let workspace = Operator::assume().workspace(1);
        Arc::new(ChangedName { workspace, kind: NamedKind::Partner, event: event.into(), key: format!("{event}/p{n}").into() })
    }

    #[test]
    fn changes_are_told_once_together_and_by_kind() {
        let names = Names::default();
        let mut told = names.told();
        assert_eq!(names.next(&mut told, &Events::ALL), None);
        names.push([partner("e", 1), partner("e", 2), partner("e", 1)]);
        let campaign = ChangedName { kind: NamedKind::Campaign, key: "e/c".into(), ..ChangedName::clone(&partner("e", 0)) };
        names.push([Arc::new(campaign)]);
        let both = [(NamedKind::Partner, vec!["e/p1".into(), "e/p2".into()]), (NamedKind::Campaign, vec!["e/c".into()])];
        for (kind, keys) in both {
            assert_eq!(names.next(&mut told, &Events::ALL), Some(News { kind, keys: Some(keys) }));
        }
        assert_eq!(names.next(&mut told, &Events::ALL), None);
        // Who sees one event is told nothing of another.
        let mut bound = [0; super::KINDS];
        assert_eq!(names.next(&mut bound, &only("other")), None);
        assert_eq!(bound, told, "and does not look at it again");
    }

    #[test]
    fn what_is_too_much_or_gone_is_told_as_such() {
        for (count, named) in [(1, true), (KEYS_MAX, true), (KEYS_MAX + 1, false), (KEPT_MAX + 1, false), (3 * KEPT_MAX, false)] {
            let names = Names::default();
            let mut told = names.told();
            names.push((0..count).map(|n| partner("e", n)));
            let news = names.next(&mut told, &Events::ALL).expect("news");
            assert_eq!(news.keys.map(|k| k.len()), named.then_some(count), "{count}");
            assert_eq!(names.next(&mut told, &Events::ALL), None, "{count}: once");
        }
        let names = Names::default();
        let mut told = names.told();
        names.push_unknown();
        let kinds = std::iter::from_fn(|| names.next(&mut told, &only("e"))).map(|news| (news.kind, news.keys));
        assert_eq!(kinds.collect::<Vec<_>>(), NamedKind::ALL.map(|kind| (kind, None)));
    }
}
