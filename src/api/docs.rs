//! `GET /docs`: the reference as one plain page, made from the OpenAPI document and the table of codes. It needs no other
//! host and no script.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::Value;

use super::error::CODES;
use super::openapi::built;
use crate::session::disconnect;
use crate::session::protocol::code;

const STYLE: &str = include_str!("docs.css");

static PAGE: LazyLock<Bytes> = LazyLock::new(|| render(&serde_json::to_value(built()).unwrap_or_default()).into());

/// The page.
pub async fn page() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], PAGE.clone()).into_response()
}

/// Its style, apart because nothing inline is allowed.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE).into_response()
}

fn render(document: &Value) -> String {
    let mut out = String::with_capacity(64 * 1024);
    out.push_str(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>Tidings: reference</title>\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><header><h1>Tidings: reference</h1>\
         <p>Send <code>Authorization: Bearer KEY</code>. Times are RFC 3339 in UTC. Failures are \
         <code>application/problem+json</code> with a stable <code>code</code>. \
         <a href=\"/v1/openapi.json\">OpenAPI document</a> · <a href=\"#codes\">Codes</a> · <a href=\"#schemas\">Schemas</a></p></header><main>",
    );
    paths(&mut out, document);
    codes(&mut out);
    schemas(&mut out, document);
    out.push_str("</main></body></html>");
    out
}

fn paths(out: &mut String, document: &Value) {
    let mut tag_before = String::new();
    let operations = document["paths"].as_object().into_iter().flatten().flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path.as_str(), method.to_uppercase(), operation))
    });
    let mut operations: Vec<_> = operations.collect();
    operations.sort_by_key(|(path, method, op)| (text(&op["tags"][0]).to_owned(), (*path).to_owned(), method.clone()));
    for (path, method, operation) in operations {
        let tag = text(&operation["tags"][0]);
        if tag != tag_before {
            let _ = write!(out, "<h2>{}</h2>", escaped(tag));
            tag.clone_into(&mut tag_before);
        }
        one_operation(out, path, &method, operation);
    }
}

fn one_operation(out: &mut String, path: &str, method: &str, operation: &Value) {
    let summary = [&operation["summary"], &operation["description"]].map(text).join(" ");
    let _ = write!(
        out,
        "<section><h3 id=\"{}\"><span class=\"method\">{method}</span> <code>{}</code></h3><p>{}</p>",
        escaped(text(&operation["operationId"])),
        escaped(path),
        escaped(summary.trim())
    );
    let _ = write!(out, "<p class=\"needs\">{}</p>", escaped(&needs(operation)));
    let rows = operation["parameters"].as_array().into_iter().flatten();
    let rows: Vec<_> = rows.map(|p| [text(&p["name"]).to_owned(), text(&p["in"]).to_owned(), text(&p["description"]).to_owned()]).collect();
    table(out, ["Parameter", "In", "Meaning"], &rows);
    let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
    let rows: Vec<_> = bodies.map(|(kind, c)| [kind.clone(), schema_name(&c["schema"]), String::new()]).collect();
    table(out, ["Body", "Schema", ""], &rows);
    let answers = operation["responses"].as_object().into_iter().flatten();
    let rows: Vec<_> = answers
        .map(|(status, answer)| {
            let content = answer["content"].as_object().and_then(|c| c.values().next());
            [status.clone(), text(&answer["description"]).to_owned(), content.map(|c| schema_name(&c["schema"])).unwrap_or_default()]
        })
        .collect();
    table(out, ["Status", "When", "Schema"], &rows);
    out.push_str("</section>");
}

fn needs(operation: &Value) -> String {
    let ways = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let ways: Vec<_> = ways.flat_map(|way| way.iter()).collect();
    let Some((_, scopes)) = ways.first() else { return "Needs nothing.".to_owned() };
    let names: Vec<_> = ways.iter().map(|(name, _)| name.as_str()).collect();
    let scopes: Vec<_> = scopes.as_array().into_iter().flatten().map(text).collect();
    match scopes.is_empty() {
        true => format!("Needs a {}.", names.join(" or ")),
        false => format!("Needs a {} with the scope {}.", names.join(" or "), scopes.join(" or ")),
    }
}

