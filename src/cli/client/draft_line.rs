//! A draft on its way to the server as one line of JSON.
//!
//! What a sender wrote is sent as it is written: numbers keep their digits, names given twice stay twice, and what is at
//! fault is told by the server, field by field. Only what is missing is put in.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of an object, each as the JSON text of its name and of its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftLine {
    members: Vec<(String, String)>,
}

impl DraftLine {
    /// Reads one line.
    ///
    /// # Errors
    /// Why it is no JSON object.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = (&mut reader).deserialize_map(Members).and_then(|members| reader.end().map(|()| members));
        read.map(|members| Self { members }).map_err(|fault| format!("is no JSON object: {fault}"))
    }

    /// True when a field is there and says something.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).any(|value| !is_nothing(value))
    }

    /// The text of a field.
    pub fn text(&self, name: &str) -> Option<String> {
        self.named(name).find_map(|value| serde_json::from_str(value).ok())
    }

    /// Puts a field in where there is none that says something.
    pub fn fill(&mut self, name: &str, value: &Value) {
        if !self.has(name) {
            self.set(name, value);
        }
    }

    /// Puts a field in, in place of whatever has its name.
    pub fn set(&mut self, name: &str, value: &Value) {
        self.members.retain(|(given, _)| !is_named(given, name));
        self.members.push((Value::from(name).to_string(), value.to_string()));
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.members.iter().filter(move |(given, _)| is_named(given, name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for DraftLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.members.iter().enumerate() {
            write!(f, "{}{name}:{value}", if at == 0 { '{' } else { ',' })?;
        }
        f.write_str(if self.members.is_empty() { "{}" } else { "}" })
    }
}

/// Absent and null are the same, and so is an empty text.
fn is_nothing(value: &str) -> bool {
    matches!(value, "null" | "\"\"")
}

fn is_named(given: &str, name: &str) -> bool {
    let plain = given.len() == name.len() + 2 && &given[1..given.len() - 1] == name;
    plain || given.contains('\\') && serde_json::from_str::<String>(given).is_ok_and(|given| given == name)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            // A line stays one line.
            members.push((name.get().to_owned(), value.get().replace(['\n', '\r'], " ")));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::DraftLine;

    #[test]
    fn what_is_written_is_sent() {
        for line in [
            r#"{"n":12345678901234567890123,"m":1.10,"e":1e400}"#,
            r#"{"a":1,"a":2,"\ud83d":"\ud83d"}"#,
            r#"{"deep":{"a":[{"b":1}]}}"#,
            "{}",
        ] {
            assert_eq!(DraftLine::read(line.as_bytes()).expect(line).to_string(), line);
        }
    }

    #[test]
    fn only_what_is_missing_is_put_in() {
        let filled = |line: &str| {
            let mut draft = DraftLine::read(line.as_bytes()).expect(line);
            draft.fill("event", &json!("b"));
            draft.to_string()
        };
        for (line, want) in [
            ("{}", r#"{"event":"b"}"#),
            (r#"{"x":1}"#, r#"{"x":1,"event":"b"}"#),
            (r#"{ "event" : "a" }"#, r#"{"event":"a"}"#),
            (r#"{"\u0065vent":"a"}"#, r#"{"\u0065vent":"a"}"#),
            (r#"{"event":null}"#, r#"{"event":"b"}"#),
            (r#"{"event":""}"#, r#"{"event":"b"}"#),
            (r#"{"event":7}"#, r#"{"event":7}"#),
        ] {
            assert_eq!(filled(line), want, "{line}");
        }
        let mut twice = DraftLine::read(br#"{"id":"a","x":1,"id":"b"}"#).expect("read");
        twice.set("id", &json!("c"));
        assert_eq!(twice.to_string(), r#"{"x":1,"id":"c"}"#);
        assert_eq!(twice.text("id").as_deref(), Some("c"));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for line in [&b"[]"[..], b"{", b"hello", b"{}{}", b"7", b"\"\xff\""] {
            assert!(DraftLine::read(line).is_err(), "{line:?}");
        }
    }
}
