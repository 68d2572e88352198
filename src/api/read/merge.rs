//! JSON Merge Patch (RFC 7396).

use serde_json::{Map, Value};

/// The fields of an object with a patch applied. At the top null stays, so that the reader tells an unknown field by name; within
/// a value null removes.
pub fn merged(mut target: Map<String, Value>, patch: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in patch {
        let before = target.remove(&name).unwrap_or(Value::Null);
        target.insert(name, merge(before, value));
    }
    target
}

fn merge(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut fields = if let Value::Object(fields) = target { fields } else { Map::new() };
    for (name, value) in patch {
        let before = fields.remove(&name).unwrap_or(Value::Null);
        if !value.is_null() {
            fields.insert(name, merge(before, value));
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{merge, merged};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    /// The examples of RFC 7396, appendix A, whose patch is an object or replaces the whole.
    #[test]
    fn as_the_standard_has_it() {
        for (target, patch, want) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merge(target.clone(), patch.clone()), want, "{target} {patch}");
        }
    }

    #[test]
    fn at_the_top_null_stays_for_the_reader() {
        let got = merged(object(json!({"a": 1, "b": {"c": 1, "d": 2}})), object(json!({"a": null, "x": null, "b": {"c": null}})));
        assert_eq!(Value::Object(got), json!({"a": null, "x": null, "b": {"d": 2}}));
    }
}
