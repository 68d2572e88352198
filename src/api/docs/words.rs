//! The words of the reference: text of the document as HTML, and forms of fields as a person says them. It reads nothing but
//! the document, and everything that it gives is escaped.

use serde_json::Value;

/// A text, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Prose as HTML: what stands between backticks is code. One that is not closed is a backtick.
pub fn prose(text: &str) -> String {
    let parts: Vec<_> = text.split('`').collect();
    let closed = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let mut out = String::with_capacity(text.len() + 32);
    for (i, part) in parts.iter().enumerate() {
        match i {
            i if i >= closed => out.extend(["`", &escaped(part)]),
            i if i % 2 == 1 => out.extend(["<code>", &escaped(part), "</code>"]),
            _ => out.push_str(&escaped(part)),
        }
    }
    out
}

/// What a schema is called: `ListBody_Partner` is a list of Partner.
pub fn title(name: &str) -> String {
    match name.strip_prefix("ListBody_") {
        Some(item) => format!("List of {item}"),
        None => name.to_owned(),
    }
}

/// True for a schema with a section of its own; a plain number is none.
pub fn is_described(schema: &Value) -> bool {
    schema["properties"].is_object() || schema["oneOf"].is_array() || !text(&schema["description"]).is_empty()
}

/// The form of a schema as HTML: `Activity` as a link to it, `list of Bucket`, `text or null`, `time`.
pub fn form(document: &Value, schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or(target);
        let found = &document["components"]["schemas"][name];
        return match is_described(found) {
            true => format!("<a href=\"#{0}\">{1}</a>", escaped(name), escaped(&title(name))),
            false => form(document, found),
        };
    }
    if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return any.iter().map(|one| form(document, one)).collect::<Vec<_>>().join(" or ");
    }
    let words: Vec<&str> = match &schema["type"] {
        Value::Array(words) => words.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let words: Vec<_> = words.into_iter().map(|word| of_type(document, schema, word)).collect();
    words.join(" or ")
}

fn of_type(document: &Value, schema: &Value, word: &str) -> String {
    match (word, text(&schema["format"])) {
        ("string", "date-time") => "time".to_owned(),
        ("string", "uuid") => "UUID".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("number", _) => "number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => format!("list of {}", form(document, &schema["items"])),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {}", form(document, &schema["additionalProperties"]))
        }
        ("", _) => "any".to_owned(),
        (other, _) => escaped(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{form, prose, title};

    #[test]
    fn backticks_become_code() {
        for (text, html) in [
            ("plain <b>", "plain &lt;b&gt;"),
            ("`a` and `b<c`", "<code>a</code> and <code>b&lt;c</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` then ` alone", "<code>a</code> then ` alone"),
            ("", ""),
        ] {
            assert_eq!(prose(text), html, "{text:?}");
        }
    }

    #[test]
    fn forms_are_said_in_words() {
        let document = json!({"components": {"schemas": {"u64": {"type": "integer"}, "Thing": {"type": "object", "properties": {}}}}});
        for (schema, words) in [
            (json!({"$ref": "#/components/schemas/u64"}), "whole number"),
            (json!({"$ref": "#/components/schemas/Thing"}), "<a href=\"#Thing\">Thing</a>"),
            (json!({"type": ["string", "null"], "format": "date-time"}), "time or null"),
            (json!({"type": "array", "items": {"type": "string"}}), "list of text"),
            (json!({"type": "object", "additionalProperties": {"type": "boolean"}}), "object of true or false"),
            (json!({}), "any"),
        ] {
            assert_eq!(form(&document, &schema), words, "{schema}");
        }
        assert_eq!(title("ListBody_Partner"), "List of Partner");
    }
}
