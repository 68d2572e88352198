//! How long to rest after a failure: longer each time, and never all at the same moment.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// The rest after so many failures in a row (at least 1): `first`, doubled each time, at most `most`. Of that `chance`, any
/// number, leaves between a half and all, so that what failed together is not tried again together.
pub(super) fn rest(failures: u32, first: Duration, most: Duration, chance: u64) -> Duration {
    let whole = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most);
    let half = whole / 2;
    half + Duration::from_nanos(((u128::from(chance) * (whole - half).as_nanos()) >> 64) as u64)
}

/// Some number.
pub(super) fn chance() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::rest;

    #[test]
    fn rests_grow_to_a_bound_and_differ_by_chance() {
        let ms = Duration::from_millis;
        for (failures, chance, want) in [
            (1, u64::MAX, ms(100)),
            (2, u64::MAX, ms(200)),
            (4, u64::MAX, ms(800)),
            (5, u64::MAX, ms(1_000)),
            (99, u64::MAX, ms(1_000)),
            (4, 0, ms(400)),
            (1, 1 << 63, ms(75)),
        ] {
            let got = rest(failures, ms(100), ms(1_000), chance);
            assert!(want - got <= Duration::from_nanos(1), "{failures} {chance}: {got:?}");
        }
    }
}
