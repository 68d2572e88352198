//! Partner lists: looked at, imported, and taken back.

mod bodies;
pub mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use bytes::Bytes;
use serde_json::Value;

use self::bodies::{FAULTS_TOLD_MAX, ImportBody, described};
use self::undo::undo;
use super::Api;
use super::authenticate::Caller;
use super::body::Sent;
use super::error::{IMPORT_FAULTY, INTERNAL, MEDIA_TYPE, PARAMETER_INVALID, Problem};
use super::extract::Path;
use super::nouns::{changed, existing_event, unexpected};
use super::query::Query;
use super::read::rule::plain_text;
use crate::auth::WorkspaceId;
use crate::domain::limits::TAGS_MAX;
use crate::domain::{Events, Invalid, Key, UnixMs, fold};
use crate::import::columns::{Field, Layout, Mapping};
use crate::import::plan::{LineFault, Partner, Plan, plan};
use crate::import::table::Table;
use crate::import::{Form, Unreadable, read};
use crate::store::{Change, Existing, Import, ImportRow, ImportState, ListQuery, NamedKind, NewImport, Outcome, Record, Thing};

/// Partners of one commit: what is to be stored beside it waits no longer than for that.
const CHUNK: usize = 1_000;
/// Partners of a page of those there are.
const PAGE: usize = 1_000;
/// Bytes of a title in the path of a fault.
const TITLE_BYTES_MAX: usize = 64;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const TEXTS: [&str; 3] = ["text/csv", "text/tab-separated-values", "text/plain"];

/// What is asked of an import.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what is asked")]
pub struct ImportParams {
    /// `true` looks only: nothing is stored.
    dry_run: Option<bool>,
    /// `all` (as when left out) imports nothing where a line is at fault; `good` leaves out those that are.
    mode: Option<String>,
    /// What columns are, by title or by number from 1, as JSON: `{"Firma":"company","Notiz":null}`. The fields are `key`, `name`,
    /// `email`, `company` and `tags`; null leaves a column out.
    mapping: Option<String>,
    /// The tag that partners get who are new or changed; without it `import-` and the day.
    tag: Option<String>,
}

struct Asked {
    dry_run: bool,
    only_good: bool,
    mapping: Mapping,
    tag: Option<String>,
}

fn asked(uri: &Uri) -> Result<Asked, Problem> {
    let mut query = Query::new(uri.query());
    let dry_run = query.flag("dry_run");
    let only_good = query.parsed("mode", |text| match text {
        "all" => Ok(false),
        "good" => Ok(true),
        _ => Err(Invalid::one("", "unknown_value", "must be one of: all good")),
    });
    let mapping = query.parsed("mapping", parse_mapping).unwrap_or_default();
    let tag = query.parsed("tag", plain_text);
    query.finish()?;
    Ok(Asked { dry_run, only_good: only_good.unwrap_or_default(), mapping, tag })
}

fn parse_mapping(text: &str) -> Result<Mapping, Invalid> {
    let object = || Invalid::one("", "mapping_form", "must be a JSON object from titles to fields, as in {\"Firma\":\"company\"}");
    let Ok(Value::Object(given)) = serde_json::from_str::<Value>(text) else { return Err(object()) };
    let mut mapping = Mapping::new();
    for (title, field) in given {
        let field = match &field {
            Value::Null => None,
            Value::String(word) if word.is_empty() || word == "none" => None,
            Value::String(word) => Some(Field::parse(word).ok_or_else(|| {
                let words = Field::ALL.map(Field::as_str).join(", ");
                Invalid::one("", "unknown_field", format!("{word:?} is no field; they are {words}, and null to leave a column out"))
            })?),
            _ => return Err(object()),
        };
        mapping.insert(title, field);
    }
    Ok(mapping)
}

