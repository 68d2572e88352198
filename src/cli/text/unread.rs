//! Lines that could not be read: shown where others could, and where none could, one sentence on what was given.

use crate::cli::terminal::plain;

/// Lines that are shown; the rest is counted.
const SHOWN_MAX: usize = 10;
/// Lines of which none can be read, after which no better ones are hoped for.
const HOPELESS_LINES: u64 = 1_000;
/// First lines that are kept to tell what was given.
const SAMPLE_LINES: usize = 8;
/// Bytes that are kept of each.
const SAMPLE_BYTES: usize = 512;

/// What lines were to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A web server's log.
    Log,
    /// Drafts of activities, one JSON object a line.
    Drafts,
}

/// What could not be read.
#[derive(Debug)]
pub struct Unread {
    wanted: Wanted,
    /// How many lines.
    pub count: u64,
    /// Said once a line could be read: before that the one sentence may say it all.
    held: Vec<String>,
    sample: Vec<String>,
    some_read: bool,
}

impl Unread {
    /// Nothing yet.
    pub const fn new(wanted: Wanted) -> Self {
        Self { wanted, count: 0, held: Vec::new(), sample: Vec::new(), some_read: false }
    }

    /// Counts a line that could not be read; what is to be shown now.
    pub fn note(&mut self, number: u64, line: &[u8], why: &str) -> Vec<String> {
        self.count += 1;
        if self.count <= SHOWN_MAX as u64 {
            self.held.push(plain(&format!("line {number}: {why}")));
        }
        if self.sample.len() < SAMPLE_LINES {
            self.sample.push(String::from_utf8_lossy(&line[..line.len().min(SAMPLE_BYTES)]).into_owned());
        }
        if self.some_read { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Notes that a line could be read; what is to be shown now.
    pub fn some_read(&mut self) -> Vec<String> {
        self.some_read = true;
        std::mem::take(&mut self.held)
    }

    /// True when so many lines could not be read that none will be.
    pub const fn is_hopeless(&self) -> bool {
        !self.some_read && self.count >= HOPELESS_LINES
    }

    /// What was given, where nothing of it could be read.
    pub fn sentence(&self) -> Option<String> {
        (!self.some_read).then(|| match self.sample.first() {
            Some(first) => self.given(first.trim_start()),
            None => "it holds no line, so nothing was sent".to_owned(),
        })
    }

    fn given(&self, first: &str) -> String {
        let any = |word: &str| self.sample.iter().any(|line| line.contains(word));
        let drafts = "a draft is one JSON object a line, with at least \"flavor\" and \"partner\"";
        match (self.wanted, first.as_bytes().first()) {
            (_, Some(b'#')) if any("#Fields:") => {
                let of = match () {
                    () if self.sample.iter().any(|line| !line.starts_with('#') && line.contains('\t')) => {
                        "with tabs between, as CloudFront writes it"
                    }
                    () if any("Microsoft") => "of IIS",
                    () => "",
                };
                format!("this looks like a W3C extended log {of} (#Fields:), which is not read; log in the combined format")
                    .replace("  ", " ")
            }
            (Wanted::Log, Some(b'{')) => {
                "lines begin with {, so this is JSON and no combined log; drafts of activities are read with --format ndjson".to_owned()
            }
            (Wanted::Drafts, Some(b'{')) if self.sample.iter().any(|line| line.trim_end().ends_with('}')) => {
                format!("these are JSON objects but no drafts: {drafts}")
            }
            (_, Some(b'{')) => format!("this is JSON over several lines; {drafts}, as `jq -c .` writes it"),
            (_, Some(b'[')) => format!("this is a JSON array; {drafts}, as `jq -c '.[]'` writes it"),
            (_, Some(b'<')) => "this looks like HTML or XML, which is not read".to_owned(),
            _ if first.contains('\0') => "this is no text".to_owned(),
            (Wanted::Log, _) => {
                "this is no combined log, where a line is as in: 192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /page HTTP/1.1\" 200 512"
                    .to_owned()
            }
            (Wanted::Drafts, _) if any("HTTP/1.") || any("HTTP/2") => {
                "this looks like a web server's log, which `tidings replay` reads with --format combined".to_owned()
            }
            (Wanted::Drafts, _) => format!("these are no drafts: {drafts}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SHOWN_MAX, Unread, Wanted};

    #[test]
    fn one_sentence_says_what_was_given() {
        for (wanted, lines, word) in [
            (
                Wanted::Log,
                &["#Software: Microsoft Internet Information Services 10.0", "#Fields: date time", "2026-05-19 10:00:01 x"][..],
                "IIS",
            ),
            (Wanted::Log, &["#Version: 1.0", "#Fields: date time", "2026-05-19\t10:20:01"], "CloudFront"),
            (Wanted::Log, &["#Fields: date"], "#Fields:"),
            (Wanted::Log, &["{\"level\":\"info\"}"], "JSON and no combined log"),
            (Wanted::Log, &["<html>"], "HTML"),
            (Wanted::Log, &["hello"], "no combined log"),
            (Wanted::Log, &[], "holds no line"),
            (Wanted::Drafts, &["{\"level\":\"info\"}"], "no drafts"),
            (Wanted::Drafts, &["{", "\"flavor\":\"a.b\""], "several lines"),
            (Wanted::Drafts, &["[{},"], "JSON array"),
            (Wanted::Drafts, &["192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1"], "tidings replay"),
            (Wanted::Drafts, &["hello"], "no drafts"),
        ] {
            let mut unread = Unread::new(wanted);
            for (number, line) in (1..).zip(lines) {
                assert!(unread.note(number, line.as_bytes(), "is wrong").is_empty());
            }
            let told = unread.sentence().expect("nothing read");
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn lines_are_shown_where_others_are_read() {
        let mut unread = Unread::new(Wanted::Log);
        assert!(unread.note(1, b"x", "has no time\u{1b}").is_empty());
        assert_eq!(unread.some_read(), ["line 1: has no time "]);
        let shown: usize = (2..100).map(|number| unread.note(number, b"x", "has no time").len()).sum();
        assert_eq!((shown, unread.count, unread.sentence()), (SHOWN_MAX - 1, 99, None));
        assert!(!unread.is_hopeless());
    }
}
