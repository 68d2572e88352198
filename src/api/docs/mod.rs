//! `GET /docs`: the reference as one page, made from the OpenAPI document and the table of codes: contents, search, an example
//! for each route. It needs no other host, and nothing in it is inline; without its script it is whole but for the search.

mod examples;
mod words;

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::Value;

pub(super) use self::words::escaped;
use self::words::{form, is_described, prose, text, title};
use super::error::CODES;
use super::openapi::tight;
use crate::session::disconnect;
use crate::session::protocol::code;

const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");
const HEAD: &str = include_str!("head.html");

static PAGE: LazyLock<Bytes> = LazyLock::new(|| render(&tight()).into());

/// The page.
pub async fn page() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], PAGE.clone()).into_response()
}

/// Its style, apart because nothing inline is allowed.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE).into_response()
}

/// Its script, which searches and copies.
pub async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], SCRIPT).into_response()
}

/// One route of the document.
struct Operation<'a> {
    path: &'a str,
    method: String,
    id: &'a str,
    tag: &'a str,
    value: &'a Value,
}

fn render(document: &Value) -> String {
    let operations = operations(document);
    let mut out = String::with_capacity(128 * 1024);
    out.push_str(HEAD);
    contents(&mut out, &operations, document);
    out.push_str("<main id=\"main\">");
    out.push_str(INTRODUCTION);
    let mut before = "";
    for operation in &operations {
        if operation.tag != before {
            let _ = write!(out, "<h2 id=\"tag-{0}\">{0}</h2>", escaped(operation.tag));
            before = operation.tag;
        }
        one_operation(&mut out, document, operation);
    }
    codes(&mut out);
    schemas(&mut out, document);
    out.push_str("</main></body></html>");
    out
}

const INTRODUCTION: &str = "<h1>Reference</h1>\
    <p>Send <code>Authorization: Bearer KEY</code>. Times are RFC 3339 in UTC. Failures are <code>application/problem+json</code> with a \
    stable <code>code</code>. The examples take <code>TIDINGS_URL</code> and <code>TIDINGS_KEY</code> from the environment, or \
    <code>url</code> and <code>key</code> in TypeScript. <a href=\"/v1/openapi.json\">OpenAPI document</a></p>";

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut operations: Vec<_> = paths
        .flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, value)| Operation {
                path,
                method: method.to_uppercase(),
                id: text(&value["operationId"]),
                tag: text(&value["tags"][0]),
                value,
            })
        })
        .collect();
    operations.sort_by(|a, b| (a.tag, a.path, &a.method).cmp(&(b.tag, b.path, &b.method)));
    operations
}

