//! The OpenAPI document against the server: what is made from the document alone is taken.

use hyper::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::app::TestApp;

/// Requests of each operation.
const ROUNDS: usize = 12;

/// Makes values that a schema allows, and now and then leaves out what it does not require.
struct Maker {
    runner: TestRunner,
    document: Value,
}

impl Maker {
    fn pick<S: Strategy>(&mut self, strategy: S) -> S::Value {
        strategy.new_tree(&mut self.runner).expect("a value").current()
    }

    fn value(&mut self, schema: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            let target = self.document.pointer(target.trim_start_matches('#')).expect("in the document").clone();
            return self.value(&target);
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        for choice in ["enum", "oneOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let chosen = choices[self.pick(0..choices.len())].clone();
                return if choice == "enum" { chosen } else { self.value(&chosen) };
            }
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[self.pick(0..kinds.len())].as_str().expect("a type").to_owned(),
            kind => kind.as_str().unwrap_or("null").to_owned(),
        };
        match kind.as_str() {
            "string" => self.text(schema).into(),
            "integer" => {
                let most = schema["maximum"].as_i64().unwrap_or(1_000);
                self.pick(schema["minimum"].as_i64().unwrap_or(1)..=most).into()
            }
            "number" => self.pick(-1_000..1_000_i32).into(),
            "boolean" => self.pick(any::<bool>()).into(),
            "array" => {
                let (least, most) = (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64().unwrap_or(3).min(3));
                let count = self.pick(least..=most);
                (0..count).map(|_| self.value(&schema["items"])).collect()
            }
            "object" => self.object(schema),
            _ => Value::Null,
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || self.pick(any::<bool>()) {
                made.insert(name.clone(), self.value(property));
            }
        }
        if schema["propertyNames"].is_object() && schema["additionalProperties"].is_object() {
            for _ in 0..self.pick(0..4) {
                made.insert(self.text(&schema["propertyNames"]), self.value(&schema["additionalProperties"]));
            }
        }
        Value::Object(made)
    }

    fn text(&mut self, schema: &Value) -> String {
        match schema["format"].as_str() {
            Some("uuid") => return uuid::Uuid::from_u128(self.pick(any::<u128>())).to_string(),
            Some("date-time") => return format!("20{:02}-03-04T05:06:07Z", self.pick(10..26)),
            Some("origin") => return "https://www.example.org".to_owned(),
            Some("iana-time-zone") => return "Europe/Berlin".to_owned(),
            _ => {}
        }
        let most = usize::try_from(schema["maxLength"].as_u64().unwrap_or(40)).expect("small");
        match schema["pattern"].as_str() {
            Some(pattern) => {
                let strategy = string_regex(&in_our_spelling(pattern)).expect("a pattern");
                std::iter::repeat_with(|| self.pick(&strategy)).find(|text| text.chars().count() <= most).expect("a short one")
            }
            None => self.pick("[ -~]{1,20}"),
        }
    }
}

/// A pattern of JSON Schema as this library takes it.
fn in_our_spelling(pattern: &str) -> String {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let (mut out, mut rest) = (String::new(), inner);
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        out.push_str(&format!("\\x{{{}}}", &rest[at + 2..at + 6]));
        rest = &rest[at + 6..];
    }
    out + rest
}

#[tokio::test]
async fn what_the_document_allows_the_server_takes() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let document = app.get(&key, "/v1/openapi.json").await.json();
    // New cases each time: proptest seeds itself, and what fails is shown whole.
    let mut maker = Maker { runner: TestRunner::default(), document: document.clone() };
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            // Streams do not end, and a sign-out or a revoked key would end the test.
            if path.ends_with("/stream")
                || path == "/v1/ws"
                || method == "delete"
                || path.starts_with("/v1/session")
                || path == "/v1/screen"
                // A list is no JSON.
                || path.ends_with(":import")
            {
                continue;
            }
            for _ in 0..ROUNDS {
                check(&app, &key, &mut maker, method, path, operation).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 20 * ROUNDS, "{tried}");
    app.finish().await;
}

async fn check(app: &TestApp, key: &str, maker: &mut Maker, method: &str, path: &str, operation: &Value) {
    let mut target = path.to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (parameter["name"].as_str().expect("a name"), parameter["in"].as_str().expect("a place"));
        // Cursors are made by the server alone; the filter set has its own form and tests.
        let opaque = parameter["schema"]["format"] == "cursor" || name == "filter" || place == "header";
        if place == "path" {
            let value = maker.value(&parameter["schema"]);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            target = target.replace(
                &format!("{{{name}}}"),
                &percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string(),
            );
        } else if !opaque && (parameter["required"] == true || maker.pick(any::<bool>())) {
            let value = maker.value(&parameter["schema"]);
            query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    let query = query.finish();
    if !query.is_empty() {
        target = format!("{target}?{query}");
    }
    let body = match operation["requestBody"]["content"]["application/json"].get("schema") {
        Some(schema) => maker.value(schema),
        None => json!(null),
    };
    let sent = if body.is_null() { String::new() } else { body.to_string() };
    let answer = app.call(Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method"), key, &target, &sent).await;
    let status = answer.status.as_u16();
    // What only the stored state decides may be refused: an unknown event, an id that is taken, too long a time in buckets.
    let by_state = matches!(status, 404 | 409 | 410 | 412) || is_about_state(&answer.json());
    assert!(status < 400 || by_state, "{method} {target}\n{sent}\n{status} {}", answer.text());
}

/// True where every fault is one that no schema can tell: across fields, or against what is stored.
fn is_about_state(problem: &Value) -> bool {
    const BY_STATE: &[&str] = &[
        "unknown_partner",
        "unknown_event",
        "in_the_past",
        "one_of_two",
        "unknown_tag",
        "private_view",
        "other_event",
        "cursor_invalid",
        "unknown_view",
        "unknown_wall",
        "unknown_channel",
        "kind_field",
        "view_or_server",
        "not_in_order",
        "no_view",
        "no_end",
        "owner_of_some",
        "everything",
    ];
    let faults = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let by_state = |fault: &Value| {
        let (path, code) = (fault["path"].as_str().unwrap_or(""), fault["code"].as_str().unwrap_or(""));
        // Whether a draft must name its event depends on the key; a span and its buckets are judged together.
        let event = code == "required" && (path == "event" || path.ends_with(".event"));
        let span = (path, code) == ("bucket", "too_many") || (path, code) == ("since", "out_of_range");
        BY_STATE.contains(&code) || event || span
    };
    !faults.is_empty() && faults.iter().all(by_state)
}
