//! A filter set as SQL: the third execution of its meaning. [`FilterSet::matches`] is the definition, and a property
//! test holds this to it.
//!
//! Every value is bound. Memberships are read as of now. A column that an activity lacks is null, so a negated clause
//! counts null as *not among the values*.

use sqlx::{QueryBuilder, Sqlite};

use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, Actor, Device, Grade};
use crate::filter::{Clause, Field, FilterSet, ValueForm};

/// Marks the source URL in the column `search`; see `domain::SearchText`.
pub(super) const SOURCE_MARK: char = '\u{1}';
/// Marks the referrer URL.
pub(super) const REFERRER_MARK: char = '\u{2}';

/// Adds ` and ...` for every clause and word.
pub(super) fn push_filter(query: &mut QueryBuilder<Sqlite>, workspace: WorkspaceId, filter: &FilterSet) {
    for clause in filter.clauses() {
        query.push(if clause.negated { " and not ifnull(" } else { " and (" });
        push_any(query, workspace, clause);
        query.push(if clause.negated { ", 0)" } else { ")" });
    }
    for word in filter.words() {
        query.push(" and instr(search, ").push_bind(word.clone()).push(") > 0");
    }
}

/// Adds the select of the partners that a clause on partners leaves. False, with nothing added, for other clauses.
pub(super) fn push_partners(query: &mut QueryBuilder<Sqlite>, workspace: WorkspaceId, clause: &Clause) -> bool {
    match clause.field {
        Field::Partner => push_keyed(query, workspace, clause, "partners"),
        Field::Message => {
            query.push("select r.partner_id from recipients r where r.removed = 0 and r.message_id in (");
            push_keyed(query, workspace, clause, "messages");
            query.push(")");
        }
        Field::Tag => {
            query.push("select t.partner_id from partner_tags t where t.workspace_id = ").push_bind(workspace.number());
            query.push(" and t.folded in ");
            push_list(query, clause.values.iter().cloned());
        }
        _ => return false,
    }
    true
}

/// The condition that the field has any of the values; null or false when it has none.
fn push_any(query: &mut QueryBuilder<Sqlite>, workspace: WorkspaceId, clause: &Clause) {
    match clause.field {
        Field::Partner | Field::Message | Field::Tag => {
            query.push("partner_id in (");
            push_partners(query, workspace, clause);
            query.push(")");
        }
        Field::About | Field::Campaign | Field::Event => {
            query.push(match clause.field {
                Field::About => "message_id in (",
                Field::Campaign => "campaign_id in (",
                _ => "event_id in (",
            });
            push_rows(query, workspace, clause);
            query.push(")");
        }
        Field::Flavor => push_flavor(query, clause),
        Field::Actor => push_trait(query, "traits & 15", clause, |v| Actor::parse(v).map(Actor::number).ok()),
        Field::Device => push_trait(query, "traits >> 4 & 15", clause, |v| Device::parse(v).map(Device::number).ok()),
        Field::Grade => push_trait(query, "traits >> 8 & 15", clause, |v| Grade::parse(v).map(Grade::number).ok()),
        Field::Platform => push_exact(query, "platform", clause),
        Field::Browser => push_exact(query, "browser", clause),
        Field::Source => push_host(query, clause, "source_host", SOURCE_MARK),
        Field::Referrer => push_host(query, clause, "referrer_host", REFERRER_MARK),
        Field::Id => {
            // By place, which is looked up once, not by comparing each row.
            query.push("place in (select workspace_id << 40 | seq from activity_ids where workspace_id = ");
            query.push_bind(workspace.number()).push(" and id in ");
            push_list(query, clause.values.iter().filter_map(|v| ActivityId::parse(v).ok()).map(|id| id.0.as_bytes().to_vec()));
            query.push(")");
        }
    }
}

/// Adds the select of the rows that a clause on messages, campaigns or events names.
pub(super) fn push_rows(query: &mut QueryBuilder<Sqlite>, workspace: WorkspaceId, clause: &Clause) {
    match clause.field {
        Field::About => push_keyed(query, workspace, clause, "messages"),
        Field::Campaign => push_keyed(query, workspace, clause, "campaigns"),
        _ => {
            query.push("select id from events where workspace_id = ").push_bind(workspace.number()).push(" and folded in ");
            push_list(query, clause.values.iter().cloned());
        }
    }
}

/// The select of the ids that keys stand for: a bare key in every event of the workspace, `event/key` in one.
fn push_keyed(query: &mut QueryBuilder<Sqlite>, workspace: WorkspaceId, clause: &Clause, table: &'static str) {
    let bare = clause.values.iter().filter(|v| !matches!(clause.form(v), ValueForm::InEvent { .. }));
    query.push("select k.id from ").push(table).push(" k where k.workspace_id = ").push_bind(workspace.number());
    query.push(" and k.folded in ");
    push_list(query, bare.cloned());
    for value in &clause.values {
        let ValueForm::InEvent { event, key } = clause.form(value) else { continue };
        query.push(" union select k.id from events e join ").push(table).push(" k on k.event_id = e.id where e.workspace_id = ");
        query.push_bind(workspace.number()).push(" and e.folded = ").push_bind(event.to_owned());
        query.push(" and k.folded = ").push_bind(key.to_owned());
    }
}

fn push_flavor(query: &mut QueryBuilder<Sqlite>, clause: &Clause) {
    let exact = clause.values.iter().filter(|v| !matches!(clause.form(v), ValueForm::Family(_)));
    query.push("flavor in ");
    push_list(query, exact.cloned());
    for value in &clause.values {
        let ValueForm::Family(family) = clause.form(value) else { continue };
        // What begins with `message.` lies from there to below `message/`: `/` comes right after `.`.
        let end = format!("{}/", family.trim_end_matches('.'));
        query.push(" or flavor >= ").push_bind(family.to_owned()).push(" and flavor < ").push_bind(end);
    }
}

fn push_trait(query: &mut QueryBuilder<Sqlite>, expression: &'static str, clause: &Clause, number: impl Fn(&str) -> Option<u8>) {
    query.push("(").push(expression).push(") in ");
    push_list(query, clause.values.iter().filter_map(|v| number(v)).map(i64::from));
}

fn push_exact(query: &mut QueryBuilder<Sqlite>, column: &'static str, clause: &Clause) {
    query.push(column).push(" in ");
    push_list(query, clause.values.iter().cloned());
}

fn push_host(query: &mut QueryBuilder<Sqlite>, clause: &Clause, column: &'static str, mark: char) {
    let hosts = clause.values.iter().filter(|v| !matches!(clause.form(v), ValueForm::UrlPrefix(_)));
    query.push("ifnull(").push(column).push(" in ");
    push_list(query, hosts.cloned());
    query.push(", 0)");
    for value in &clause.values {
        let ValueForm::UrlPrefix(prefix) = clause.form(value) else { continue };
        query.push(" or instr(search, ").push_bind(format!("{mark}{prefix}")).push(") > 0");
    }
}

/// `(?,?,?)`; an empty one is true of nothing.
pub(super) fn push_list<'t, T>(query: &mut QueryBuilder<Sqlite>, values: impl Iterator<Item = T>)
where
    T: sqlx::Encode<'t, Sqlite> + sqlx::Type<Sqlite> + 't,
{
    query.push("(");
    let mut separated = query.separated(",");
    for value in values {
        separated.push_bind(value);
    }
    query.push(")");
}
