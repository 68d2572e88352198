//! Medians and ratios, as a table for `benches/RESULTS.md`.

use serde_json::Value;

use crate::figures::median;

/// The median of one figure over several runs.
pub fn median_of(runs: &[Value], name: &str) -> f64 {
    median(&runs.iter().filter_map(|run| run[name].as_f64()).collect::<Vec<_>>())
}

/// One row: what, ours, the reference, ours divided by the reference.
pub fn row(what: &str, ours: f64, reference: f64) -> String {
    format!("| {what} | {} | {} | {:.2} |", shown(ours), shown(reference), ours / reference)
}

/// The head of the table.
pub const HEAD: &str = "| figure | Tidings | reference | ratio |\n|---|---:|---:|---:|";

fn shown(figure: f64) -> String {
    if figure < 100.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{figure:.0}");
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}
