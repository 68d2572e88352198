//! Reading a filter set: the JSON form and the query form, all faults at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::field::Field;
use super::set::{Clause, FilterSet};
use crate::domain::limits::{CLIENT_NAME_BYTES_MAX, FILTER_BYTES_MAX, FILTER_VALUES_MAX, FILTER_WORDS_MAX, NAME_BYTES_MAX, URL_BYTES_MAX};
use crate::domain::{ActivityId, Actor, Device, Flavor, Grade, Invalid, Key, WebUrl, browser_alias, fold, has_control, platform_alias};

type Raw = BTreeMap<(Field, bool), Vec<(String, String)>>;

impl FilterSet {
    /// Reads the JSON form, `{"partner":["acme"],"not":{"browser":["Chrome"]},"text":"pricing"}`.
    ///
    /// # Errors
    /// Every fault, with its path inside the filter set.
    pub fn from_json(value: &Value) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let mut raw = Raw::new();
        let mut words = Vec::new();
        let Some(object) = value.as_object() else {
            return Err(Invalid::one(
                "",
                "not_an_object",
                "a filter set is an object of fields, as in {\"partner\":[\"acme\"]}; {} is everything",
            ));
        };
        for (name, value) in object {
            match (name.as_str(), value) {
                ("not", Value::Object(negated)) => {
                    for (name, value) in negated {
                        read_field(&mut invalid, &mut raw, name, value, true);
                    }
                }
                ("not", _) => invalid.push("not", "not_an_object", "must be an object of fields, as in {\"browser\":[\"Chrome\"]}"),
                ("text", Value::String(text)) => words = read_words(&mut invalid, text),
                ("text", _) => invalid.push("text", "not_text", "must be text: words separated by spaces"),
                _ => read_field(&mut invalid, &mut raw, name, value, false),
            }
        }
        finish(invalid, raw, words)
    }

    /// Reads the query form, `partner=acme&partner=globex&not.browser=Chrome`, from decoded pairs.
    ///
    /// # Errors
    /// Every fault, with the parameter as its path. A name that is no field is a fault too: the caller takes
    /// its own parameters out first.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let mut raw = Raw::new();
        let mut words = Vec::new();
        for (name, value) in pairs {
            if name == "text" {
                words.extend(read_words(&mut invalid, value));
                continue;
            }
            let (word, negated) = name.strip_prefix("not.").map_or((name, false), |rest| (rest, true));
            match Field::parse(word) {
                Some(field) => raw.entry((field, negated)).or_default().push((name.to_owned(), value.to_owned())),
                None => unknown_field(&mut invalid, name),
            }
        }
        finish(invalid, raw, words)
    }
}

fn unknown_field(invalid: &mut Invalid, name: &str) {
    let known: Vec<_> = Field::ALL.iter().map(|f| f.as_str()).collect();
    let shown: String = name.chars().take(64).collect();
    invalid.push(shown, "unknown_field", format!("is no field of a filter set; the fields are {}, not and text", known.join(", ")));
}

fn read_field(invalid: &mut Invalid, raw: &mut Raw, name: &str, value: &Value, negated: bool) {
    let path = if negated { format!("not.{name}") } else { name.to_owned() };
    let Some(field) = Field::parse(name) else { return unknown_field(invalid, &path) };
    let Some(list) = value.as_array() else {
        return invalid.push(path, "not_a_list", "must be a list of texts, as in [\"acme\"]");
    };
    if list.is_empty() {
        return invalid.push(path, "empty", "must not be an empty list; leave the field out to ask for everything");
    }
    let values = raw.entry((field, negated)).or_default();
    for (index, item) in list.iter().enumerate() {
        match item.as_str() {
            Some(text) => values.push((format!("{path}[{index}]"), text.to_owned())),
            None => invalid.push(format!("{path}[{index}]"), "not_text", "must be text"),
        }
    }
}

fn read_words(invalid: &mut Invalid, text: &str) -> Vec<Arc<str>> {
    if text.contains('\0') {
        invalid.push("text", "bad_character", "contains U+0000; leave it out");
    }
    // A control character separates words as a space does: the searched text has none inside a part.
    let folded = fold(text);
    let words: Vec<Arc<str>> =
        folded.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).map(Into::into).collect();
    if words.is_empty() {
        invalid.push("text", "empty", "must hold at least one word; leave it out to search for nothing");
    }
    words
}

