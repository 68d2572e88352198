//! What a tail knows, as a plain state machine: frames in, things to print out.
//!
//! Its position is the server's: everything up to there has been printed, and a new connection goes on after it. So
//! nothing is printed twice and nothing is left out, whatever breaks in between.

use serde_json::value::RawValue;

use super::frames::Word;
use crate::filter::FilterSet;

/// Something to show.
#[derive(Debug)]
pub enum Shown {
    /// An activity, as the server's own bytes.
    Activity(Box<RawValue>),
    /// From here on the filter is another.
    Rule(FilterSet),
    /// A word on the connection, for standard error.
    Note(String),
    /// A word that something is wrong, for standard error.
    Fault(String),
}

/// What a tail knows.
#[derive(Debug)]
pub struct Follow {
    filter: FilterSet,
    position: Option<String>,
    /// Changes of the filter that were asked for and not yet answered, by reference, oldest first.
    asked: Vec<(u64, FilterSet)>,
    asked_count: u64,
    connections: u64,
}

impl Follow {
    /// A tail that has seen nothing yet, or everything up to `position`.
    pub fn new(filter: FilterSet, position: Option<String>) -> Self {
        Self { filter, position, asked: Vec::new(), asked_count: 0, connections: 0 }
    }

    /// Everything up to here has been shown.
    pub fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    /// The filter to subscribe with on a new connection. A change that was asked for on the old one and not answered
    /// takes effect here; the rule says so.
    pub fn connected(&mut self) -> (FilterSet, Vec<Shown>) {
        self.connections += 1;
        let mut shown = Vec::new();
        if let Some((_, filter)) = self.asked.pop() {
            self.asked.clear();
            self.filter = filter.clone();
            shown.push(Shown::Rule(filter));
        }
        (self.filter.clone(), shown)
    }

    /// Notes a change that is about to be asked for; its reference.
    pub fn refilter(&mut self, filter: FilterSet) -> u64 {
        self.asked_count += 1;
        self.asked.push((self.asked_count, filter));
        self.asked_count
    }

    /// Takes one frame.
    pub fn hear(&mut self, word: Word) -> Vec<Shown> {
        match word {
            Word::Subscribed { position, resumed, items } => {
                let mut shown = Vec::with_capacity(items.len() + 1);
                if self.connections > 1 && resumed {
                    shown.push(Shown::Note("resumed: nothing missed".to_owned()));
                }
                self.take(position, items, shown)
            }
            Word::Activities { position, items } => self.take(position, items, Vec::new()),
            Word::Refiltered { position, items, reference } => self.refiltered(position, items, reference),
            Word::Reset { reason } => {
                self.position = None;
                let why = match reason.as_str() {
                    "epoch" => "the server's log is another one (restored or created anew)",
                    "pruned" => "what came next is no longer kept",
                    "ahead" => "the server's log ends before the place reached here",
                    other => other,
                };
                vec![Shown::Fault(format!("began afresh: {reason}: {why}; what lies between was not shown"))]
            }
            Word::Error { code, message, reference } => {
                // The server keeps the filter that it had.
                let refused = self.asked.iter().position(|(asked, _)| Some(*asked) == reference).map(|at| self.asked.remove(at));
                let kept = if refused.is_some() { "; the filter stays as it was" } else { "" };
                vec![Shown::Fault(format!("{message} [{code}]{kept}"))]
            }
            Word::Bye { reason, .. } => vec![Shown::Note(format!("the server says bye: {reason}"))],
            Word::Welcome { .. } | Word::Other => Vec::new(),
        }
    }

    fn take(&mut self, position: String, items: Vec<Box<RawValue>>, mut shown: Vec<Shown>) -> Vec<Shown> {
        self.position = Some(position);
        shown.extend(items.into_iter().map(Shown::Activity));
        shown
    }

