//! A draft from options.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Reads `name=value`: a number or `true` and `false` keep their type, everything else, and what is quoted, is text.
///
/// # Errors
/// When there is no name.
pub fn parse_property(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err("must be name=value, as in amount=12".to_owned());
    };
    let typed = match serde_json::from_str::<Value>(value) {
        Ok(typed @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => typed,
        _ => json!(value),
    };
    Ok((name.to_owned(), typed))
}

/// Puts texts that are given into a draft.
pub fn draft_of(texts: &[(&str, Option<&str>)], properties: &[(String, Value)]) -> Map<String, Value> {
    let mut draft = Map::new();
    for (name, text) in texts {
        if let Some(text) = text {
            draft.insert((*name).to_owned(), json!(text));
        }
    }
    if !properties.is_empty() {
        draft.insert("properties".into(), Value::Object(properties.iter().cloned().collect()));
    }
    draft
}

/// Gives a draft an id where it has none, so that it can be sent again after a broken connection without being stored twice.
pub fn with_id(mut draft: Map<String, Value>) -> Map<String, Value> {
    if draft.get("id").is_none_or(Value::is_null) {
        draft.insert("id".into(), json!(Uuid::now_v7().to_string()));
    }
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{draft_of, parse_property, with_id};

    #[test]
    fn properties_keep_their_type() {
        for (given, want) in [
            ("amount=12", json!(12)),
            ("share=0.5", json!(0.5)),
            ("vip=true", json!(true)),
            ("room=B 12", json!("B 12")),
            ("code=\"12\"", json!("12")),
            ("note=a=b", json!("a=b")),
            ("empty=", json!("")),
            ("list=[1]", json!("[1]")),
            ("none=null", json!("null")),
        ] {
            assert_eq!(parse_property(given).expect(given).1, want, "{given}");
        }
        for bad in ["", "amount", "=1"] {
            assert!(parse_property(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_what_is_given_is_sent() {
        let draft = draft_of(&[("flavor", Some("content.shared")), ("event", None)], &[("amount".into(), json!(1))]);
        assert_eq!(Value::Object(draft), json!({"flavor":"content.shared","properties":{"amount":1}}));
    }

    #[test]
    fn an_id_is_kept_or_made() {
        let kept = with_id(serde_json::from_str(r#"{"id":"x"}"#).expect("json"));
        assert_eq!(kept["id"], "x");
        assert!(with_id(Map::new())["id"].as_str().is_some_and(|id| id.len() == 36));
    }
}
