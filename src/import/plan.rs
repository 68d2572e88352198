//! What each line of a list would do to the partners there are, or why it cannot be used.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::columns::{Field, Layout, is_address};
use super::table::{Row, Table};
use crate::domain::limits::{NAME_BYTES_MAX, TAGS_MAX};
use crate::domain::{Key, fold};

/// Characters of a key that is made of a name.
const SLUG_CHARS_MAX: usize = 60;

/// A partner, as lists know one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Its email.
    pub email: Option<String>,
    /// Its company.
    pub company: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What keeps a line from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The line, from 1.
    pub line: usize,
    /// Title of the column, or its number from 1; empty where it is of the whole line.
    pub column: String,
    /// Which rule, for programs.
    pub code: &'static str,
    /// The rule and its cure, for people.
    pub message: String,
}

/// A partner that would be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The line, from 1.
    pub line: usize,
    /// As it is.
    pub was: Partner,
    /// As it would be.
    pub is: Partner,
    /// Which fields differ.
    pub what: Vec<&'static str>,
}

/// What a list would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Partners that are not there yet, with their lines.
    pub new: Vec<(usize, Partner)>,
    /// Partners that would be others.
    pub changed: Vec<Changed>,
    /// Lines that say what is so already.
    pub same: usize,
    /// Lines that cannot be used, a fault each.
    pub faulty: Vec<LineFault>,
    /// Lines about somebody whom an earlier line is about, with that one.
    pub doubled: Vec<(usize, usize)>,
    /// Partners that no line is about.
    pub gone: Vec<Partner>,
}

/// What a line says.
struct Said {
    key: Option<String>,
    name: String,
    /// True where the name was made of the email: it says nothing of who somebody is.
    is_made: bool,
    /// True where it was made of the company.
    is_company: bool,
    email: Option<String>,
    company: Option<String>,
    tags: Vec<String>,
}