fn finish(mut invalid: Invalid, raw: Raw, words: Vec<Arc<str>>) -> Result<FilterSet, Invalid> {
    if words.len() > FILTER_WORDS_MAX {
        invalid.push("text", "too_many", format!("has {} words; at most {FILTER_WORDS_MAX}", words.len()));
    }
    let mut bytes: usize = words.iter().map(|w| w.len()).sum();
    let mut clauses = Vec::with_capacity(raw.len());
    for ((field, negated), given) in raw {
        let path = if negated { format!("not.{}", field.as_str()) } else { field.as_str().to_owned() };
        if given.len() > FILTER_VALUES_MAX {
            invalid.push(path, "too_many", format!("has {} values; at most {FILTER_VALUES_MAX} a field", given.len()));
            continue;
        }
        bytes += given.iter().map(|(_, v)| v.len() + 4).sum::<usize>();
        let values = given.iter().filter_map(|(path, value)| invalid.take(path, canonical_value(field, value))).collect();
        clauses.push(Clause { field, negated, values });
    }
    if bytes > FILTER_BYTES_MAX {
        invalid.push("", "too_long", format!("the filter set is larger than {FILTER_BYTES_MAX} bytes; name fewer values"));
    }
    invalid.into_result()?;
    Ok(FilterSet::canonical(clauses, words))
}

fn canonical_value(field: Field, value: &str) -> Result<Arc<str>, Invalid> {
    if value.contains('\0') {
        return Err(Invalid::one("", "bad_character", "contains U+0000; leave it out"));
    }
    match field {
        Field::Event => Key::naming(value).map(|k| k.folded().clone()),
        Field::Partner | Field::Message | Field::About | Field::Campaign => match value.split_once('/') {
            None => Key::naming(value).map(|k| k.folded().clone()),
            Some((event, key)) => {
                let (event, key) = (Key::naming(event)?, Key::naming(key)?);
                Ok(format!("{}/{}", event.folded(), key.folded()).into())
            }
        },
        Field::Flavor => canonical_flavor(value),
        Field::Tag => canonical_name(value, NAME_BYTES_MAX),
        Field::Actor => Actor::parse(&fold(value)).map(|v| v.as_str().into()),
        Field::Device => Device::parse(&fold(value)).map(|v| v.as_str().into()),
        Field::Grade => Grade::parse(&fold(value)).map(|v| v.as_str().into()),
        Field::Platform => canonical_name(value, CLIENT_NAME_BYTES_MAX).map(|v| platform_alias(&v).into()),
        Field::Browser => canonical_name(value, CLIENT_NAME_BYTES_MAX).map(|v| browser_alias(&v).into()),
        Field::Source | Field::Referrer => canonical_place(value),
        Field::Id => ActivityId::parse(value).map(|id| id.to_string().into()),
    }
}

fn canonical_flavor(value: &str) -> Result<Arc<str>, Invalid> {
    let folded = fold(value);
    if let Some(family) = folded.strip_suffix(".*") {
        let well_formed = family.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')));
        return match well_formed && value.len() <= crate::domain::limits::FLAVOR_BYTES_MAX {
            true => Ok(folded.as_ref().into()),
            false => Err(Invalid::one("", "flavor_form", "a family is a noun and '.*', as in message.*")),
        };
    }
    Flavor::parse(&folded).map(|f| f.shared().clone())
}

fn canonical_name(value: &str, bytes_max: usize) -> Result<Arc<str>, Invalid> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Err(Invalid::one("", "empty", "must not be empty"));
    }
    if trimmed.len() > bytes_max {
        return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {bytes_max}", trimmed.len())));
    }
    Ok(fold(trimmed).into())
}

