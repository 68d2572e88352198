//! A draft from options.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Reads `name=value`: a number or `true` and `false` keep their type where they print back as typed, everything else,
/// and what is quoted, is text. So `1.10` stays a version and `1e10` a commit.
///
/// # Errors
/// When there is no name.
pub fn parse_property(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err("must be name=value, as in amount=12".to_owned());
    };
    let typed = match serde_json::from_str::<Value>(value) {
        Ok(typed @ (Value::Bool(_) | Value::Number(_))) if serde_json::to_string(&typed).is_ok_and(|shown| shown == value) => typed,
        Ok(typed @ Value::String(_)) => typed,
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

/// An id for a draft that has none, so that it can be sent again after a broken connection without being stored twice.
pub fn new_id() -> Value {
    json!(Uuid::now_v7().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{draft_of, parse_property};

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
            ("version=1.10", json!("1.10")),
            ("version=1.0", json!(1.0)),
            ("commit=1e10", json!("1e10")),
            ("serial=12345678901234567890123", json!("12345678901234567890123")),
            ("serial=18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("serial=18446744073709551616", json!("18446744073709551616")),
            ("zero=-0", json!("-0")),
            ("code=007", json!("007")),
            ("far=1e400", json!("1e400")),
            ("padded= 12", json!(" 12")),
            ("padded=true ", json!("true ")),
            ("half=\"\\ud83d\"", json!("\"\\ud83d\"")),
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
}