    fn refiltered(&mut self, position: String, items: Vec<Box<RawValue>>, reference: Option<u64>) -> Vec<Shown> {
        let answered = self.asked.iter().position(|(asked, _)| Some(*asked) == reference);
        let Some(at) = answered else {
            // Of the server's own accord: recipients or tags have changed. What matches now and was recorded before is
            // history; a tail goes on with what comes.
            self.position = Some(position);
            return vec![Shown::Note("recipients or tags have changed; from here the filter is read anew".to_owned())];
        };
        let (_, filter) = self.asked.drain(..=at).next_back().unwrap_or_default();
        self.filter = filter.clone();
        self.take(position, items, vec![Shown::Rule(filter)])
    }
}

#[cfg(test)]
mod tests {
    use super::{Follow, Shown, Word};
    use crate::cli::tail::filter::parse_line;
    use crate::filter::FilterSet;

    /// One text for each thing shown: activities as `#1`, a rule as `--filter`, notes as `(…)`, faults as `!`.
    fn hear(follow: &mut Follow, frame: &str) -> Vec<String> {
        follow.hear(Word::read(frame).expect(frame)).into_iter().map(text).collect()
    }

    fn text(shown: Shown) -> String {
        match shown {
            Shown::Activity(raw) => format!("#{}", raw.get()),
            Shown::Rule(filter) => format!("--{filter}"),
            Shown::Note(note) => format!("({note})"),
            Shown::Fault(fault) => format!("!{fault}"),
        }
    }

    #[test]
    fn a_broken_stream_goes_on_where_it_was() {
        let mut follow = Follow::new(FilterSet::default(), None);
        follow.connected();
        assert_eq!(
            hear(&mut follow, r#"{"type":"subscribed","sub":"tail","rev":1,"position":"a","mode":"fresh","items":[1,2]}"#),
            ["#1", "#2"]
        );
        assert_eq!(hear(&mut follow, r#"{"type":"activities","sub":"tail","rev":1,"position":"b","items":[3]}"#), ["#3"]);
        assert_eq!(hear(&mut follow, r#"{"type":"position","sub":"tail","position":"c"}"#), Vec::<String>::new());
        assert_eq!(follow.position(), Some("c"));
        follow.connected();
        assert_eq!(
            hear(&mut follow, r#"{"type":"subscribed","sub":"tail","rev":1,"position":"d","mode":"resumed","items":[4]}"#),
            ["(resumed: nothing missed)", "#4"]
        );
    }

    #[test]
    fn a_refilter_switches_at_its_answer() {
        let mut follow = Follow::new(FilterSet::default(), None);
        follow.connected();
        let reference = follow.refilter(parse_line("partner=globex").expect("valid"));
        assert_eq!(hear(&mut follow, r#"{"type":"activities","rev":1,"position":"a","items":[1]}"#), ["#1"]);
        let answer = format!(r#"{{"type":"refiltered","rev":2,"position":"b","items":[2],"ref":"{reference}"}}"#);
        assert_eq!(hear(&mut follow, &answer), ["--partner=globex", "#2"]);
        assert_eq!(follow.connected().0.to_query(), "partner=globex");
    }

    #[test]
    fn a_refilter_that_was_not_answered_holds_on_the_next_connection() {
        let mut follow = Follow::new(FilterSet::default(), Some("a".into()));
        follow.connected();
        follow.refilter(parse_line("partner=globex").expect("valid"));
        follow.refilter(parse_line("partner=acme").expect("valid"));
        let (filter, shown) = follow.connected();
        assert_eq!(filter.to_query(), "partner=acme");
        assert_eq!(shown.into_iter().map(text).collect::<Vec<_>>(), ["--partner=acme"]);
    }

    #[test]
    fn loss_and_refusals_are_told() {
        let mut follow = Follow::new(FilterSet::default(), Some("a".into()));
        follow.connected();
        assert!(hear(&mut follow, r#"{"type":"reset","reason":"epoch","oldest":null}"#)[0].starts_with("!began afresh: epoch"));
        assert_eq!(follow.position(), None);
        follow.refilter(parse_line("partner=globex").expect("valid"));
        assert_eq!(
            hear(&mut follow, r#"{"type":"error","code":"filter_invalid","message":"no","retry":false,"ref":"1"}"#),
            ["!no [filter_invalid]; the filter stays as it was"]
        );
        assert_eq!(follow.connected().0, FilterSet::default());
    }
}
