//! The values that filters mention, as numbers, and what an activity has of them.
//!
//! Only mentioned values are known: what no filter asks for costs one failed look-up, and a field that no
//! filter constrains costs nothing. Matching allocates nothing here.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::domain::{Facts, Memberships};
use crate::filter::set::ValueForm;
use crate::filter::{Clause, Field};

/// Number of a mentioned value. Numbers are used again.
pub(super) type ValueId = u32;

const FIELDS: usize = Field::ALL.len();

/// Every value that some filter mentions.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    fields: [FieldValues; FIELDS],
    names: Vec<Name>,
    free: Vec<ValueId>,
    /// `event/key` of the activity at hand, built in place.
    scoped: String,
}

/// The values of one field.
#[derive(Debug, Default)]
struct FieldValues {
    /// By text: exact values, `event/key`, and families as `message.`, which is never a flavor itself.
    texts: HashMap<Arc<str>, ValueId, RandomState>,
    /// URL prefixes, in byte order.
    prefixes: BTreeMap<Arc<[u8]>, ValueId>,
    /// How many of `texts` are `event/key`.
    scoped: usize,
    /// How many of `texts` are families.
    families: usize,
}

#[derive(Debug)]
struct Name {
    field: Field,
    form: Form,
    text: Arc<str>,
    /// Clauses that mention it.
    mentions: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Exact,
    Scoped,
    Family,
    Prefix,
}

/// The mentioned values that one activity has, by field.
#[derive(Debug, Default)]
pub(super) struct Hits {
    ids: Vec<ValueId>,
    ends: [usize; FIELDS],
}

impl Hits {
    /// What the activity has in one field.
    pub(super) fn of(&self, field: usize) -> &[ValueId] {
        let start = if field == 0 { 0 } else { self.ends[field - 1] };
        &self.ids[start..self.ends[field]]
    }
}

impl Vocabulary {
    /// The number of a clause's value, made if it is new; to be given back by [`Vocabulary::release`].
    pub(super) fn intern(&mut self, clause: &Clause, value: &Arc<str>) -> ValueId {
        let field = clause.field;
        let (form, text) = match clause.form(value) {
            ValueForm::Exact(_) => (Form::Exact, value.clone()),
            ValueForm::InEvent { .. } => (Form::Scoped, value.clone()),
            ValueForm::Family(family) => (Form::Family, family.into()),
            ValueForm::UrlPrefix(_) => (Form::Prefix, value.clone()),
        };
        let values = &mut self.fields[field.index()];
        let known = match form {
            Form::Prefix => values.prefixes.get(text.as_bytes()).copied(),
            _ => values.texts.get(&text).copied(),
        };
        if let Some(id) = known {
            self.names[id as usize].mentions += 1;
            return id;
        }
        let name = Name { field, form, text: text.clone(), mentions: 1 };
        let id = match self.free.pop() {
            Some(id) => {
                self.names[id as usize] = name;
                id
            }
            None => {
                self.names.push(name);
                (self.names.len() - 1) as ValueId
            }
        };
        values.count(form, true);
        match form {
            Form::Prefix => drop(values.prefixes.insert(text.as_bytes().into(), id)),
            _ => drop(values.texts.insert(text, id)),
        }
        id
    }

    /// Takes one mention back; a value without mentions is forgotten.
    pub(super) fn release(&mut self, id: ValueId) {
        let name = &mut self.names[id as usize];
        name.mentions -= 1;
        if name.mentions > 0 {
            return;
        }
        let values = &mut self.fields[name.field.index()];
        match name.form {
            Form::Prefix => drop(values.prefixes.remove(name.text.as_bytes())),
            _ => drop(values.texts.remove(&name.text)),
        }
        values.count(name.form, false);
        self.free.push(id);
    }

    /// True when no value is mentioned.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        let unused = |v: &FieldValues| v.texts.is_empty() && v.prefixes.is_empty() && v.scoped == 0 && v.families == 0;
        self.free.len() == self.names.len() && self.fields.iter().all(unused)
    }

    /// One more than the highest number in use.
    pub(super) fn bound(&self) -> usize {
        self.names.len()
    }

    /// The number of a text that stands in the index as it is: exact, or `event/key`.
    pub(super) fn find(&self, field: Field, text: &str) -> Option<ValueId> {
        self.fields[field.index()].texts.get(text).copied()
    }

    /// Looks up everything that the activity has.
    pub(super) fn resolve(&mut self, facts: &Facts, memberships: &Memberships, hits: &mut Hits) {
        hits.ids.clear();
        self.scoped.clear();
        for field in Field::ALL {
            let values = &self.fields[field.index()];
            if !values.texts.is_empty() || !values.prefixes.is_empty() {
                resolve_field(field, values, &mut self.scoped, facts, memberships, &mut hits.ids);
            }
            hits.ends[field.index()] = hits.ids.len();
        }
    }
}

