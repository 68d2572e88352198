//! An example for each route, made from the document: with curl and in TypeScript. It names no host and no real key.

use serde_json::{Map, Value, json};

use super::words::text;

/// What stands for a parameter, or for a field of a body, by its name.
const SAMPLES: [(&str, &str); 41] = [
    ("event", "\"expo-2026\""),
    ("partner", "\"acme\""),
    ("message", "\"welcome\""),
    ("campaign", "\"spring-invites\""),
    ("flavor", "\"content.shared\""),
    ("name", "\"Acme Inc\""),
    ("email", "\"hello@acme.example\""),
    ("company", "\"Acme\""),
    ("tags", "[\"gold\"]"),
    ("view", "\"all-opens\""),
    ("items", "[{\"key\": \"acme\", \"name\": \"Acme Inc\"}]"),
    ("subject", "\"Welcome\""),
    ("scopes", "[\"ingest\"]"),
    ("add", "[\"acme\"]"),
    ("remove", "[]"),
    ("grade", "\"human\""),
    ("grade_reasons", "[\"checked_by_hand\"]"),
    ("key", "\"td_key_...\""),
    ("by", "\"flavor,partner\""),
    ("bucket", "\"hour\""),
    ("zone", "\"Europe/Berlin\""),
    ("days", "365"),
    ("webhook", "\"desk\""),
    ("url", "\"https://hooks.example.org/in\""),
    ("after", "\"HMbKSCqgVjsAAAAAAAAABmg3BIjNNQHj\""),
    ("tag", "\"gold\""),
    ("wall", "\"hall\""),
    ("code", "\"A7K3MP\""),
    ("text", "\"Doors close in ten minutes\""),
    ("until", "\"2027-05-04T18:00:00Z\""),
    ("say", "\"blink\""),
    ("views", "[\"all-activities\"]"),
    ("alert", "\"quiet-desk\""),
    ("channel", "\"duty\""),
    ("when", "{\"silent_s\": 900}"),
    ("kind", "\"webhook\""),
    ("role", "\"viewer\""),
    ("password", "\"horse quiet lamp twelve\""),
    ("new", "\"twelve lamps stay quiet\""),
    ("secret", "\"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\""),
    ("poll", "\"7Jd0hS2mPq4uXwEoZ1kR6tYv\""),
];
const ACTIVITY_ID: &str = "0198c7a2-7d3e-7c11-9f6a-2f1b7c0d4e5f";
/// What a filter in a query looks like.
const FILTER: &str = "partner=acme&flavor=message.*";

/// The same request twice.
pub struct Example {
    /// For a shell; `TIDINGS_URL` and `TIDINGS_KEY` are set.
    pub curl: String,
    /// With `url` and `key`.
    pub typescript: String,
}

/// An example of a request.
pub fn example(document: &Value, path: &str, method: &str, operation: &Value) -> Example {
    let target = target(path, operation);
    let body = body(document, operation);
    let open = operation["security"].as_array().is_none_or(Vec::is_empty);
    if path == "/v1/ws" {
        return socket();
    }
    let taken = operation["requestBody"]["content"].as_object();
    if let Some(kind) = taken.and_then(|taken| taken.keys().next().filter(|_| taken.keys().all(|kind| kind.starts_with("text/")))) {
        return of_file(&target, method, kind);
    }
    Example { curl: curl(&target, method, body.as_ref(), open, path), typescript: typescript(&target, method, body.as_ref(), open, path) }
}

fn sample(name: &str) -> Option<Value> {
    let (_, value) = SAMPLES.iter().find(|(of, _)| *of == name)?;
    serde_json::from_str(value).ok()
}

fn target(path: &str, operation: &Value) -> String {
    let mut out = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = text(&parameter["name"]);
        let value = sample(name).and_then(|v| v.as_str().map(str::to_owned));
        match text(&parameter["in"]) {
            "path" => {
                let number = parameter["schema"]["type"] == "integer";
                let id = if number { "7".to_owned() } else { ACTIVITY_ID.to_owned() };
                out = out.replace(&format!("{{{name}}}"), &value.unwrap_or(id));
            }
            "query" if name == "filter" => query.push(FILTER.to_owned()),
            "query" if parameter["required"] == true || name == "by" || name == "bucket" => {
                query.extend(value.map(|value| format!("{name}={value}")));
            }
            _ => {}
        }
    }
    if !query.is_empty() {
        out = format!("{out}?{}", query.join("&"));
    }
    out
}

/// A request whose body is a file: where the document takes no JSON.
fn of_file(target: &str, method: &str, kind: &str) -> Example {
    Example {
        curl: format!(
            "curl -X {method} \"$TIDINGS_URL{target}?dry_run=true\" \\\n  -H \"Authorization: Bearer $TIDINGS_KEY\" \\\n  \
             -H \"Content-Type: {kind}\" \\\n  --data-binary @partners.csv"
        ),
        typescript: format!(
            "const answer = await fetch(`${{url}}{target}?dry_run=true`, {{\n  method: \"{method}\",\n  \
             headers: {{ authorization: `Bearer ${{key}}`, \"content-type\": \"{kind}\" }},\n  body: file,\n}});\n\
             if (!answer.ok) throw new Error((await answer.json()).detail);\nconst found = await answer.json();"
        ),
    }
}

