//! The JSON of corrections, and an activity's JSON with another grade.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::ActivityView;
use crate::domain::{Amendment, Erasure, Graded, Seq};

/// What an amendment does to the view of one filter set.
#[derive(Debug, Clone, Copy)]
pub enum Effect<'a> {
    /// The activity matched before and matches now.
    Stays,
    /// It matches only now: its JSON.
    Enters(&'a Bytes),
    /// It no longer matches.
    Leaves,
}

/// An amendment as a subscription is told of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Amended)]
pub struct AmendedView<'a> {
    /// Identity of the activity.
    #[schema(value_type = String, format = Uuid)]
    pub id: &'a str,
    /// Place of the activity.
    pub seq: Seq,
    /// Place of the amendment.
    pub at: Seq,
    /// `human`, `machine` or `unclear`.
    pub grade: &'static str,
    /// Why that grade.
    #[schema(value_type = Vec<String>)]
    pub grade_reasons: &'a [Arc<str>],
    /// True when it no longer matches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub left: bool,
    /// The whole activity, when it matches only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = ActivityView)]
    pub item: Option<&'a RawValue>,
}

/// An erasure as a subscription is told of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Erased)]
pub struct ErasedView<'a> {
    /// Identity of the activity.
    #[schema(value_type = String, format = Uuid)]
    pub id: &'a str,
    /// Its place.
    pub seq: Seq,
    /// Place of the erasure.
    pub at: Seq,
}

/// Makes the bytes of an amendment that stands at this place.
pub fn encode_amended(at: Seq, amendment: &Amendment, effect: Effect<'_>) -> Bytes {
    let mut id = [0u8; uuid::fmt::Hyphenated::LENGTH];
    to_bytes(&AmendedView {
        id: amendment.id.0.hyphenated().encode_lower(&mut id),
        seq: amendment.target,
        at,
        grade: amendment.after.grade.as_str(),
        grade_reasons: &amendment.after.reasons,
        left: matches!(effect, Effect::Leaves),
        item: match effect {
            Effect::Enters(body) => serde_json::from_slice(body).ok(),
            Effect::Stays | Effect::Leaves => None,
        },
    })
}

/// Makes the bytes of an erasure that stands at this place.
pub fn encode_erased(at: Seq, erasure: &Erasure) -> Bytes {
    let mut id = [0u8; uuid::fmt::Hyphenated::LENGTH];
    to_bytes(&ErasedView { id: erasure.id.0.hyphenated().encode_lower(&mut id), seq: erasure.target, at })
}

/// An activity's JSON with another grade: the same bytes but for that. `None` when it is not the JSON of an activity.
pub fn regrade(body: &str, graded: &Graded) -> Option<String> {
    let grade = Grading::find(body)?;
    let mut text = String::with_capacity(body.len() + 64);
    text.push_str(&body[..grade.start]);
    text.push_str(BEFORE_GRADE);
    text.push_str(graded.grade.as_str());
    text.push_str(BEFORE_REASONS);
    text.push_str(std::str::from_utf8(&to_bytes(&graded.reasons)).ok()?);
    text.push_str(&body[grade.end..]);
    Some(text)
}

/// The reasons in an activity's JSON. `None` when it is not the JSON of an activity.
pub fn reasons_of(body: &str) -> Option<Vec<Arc<str>>> {
    let grade = Grading::find(body)?;
    serde_json::from_str(&body[grade.reasons..grade.end]).ok()
}

/// What stands around the grade. Within a text every quote has a backslash before it, so the first of these is not in one,
/// and only `properties`, which come behind, have names that senders choose.
const BEFORE_GRADE: &str = ",\"grade\":\"";
const BEFORE_REASONS: &str = "\",\"grade_reasons\":";

/// Where the grade stands in an activity's JSON.
struct Grading {
    start: usize,
    reasons: usize,
    end: usize,
}

impl Grading {
    fn find(body: &str) -> Option<Self> {
        let start = body.find(BEFORE_GRADE)?;
        let reasons = start + body[start..].find(BEFORE_REASONS)? + BEFORE_REASONS.len();
        // No reason has a bracket.
        let end = reasons + body[reasons..].find(']')? + 1;
        Some(Self { start, reasons, end })
    }
}

fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Bytes {
    // Writing to memory cannot fail, and every map key is text.
    match serde_json::to_vec(value) {
        Ok(bytes) => bytes.into(),
        Err(never) => unreachable!("a correction is always JSON: {never}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Graded, reasons_of, regrade};
    use crate::domain::Grade;

    #[test]
    fn a_grade_is_replaced_and_nothing_else() {
        let body = r#"{"partner":{"name":"a\",\"grade\":\"human"},"grade":"unclear","grade_reasons":["not_graded"],"properties":{"grade":"x","grade_reasons":"[]"}}"#;
        let graded = Graded { grade: Grade::Machine, reasons: vec!["scanner".into(), "opened_at_once".into()] };
        let amended = regrade(body, &graded).expect("an activity");
        let want =
            body.replacen(r#""unclear","grade_reasons":["not_graded"]"#, r#""machine","grade_reasons":["scanner","opened_at_once"]"#, 1);
        assert_eq!(amended, want);
        assert_eq!(reasons_of(&amended), Some(graded.reasons));
        assert_eq!(regrade(r#"{"seq":1}"#, &Graded { grade: Grade::Human, reasons: Vec::new() }), None);
    }
}
