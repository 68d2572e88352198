//! Chance from a seed: the same seed tells the same story, on every machine.

/// Numbers by chance, and what a story asks of them.
#[derive(Debug, Clone)]
pub struct Chance(fastrand::Rng);

impl Chance {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// True in this share of cases.
    pub fn happens(&mut self, odds: f64) -> bool {
        self.0.f64() < odds
    }

    /// At least `low` and less than `high`, or `low` when that is nothing.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..high.max(low + 1))
    }

    /// One of a list that is not empty.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.0.usize(..list.len())]
    }

    /// A wait from `low` to `high` where short ones are frequent and long ones rare, as people are.
    pub fn wait(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.0.f64())
    }

    /// A wait between things that happen independently, `mean` on average.
    pub fn gap(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.f64()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn a_seed_tells_one_story() {
        let told = |seed| {
            std::iter::repeat_with({
                let mut chance = Chance::new(seed);
                move || chance.number()
            })
        };
        assert!(told(7).take(100).eq(told(7).take(100)) && !told(7).take(100).eq(told(8).take(100)));
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
