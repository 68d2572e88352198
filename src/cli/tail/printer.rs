//! Where a tail's output goes: activities to standard output, words about them to standard error.

use std::io::{self, Write as _};

use serde_json::value::RawValue;

use super::follow::Shown;
use super::row::Style;
use crate::cli::terminal::{plain_json, plain_lines};

/// Prints what a tail shows.
pub struct Printer {
    style: Style,
    json: bool,
}

impl Printer {
    /// A printer of rows, or of JSON.
    pub fn new(style: Style, json: bool) -> Self {
        Self { style, json }
    }

    /// Prints activities at once. False when nobody reads them any more.
    pub fn activities(&mut self, items: Vec<Box<RawValue>>) -> bool {
        self.print(items.into_iter().map(Shown::Activity).collect())
    }

    /// Prints in order. False when nobody reads standard output any more.
    pub fn print(&mut self, shown: Vec<Shown>) -> bool {
        let mut lines = String::new();
        for one in shown {
            match one {
                Shown::Activity(raw) if self.json => {
                    lines.push_str(&plain_json(raw.get()));
                    lines.push('\n');
                }
                Shown::Activity(raw) => match self.style.row(raw.get()) {
                    Ok(row) => {
                        lines.push_str(&row);
                        lines.push('\n');
                    }
                    Err(why) => self.note(&format!("an activity could not be read: {why}")),
                },
                Shown::Rule(filter) => {
                    let words = if filter.is_everything() { "everything".to_owned() } else { readable(&filter.to_query()) };
                    // In JSON output a line that is none would break the reader.
                    if self.json {
                        self.note(&format!("now: {words}"));
                    } else {
                        lines.push_str(&self.style.rule(&words));
                        lines.push('\n');
                    }
                }
                Shown::Note(text) | Shown::Fault(text) => {
                    // Keeps the order of the two outputs in a terminal.
                    if !write_out(&mut lines) {
                        return false;
                    }
                    self.note(&text);
                }
            }
        }
        write_out(&mut lines)
    }

    /// A word to the person, on standard error.
    pub fn note(&self, text: &str) {
        eprintln!("tidings: {}", plain_lines(text));
    }
}

fn write_out(lines: &mut String) -> bool {
    let mut out = io::stdout().lock();
    let written = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    lines.clear();
    written.is_ok()
}

/// The query form as somebody would type it.
fn readable(query: &str) -> String {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| if value.contains(' ') { format!("{name}=\"{value}\"") } else { format!("{name}={value}") })
        .collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn queries_read_as_typed() {
        assert_eq!(super::readable("partner=acme&not.browser=internet+explorer"), "partner=acme not.browser=\"internet explorer\"");
    }
}
