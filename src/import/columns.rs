//! Which column of a list is what: told from the words over it in many languages, from what stands in it, else from its place;
//! and by whoever says otherwise.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

use super::table::{Row, Table};
use crate::domain::Invalid;

/// Rows among which the one with the titles is looked for: some lists have a heading over it.
const HEADER_WITHIN: usize = 10;
/// So many rows below tell that one is a header, where its words do not.
const TOLD_BY_MIN: usize = 2;
/// Titles by what they become; the page reads the same file.
static TITLES: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    let all: BTreeMap<String, String> = serde_json::from_str(include_str!("../../web/src/lib/titles.json")).unwrap_or_default();
    let words = all.iter().filter_map(|(field, words)| Some((Field::parse(field)?, words)));
    words.flat_map(|(field, words)| words.split(' ').map(move |word| (word.to_owned(), field))).collect()
});

/// What a column becomes; of several with a name, one after the other is the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The key of the partner.
    Key,
    /// Its name.
    Name,
    /// Its email.
    Email,
    /// Its company.
    Company,
    /// Its tags.
    Tags,
}

impl Field {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Key, Self::Name, Self::Email, Self::Company, Self::Tags];
    /// In which order columns without titles stand, the email apart.
    const PLACES: [Self; 3] = [Self::Name, Self::Company, Self::Tags];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Name => "name",
            Self::Email => "email",
            Self::Company => "company",
            Self::Tags => "tags",
        }
    }

    /// The field of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

/// What somebody says that columns are: by their title, or by their number from 1; none is left out.
pub type Mapping = BTreeMap<String, Option<Field>>;

/// How a list is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What each column becomes.
    pub columns: Vec<Option<Field>>,
    /// Their titles; empty where there is no line of titles.
    pub titles: Vec<String>,
    /// Place among the rows of the first that is about a partner.
    pub first: usize,
}

impl Layout {
    /// How a list is laid out.
    ///
    /// # Errors
    /// Which column a mapping names that is not there, under `mapping`.
    pub fn of(table: &Table, mapping: &Mapping) -> Result<Self, Invalid> {
        let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let header = header_of(&table.rows, mapping);
        let mut layout = match header {
            Some(at) => Self::titled(&table.rows, at, width),
            None => Self { columns: by_content(&table.rows, width), titles: Vec::new(), first: 0 },
        };
        layout.choose(mapping)?;
        Ok(layout)
    }

    fn titled(rows: &[Row], at: usize, width: usize) -> Self {
        let titles: Vec<String> = (0..width).map(|column| rows[at].cells.get(column).cloned().unwrap_or_default()).collect();
        let mut columns: Vec<Option<Field>> = titles.iter().map(|title| known(title)).collect();
        let found = by_content(&rows[at + 1..], width);
        // Words that nobody knows: an address is told by itself, and the first of the others is who it is about.
        let mut replace = |at: Option<usize>, field| {
            if let Some(column) = at.and_then(|at| columns.get_mut(at)).filter(|column| column.is_none()) {
                *column = Some(field);
            }
        };
        if !titles.iter().any(|title| known(title) == Some(Field::Email)) {
            replace(found.iter().position(|field| *field == Some(Field::Email)), Field::Email);
        }
        if !columns.iter().any(|field| matches!(field, Some(Field::Name | Field::Company))) {
            let first = columns.iter().position(Option::is_none);
            if let Some(at) = first {
                columns[at] = Some(Field::Name);
            }
        }
        Self { columns, titles, first: at + 1 }
    }

    fn choose(&mut self, mapping: &Mapping) -> Result<(), Invalid> {
        let mut faults = Invalid::none();
        for (named, field) in mapping {
            let by_number = named.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|at| *at < self.columns.len());
            let by_title = || self.titles.iter().position(|title| bare(title) == bare(named));
            match by_title().or(by_number) {
                Some(at) => self.columns[at] = *field,
                None => {
                    let titles = self.titles.iter().filter(|title| !title.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ");
                    let there = if titles.is_empty() { format!("1 to {}", self.columns.len()) } else { titles };
                    faults.push("mapping", "unknown_column", format!("there is no column {named:?}; the columns are {there}"));
                }
            }
        }
        faults.into_result()
    }
}

/// A title without marks, spaces and signs.
fn bare(title: &str) -> String {
    title.nfkd().flat_map(char::to_lowercase).filter(|sign| sign.is_alphanumeric()).collect()
}

fn known(title: &str) -> Option<Field> {
    let bare = bare(title);
    let mail = || (bare.starts_with("email") || bare.starts_with("mail") || bare.ends_with("email")).then_some(Field::Email);
    TITLES.get(&bare).copied().or_else(mail)
}

/// True for what reads as an address.
pub fn is_address(cell: &str) -> bool {
    let parts = cell.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    parts.is_some() && !cell.contains(char::is_whitespace)
}

