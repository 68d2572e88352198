//! An activity's JSON with a mask over it. What is shown is named, field by field: a field that comes later is left out until
//! somebody names it here.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::Mask;

/// What stands for the key, the name and the company of every partner under [`Mask::Names`].
pub const A_PARTNER: &str = "A partner";

/// An activity, each field as its bytes are.
#[derive(Serialize, Deserialize)]
struct Masked<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    seq: &'a RawValue,
    #[serde(borrow)]
    flavor: &'a RawValue,
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(borrow)]
    partner: Partner<'a>,
    #[serde(borrow)]
    message: &'a RawValue,
    #[serde(borrow)]
    campaign: &'a RawValue,
    #[serde(borrow)]
    actor: &'a RawValue,
    #[serde(borrow)]
    occurred_at: &'a RawValue,
    #[serde(borrow)]
    recorded_at: &'a RawValue,
    #[serde(borrow)]
    late_ms: &'a RawValue,
    #[serde(borrow)]
    device: &'a RawValue,
    #[serde(borrow)]
    platform: &'a RawValue,
    #[serde(borrow)]
    browser: &'a RawValue,
    source_url: Option<String>,
    referrer_url: Option<String>,
    #[serde(borrow)]
    grade: &'a RawValue,
    #[serde(borrow)]
    grade_reasons: &'a RawValue,
    #[serde(skip_deserializing)]
    properties: Nothing,
}

/// `{}`
#[derive(Serialize, Default)]
struct Nothing {}

#[derive(Serialize, Deserialize)]
struct Partner<'a> {
    #[serde(borrow)]
    key: &'a RawValue,
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    company: &'a RawValue,
}

/// An amendment, as [`super::AmendedView`].
#[derive(Serialize, Deserialize)]
struct MaskedAmended<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    seq: &'a RawValue,
    #[serde(borrow)]
    at: &'a RawValue,
    #[serde(borrow)]
    grade: &'a RawValue,
    #[serde(borrow)]
    grade_reasons: &'a RawValue,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    left: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    item: Option<Masked<'a>>,
}

/// What a frame says of corrections.
#[derive(Serialize, Deserialize)]
struct MaskedCorrections<'a> {
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    amended: Vec<MaskedAmended<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    erased: Vec<&'a RawValue>,
}

impl<'a> Masked<'a> {
    fn put_on(&mut self, mask: Mask, nobody: &'a RawValue) {
        self.source_url = self.source_url.take().as_deref().and_then(host_only);
        self.referrer_url = self.referrer_url.take().as_deref().and_then(host_only);
        if mask >= Mask::Names {
            let company = if self.partner.company.get() == "null" { self.partner.company } else { nobody };
            self.partner = Partner { key: nobody, name: nobody, company };
        }
    }
}

/// `scheme://host/`, with the port where it is not the usual one.
fn host_only(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    Some(format!("{}/", url.origin().ascii_serialization()))
}

/// The JSON of an activity as it is shown under a mask: as it is without one.
pub fn masked(body: Bytes, mask: Option<Mask>) -> Bytes {
    match mask {
        Some(mask) => masked_items(&body, mask),
        None => body,
    }
}

/// The JSON of one or more activities, separated by commas, as it is shown under a mask.
pub fn masked_items(items: &[u8], mask: Mask) -> Bytes {
    let listed = [b"[", items, b"]"].concat();
    let Ok(mut items) = serde_json::from_slice::<Vec<Masked<'_>>>(&listed) else {
        // What cannot be read is not shown.
        debug_assert!(false, "not activities: {}", String::from_utf8_lossy(&listed));
        return Bytes::new();
    };
    let nobody = nobody();
    items.iter_mut().for_each(|item| item.put_on(mask, &nobody));
    let json = Bytes::from(serde_json::to_vec(&items).unwrap_or_default());
    json.slice(1..json.len().saturating_sub(1).max(1))
}

/// The JSON of an object that holds corrections, as it is shown under a mask.
pub fn masked_corrections(json: &[u8], mask: Mask) -> Vec<u8> {
    let Ok(mut told) = serde_json::from_slice::<MaskedCorrections<'_>>(json) else {
        debug_assert!(false, "not corrections: {}", String::from_utf8_lossy(json));
        return b"{}".to_vec();
    };
    let nobody = nobody();
    told.amended.iter_mut().filter_map(|amended| amended.item.as_mut()).for_each(|item| item.put_on(mask, &nobody));
    serde_json::to_vec(&told).unwrap_or_default()
}

fn nobody() -> Box<RawValue> {
    serde_json::value::to_raw_value(A_PARTNER).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{masked_corrections, masked_items};
    use crate::domain::Mask;

    fn activity() -> Value {
        json!({"id": "a", "seq": 1, "flavor": {"key": "f", "label": "F"}, "event": {"key": "e", "name": "E"},
            "partner": {"key": "acme", "name": "Acme", "company": "Acme Ltd"}, "message": null, "campaign": null, "actor": "partner",
            "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z", "late_ms": 0, "device": "desktop",
            "platform": null, "browser": {"name": "Firefox", "version": "1"}, "source_url": "https://User.example:8443/p?q=secret#f",
            "referrer_url": null, "grade": "human", "grade_reasons": [], "properties": {"email": "a@example.org"}, "later": "secret"})
    }

    #[test]
    fn what_is_not_named_is_not_shown() {
        let text = format!("{},{}", activity(), activity());
        for mask in [Mask::Contact, Mask::Names] {
            let shown: Vec<Value> = serde_json::from_slice(&[b"[", &masked_items(text.as_bytes(), mask)[..], b"]"].concat()).expect("json");
            let mut want = activity();
            want["source_url"] = json!("https://user.example:8443/");
            want["properties"] = json!({});
            want.as_object_mut().expect("an object").remove("later");
            if mask == Mask::Names {
                want["partner"] = json!({"key": "A partner", "name": "A partner", "company": "A partner"});
            }
            assert_eq!(shown, [want.clone(), want]);
        }
    }

    #[test]
    fn what_enters_by_an_amendment_is_masked() {
        let entered = json!({"id": "a", "seq": 1, "at": 3, "grade": "human", "grade_reasons": [], "item": activity()});
        let left = json!({"id": "a", "seq": 1, "at": 4, "grade": "human", "grade_reasons": [], "left": true});
        let told = json!({"amended": [entered, left], "erased": [{"id": "b", "seq": 2, "at": 5}]}).to_string();
        let shown: Value = serde_json::from_slice(&masked_corrections(told.as_bytes(), Mask::Names)).expect("json");
        assert_eq!(shown["amended"][0]["item"]["partner"]["name"], "A partner");
        assert_eq!((&shown["amended"][1], &shown["erased"][0]["at"]), (&left, &json!(5)));
        assert!(!shown.to_string().contains("cme"), "{shown}");
    }
}
