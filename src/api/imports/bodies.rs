//! What is said of an import: the list as it was read, and what it does line by line.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::UnixMs;
use crate::import::columns::{Field, Layout};
use crate::import::plan::{Changed, LineFault, Partner, Plan};
use crate::import::table::Table;
use crate::store::{Import, ImportState, NewImport, UNDO_MS};

/// Faults that are told of one list.
pub const FAULTS_TOLD_MAX: usize = 1_000;
/// Lines that are told of each kind but faults: enough to look at.
const LINES_TOLD_MAX: usize = 100;
/// Cells that are shown of a column.
const SAMPLES: usize = 3;

/// What a list did, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportResult)]
pub struct ImportBody {
    /// Number of the import; null where it was only looked at, or nothing was to be done.
    #[schema(required = true)]
    pub import_id: Option<i64>,
    /// Partners that were not there.
    new: usize,
    /// Partners that are others.
    changed: usize,
    /// Lines that say what is so already.
    same: usize,
    /// Lines that cannot be used.
    faulty: usize,
    /// Lines about somebody whom an earlier line is about.
    doubled: usize,
    /// Partners of the event that no line is about. They stay.
    gone: usize,
    /// The tag of those that are new or changed.
    tag: String,
    /// The first 1,000 faults.
    errors: Vec<LineFaultBody>,
    /// What the list is written in, as in `UTF-8`, `windows-1252` or `xlsx`.
    encoding: &'static str,
    /// What stands between two cells; null for a workbook.
    #[schema(required = true)]
    separator: Option<String>,
    /// Its columns.
    columns: Vec<ColumnBody>,
    /// The first 100 new partners.
    new_lines: Vec<NewLineBody>,
    /// The first 100 changes.
    changed_lines: Vec<ChangedLineBody>,
    /// The first 100 doubled lines.
    doubled_lines: Vec<DoubledLineBody>,
    /// The first 100 partners that no line is about.
    gone_partners: Vec<GoneBody>,
}

/// What keeps a line from being used.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LineFault)]
pub struct LineFaultBody {
    /// The line, from 1.
    line: usize,
    /// Title of the column, or its number from 1; empty where it is of the whole line.
    column: String,
    /// Which rule.
    code: &'static str,
    /// The rule and its cure.
    message: String,
}

/// A column of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportColumn)]
pub struct ColumnBody {
    /// Its title; empty where there is none.
    title: String,
    /// What it becomes: `key`, `name`, `email`, `company` or `tags`; null is left out.
    #[schema(required = true)]
    field: Option<&'static str>,
    /// Some of its cells.
    sample: Vec<String>,
}

/// A line about somebody new.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = NewLine)]
pub struct NewLineBody {
    /// The line, from 1.
    line: usize,
    /// The key that they get.
    key: String,
    /// Their name.
    name: String,
    /// Their email.
    #[schema(required = true)]
    email: Option<String>,
    /// Their company.
    #[schema(required = true)]
    company: Option<String>,
}

/// A line that changes somebody.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChangedLine)]
pub struct ChangedLineBody {
    /// The line, from 1.
    line: usize,
    /// Key of the partner.
    key: String,
    /// The name as it is.
    name: String,
    /// Which fields: `name`, `email`, `company`, `tags`.
    what: Vec<&'static str>,
    /// Those fields as they would be.
    becomes: BTreeMap<&'static str, String>,
}

/// A line about somebody whom an earlier one is about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DoubledLine)]
pub struct DoubledLineBody {
    /// The line, from 1.
    line: usize,
    /// The earlier one, which counts.
    first: usize,
}

/// A partner that no line is about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = GonePartner)]
pub struct GoneBody {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
}

