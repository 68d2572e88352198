//! The words of text searches: each is looked for at most once an activity, however many filters ask.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::domain::SearchText;

/// Number of a word. Numbers are used again.
pub(super) type WordId = u32;

/// Bits of the sketch of a text: one for each pair of neighbouring bytes, hashed. A text of 400 bytes sets
/// one in ten, so a word of five letters that is not there is nearly always refused without a search.
const SKETCH_BITS: usize = 4_096;
/// Pairs of a word that are looked up in the sketch.
const PAIRS_MAX: usize = 6;

/// Every word that some filter searches for.
#[derive(Debug)]
pub(super) struct Words {
    ids: HashMap<Arc<str>, WordId, RandomState>,
    words: Vec<Word>,
    free: Vec<WordId>,
    /// Counts activities; a word's answer is good for one of them.
    round: u64,
    /// The round that `sketch` is of.
    sketched: u64,
    sketch: Box<[u64; SKETCH_BITS / 64]>,
}

#[derive(Debug)]
struct Word {
    text: Arc<str>,
    pairs: Box<[u16]>,
    mentions: u32,
    answered: u64,
    found: bool,
}

impl Default for Words {
    fn default() -> Self {
        let sketch = Box::new([0; SKETCH_BITS / 64]);
        Self { ids: HashMap::default(), words: Vec::new(), free: Vec::new(), round: 0, sketched: 0, sketch }
    }
}

fn pair_bit(a: u8, b: u8) -> u16 {
    (u16::from(a).wrapping_mul(157) ^ u16::from(b).wrapping_mul(23)) % SKETCH_BITS as u16
}

impl Words {
    /// The number of a word, made if it is new; to be given back by [`Words::release`].
    pub(super) fn intern(&mut self, text: &Arc<str>) -> WordId {
        if let Some(&id) = self.ids.get(text) {
            self.words[id as usize].mentions += 1;
            return id;
        }
        let pairs = text.as_bytes().windows(2).take(PAIRS_MAX).map(|p| pair_bit(p[0], p[1])).collect();
        let word = Word { text: text.clone(), pairs, mentions: 1, answered: 0, found: false };
        let id = match self.free.pop() {
            Some(id) => {
                self.words[id as usize] = word;
                id
            }
            None => {
                self.words.push(word);
                (self.words.len() - 1) as WordId
            }
        };
        self.ids.insert(text.clone(), id);
        id
    }

    /// Takes one mention back; a word without mentions is forgotten.
    pub(super) fn release(&mut self, id: WordId) {
        let word = &mut self.words[id as usize];
        word.mentions -= 1;
        if word.mentions == 0 {
            self.ids.remove(&word.text);
            self.free.push(id);
        }
    }

    /// True when no word is asked for.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.free.len() == self.words.len() && self.ids.is_empty()
    }

    /// Turns to the next activity.
    pub(super) fn next_activity(&mut self) {
        self.round += 1;
    }

    /// True when every word stands in the text of the activity at hand.
    pub(super) fn hold(&mut self, ids: &[WordId], text: &SearchText) -> bool {
        ids.iter().all(|&id| self.holds(id, text))
    }

    fn holds(&mut self, id: WordId, text: &SearchText) -> bool {
        if self.sketched != self.round {
            self.sketched = self.round;
            self.sketch.fill(0);
            for pair in text.as_str().as_bytes().windows(2) {
                let bit = usize::from(pair_bit(pair[0], pair[1]));
                self.sketch[bit / 64] |= 1 << (bit % 64);
            }
        }
        let word = &mut self.words[id as usize];
        if word.answered != self.round {
            let sketch = &self.sketch;
            let possible = word.pairs.iter().all(|&bit| sketch[usize::from(bit) / 64] & (1 << (bit % 64)) != 0);
            word.answered = self.round;
            word.found = possible && text.has_word(&word.text);
        }
        word.found
    }
}