impl FieldValues {
    fn count(&mut self, form: Form, more: bool) {
        let counter = match form {
            Form::Scoped => &mut self.scoped,
            Form::Family => &mut self.families,
            Form::Exact | Form::Prefix => return,
        };
        if more { *counter += 1 } else { *counter -= 1 }
    }

    fn exact(&self, text: Option<&str>, ids: &mut Vec<ValueId>) {
        ids.extend(text.and_then(|text| self.texts.get(text)));
    }

    /// A key, bare and in its event. `scoped` is empty, or begins with the event and a slash.
    fn keyed(&self, event: &str, key: Option<&str>, scoped: &mut String, ids: &mut Vec<ValueId>) {
        self.exact(key, ids);
        if let (Some(key), true) = (key, self.scoped > 0) {
            if scoped.is_empty() {
                scoped.push_str(event);
                scoped.push('/');
            }
            scoped.truncate(event.len() + 1);
            scoped.push_str(key);
            self.exact(Some(scoped), ids);
        }
    }

    fn flavor(&self, flavor: &str, ids: &mut Vec<ValueId>) {
        self.exact(Some(flavor), ids);
        if self.families > 0 {
            for (dot, _) in flavor.match_indices('.') {
                self.exact(Some(&flavor[..=dot]), ids);
            }
        }
    }

    /// A host, and every mentioned prefix of the URL.
    ///
    /// The greatest mentioned text that is not above the URL is a prefix of it, or shares its beginning with
    /// it exactly as far as any shorter prefix can reach; so each step cuts the URL and none looks at all.
    fn place(&self, host: Option<&str>, url: Option<&str>, ids: &mut Vec<ValueId>) {
        self.exact(host, ids);
        let mut rest = url.unwrap_or_default().as_bytes();
        while !rest.is_empty() && !self.prefixes.is_empty() {
            let Some((prefix, id)) = self.prefixes.range::<[u8], _>((Bound::Unbounded, Bound::Included(rest))).next_back() else { return };
            if rest.starts_with(prefix) {
                ids.push(*id);
                rest = &rest[..prefix.len() - 1];
            } else {
                let shared = rest.iter().zip(prefix.iter()).take_while(|(a, b)| a == b).count();
                rest = &rest[..shared];
            }
        }
    }
}

fn resolve_field(
    field: Field,
    values: &FieldValues,
    scoped: &mut String,
    facts: &Facts,
    memberships: &Memberships,
    ids: &mut Vec<ValueId>,
) {
    let event = &*facts.event;
    match field {
        Field::Event => values.exact(Some(event), ids),
        Field::Partner => values.keyed(event, Some(&facts.partner), scoped, ids),
        Field::Flavor => values.flavor(&facts.flavor, ids),
        Field::Message => memberships.messages.iter().for_each(|m| values.keyed(event, Some(m), scoped, ids)),
        Field::About => values.keyed(event, facts.message.as_deref(), scoped, ids),
        Field::Actor => values.exact(Some(facts.actor.as_str()), ids),
        Field::Campaign => values.keyed(event, facts.campaign.as_deref(), scoped, ids),
        Field::Tag => memberships.tags.iter().for_each(|t| values.exact(Some(t), ids)),
        Field::Device => values.exact(Some(facts.device.as_str()), ids),
        Field::Platform => values.exact(facts.platform.as_deref(), ids),
        Field::Browser => values.exact(facts.browser.as_deref(), ids),
        Field::Source => values.place(facts.source_host.as_deref(), facts.search.from_source(), ids),
        Field::Referrer => values.place(facts.referrer_host.as_deref(), facts.search.from_referrer(), ids),
        Field::Grade => values.exact(Some(facts.grade.as_str()), ids),
        Field::Id => {
            let mut buffer = uuid::Uuid::encode_buffer();
            values.exact(Some(facts.id.0.hyphenated().encode_lower(&mut buffer)), ids);
        }
    }
}