/// Partners by all that says who somebody is.
struct There {
    partners: Vec<Partner>,
    by_key: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl There {
    fn of(partners: Vec<Partner>) -> Self {
        let by = |said: &dyn Fn(&Partner) -> Option<String>| {
            let mut found = HashMap::with_capacity(partners.len());
            for (at, partner) in partners.iter().enumerate() {
                if let Some(said) = said(partner) {
                    found.entry(said).or_insert(at);
                }
            }
            found
        };
        let by_key = by(&|partner| Some(partner.key.folded().to_string()));
        let by_email = by(&|partner| partner.email.as_deref().map(called));
        let by_name = by(&|partner| Some(called(&partner.name)));
        Self { partners, by_key, by_email, by_name }
    }
}

/// A name or an email as they are compared.
fn called(text: &str) -> String {
    fold(text.trim()).into_owned()
}

/// What the lines of a list would do.
pub fn plan(table: &Table, layout: &Layout, partners: Vec<Partner>) -> Plan {
    let there = There::of(partners);
    let (mut plan, mut met, mut listed) = (Plan::default(), HashSet::new(), HashMap::<String, usize>::new());
    let mut keys: HashSet<String> = there.by_key.keys().cloned().collect();
    for row in &table.rows[layout.first.min(table.rows.len())..] {
        let said = match said(row, layout) {
            Ok(said) => said,
            Err(fault) => {
                plan.faulty.push(fault);
                continue;
            }
        };
        let was = match who(&there, &said) {
            Ok(was) => was,
            Err(message) => {
                plan.faulty.push(LineFault { line: row.line, column: String::new(), code: "two_partners", message });
                continue;
            }
        };
        let signs = [
            said.key.as_deref().map(|key| format!("key {}", called(key))),
            said.email.as_deref().map(|email| format!("email {}", called(email))),
            (!said.is_made).then(|| format!("name {}", called(&said.name))),
            was.map(|at| format!("at {at}")),
        ];
        let signs: Vec<String> = signs.into_iter().flatten().collect();
        // Two people of one company are two, where each has an address.
        let telling: Vec<&String> = match said.email.is_some() && said.is_company {
            true => signs.iter().filter(|sign| !sign.starts_with("name ")).collect(),
            false => signs.iter().collect(),
        };
        if let Some(before) = telling.iter().find_map(|sign| listed.get(*sign)) {
            plan.doubled.push((row.line, *before));
            continue;
        }
        for sign in &signs {
            listed.entry(sign.clone()).or_insert(row.line);
        }
        match was {
            Some(at) => {
                met.insert(at);
                let was = &there.partners[at];
                let (is, what) = changed(was, &said);
                if what.is_empty() {
                    plan.same += 1;
                } else {
                    plan.changed.push(Changed { line: row.line, was: was.clone(), is, what });
                }
            }
            None => match new_key(&said, &mut keys) {
                Some(key) => {
                    let Said { name, email, company, tags, .. } = said;
                    plan.new.push((row.line, Partner { key, name, email, company, tags }));
                }
                None => plan.faulty.push(LineFault {
                    line: row.line,
                    column: column_of(layout, Field::Name),
                    code: "no_letter",
                    message: format!("{:?} has neither letter nor digit, of which a key is made", said.name),
                }),
            },
        }
    }
    plan.gone = there.partners.into_iter().enumerate().filter(|(at, _)| !met.contains(at)).map(|(_, partner)| partner).collect();
    plan
}

/// Title of the first column that is this, or its number.
fn column_of(layout: &Layout, field: Field) -> String {
    layout.columns.iter().position(|column| *column == Some(field)).map(|at| title_of(layout, at)).unwrap_or_default()
}

fn title_of(layout: &Layout, at: usize) -> String {
    layout.titles.get(at).filter(|title| !title.is_empty()).cloned().unwrap_or_else(|| (at + 1).to_string())
}

/// Reads a line.
fn said(row: &Row, layout: &Layout) -> Result<Said, LineFault> {
    let fault = |column: String, code, message: String| LineFault { line: row.line, column, code, message };
    if let Some(at) = row.formulas.iter().find(|at| layout.columns.get(**at).is_some_and(Option::is_some)) {
        let told = "is a formula and not what comes of it: save the list with its values";
        return Err(fault(title_of(layout, *at), "formula", told.to_owned()));
    }
    let of = |field: Field| {
        let cells = row.cells.iter().zip(&layout.columns).filter(|(cell, column)| **column == Some(field) && !cell.is_empty());
        cells.map(|(cell, _)| cell.as_str()).collect::<Vec<_>>().join(" ")
    };
    let has = |field: Field| layout.columns.contains(&Some(field));
    let (mut name, mut email, company) = (of(Field::Name), of(Field::Email), of(Field::Company));
    let email = email.strip_prefix("mailto:").map(str::to_owned).unwrap_or_else(|| std::mem::take(&mut email));
    // As a mail program writes it: Acme Inc <hello@acme.example>
    let (shown, email) = match mailbox(&email) {
        Some((shown, address)) => (Some(shown), address),
        None => (None, email),
    };
    let (mut email, mut is_made, mut is_company) = (email, false, false);
    if email.is_empty()
        && let Some((shown, address)) = mailbox(&name)
    {
        (name, email) = (shown, address);
    }
    if is_address(&name) && email.is_empty() {
        (name, email) = (String::new(), name);
    }
    if name.is_empty() {
        name = shown.unwrap_or_default();
    }
    if name.is_empty() && !company.is_empty() {
        (name, is_company) = (company.clone(), true);
    } else if name.is_empty() && is_address(&email) {
        (name, is_made) = (email.split('@').next().unwrap_or_default().to_owned(), true);
    }
    if name.is_empty() {
        let what = if has(Field::Name) || has(Field::Company) {
            "has no name, company or email"
        } else {
            "has no email that a name could be made of"
        };
        return Err(fault(column_of(layout, Field::Name), "no_name", format!("{what}: give one, or leave the line out")));
    }
    if !email.is_empty() && !is_address(&email) {
        let told = format!("{email:?} is no email address, as in desk@acme.example; of several give one");
        return Err(fault(column_of(layout, Field::Email), "email_form", told));
    }
    let tags: Vec<String> = of(Field::Tags).split([' ', ',', ';', '|']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    for (field, text) in [(Field::Name, &name), (Field::Email, &email), (Field::Company, &company)] {
        if text.len() > NAME_BYTES_MAX {
            return Err(fault(column_of(layout, field), "too_long", format!("is {} bytes; at most {NAME_BYTES_MAX}", text.len())));
        }
        if let Some(bad) = text.chars().find(|sign| sign.is_control()) {
            return Err(fault(column_of(layout, field), "bad_character", format!("contains {bad:?}; leave control characters out")));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(fault(column_of(layout, Field::Tags), "too_many", format!("has {} tags; at most {TAGS_MAX}", tags.len())));
    }
    let key = Some(of(Field::Key)).filter(|key| !key.is_empty()).map(|key| key.replace([' ', '/'], "-"));
    if let Some(key) = &key
        && let Err(invalid) = Key::parse(key)
    {
        return Err(fault(column_of(layout, Field::Key), "bad_key", format!("{key:?} {}", invalid.faults[0].message)));
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Said { key, name, is_made, is_company, email: some(email), company: some(company), tags })
}

/// `Acme Inc <hello@acme.example>` as name and address.
fn mailbox(cell: &str) -> Option<(String, String)> {
    let (shown, rest) = cell.strip_suffix('>')?.rsplit_once('<')?;
    let shown = shown.trim().trim_matches(['"', '\'']).trim();
    is_address(rest).then(|| (shown.to_owned(), rest.to_owned()))
}

/// Whom a line is about: by key, else email, else name in full.
fn who(there: &There, said: &Said) -> Result<Option<usize>, String> {
    if let Some(at) = said.key.as_deref().and_then(|key| there.by_key.get(&called(key))) {
        return Ok(Some(*at));
    }
    let by_email = said.email.as_deref().and_then(|email| there.by_email.get(&called(email)));
    // What was made of an address says nothing of who somebody is: there is an `info` everywhere.
    let by_name = Some(&said.name).filter(|_| !said.is_made).and_then(|name| there.by_name.get(&called(name)));
    match (by_email, by_name) {
        (Some(one), Some(other)) if one != other && !said.is_company => {
            let (one, other) = (&there.partners[*one].name, &there.partners[*other].name);
            Err(format!("has the email of {one} and the name of {other}: whom is it about?"))
        }
        (Some(at), _) => Ok(Some(*at)),
        // A company with another address is somebody else there.
        (None, Some(at)) if said.is_company && said.email.is_some() && there.partners[*at].email.is_some() => Ok(None),
        (None, by_name) => Ok(by_name.copied()),
    }
}

/// A partner with what a line says of it. What the line leaves out stays as it is, and so does an email that is only spelt otherwise.
fn changed(was: &Partner, said: &Said) -> (Partner, Vec<&'static str>) {
    let mut is = was.clone();
    if !said.is_made && !said.is_company {
        is.name.clone_from(&said.name);
    }
    if let Some(email) = said.email.as_ref().filter(|email| was.email.as_deref().map(called) != Some(called(email))) {
        is.email = Some(email.clone());
    }
    if said.company.is_some() {
        is.company.clone_from(&said.company);
    }
    let has = |tags: &[String], tag: &str| tags.iter().any(|other| fold(other) == fold(tag));
    for tag in &said.tags {
        if !has(&is.tags, tag) && is.tags.len() < TAGS_MAX {
            is.tags.push(tag.clone());
        }
    }
    let what = [
        ("name", was.name != is.name),
        ("email", was.email != is.email),
        ("company", was.company != is.company),
        ("tags", was.tags != is.tags),
    ];
    let what = what.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    (is, what)
}

/// The key of somebody new: the one that was given, or one made of the name that nobody has.
fn new_key(said: &Said, taken: &mut HashSet<String>) -> Option<Key> {
    let wanted = said.key.clone().unwrap_or_else(|| slug(&said.name));
    if wanted.is_empty() {
        return None;
    }
    let free = |key: &str, taken: &HashSet<String>| Key::parse(key).ok().filter(|key| !taken.contains(&**key.folded()));
    let key = free(&wanted, taken).or_else(|| (2..).find_map(|number| free(&format!("{wanted}-{number}"), taken)))?;
    taken.insert(key.folded().to_string());
    Some(key)
}

/// A name as a key: small letters and digits, a dash between words.
pub fn slug(name: &str) -> String {
    let plain: String = name.nfkd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = plain.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(SLUG_CHARS_MAX).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::columns::{Layout, Mapping};
    use super::{Partner, Plan, plan, slug};
    use crate::domain::Key;
    use crate::import::table;
    use crate::import::text::Text;

    fn partner(key: &str, name: &str, email: &str, tags: &[&str]) -> Partner {
        let email = Some(email.to_owned()).filter(|email| !email.is_empty());
        Partner {
            key: Key::trusted(key),
            name: name.to_owned(),
            email,
            company: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    fn of(text: &str, there: Vec<Partner>) -> Plan {
        let table = table::read(&Text { text: text.to_owned(), encoding: "UTF-8" }).expect("a table");
        plan(&table, &Layout::of(&table, &Mapping::new()).expect("a layout"), there)
    }

    #[test]
    fn whom_a_line_is_about() {
        let there = || {
            vec![
                partner("acme", "Acme Inc", "hello@acme.example", &["gold"]),
                partner("globex", "Globex", "", &[]),
                partner("old", "Old", "", &[]),
            ]
        };
        let text = "ID,Name,Email,Tags\n,Acme Incorporated,HELLO@acme.example,gold\n,globex,g@globex.example,\n,New one,n@new.example,a;b\nold,Older,,\n";
        let found = of(text, there());
        let changed: Vec<_> = found.changed.iter().map(|one| (one.line, one.is.key.as_str(), one.what.clone())).collect();
        assert_eq!(changed, [(2, "acme", vec!["name"]), (3, "globex", vec!["name", "email"]), (5, "old", vec!["name"])]);
        assert_eq!(found.new, [(4, partner("new-one", "New one", "n@new.example", &["a", "b"]))]);
        assert!(found.faulty.is_empty() && found.gone.is_empty() && found.doubled.is_empty(), "{found:?}");
        let again = of("Name,Email\nAcme Inc,hello@acme.example\n", there());
        assert_eq!((again.same, again.gone.len()), (1, 2));
    }

    #[test]
    fn what_cannot_be_used_is_told_where_it_stands() {
        let there = vec![partner("acme", "Acme Inc", "hello@acme.example", &[]), partner("globex", "Globex", "g@globex.example", &[])];
        let text = "Name,Email,Note\nGood,good@a.example,\nBad,good(at)a.example,\n,,only a note\nGlobex,hello@acme.example,\n=A1,x@y.example,\n???,,\nGood,,\n";
        let found = of(text, there);
        let faults: Vec<_> = found.faulty.iter().map(|fault| (fault.line, fault.column.as_str(), fault.code)).collect();
        let want =
            [(3, "Email", "email_form"), (4, "Name", "no_name"), (5, "", "two_partners"), (6, "Name", "formula"), (7, "Name", "no_letter")];
        assert_eq!(faults, want);
        assert_eq!((found.new.len(), found.doubled), (1, vec![(8, 2)]));
    }

    #[test]
    fn without_a_name_the_company_is_taken_else_the_part_before_the_at() {
        let found = of("Firma;E-Mail\nAcme;a@acme.example\nAcme;b@acme.example\n;info@globex.example\n;info@hooli.example\n", Vec::new());
        let new: Vec<_> = found.new.iter().map(|(line, one)| (*line, one.key.as_str(), one.name.as_str())).collect();
        assert_eq!(new, [(2, "acme", "Acme"), (3, "acme-2", "Acme"), (4, "info", "info"), (5, "info-2", "info")]);
        let found = of("Acme Inc <hello@acme.example>\nGlobex <g@globex.example>\n", Vec::new());
        let new: Vec<_> = found.new.iter().map(|(_, one)| (one.name.as_str(), one.email.as_deref())).collect();
        assert_eq!(new, [("Acme Inc", Some("hello@acme.example")), ("Globex", Some("g@globex.example"))]);
    }

    #[test]
    fn keys_are_made_of_names() {
        assert_eq!(slug("Café Müller & Söhne GmbH"), "cafe-muller-sohne-gmbh");
        assert_eq!((slug("中文"), slug(" -- "), slug(&"ab ".repeat(60)).len()), ("中文".to_owned(), String::new(), 59));
    }
}
