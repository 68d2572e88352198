//! The properties of a draft: flat, few and small.

use std::collections::btree_map::Entry;

use super::faults::{Faults, quoted};
use super::given::{Given, Members};
use crate::domain::limits::{PROPERTIES_BYTES_MAX, PROPERTIES_MAX};
use crate::domain::{Properties, Property, has_control};

/// Bytes that a byte of text may become in JSON (`\u001f`).
const ESCAPED_BYTES_MAX: usize = 6;

/// Judges the properties. A property that is null is not there, as everywhere.
pub(super) fn judge(given: Given<'_>, faults: &mut Faults) -> Properties {
    let members = match given {
        Given::Absent => return Properties::new(),
        Given::Object(members) => members,
        other => {
            faults.wrong_kind("properties", &other, "give an object of names with text, numbers or booleans");
            return Properties::new();
        }
    };
    if members.count > PROPERTIES_MAX {
        let message = format!("has {} properties; at most {PROPERTIES_MAX}", members.count);
        faults.push("properties", "too_many", message);
        return Properties::new();
    }
    let properties = each(members, faults);
    if !fits(&properties) {
        let message = format!("is more than {PROPERTIES_BYTES_MAX} bytes as JSON; keep what is large elsewhere and give its address");
        faults.push("properties", "too_large", message);
    }
    properties
}

fn each(members: Members<'_>, faults: &mut Faults) -> Properties {
    let mut properties = Properties::new();
    for (name, value) in members.kept {
        let path = || format!("properties.{}", quoted(&name));
        if value == Given::HalfName {
            faults.half_name(&path());
            continue;
        }
        if name.is_empty() {
            faults.push("properties", "empty", "a property must have a name");
            continue;
        }
        if has_control(&name) {
            faults.push(path(), "bad_character", "the name contains a control character; leave it out");
            continue;
        }
        let value = match value {
            Given::Absent => continue,
            // Line breaks and tabs are text that people type; only U+0000 is refused everywhere.
            Given::Text(text) if text.contains('\0') => {
                faults.push(path(), "bad_character", "contains U+0000; leave it out");
                continue;
            }
            Given::Text(text) => Property::Text(text.into_owned()),
            Given::Number(number) => Property::Number(number),
            Given::Bool(value) => Property::Bool(value),
            Given::Inexact => {
                faults.push(path(), "inexact_number", "is a number that would not read back as the same value; send it as text");
                continue;
            }
            Given::HalfText | Given::HalfName | Given::Object(_) | Given::Other(_) => {
                faults.wrong_kind(path(), &value, "properties are flat: text, number or boolean");
                continue;
            }
        };
        match properties.entry(name.into_owned()) {
            Entry::Occupied(taken) => faults.twice(&format!("properties.{}", taken.key())),
            Entry::Vacant(free) => drop(free.insert(value)),
        }
    }
    properties
}

/// True when they are small enough as compact JSON. They are written out only where an estimate cannot tell.
fn fits(properties: &Properties) -> bool {
    const AROUND_BYTES: usize = 32;
    let text = |value: &Property| if let Property::Text(text) = value { text.len() } else { 0 };
    let bytes: usize = properties.iter().map(|(name, value)| name.len() + text(value)).sum();
    if bytes * ESCAPED_BYTES_MAX + properties.len() * AROUND_BYTES + 2 <= PROPERTIES_BYTES_MAX {
        return true;
    }
    serde_json::to_vec(properties).is_ok_and(|json| json.len() <= PROPERTIES_BYTES_MAX)
}
