//! Makes the OpenAPI document as tight as the server where what is read is read elsewhere (drafts, filter sets) and of
//! parameters: patterns, lengths, words and names that types do not tell. Bodies that `read` declares are tight already.
//!
//! Whatever the document allows the server takes; a test sends requests made from the document alone and holds it to that.
//! Where the server counts bytes and JSON Schema counts characters, a text may be as long as its limit in ASCII and a
//! quarter of it otherwise. The limits are those that the readers use.

use serde_json::{Map, Value, json};

use super::lists::WORDS_MAX;
use super::read::pattern::{FLAVOR, SECRET, key_pattern, name_pattern, words_pattern};
use crate::domain::limits::{CLIENT_NAME_BYTES_MAX, FILTER_VALUES_MAX, FLAVOR_BYTES_MAX, KEY_BYTES_MAX, PROPERTIES_MAX};
use crate::export::Column;
use crate::filter::Field;

/// A rule of the server that a type does not tell.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// The key of something.
    Key,
    /// A flavor.
    Flavor,
    /// One of these words.
    Words(&'static [&'static str]),
    /// The name of a platform or browser, or an object of name and version.
    Client,
    /// A cursor of the log or of a list.
    Cursor,
    /// A key, ticket or share as it was shown once.
    Secret,
    /// An IANA time zone.
    Zone,
    /// Fields to count by, separated by commas.
    Fields,
    /// Columns, separated by commas.
    Columns,
    /// Words to look for in a list.
    Search,
    /// Texts, numbers and booleans by name.
    Properties,
    /// Only this word.
    Only(&'static str),
}

const ACTORS: &[&str] = &["partner", "invitee", "unknown"];
const GRADES: &[&str] = &["human", "machine", "unclear"];
const DEVICES: &[&str] = &["desktop", "mobile", "tablet", "tv", "console", "wearable", "bot", "email_client", "unknown"];

/// What stands in bodies that are read: schema, property, rule, and how many where it is a list.
const BODIES: &[(&str, &str, Rule, usize)] = &[
    ("Draft", "flavor", Rule::Flavor, 0),
    ("Draft", "event", Rule::Key, 0),
    ("Draft", "partner", Rule::Key, 0),
    ("Draft", "message", Rule::Key, 0),
    ("Draft", "campaign", Rule::Key, 0),
    ("Draft", "actor", Rule::Words(ACTORS), 0),
    ("Draft", "device", Rule::Words(DEVICES), 0),
    ("Draft", "platform", Rule::Client, 0),
    ("Draft", "browser", Rule::Client, 0),
    ("Draft", "properties", Rule::Properties, 0),
    ("CloudEvent", "specversion", Rule::Only("1.0"), 0),
    ("CloudEvent", "type", Rule::Flavor, 0),
    ("FilterSet", "flavor", Rule::Flavor, FILTER_VALUES_MAX),
    ("FilterSet", "actor", Rule::Words(ACTORS), FILTER_VALUES_MAX),
    ("FilterSet", "device", Rule::Words(DEVICES), FILTER_VALUES_MAX),
    ("FilterSet", "grade", Rule::Words(GRADES), FILTER_VALUES_MAX),
];
/// Bodies that are read by name: what is not listed is refused.
const CLOSED: &[&str] = &["Draft", "FilterSet"];

/// Parameters by name, wherever they stand.
const PARAMETERS: &[(&str, Rule)] = &[
    ("event", Rule::Key),
    ("partner", Rule::Key),
    ("message", Rule::Key),
    ("campaign", Rule::Key),
    ("flavor", Rule::Flavor),
    ("view", Rule::Key),
    ("webhook", Rule::Key),
    ("wall", Rule::Key),
    ("alert", Rule::Key),
    ("channel", Rule::Key),
    ("poll", Rule::Secret),
    ("before", Rule::Cursor),
    ("after", Rule::Cursor),
    ("Last-Event-ID", Rule::Cursor),
    ("ticket", Rule::Secret),
    ("zone", Rule::Zone),
    ("by", Rule::Fields),
    ("columns", Rule::Columns),
    ("q", Rule::Search),
    ("format", Rule::Words(&["csv", "ndjson", "xlsx"])),
    ("separator", Rule::Words(&[",", ";", "tab"])),
    ("mode", Rule::Words(&["all", "good"])),
    ("bucket", Rule::Words(&["minute", "hour", "day"])),
];