fn codes(out: &mut String) {
    out.push_str(
        "<h2 id=\"codes\">Codes</h2><table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Cure</th></tr></thead><tbody>",
    );
    for code in CODES {
        let _ = write!(
            out,
            "<tr id=\"{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td><td>{3}</td></tr>",
            escaped(code.word),
            code.status,
            escaped(code.title),
            escaped(code.cure)
        );
    }
    out.push_str("</tbody></table>");
    out.push_str("<h2 id=\"stream-codes\">Codes of a live stream</h2><p>In <code>error</code> frames; <code>retry</code> says whether asking again can help.</p>");
    out.push_str("<table><thead><tr><th>Code</th><th>Cure</th></tr></thead><tbody>");
    for (word, cure) in code::ALL {
        let _ = write!(out, "<tr id=\"stream-{0}\"><td><code>{0}</code></td><td>{1}</td></tr>", escaped(word), escaped(cure));
    }
    out.push_str("</tbody></table><h2 id=\"close-codes\">Close codes of a WebSocket</h2>");
    out.push_str("<table><thead><tr><th>Code</th><th>Reason</th><th>Meaning and cure</th></tr></thead><tbody>");
    for (disconnect, meaning) in disconnect::ALL {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
            disconnect.code,
            disconnect.reason,
            escaped(meaning)
        );
    }
    out.push_str("</tbody></table>");
}

fn schemas(out: &mut String, document: &Value) {
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ =
            write!(out, "<section><h3 id=\"{0}\"><code>{0}</code></h3><p>{1}</p>", escaped(name), escaped(text(&schema["description"])));
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().map(text).collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let rows: Vec<_> = fields
            .map(|(field, kind)| {
                let mark = if required.contains(&field.as_str()) { "" } else { ", may be left out" };
                [field.clone(), format!("{}{mark}", schema_name(kind)), text(&kind["description"]).to_owned()]
            })
            .collect();
        table(out, ["Field", "Form", "Meaning"], &rows);
        out.push_str("</section>");
    }
}

fn table(out: &mut String, heads: [&str; 3], rows: &[[String; 3]]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(out, "<table><thead><tr><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>", heads[0], heads[1], heads[2]);
    for [first, second, third] in rows {
        let _ = write!(out, "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>", escaped(first), escaped(second), escaped(third));
    }
    out.push_str("</tbody></table>");
}

/// A schema in a word or two: `Activity`, `list of Bucket`, `string (date-time) or null`.
fn schema_name(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        return target.rsplit('/').next().unwrap_or(target).to_owned();
    }
    if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return any.iter().map(schema_name).collect::<Vec<_>>().join(" or ");
    }
    let words = match &schema["type"] {
        Value::String(word) if word == "array" => format!("list of {}", schema_name(&schema["items"])),
        Value::String(word) if word == "object" && schema["additionalProperties"].is_object() => {
            format!("map to {}", schema_name(&schema["additionalProperties"]))
        }
        Value::String(word) => word.clone(),
        Value::Array(words) if words.iter().any(|w| w == "array") => format!("list of {}, or null", schema_name(&schema["items"])),
        Value::Array(words) => words.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => format!("{words} ({format})"),
        None => words,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{CODES, PAGE};

    #[test]
    fn the_page_names_every_code_and_nothing_inline() {
        let page = std::str::from_utf8(&PAGE).expect("utf-8");
        for code in CODES {
            assert!(page.contains(&format!("id=\"{}\"", code.word)), "{}", code.word);
        }
        for (word, _) in super::code::ALL {
            assert!(page.contains(&format!("id=\"stream-{word}\"")), "{word}");
        }
        for (disconnect, _) in super::disconnect::ALL {
            assert!(page.contains(&format!("<code>{}</code>", disconnect.code)), "{disconnect:?}");
        }
        assert!(page.contains("/v1/activities/{id}/why"));
        for inline in ["<script", "<style", " style=", " onclick", "http://", "https://"] {
            assert!(!page.contains(inline), "{inline}");
        }
    }
}