/// Import a partner list: text with commas, semicolons or tabs in whatever encoding, or an .xlsx workbook. Which column is what is
/// told from the titles in seven languages, shown, and changed by `mapping`. A partner is told by its key, else its email, else its
/// name in full, and never guessed; what a line leaves out stays as it is. All or nothing, unless `mode` is `good`.
#[utoipa::path(post, path = "/v1/events/{event}/partners:import", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event"), ImportParams),
    request_body(content = String, content_type = "text/csv", description = "The list; also text/tab-separated-values or an .xlsx workbook"),
    responses((status = 200, description = "What it did, or with dry_run would do", body = ImportBody)))]
pub async fn import(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    uri: Uri,
    mut sent: Sent,
) -> Result<Json<ImportBody>, Problem> {
    let event = path.event(&caller.principal)?;
    let Asked { dry_run, only_good, mapping, tag } = asked(&uri)?;
    let event = existing_event(&api, &caller, event).await?;
    let form = form_of(&sent)?;
    let bytes = sent.bytes().await?;
    let workspace = caller.principal.workspace;
    let before = api.people.imports.of_event(workspace, event.clone()).await?;
    let partners = partners(&api, &caller, &event).await?;
    // Nothing long is read on a thread that serves others.
    let work = move || lay_out(&bytes, form, &mapping, before.first(), partners);
    let (table, layout, plan) = tokio::task::spawn_blocking(work).await.map_err(|fault| {
        tracing::error!(%fault, "reading a list failed");
        Problem::new(INTERNAL, INTERNAL.cure)
    })??;
    // What is to be sent beside it has its place again.
    drop(sent);
    let now = api.clock.now();
    let tag = match tag {
        Some(tag) => tag,
        None => free_tag(&api, workspace, &event, now).await?,
    };
    let mut body = described(&table, &layout, &plan, tag.clone());
    if dry_run {
        return Ok(Json(body));
    }
    if !only_good && !plan.faulty.is_empty() {
        return Err(Problem::invalid(IMPORT_FAULTY, faults_of(&plan.faulty)));
    }
    let titles: BTreeMap<&str, Option<&str>> =
        layout.titles.iter().map(String::as_str).zip(layout.columns.iter().map(|c| c.map(Field::as_str))).collect();
    let list = NewImport {
        event: event.clone(),
        at: now,
        by: caller.principal.actor,
        tag: tag.clone(),
        mapping: serde_json::to_string(&titles).unwrap_or_default(),
        new: plan.new.len(),
        changed: plan.changed.len(),
        same: plan.same,
    };
    let rows = rows_of(plan, &tag);
    if !rows.is_empty() {
        let number = api.people.imports.begin(workspace, list).await?;
        if let Err(fault) = store(&api, &caller, &event, number, &rows).await {
            // All or nothing: what was done of it is taken back.
            undo(&api, &caller, &event, number).await?;
            return Err(fault);
        }
        api.people.imports.settle(workspace, number, ImportState::Done).await?;
        body.import_id = Some(number);
    }
    Ok(Json(body))
}

fn form_of(sent: &Sent) -> Result<Form, Problem> {
    let kind = sent.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match kind.as_str() {
        XLSX => Ok(Form::Xlsx),
        kind if TEXTS.contains(&kind) => Ok(Form::Text),
        _ => Err(Problem::new(MEDIA_TYPE, format!("send the list as {} or {XLSX}", TEXTS.join(", ")))),
    }
}

type LaidOut = (Table, Layout, Plan);

fn lay_out(bytes: &Bytes, form: Form, mapping: &Mapping, before: Option<&Import>, partners: Vec<Partner>) -> Result<LaidOut, Problem> {
    let table = read(bytes, form).map_err(unreadable)?;
    // As it was laid out last, where the titles are the same; what is said now counts over it.
    let mut whole = before.and_then(|import| parse_mapping(&import.list.mapping).ok()).unwrap_or_default();
    let first = table.rows.first().map(|row| row.cells.as_slice()).unwrap_or_default();
    whole.retain(|title, _| !title.is_empty() && first.contains(title) && !mapping.keys().any(|given| given == title));
    if whole.len() < first.iter().filter(|cell| !cell.is_empty() && !mapping.contains_key(*cell)).count() {
        whole.clear();
    }
    whole.extend(mapping.clone());
    let layout = Layout::of(&table, &whole).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault))?;
    let plan = plan(&table, &layout, partners);
    Ok((table, layout, plan))
}