/// A body with what has to be in it, or with the first field where nothing has to.
fn body(document: &Value, operation: &Value) -> Option<Value> {
    let content = operation["requestBody"]["content"].as_object()?;
    let kind = content.get("application/json").or_else(|| content.values().next())?;
    Some(object(document, &kind["schema"]))
}

fn object(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return object(document, &document["components"]["schemas"][name]);
    }
    if let Some(one) = schema["oneOf"].as_array().and_then(|any| any.first()) {
        return object(document, one);
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().map(text).collect();
    let fields = schema["properties"].as_object();
    let mut out = Map::new();
    for name in fields.into_iter().flat_map(Map::keys).map(String::as_str) {
        // The event is left out only with a key that is bound to one, and of many partners one of two says which.
        let wanted = required.contains(&name)
            || (name == "event" && required.contains(&"partner"))
            || (name == "tag" && schema["properties"]["partners"].is_object())
            || required.is_empty();
        if let Some(value) = sample(name).filter(|_| wanted) {
            out.insert(name.to_owned(), value);
        }
    }
    if out.is_empty() { json!({}) } else { Value::Object(out) }
}

fn curl(target: &str, method: &str, body: Option<&Value>, open: bool, path: &str) -> String {
    let mut lines = Vec::new();
    let verb = match method {
        "GET" if path.ends_with("/stream") => "curl -N".to_owned(),
        "GET" => "curl".to_owned(),
        _ => format!("curl -X {method}"),
    };
    lines.push(format!("{verb} \"$TIDINGS_URL{target}\""));
    if !open {
        lines.push("  -H \"Authorization: Bearer $TIDINGS_KEY\"".to_owned());
    }
    if let Some(body) = body {
        lines.push("  -H \"Content-Type: application/json\"".to_owned());
        lines.push(format!("  -d '{body}'"));
    }
    lines.join(" \\\n")
}

fn typescript(target: &str, method: &str, body: Option<&Value>, open: bool, path: &str) -> String {
    let mut headers = Vec::new();
    if !open {
        headers.push("authorization: `Bearer ${key}`");
    }
    if body.is_some() {
        headers.push("\"content-type\": \"application/json\"");
    }
    let mut options = Vec::new();
    if method != "GET" {
        options.push(format!("  method: \"{method}\","));
    }
    if !headers.is_empty() {
        options.push(format!("  headers: {{ {} }},", headers.join(", ")));
    }
    if let Some(body) = body {
        options.push(format!("  body: JSON.stringify({body}),"));
    }
    let options = if options.is_empty() { String::new() } else { format!(", {{\n{}\n}}", options.join("\n")) };
    let read = match (method, path) {
        (_, path) if path.ends_with("/stream") => {
            "for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) console.log(bytes);"
        }
        ("DELETE", _) => "if (!answer.ok) throw new Error((await answer.json()).detail);",
        _ => "if (!answer.ok) throw new Error((await answer.json()).detail);\nconst found = await answer.json();",
    };
    format!("const answer = await fetch(`${{url}}{target}`{options});\n{read}")
}

/// A socket is no request: both begin one and subscribe.
fn socket() -> Example {
    let word = json!({"type": "subscribe", "sub": "a", "filter": {"partner": ["acme"]}});
    Example {
        curl: format!(
            "websocat -H \"Authorization: Bearer $TIDINGS_KEY\" \\\n  --protocol tidings.v1 \"${{TIDINGS_URL/http/ws}}/v1/ws\"\n{word}"
        ),
        typescript: format!(
            "// A browser sends no header: POST /v1/tickets gives a ticket for one connection.\n\
             const socket = new WebSocket(`${{url.replace(/^http/, \"ws\")}}/v1/ws?ticket=${{ticket}}`, \"tidings.v1\");\n\
             socket.onopen = () => socket.send(JSON.stringify({word}));\n\
             socket.onmessage = ({{ data }}) => console.log(JSON.parse(data));"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::example;
    use crate::api::openapi::built;

    #[test]
    fn every_route_has_one_without_a_hole() {
        let document = built();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let made = example(&document, path, &method.to_uppercase(), operation);
                for text in [&made.curl, &made.typescript] {
                    assert!(!text.contains("{event}") && !text.contains("{id}") && !text.contains("{}"), "{method} {path}: {text}");
                }
                if path != "/v1/ws" {
                    assert!(made.curl.contains("$TIDINGS_URL/v1/") && made.typescript.contains("fetch(`${url}/v1/"), "{path}");
                }
            }
        }
    }

    #[test]
    fn one_as_it_is_copied() {
        let document = built();
        let made = example(&document, "/v1/activities", "POST", &document["paths"]["/v1/activities"]["post"]);
        assert_eq!(
            made.curl,
            "curl -X POST \"$TIDINGS_URL/v1/activities\" \\\n  -H \"Authorization: Bearer $TIDINGS_KEY\" \\\n  \
             -H \"Content-Type: application/json\" \\\n  \
             -d '{\"event\":\"expo-2026\",\"flavor\":\"content.shared\",\"partner\":\"acme\"}'"
        );
    }
}