fn canonical_place(value: &str) -> Result<Arc<str>, Invalid> {
    if value.len() > URL_BYTES_MAX {
        return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {URL_BYTES_MAX}", value.len())));
    }
    let value = value.trim();
    if value.is_empty() || has_control(value) {
        return Err(Invalid::one("", "place_form", "must be a host, as in example.com, or a URL prefix with its scheme"));
    }
    if value.contains("://") {
        let prefix = WebUrl::normal_prefix(value).map(Into::into);
        return prefix.ok_or_else(|| {
            Invalid::one("", "place_form", "a URL prefix begins with http:// or https:// and a whole host, as in https://example.com/page")
        });
    }
    // Not folded before: that would make another host of straße.example.
    let host = WebUrl::canonical_host(value).map(Into::into);
    host.ok_or_else(|| Invalid::one("", "place_form", "must be a host without port or path, or a URL prefix with its scheme"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::FilterSet;

    #[test]
    fn canonical_forms_agree() {
        let a = FilterSet::from_json(&json!({"partner":["Globex","acme","ACME"],"not":{"browser":["IE"]},"text":"Pricing  deck"}))
            .expect("valid");
        let query: Vec<(String, String)> = form_urlencoded::parse(a.to_query().as_bytes()).into_owned().collect();
        let b = FilterSet::from_pairs(query.iter().map(|(n, v)| (n.as_str(), v.as_str()))).expect("valid");
        assert_eq!(a, b);
        assert_eq!(a.to_query(), "partner=acme&partner=globex&not.browser=internet+explorer&text=deck+pricing");
        assert_eq!(FilterSet::from_json(&serde_json::to_value(&a).expect("json")).expect("valid"), a);
    }

    #[test]
    fn reads_values_by_field() {
        let long_key = "k".repeat(129);
        for (field, given, want) in [
            ("partner", "ACME", Ok("acme")),
            ("partner", "Expo/ACME", Ok("expo/acme")),
            ("partner", "a/b/c", Err("bad_character")),
            ("partner", "/acme", Err("empty")),
            ("partner", long_key.as_str(), Err("too_long")),
            ("partner", "a\0", Err("bad_character")),
            ("event", "expo/x", Err("bad_character")),
            ("tag", " Very Important ", Ok("very important")),
            ("flavor", "Message.Opened", Ok("message.opened")),
            ("flavor", "message.*", Ok("message.*")),
            ("flavor", "message.link.*", Ok("message.link.*")),
            ("flavor", ".*", Err("flavor_form")),
            ("flavor", "*", Err("flavor_form")),
            ("flavor", "mess*", Err("flavor_form")),
            ("platform", "OSX", Ok("macos")),
            ("browser", "Mozilla", Ok("firefox")),
            ("device", "Mobile", Ok("mobile")),
            ("grade", "robot", Err("unknown_value")),
            ("source", "Straße.example", Ok("xn--strae-oqa.example")),
            ("source", "[::1]", Ok("[::1]")),
            ("source", "example.com:8443", Err("place_form")),
            ("source", "example.com/pricing", Err("place_form")),
            ("source", "me@example.com", Err("place_form")),
            ("source", "ftp://example.com", Err("place_form")),
            ("source", " example.com ", Ok("example.com")),
            ("source", "https://", Err("place_form")),
            ("source", "https://example.com", Ok("https://example.com/")),
            ("source", " https://reader:secret@Example.com:443/A%C3%9C ", Ok("https://example.com/a\u{fc}")),
            ("source", "https://b\u{fc}cher.example/", Ok("https://xn--bcher-kva.example/")),
            ("referrer", "HTTPS://Example.com:8443/Deck", Ok("https://example.com:8443/deck")),
            ("partner", "..", Ok("..")),
            ("id", "0198C7A2-4D1E-7000-8000-000000000000", Ok("0198c7a2-4d1e-7000-8000-000000000000")),
        ] {
            let read = FilterSet::from_json(&json!({field:[given]}));
            let read = read.as_ref().map(|set| &*set.clauses()[0].values[0]).map_err(|invalid| invalid.faults[0].code);
            assert_eq!(read, want, "{field} {given:?}");
        }
    }

    #[test]
    fn keeps_to_the_limits() {
        let values = |count: usize, bytes: usize| json!({"tag": (0..count).map(|n| format!("{n:0bytes$}")).collect::<Vec<_>>()});
        let words = |count: usize| json!({"text": vec!["w"; count].join(" ")});
        for (json, code) in [
            (values(200, 10), None),
            (values(201, 10), Some("too_many")),
            (values(100, 200), Some("too_long")),
            (words(16), None),
            (words(17), Some("too_many")),
            (json!([]), Some("not_an_object")),
            (json!({"partner":"acme"}), Some("not_a_list")),
            (json!({"partner":[7]}), Some("not_text")),
            (json!({"not":["acme"]}), Some("not_an_object")),
            (json!({"not":{"not":{"partner":["acme"]}}}), Some("unknown_field")),
            (json!({"not":{"text":"deck"}}), Some("unknown_field")),
            (json!({"text":["deck"]}), Some("not_text")),
        ] {
            let told = FilterSet::from_json(&json).err().map(|invalid| invalid.faults[0].code);
            assert_eq!(told, code, "{json}");
        }
    }

    #[test]
    fn tells_every_fault() {
        let invalid = FilterSet::from_json(&json!({"partner":[],"colour":["red"],"device":["phone"],"not":{"id":["x"]},"text":" "}))
            .expect_err("bad");
        let mut told: Vec<_> = invalid.faults.iter().map(|f| (f.path.as_str(), f.code)).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("colour", "unknown_field"),
                ("device[0]", "unknown_value"),
                ("not.id[0]", "uuid_form"),
                ("partner", "empty"),
                ("text", "empty")
            ]
        );
    }
}