fn unreadable(fault: Unreadable) -> Problem {
    let path = if fault.line == 0 { String::new() } else { format!("line[{}]", fault.line) };
    Problem::invalid(IMPORT_FAULTY, Invalid::one(&path, fault.code, fault.told))
}

fn faults_of(faults: &[LineFault]) -> Invalid {
    let mut told = Invalid::none();
    for fault in faults.iter().take(FAULTS_TOLD_MAX) {
        let column = &fault.column[..fault.column.floor_char_boundary(TITLE_BYTES_MAX)];
        let path = if column.is_empty() { format!("line[{}]", fault.line) } else { format!("line[{}].{column}", fault.line) };
        told.push(&path, fault.code, fault.message.clone());
    }
    told
}

/// Everybody who is there, page after page.
async fn partners(api: &Api, caller: &Caller, event: &Key) -> Result<Vec<Partner>, Problem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let asked = ListQuery { after, ..ListQuery::first(PAGE) };
        let turn = api.store.turn(caller.reader()).await?;
        let page = turn.directory().list(NamedKind::Partner, caller.principal.workspace, Events::only(event.clone()), asked).await?;
        drop(turn);
        found.extend(page.items.into_iter().filter_map(partner_of));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

fn partner_of(record: Record) -> Option<Partner> {
    let Thing::Partner { name, email, company, tags } = record.thing else { return None };
    Some(Partner { key: record.key, name, email, company, tags })
}

/// `import-` with the day, and a number where there is one of that day already.
async fn free_tag(api: &Api, workspace: WorkspaceId, event: &Key, now: UnixMs) -> Result<String, Problem> {
    let day = now.to_string();
    let first = format!("import-{}", day.split('T').next().unwrap_or_default());
    let taken = api.people.imports.of_event(workspace, event.clone()).await?;
    let is_free = |tag: &str| taken.iter().all(|import| fold(&import.list.tag) != fold(tag));
    if is_free(&first) {
        return Ok(first);
    }
    Ok((2..).map(|number| format!("{first}-{number}")).find(|tag| is_free(tag)).unwrap_or(first))
}

/// What is to be written, each partner with the tag of the import.
fn rows_of(plan: Plan, tag: &str) -> Vec<ImportRow> {
    let tagged = |mut partner: Partner| {
        let has = partner.tags.iter().any(|other| fold(other) == fold(tag));
        if !has && partner.tags.len() < TAGS_MAX {
            partner.tags.push(tag.to_owned());
        }
        partner
    };
    let thing = |Partner { name, email, company, tags, .. }: Partner| Thing::Partner { name, email, company, tags }.settled();
    let new = plan.new.into_iter().map(|(_, partner)| {
        let key = partner.key.clone();
        ImportRow { key, was: None, became: thing(tagged(partner)) }
    });
    let changed = plan.changed.into_iter().map(|one| ImportRow {
        key: one.was.key.clone(),
        was: Some(thing(one.was)),
        became: thing(tagged(one.is)),
    });
    new.chain(changed).collect()
}

/// Writes partners, a thousand a commit; what each was is noted before.
async fn store(api: &Api, caller: &Caller, event: &Key, import: i64, rows: &[ImportRow]) -> Result<(), Problem> {
    for chunk in rows.chunks(CHUNK) {
        api.people.imports.note(import, chunk.to_vec()).await?;
        let partners = chunk.iter().map(|row| (row.key.clone(), row.became.clone())).collect();
        put_many(api, caller, event, partners).await?;
    }
    Ok(())
}

async fn put_many(api: &Api, caller: &Caller, event: &Key, partners: Vec<(Key, Thing)>) -> Result<(), Problem> {
    let (workspace, event, by) = (caller.principal.workspace, event.clone(), caller.principal.actor);
    match changed(api, Change::PutMany { workspace, event, partners, existing: Existing::Replace, by }).await? {
        Outcome::ManyPut { .. } => Ok(()),
        other => Err(unexpected(&other)),
    }
}
