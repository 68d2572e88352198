//! Ids of lines that have none: equal lines are as many activities, and the same file has the same ids again.

use std::collections::HashMap;

use uuid::Uuid;

/// Lines that are remembered at least, and twice as many at most: some 200 MiB. A line that comes again after more others
/// than that counts as the first of its kind, and so as sent before.
const LINES_REMEMBERED: usize = 2_000_000;

/// How often each line came.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Makes ids of one play differ from those of another: the log plays *now*, so it is not the same thing happening.
    /// Empty at full speed, where the ids, like the times, are those of the log.
    play: String,
    now: HashMap<Uuid, u32>,
    before: HashMap<Uuid, u32>,
}

impl Repeats {
    /// No line yet.
    pub fn new(play: String) -> Self {
        Self { play, ..Self::default() }
    }

    /// The id of the next line: a UUIDv5 in the namespace of URLs over event, line and how many equal lines came before it,
    /// each on a line of its own, the play in front where there is one.
    pub fn next_id(&mut self, event: &str, line: &str) -> Uuid {
        let name = match self.play.as_str() {
            "" => format!("{event}\n{line}"),
            play => format!("{play}\n{event}\n{line}"),
        };
        let before = self.count(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()));
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{name}\n{before}").as_bytes())
    }

    /// How often the line came before.
    fn count(&mut self, line: Uuid) -> u32 {
        if self.now.len() >= LINES_REMEMBERED {
            self.before = std::mem::take(&mut self.now);
        }
        let known = self.before.get(&line).copied().unwrap_or(0);
        let count = self.now.entry(line).or_insert(known);
        *count += 1;
        *count - 1
    }
}

#[cfg(test)]
mod tests {
    use super::Repeats;

    #[test]
    fn ids_differ_by_event_line_repeat_and_play() {
        let ids = |play: &str, event: &str, lines: &[&str]| {
            let mut repeats = Repeats::new(play.to_owned());
            lines.iter().map(|line| repeats.next_id(event, line)).collect::<Vec<_>>()
        };
        let first = ids("", "expo", &["a", "b", "a", "a"]);
        assert_eq!(first, ids("", "expo", &["a", "b", "a", "a"]), "the same file again");
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 4);
        assert_eq!((first[0], first[2]), (ids("", "expo", &["a"])[0], ids("", "expo", &["a", "a"])[1]));
        for other in [ids("", "other", &["a"]), ids("1", "expo", &["a"]), ids("2", "expo", &["a"])] {
            assert!(!first.contains(&other[0]));
        }
    }
}
