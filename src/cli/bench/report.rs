//! Figures, as a small table or as JSON.

use serde_json::{Map, Value, json};

/// Figures in the order in which they are shown.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<(&'static str, &'static str, Value)>,
}

impl Report {
    /// Adds a figure under a stable name, with its unit.
    pub fn add(&mut self, name: &'static str, unit: &'static str, value: f64) {
        let rounded = if value.abs() >= 100.0 { value.round() } else { (value * 1_000.0).round() / 1_000.0 };
        self.rows.push((name, unit, json!(rounded)));
    }

    /// Adds a figure where the system showed it.
    pub fn add_known(&mut self, name: &'static str, unit: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            self.add(name, unit, value);
        }
    }

    /// Prints it to standard output.
    pub fn print(&self, as_json: bool) {
        match as_json {
            true => println!("{}", self.to_json()),
            false => print!("{}", self.to_table()),
        }
    }

    fn to_json(&self) -> Value {
        Value::Object(self.rows.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>())
    }

    fn to_table(&self) -> String {
        let width = self.rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        self.rows.iter().map(|(name, unit, value)| format!("{name:<width$}  {:>14} {unit}\n", grouped(value))).collect()
    }
}

/// `1234567.0` as `1,234,567`.
fn grouped(value: &Value) -> String {
    let number = value.as_f64().unwrap_or(0.0);
    if number.abs() < 1_000.0 {
        return format!("{number}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The value below which this share of sorted values lies; 0 of none.
pub fn percentile(sorted: &[u32], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::{Report, percentile};

    #[test]
    fn a_table_is_aligned_and_json_is_plain() {
        let mut report = Report::default();
        report.add("deliveries_per_s", "/s", 1_234_567.4);
        report.add("cpu", "s", 0.471_23);
        report.add_known("rss", "KiB", None);
        assert_eq!(report.to_table(), "deliveries_per_s       1,234,567 /s\ncpu                        0.471 s\n");
        assert_eq!(report.to_json().to_string(), r#"{"cpu":0.471,"deliveries_per_s":1234567.0}"#);
    }

    #[test]
    fn percentiles_by_table() {
        let hundred: Vec<u32> = (1..=100).collect();
        for (share, want) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)] {
            assert!((percentile(&hundred, share) - want).abs() < f64::EPSILON, "{share}");
        }
        assert!(percentile(&[], 0.5).abs() < f64::EPSILON);
    }
}
