//! Chance from a seed: the same seed tells the same story, on every machine and in every version.

/// `SplitMix64`, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Chance from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// At least 0 and less than 1.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True in this share of cases.
    pub fn happens(&mut self, odds: f64) -> bool {
        self.unit() < odds
    }

    /// At least `low` and less than `high`, or `low` when that is nothing.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high.saturating_sub(low)).max(1)
    }

    /// One of a list that is not empty.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.between(0, list.len() as u64) as usize]
    }

    /// A wait from `low` to `high` where short ones are frequent and long ones rare, as people are.
    pub fn wait(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    /// A wait between things that happen independently, `mean` on average.
    pub fn gap(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn is_the_same_everywhere() {
        // The first numbers of the published algorithm for seed 1234567.
        let mut chance = Chance::new(1_234_567);
        assert_eq!([chance.number(), chance.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn stays_in_range() {
        let mut chance = Chance::new(1);
        for _ in 0..10_000 {
            assert!((2..5).contains(&chance.between(2, 5)));
            assert!((3.0..=30.0).contains(&chance.wait(3.0, 30.0)));
            assert!(chance.gap(2.0) >= 0.0);
        }
        assert_eq!(chance.between(7, 7), 7);
    }
}
