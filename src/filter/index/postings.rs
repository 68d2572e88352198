//! Sets of small numbers: a plain bitmap, and one that is a sorted list while it is small.
//!
//! A value that few filters mention must not cost a bitmap over all of them (10,000 partners times
//! 100,000 filters would be 125 MB), and a value that many mention must not cost a long list.

/// Members below which a set stays a list, whatever the universe.
const LIST_MIN: usize = 32;
/// A set becomes a bitmap when it holds more than one in this many of the universe: from there on the
/// bitmap is the smaller of the two.
const LIST_SHARE: usize = 32;

/// A plain bitmap that grows as needed; absent words are zero.
#[derive(Debug, Default)]
pub(super) struct Bitmap {
    words: Vec<u64>,
    count: usize,
}

impl Bitmap {
    /// The words.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// How many members.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds a member.
    pub(super) fn insert(&mut self, number: u32) {
        let (word, bit) = split(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.count += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, number: u32) {
        let (word, bit) = split(number);
        if let Some(word) = self.words.get_mut(word) {
            self.count -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    /// True for a member.
    pub(super) fn contains(&self, number: u32) -> bool {
        let (word, bit) = split(number);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }
}

/// The word of a number, and its bit in there.
pub(super) fn split(number: u32) -> (usize, u64) {
    (number as usize / 64, 1 << (number % 64))
}

/// Calls `each` with every number whose bit is set, in order.
pub(super) fn for_each_bit(words: &[u64], mut each: impl FnMut(u32)) {
    for (at, &word) in (0_u32..).zip(words) {
        let mut rest = word;
        while rest != 0 {
            each(at * 64 + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
}

/// A set that picks its own form.
#[derive(Debug)]
pub(super) enum Postings {
    /// Sorted, each once.
    List(Vec<u32>),
    /// One bit each.
    Bits(Bitmap),
}

impl Default for Postings {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Postings {
    /// Adds a member to a set of numbers below `universe`.
    pub(super) fn insert(&mut self, number: u32, universe: usize) {
        match self {
            Self::Bits(bits) => bits.insert(number),
            Self::List(list) => {
                if let Err(at) = list.binary_search(&number) {
                    list.insert(at, number);
                }
                if list.len() > LIST_MIN && list.len() * LIST_SHARE > universe {
                    let mut bits = Bitmap::default();
                    list.iter().for_each(|&n| bits.insert(n));
                    *self = Self::Bits(bits);
                }
            }
        }
    }

    /// Takes a member out of a set of numbers below `universe`.
    pub(super) fn remove(&mut self, number: u32, universe: usize) {
        match self {
            Self::List(list) => {
                if let Ok(at) = list.binary_search(&number) {
                    list.remove(at);
                }
            }
            Self::Bits(bits) => {
                bits.remove(number);
                // A quarter of where it turns into a bitmap, so that it does not flip to and fro.
                if bits.count() * 4 < LIST_MIN || bits.count() * 4 * LIST_SHARE < universe {
                    let mut list = Vec::with_capacity(bits.count());
                    for_each_bit(bits.words(), |n| list.push(n));
                    *self = Self::List(list);
                }
            }
        }
    }

    /// True for a member.
    #[cfg(test)]
    pub(super) fn contains(&self, number: u32) -> bool {
        match self {
            Self::List(list) => list.binary_search(&number).is_ok(),
            Self::Bits(bits) => bits.contains(number),
        }
    }

    /// True without members.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Bits(bits) => bits.count() == 0,
        }
    }

    /// Calls `each` with every member, in order.
    pub(super) fn for_each(&self, each: impl FnMut(u32)) {
        match self {
            Self::List(list) => list.iter().copied().for_each(each),
            Self::Bits(bits) => for_each_bit(bits.words(), each),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Postings;

    proptest! {
        #[test]
        fn is_a_set(steps in proptest::collection::vec((0_u32..300, prop::bool::weighted(0.6)), 0..400)) {
            let (mut postings, mut model) = (Postings::default(), BTreeSet::new());
            for (number, add) in steps {
                match add {
                    true => { postings.insert(number, 300); model.insert(number); }
                    false => { postings.remove(number, 300); model.remove(&number); }
                }
                prop_assert_eq!(postings.contains(number), add);
                prop_assert_eq!(postings.is_empty(), model.is_empty());
            }
            let mut held = Vec::new();
            postings.for_each(|n| held.push(n));
            prop_assert_eq!(held, model.into_iter().collect::<Vec<_>>());
        }
    }
}