/// Names of operations: what generated clients call their functions.
const OPERATIONS: &[(&str, &str)] = &[
    ("get /v1/events/{event}/partners/{partner}/messages", "list_received"),
    ("get /v1/activities", "list_activities"),
    ("post /v1/activities", "submit_activities"),
    ("post /v1/activities:retract", "retract_activities"),
    ("get /v1/activities/counts", "count_activities"),
    ("get /v1/activities/histogram", "chart_activities"),
    ("get /v1/activities/export", "export_activities"),
    ("get /v1/activities/stream", "stream_activities"),
    ("get /v1/activities/{id}", "get_activity"),
    ("get /v1/activities/{id}/why", "explain_activity"),
    ("post /v1/events/{event}/messages/{message}/recipients", "change_recipients"),
    ("post /v1/events/{event}/partners", "put_partners"),
    ("post /v1/events/{event}/partners:import", "import_partners"),
    ("get /v1/imports/{id}", "look_at_import"),
    ("delete /v1/imports/{id}", "take_back_import"),
    ("delete /v1/keys/{id}", "revoke_key"),
    ("post /v1/shares:each", "create_shares"),
    ("post /v1/webhooks/{webhook}/redeliver", "redeliver_webhook"),
    ("post /v1/webhooks/{webhook}/secret", "rotate_webhook_secret"),
    ("delete /v1/shares/{id}", "revoke_share"),
    ("get /v1/alerts/{alert}/history", "list_alert_history"),
    ("post /v1/alerts/{alert}/acknowledge", "acknowledge_alert"),
    ("post /v1/alerts/{alert}/mute", "mute_alert"),
    ("post /v1/alerts/{alert}/test", "test_alert"),
    ("get /v1/alerts:mute", "get_mute"),
    ("post /v1/alerts:mute", "mute_alerts"),
    ("post /v1/channels/{channel}/secret", "rotate_channel_secret"),
    ("post /v1/screens", "begin_pairing"),
    ("get /v1/screens/wait", "await_pairing"),
    ("delete /v1/screens/{id}", "revoke_screen"),
    ("post /v1/screens/{id}/orders", "order_screen"),
    ("post /v1/walls/{wall}/screens", "pair_screen"),
    ("post /v1/walls/{wall}/banner", "hang_banner"),
    ("get /v1/screen", "get_screen_task"),
    ("get /v1/system", "get_system"),
    ("get /v1/system/stream", "stream_system"),
    ("put /v1/session/password", "put_password"),
    ("post /v1/session/second", "make_second_factor"),
    ("put /v1/session/second", "put_second_factor"),
    ("post /v1/session/second:remove", "remove_second_factor"),
    ("get /v1/audit", "list_audit"),
    ("delete /v1/sessions", "end_other_sessions"),
    ("delete /v1/sessions/{id}", "end_session"),
    ("delete /v1/members/{id}", "remove_member"),
    ("post /v1/members/{id}/reset", "reset_member"),
    ("post /v1/invitations", "invite_member"),
    ("post /v1/session", "sign_in"),
    ("delete /v1/session", "sign_out"),
    ("get /v1/session", "get_session"),
    ("get /v1/retention", "get_retention"),
    ("get /v1/workspace", "get_workspace"),
    ("get /v1/ws", "open_socket"),
];

/// The document with what its types do not tell.
pub fn tightened(mut document: Value) -> Value {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            operation["operationId"] = operation_name(method, path).into();
            for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
                tighten_parameter(parameter);
            }
        }
    }
    let schemas = &mut document["components"]["schemas"];
    for (schema, property, rule, many) in BODIES {
        let at = &mut schemas[schema]["properties"][property];
        if *many == 0 {
            *at = rule.on(at.take());
        } else {
            at["items"] = rule.on(at["items"].take());
            at["maxItems"] = (*many).into();
        }
    }
    for schema in CLOSED {
        schemas[schema]["additionalProperties"] = false.into();
    }
    document
}

/// `list_partners`, `get_partner`, `put_partner`, `create_key`, or what the table says.
fn operation_name(method: &str, path: &str) -> String {
    let route = format!("{method} {path}");
    if let Some((_, name)) = OPERATIONS.iter().find(|(given, _)| *given == route) {
        return (*name).to_owned();
    }
    let last = path.rsplit('/').next().unwrap_or("");
    let single = |plural: &str| plural.strip_suffix('s').unwrap_or(plural).to_owned();
    match (method, last.strip_prefix('{').and_then(|name| name.strip_suffix('}'))) {
        (_, Some(_)) => format!("{method}_{}", single(path.rsplit('/').nth(1).unwrap_or(""))),
        ("get", None) => format!("list_{last}"),
        ("post", None) => format!("create_{}", single(last)),
        (_, None) => format!("{method}_{last}"),
    }
}

