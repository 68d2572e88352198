//! Corrections: amending the grade of an activity, and erasing one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::Api;
use super::activities::refused;
use super::authenticate::Caller;
use super::body::Sent;
use super::error::{ERASED, PARAMETER_INVALID, Problem};
use super::extract::{NoQuery, Path};
use super::nouns::unexpected;
use super::read::rule::Rule;
use super::read::{Fields, Read, documented};
use crate::domain::{ActivityId, GRADE_REASON_BYTES_MAX, GRADE_REASONS_MAX, Grade, Graded, Invalid, parse_reason};
use crate::store::{Change, Outcome};

/// The amendment of an activity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Amendment)]
pub struct AmendmentBody {
    /// The activity's.
    #[schema(format = Uuid)]
    id: String,
    /// Place of the entry that gave it this grade: the amendment, or the activity itself where it had that grade already.
    seq: u64,
    /// The position after it.
    cursor: String,
}

/// Amend the grade of an activity. The same grade for the same reasons again changes nothing.
#[utoipa::path(post, path = "/v1/activities/{id}/amend", tag = "Activities",
    params(("id" = String, Path, description = "UUID of the activity", format = Uuid)),
    request_body = AmendmentDraft,
    responses((status = 200, description = "It has this grade", body = AmendmentBody)))]
pub async fn amend(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<AmendmentBody>, Problem> {
    let id = id_of(&path)?;
    let AmendmentDraft(graded) = sent.read().await?;
    let (workspace, within) = (caller.principal.workspace, caller.principal.grant.events.clone());
    match api.ingest.change(Change::Amend { workspace, id, within, graded, by: caller.principal.actor }).await.map_err(refused)? {
        Outcome::Amended { cursor } => Ok(Json(AmendmentBody { id: id.to_string(), seq: cursor.seq, cursor: cursor.to_string() })),
        other => Err(not_corrected(&other)),
    }
}

/// Erase an activity: nothing of it is left but its place in the log and its id, which stays taken.
#[utoipa::path(delete, path = "/v1/activities/{id}", tag = "Activities",
    params(("id" = String, Path, description = "UUID of the activity", format = Uuid)),
    responses((status = 204, description = "It is erased")))]
pub async fn erase(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<StatusCode, Problem> {
    let id = id_of(&path)?;
    let (workspace, within) = (caller.principal.workspace, caller.principal.grant.events.clone());
    match api.ingest.change(Change::Erase { workspace, id, within, by: caller.principal.actor }).await.map_err(refused)? {
        Outcome::Erased => Ok(StatusCode::NO_CONTENT),
        other => Err(not_corrected(&other)),
    }
}

/// The id in a path.
pub fn id_of(path: &Path) -> Result<ActivityId, Problem> {
    ActivityId::parse(path.text("id")).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault.under("id")))
}

/// What was erased.
pub fn erased() -> Problem {
    Problem::new(ERASED, "the activity was erased; nothing of it is left")
}

fn not_corrected(outcome: &Outcome) -> Problem {
    match outcome {
        Outcome::Gone => erased(),
        Outcome::NoActivity => Problem::not_found("activity"),
        other => unexpected(other),
    }
}

/// The grade that an activity is to have.
struct AmendmentDraft(Graded);

documented!(AmendmentDraft);

impl Read for AmendmentDraft {
    const NAME: &'static str = "AmendmentDraft";
    const ABOUT: &'static str = "The grade that an activity is to have.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let grade = fields.required("grade", GradeWord, "Whether a person acted.");
        let reasons = fields.some("grade_reasons", Reason, GRADE_REASONS_MAX, "Why, as in `declared_bot`.");
        Some(Self(Graded { grade: grade?, reasons }))
    }
}

/// One of the grades.
struct GradeWord;

impl Rule for GradeWord {
    type Out = Grade;

    fn read(&self, value: &Value) -> Result<Grade, Invalid> {
        let grade = value.as_str().and_then(|word| Grade::parse(word).ok());
        grade.ok_or_else(|| Invalid::one("", "unknown_value", format!("must be one of {}", grade_words().join(", "))))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "enum": grade_words()})
    }
}

fn grade_words() -> Vec<&'static str> {
    Grade::ALL.iter().map(|grade| grade.as_str()).collect()
}

/// A reason of a grade.
struct Reason;

impl Rule for Reason {
    type Out = Arc<str>;

    fn read(&self, value: &Value) -> Result<Arc<str>, Invalid> {
        parse_reason(value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text"))?)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": format!("^[a-z0-9_]{{1,{GRADE_REASON_BYTES_MAX}}}$")})
    }
}