fn contents(out: &mut String, operations: &[Operation<'_>], document: &Value) {
    out.push_str(
        "<nav class=\"contents\" aria-label=\"Contents\"><label class=\"search\" hidden><span>Search</span>\
         <input type=\"search\" placeholder=\"Route, field, code\" autocomplete=\"off\"></label><p id=\"found\" role=\"status\"></p>\
         <details open><summary>Contents</summary>",
    );
    let mut before = "";
    for Operation { path, method, id, tag, .. } in operations {
        if *tag != before {
            let end = if before.is_empty() { "" } else { "</ul>" };
            let _ = write!(out, "{end}<p><a href=\"#tag-{0}\">{0}</a></p><ul>", escaped(tag));
            before = tag;
        }
        let _ = write!(
            out,
            "<li><a href=\"#{}\"><b class=\"{}\">{method}</b> {}</a></li>",
            escaped(id),
            method.to_lowercase(),
            escaped(path.strip_prefix("/v1").unwrap_or(path))
        );
    }
    out.push_str(
        "</ul><p>Codes</p><ul><li><a href=\"#codes\">Of an answer</a></li><li><a href=\"#stream-codes\">Of a live stream</a></li>\
         <li><a href=\"#close-codes\">Of a WebSocket's end</a></li></ul><p><a href=\"#schemas\">Schemas</a></p><ul>",
    );
    for (name, _) in described(document) {
        let _ = write!(out, "<li><a href=\"#{0}\">{1}</a></li>", escaped(name), escaped(&title(name)));
    }
    out.push_str("</ul></details></nav>");
}

fn described(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["schemas"].as_object().into_iter().flatten().filter(|(_, schema)| is_described(schema))
}

fn one_operation(out: &mut String, document: &Value, Operation { path, method, id, value, .. }: &Operation<'_>) {
    let summary = [&value["summary"], &value["description"]].map(text).join(" ");
    let _ = write!(
        out,
        "<section><h3 id=\"{}\"><b class=\"{}\">{method}</b> <code>{}</code></h3><p>{}</p><p class=\"needs\">{}</p>",
        escaped(id),
        method.to_lowercase(),
        escaped(path),
        prose(summary.trim()),
        escaped(&needs(value))
    );
    let example = examples::example(document, path, method, value);
    out.push_str("<div class=\"examples\">");
    for (name, code) in [("curl", &example.curl), ("TypeScript", &example.typescript)] {
        let _ = write!(out, "<figure><figcaption>{name}</figcaption><pre tabindex=\"0\">{}</pre></figure>", escaped(code));
    }
    out.push_str("</div>");
    let rows = value["parameters"].as_array().into_iter().flatten();
    let rows: Vec<_> = rows.map(|p| [name(&p["name"]), text(&p["in"]).to_owned(), prose(text(&p["description"]))]).collect();
    table(out, ["Parameter", "In", "Meaning"], &rows);
    let bodies = value["requestBody"]["content"].as_object().into_iter().flatten();
    let rows: Vec<_> =
        bodies.map(|(kind, c)| [format!("<code>{}</code>", escaped(kind)), form(document, &c["schema"]), String::new()]).collect();
    table(out, ["Body", "Schema", ""], &rows);
    let answers = value["responses"].as_object().into_iter().flatten();
    let rows: Vec<_> = answers
        .map(|(status, answer)| {
            let content = answer["content"].as_object().and_then(|c| c.values().next());
            let form = content.map(|c| form(document, &c["schema"])).unwrap_or_default();
            [format!("<code>{}</code>", escaped(status)), prose(text(&answer["description"])), form]
        })
        .collect();
    table(out, ["Status", "When", "Schema"], &rows);
    out.push_str("</section>");
}

fn name(value: &Value) -> String {
    format!("<code>{}</code>", escaped(text(value)))
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
            prose(code.title),
            prose(code.cure)
        );
    }
    out.push_str("</tbody></table>");
    out.push_str("<h2 id=\"stream-codes\">Codes of a live stream</h2><p>In <code>error</code> frames; <code>retry</code> says whether asking again can help.</p>");
    out.push_str("<table><thead><tr><th>Code</th><th>Cure</th></tr></thead><tbody>");
    for (word, cure) in code::ALL {
        let _ = write!(out, "<tr id=\"stream-{0}\"><td><code>{0}</code></td><td>{1}</td></tr>", escaped(word), prose(cure));
    }
    out.push_str("</tbody></table><h2 id=\"close-codes\">Close codes of a WebSocket</h2>");
    out.push_str("<table><thead><tr><th>Code</th><th>Reason</th><th>Meaning and cure</th></tr></thead><tbody>");
    for (disconnect, meaning) in disconnect::ALL {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
            disconnect.code,
            disconnect.reason,
            prose(meaning)
        );
    }
    out.push_str("</tbody></table>");
}

fn schemas(out: &mut String, document: &Value) {
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (key, schema) in described(document) {
        let (id, called) = (escaped(key), escaped(&title(key)));
        let _ = write!(out, "<section><h3 id=\"{id}\">{called}</h3><p>{}</p>", prose(text(&schema["description"])));
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().map(text).collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let rows: Vec<_> = fields
            .map(|(field, kind)| {
                let mark = if required.contains(&field.as_str()) { "" } else { ", may be left out" };
                let form = format!("{}{mark}", form(document, kind));
                [format!("<code>{}</code>", escaped(field)), form, prose(text(&kind["description"]))]
            })
            .collect();
        table(out, ["Field", "Form", "Meaning"], &rows);
        out.push_str("</section>");
    }
}

/// A table of cells that are HTML; a last column that is empty is left out.
fn table(out: &mut String, heads: [&str; 3], rows: &[[String; 3]]) {
    if rows.is_empty() {
        return;
    }
    let columns = if heads[2].is_empty() { 2 } else { 3 };
    out.push_str("<table><thead><tr>");
    for head in &heads[..columns] {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in &row[..columns] {
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
}

#[cfg(test)]
mod tests {
    use super::{CODES, PAGE, SCRIPT};

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
        for inline in ["<script>", "<style", " style=", " onclick", "http://", "https://"] {
            // An example of a receiver, at a name that is nobody's (RFC 2606).
            assert!(!page.replace("https://hooks.example.org/in", "").contains(inline), "{inline}");
        }
    }

    #[test]
    fn every_link_within_leads_somewhere_and_no_text_is_raw() {
        let page = std::str::from_utf8(&PAGE).expect("utf-8");
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().expect("closed");
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        let prose: String = page
            .split("<pre")
            .enumerate()
            .map(|(i, part)| if i == 0 { part } else { part.split_once("</pre>").map_or("", |p| p.1) })
            .collect();
        assert!(!prose.contains('`'), "a backtick outside of an example");
        for word in [">u64<", "(int64)", "ListBody_Partner<"] {
            assert!(!page.contains(word), "{word}");
        }
        for operation in page.split("<section><h3").skip(1).filter(|section| section.contains("class=\"needs\"")) {
            assert!(operation.contains("<figcaption>curl</figcaption>") && operation.contains("<figcaption>TypeScript</figcaption>"));
        }
        assert!(SCRIPT.len() < 4_096);
    }
}