fn tighten_parameter(parameter: &mut Value) {
    let name = parameter["name"].as_str().unwrap_or("").to_owned();
    let schema = parameter["schema"].take();
    // A parameter that is not given is not there: it is never null.
    let plain = match schema {
        Value::Object(mut fields) => {
            if fields.get("type").is_some_and(Value::is_array) {
                fields.insert("type".to_owned(), "string".into());
            }
            Value::Object(fields)
        }
        other => other,
    };
    parameter["schema"] = match PARAMETERS.iter().find(|(given, _)| *given == name) {
        Some((_, rule)) => rule.on(plain),
        None => plain,
    };
}

impl Rule {
    /// The schema with this rule; whether it may be null stays as it is.
    fn on(self, schema: Value) -> Value {
        let mut fields = match schema {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let is_nullable = fields.get("type").and_then(Value::as_array).is_some_and(|types| types.iter().any(|t| t == "null"));
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match self {
            Self::Key => {
                put("minLength", 1.into());
                put("maxLength", KEY_BYTES_MAX.into());
                put("pattern", key_pattern().into());
            }
            Self::Flavor => {
                put("maxLength", FLAVOR_BYTES_MAX.into());
                put("pattern", FLAVOR.into());
            }
            Self::Words(words) => {
                let null = is_nullable.then_some(Value::Null);
                put("enum", words.iter().map(|word| Value::from(*word)).chain(null).collect());
            }
            Self::Only(word) => {
                put("const", word.into());
            }
            Self::Client => {
                let text = json!({"type": "string", "minLength": 1, "maxLength": CLIENT_NAME_BYTES_MAX, "pattern": name_pattern(CLIENT_NAME_BYTES_MAX)});
                let both = json!({"type": "object", "required": ["name"], "additionalProperties": false, "properties": {"name": text, "version": text}});
                put("oneOf", json!([{"type": "null"}, text, both]));
            }
            Self::Cursor => {
                put("minLength", 1.into());
                put("maxLength", 1_024.into());
                put("pattern", "^[A-Za-z0-9_-]+$".into());
                put("format", "cursor".into());
            }
            Self::Secret => {
                put("minLength", 4.into());
                put("maxLength", 256.into());
                put("pattern", SECRET.into());
            }
            Self::Zone => {
                put("maxLength", 64.into());
                put("pattern", "^[A-Za-z][A-Za-z0-9_+/-]*$".into());
                put("format", "iana-time-zone".into());
            }
            Self::Fields => {
                let fields =
                    Field::ALL.iter().filter(|field| **field != Field::Id).map(|field| field.as_str()).collect::<Vec<_>>().join("|");
                put("pattern", format!("^({fields})(,({fields})){{0,31}}$").into());
            }
            Self::Search => {
                put("pattern", words_pattern(WORDS_MAX).into());
            }
            Self::Columns => {
                let columns = Column::WORDS.join("|");
                put("pattern", format!("^({columns})(,({columns})){{0,31}}$").into());
            }
            Self::Properties => {
                put("maxProperties", PROPERTIES_MAX.into());
                put("propertyNames", json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": name_pattern(64)}));
                put("additionalProperties", json!({"type": ["string", "number", "boolean"]}));
            }
        }
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::{operation_name, tightened};

    #[test]
    fn operations_have_names_that_tell() {
        for (method, path, want) in [
            ("get", "/v1/events", "list_events"),
            ("put", "/v1/events/{event}/partners/{partner}", "put_partner"),
            ("get", "/v1/events/{event}/messages/{message}", "get_message"),
            ("post", "/v1/keys", "create_key"),
            ("post", "/v1/tickets", "create_ticket"),
            ("get", "/v1/activities/{id}/why", "explain_activity"),
        ] {
            assert_eq!(operation_name(method, path), want);
        }
    }

    #[test]
    fn every_rule_finds_its_place() {
        let plain = super::super::openapi::built();
        for (schema, property, ..) in super::BODIES {
            assert!(plain["components"]["schemas"][schema]["properties"][property].is_object(), "{schema} has no {property}");
        }
        let tight = tightened(plain);
        assert_eq!(tight["components"]["schemas"]["Draft"]["additionalProperties"], false);
    }
}
