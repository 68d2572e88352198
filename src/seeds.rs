//! Seeds for tests that explore: others in every run, always printed, and those that found something kept for good.

/// Where a run begins: `NAME_FIRST` of the environment, else chance. Printed, so that the run can be had again.
pub fn base(name: &str) -> u64 {
    let told = std::env::var(format!("{name}_FIRST")).ok().and_then(|first| first.parse().ok());
    let first = told.unwrap_or_else(|| getrandom::u64().expect("chance") >> 16);
    println!("{name}_FIRST={first}");
    first
}

/// The seeds of a run: those that are kept, then `count` others, or as many as `NAME_SEEDS` says.
pub fn run(name: &str, count: u64, kept: &[u64]) -> impl Iterator<Item = u64> {
    let count = std::env::var(format!("{name}_SEEDS")).ok().and_then(|n| n.parse().ok()).unwrap_or(count);
    let first = base(name);
    kept.iter().copied().chain(first..first + count)
}
