//! Bytes of requests under way, shared by those who send them.
//!
//! A plain count, without locks or clocks. Must never give out more than there is, and never let one sender take what
//! others need: each may hold as much as is left free. Who sends alone so gets a half, two get a third each, and whoever
//! comes new always finds room.

use std::collections::HashMap;

use crate::auth::WorkspaceId;

/// Who sends: a workspace, or all of whom nothing is known yet.
pub type Owner = Option<WorkspaceId>;

/// What is held, by whom.
#[derive(Debug)]
pub(super) struct Shares {
    bytes_max: usize,
    held: usize,
    by_owner: HashMap<Owner, usize>,
}

impl Shares {
    /// Nothing is held yet; `bytes_max` may be.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, held: 0, by_owner: HashMap::new() }
    }

    /// Takes so many bytes, if the owner then holds no more than was free before. Who comes when nothing is held
    /// may take everything.
    pub(super) fn take(&mut self, owner: Owner, bytes: usize) -> bool {
        let Some(free) = self.bytes_max.checked_sub(self.held).filter(|free| bytes <= *free) else { return false };
        let mine = self.by_owner.get(&owner).copied().unwrap_or(0);
        let is_fair = self.held == 0 || mine.saturating_add(bytes) <= free;
        if is_fair {
            self.hold(owner, bytes);
        }
        is_fair
    }

    /// Takes more for something that was begun, whatever its owner holds, if there is so much.
    pub(super) fn add(&mut self, owner: Owner, bytes: usize) -> bool {
        let fits = self.held.checked_add(bytes).is_some_and(|held| held <= self.bytes_max);
        if fits {
            self.hold(owner, bytes);
        }
        fits
    }

    fn hold(&mut self, owner: Owner, bytes: usize) {
        self.held += bytes;
        *self.by_owner.entry(owner).or_insert(0) += bytes;
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&mut self, owner: Owner, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
        if let Some(mine) = self.by_owner.get_mut(&owner) {
            *mine = mine.saturating_sub(bytes);
            if *mine == 0 {
                self.by_owner.remove(&owner);
            }
        }
    }

    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Owner, Shares};
    use crate::auth::Operator;

    fn owner(number: i64) -> Owner {
        (number > 0).then(|| Operator::assume().workspace(number))
    }

    #[test]
    fn each_may_hold_what_is_left_free() {
        let mut shares = Shares::new(90);
        let most = |shares: &mut Shares, who| (0..).take_while(|_| shares.take(owner(who), 1)).count();
        assert_eq!(most(&mut shares, 1), 45, "alone a half");
        assert_eq!(most(&mut shares, 2), 23, "who comes second a half of the rest");
        assert!(shares.take(owner(3), 5), "there is always room for one more");
        shares.give_back(owner(1), 45);
        assert!(shares.take(owner(1), 30), "what was given back is there again");
        assert!(!shares.take(owner(4), 1_000));
        assert!(Shares::new(90).take(owner(0), 90), "who is alone may take all at once");
    }

    proptest! {
        /// Whatever is taken and given back: never more than there is, nothing is lost, and who holds nothing gets the
        /// half of what is free.
        #[test]
        fn bounded_fair_and_nothing_lost(steps in prop::collection::vec((0..5i64, 1..40usize, any::<bool>()), 1..200)) {
            let (mut shares, mut held) = (Shares::new(100), Vec::new());
            for (who, bytes, gives) in steps {
                if gives && !held.is_empty() {
                    let (who, bytes) = held.swap_remove(bytes % held.len());
                    shares.give_back(owner(who), bytes);
                } else {
                    let mine: usize = held.iter().filter(|(other, _)| *other == who).map(|(_, bytes)| *bytes).sum();
                    let free = 100 - held.iter().map(|(_, bytes)| *bytes).sum::<usize>();
                    let want = bytes <= free && (held.is_empty() || mine + bytes <= free);
                    prop_assert_eq!(shares.take(owner(who), bytes), want);
                    if want {
                        held.push((who, bytes));
                    }
                }
                prop_assert_eq!(shares.held(), held.iter().map(|(_, bytes)| *bytes).sum::<usize>());
                prop_assert!(shares.held() <= 100);
            }
        }
    }
}