/// A list that was imported.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Import)]
pub struct ImportedBody {
    /// Its number.
    id: i64,
    /// Key of the event.
    event: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom, as in `member:3`.
    by: String,
    /// The tag of those that were new or changed.
    tag: String,
    /// Partners that were not there before.
    new: usize,
    /// Partners that were changed.
    changed: usize,
    /// Lines that said what was so already.
    same: usize,
    /// `done`, `undone`, or `unfinished` where the server ended meanwhile.
    state: &'static str,
    /// Until when it can be taken back.
    #[schema(format = DateTime)]
    undo_until: String,
}

/// What taking an import back did, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImportUndo)]
pub struct UndoBody {
    /// Partners that it had made, and that are gone.
    pub removed: usize,
    /// Partners that it had changed, and that are as before.
    pub restored: usize,
    /// Keys of partners that stay: they have acted, or were changed since.
    pub kept: Vec<String>,
}

impl From<Import> for ImportedBody {
    fn from(import: Import) -> Self {
        let NewImport { event, at, by, tag, new, changed, same, .. } = import.list;
        let state = match import.state {
            ImportState::Begun => "unfinished",
            ImportState::Done => "done",
            ImportState::Undone => "undone",
        };
        let undo_until = UnixMs(at.0.saturating_add(UNDO_MS)).to_string();
        let (event, at, by) = (event.to_string(), at.to_string(), by.to_string());
        Self { id: import.number, event, at, by, tag, new, changed, same, state, undo_until }
    }
}

/// A list as it was read, and what it would do.
pub fn described(table: &Table, layout: &Layout, plan: &Plan, tag: String) -> ImportBody {
    let sample = |column: usize| {
        let below = table.rows.iter().skip(layout.first).filter_map(|row| row.cells.get(column)).filter(|cell| !cell.is_empty());
        below.take(SAMPLES).cloned().collect()
    };
    let columns = layout.columns.iter().enumerate().map(|(at, field)| ColumnBody {
        title: layout.titles.get(at).cloned().unwrap_or_default(),
        field: field.map(Field::as_str),
        sample: sample(at),
    });
    let error = |fault: &LineFault| LineFaultBody {
        line: fault.line,
        column: fault.column.clone(),
        code: fault.code,
        message: fault.message.clone(),
    };
    let new = |(line, one): &(usize, Partner)| NewLineBody {
        line: *line,
        key: one.key.to_string(),
        name: one.name.clone(),
        email: one.email.clone(),
        company: one.company.clone(),
    };
    let becomes = |one: &Changed| {
        let value = |what: &&'static str| match *what {
            "name" => one.is.name.clone(),
            "email" => one.is.email.clone().unwrap_or_default(),
            "company" => one.is.company.clone().unwrap_or_default(),
            _ => one.is.tags.join(", "),
        };
        one.what.iter().map(|what| (*what, value(what))).collect()
    };
    let changed = |one: &Changed| ChangedLineBody {
        line: one.line,
        key: one.was.key.to_string(),
        name: one.was.name.clone(),
        what: one.what.clone(),
        becomes: becomes(one),
    };
    ImportBody {
        import_id: None,
        new: plan.new.len(),
        changed: plan.changed.len(),
        same: plan.same,
        faulty: plan.faulty.len(),
        doubled: plan.doubled.len(),
        gone: plan.gone.len(),
        tag,
        errors: plan.faulty.iter().take(FAULTS_TOLD_MAX).map(error).collect(),
        encoding: table.encoding,
        separator: table.separator.map(|sign| if sign == '\t' { "tab".to_owned() } else { sign.to_string() }),
        columns: columns.collect(),
        new_lines: plan.new.iter().take(LINES_TOLD_MAX).map(new).collect(),
        changed_lines: plan.changed.iter().take(LINES_TOLD_MAX).map(changed).collect(),
        doubled_lines: plan
            .doubled
            .iter()
            .take(LINES_TOLD_MAX)
            .map(|(line, first)| DoubledLineBody { line: *line, first: *first })
            .collect(),
        gone_partners: plan
            .gone
            .iter()
            .take(LINES_TOLD_MAX)
            .map(|one| GoneBody { key: one.key.to_string(), name: one.name.clone() })
            .collect(),
    }
}