/// Place of the row with the titles, where there is one: the one whose words a mapping names, or the first that is one.
fn header_of(rows: &[Row], mapping: &Mapping) -> Option<usize> {
    let named: Vec<String> = mapping.keys().map(|name| bare(name)).filter(|name| name.parse::<usize>().is_err()).collect();
    let names_all = |row: &Row| !named.is_empty() && named.iter().all(|name| row.cells.iter().any(|cell| bare(cell) == *name));
    let head = &rows[..rows.len().min(HEADER_WITHIN)];
    head.iter().position(names_all).or_else(|| (0..head.len()).find(|at| is_header(&rows[*at], &rows[at + 1..], *at == 0)))
}

/// A row that names the columns: no address in it, and its words are such names, or stand over nothing but addresses.
fn is_header(row: &Row, below: &[Row], is_first: bool) -> bool {
    if row.cells.iter().any(|cell| cell.contains('@')) {
        return false;
    }
    let words = row.cells.iter().filter(|cell| known(cell).is_some()).count();
    let alone = row.cells.iter().filter(|cell| !cell.is_empty()).count() == 1;
    if words > 1 || words == 1 && alone && is_first {
        return true;
    }
    row.cells.iter().enumerate().any(|(column, title)| {
        let mut under = below.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.is_empty()).peekable();
        let enough = below.len() >= if words > 0 { 1 } else { TOLD_BY_MIN };
        !title.is_empty() && !alone && enough && under.peek().is_some() && under.all(|cell| is_address(cell))
    })
}

/// Without titles: addresses are told by themselves, the others stand in the usual order.
fn by_content(rows: &[Row], width: usize) -> Vec<Option<Field>> {
    let is_email = |column: usize| {
        let cells: Vec<_> = rows.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.is_empty()).collect();
        cells.iter().filter(|cell| is_address(cell)).count() * 2 > cells.len()
    };
    let email = (0..width).find(|column| is_email(*column));
    let mut others = Field::PLACES.into_iter();
    (0..width).map(|column| if Some(column) == email { Some(Field::Email) } else { others.next() }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Field, Layout, Mapping};
    use crate::import::table;
    use crate::import::text::Text;

    fn layout(text: &str, mapping: &Mapping) -> (String, usize) {
        let table = table::read(&Text { text: text.to_owned(), encoding: "UTF-8" }).expect("a table");
        let layout = Layout::of(&table, mapping).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        let words = layout.columns.iter().map(|field| field.map_or("-", Field::as_str));
        (words.collect::<Vec<_>>().join(" "), layout.first)
    }

    #[test]
    fn columns_are_told_in_many_languages() {
        for (text, columns, first) in [
            ("Name,Email,Company\nA,a@b.example,C\n", "name email company", 1),
            ("Firma;E-Mail-Adresse;Schlagwörter\nA;a@b.example;x\n", "company email tags", 1),
            ("Prénom;Nom;Courriel\nA;B;a@b.example\n", "name name email", 1),
            ("Correo electrónico,Empresa\na@b.example,C\n", "email company", 1),
            ("Ragione sociale,Note,Posta elettronica\nA,n,a@b.example\n", "company - email", 1),
            ("Bedrijfsnaam,E-mailadres\nA,a@b.example\n", "company email", 1),
            ("Exhibitor ID,Exhibitor Name,Email Address 1\n7,A,a@b.example\n", "key name email", 1),
            // A heading over the titles.
            ("Exhibitors 2026,,\n,,\nName,Email,Stand\nA,a@b.example,4\n", "name email -", 2),
            // Words that nobody knows, over addresses.
            ("Wer,Wohin\nA,a@b.example\nB,b@b.example\n", "name email", 1),
            // No titles at all.
            ("Acme,a@acme.example\nGlobex,g@globex.example\n", "name email", 0),
            ("a@acme.example\ng@globex.example\n", "email", 0),
            ("Acme\nGlobex\n", "name", 0),
        ] {
            assert_eq!(layout(text, &Mapping::new()), (columns.to_owned(), first), "{text:?}");
        }
    }

    #[test]
    fn whoever_says_otherwise_is_heard() {
        let mapping = |pairs: &[(&str, Option<Field>)]| pairs.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect::<Mapping>();
        let text = "Booth,Ansprache,Wohin\n4,Acme,a@b.example\n5,Globex,g@b.example\n";
        assert_eq!(layout(text, &mapping(&[("ansprache", Some(Field::Name)), ("Booth", None)])).0, "- name email");
        assert_eq!(layout("x,y\n1,2\n", &mapping(&[("2", Some(Field::Name)), ("1", Some(Field::Tags))])).0, "tags name");
        let table = table::read(&Text { text: text.to_owned(), encoding: "UTF-8" }).expect("a table");
        let told = Layout::of(&table, &mapping(&[("Nowhere", Some(Field::Name))])).expect_err("no such column").to_string();
        assert!(told.contains("Nowhere") && told.contains("Booth, Ansprache, Wohin"), "{told}");
    }
}
