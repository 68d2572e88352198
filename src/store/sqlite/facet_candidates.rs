//! The values that a facet may list, and their rank: arithmetic only.

use std::collections::BTreeMap;

use crate::domain::{Flavor, Seq};
use crate::filter::{Field, FilterSet, ValueForm};
use crate::tallies::Tally;

/// A value before it is ranked and cut.
#[derive(Debug, Default, Clone)]
pub(super) struct Candidate {
    pub value: String,
    pub label: Option<String>,
    pub count: u64,
    /// Listed whatever its rank: chosen by the filter, or of the directory of the one event.
    pub kept: bool,
    /// What tells its name, while `value` and `label` are not it: the number of a row, the seq of an activity.
    pub named_by: Option<i64>,
}

/// Values by what ranks them where counts are equal.
pub(super) type Candidates = BTreeMap<String, Candidate>;

/// Most frequent first, then by value; the rest is summed up.
pub(super) fn ranked(candidates: Candidates, values_max: usize) -> (Vec<Candidate>, u64) {
    let mut all: Vec<_> = candidates.into_iter().collect();
    all.sort_by(|(a_key, a), (b_key, b)| b.count.cmp(&a.count).then_with(|| a_key.cmp(b_key)));
    let (mut listed, mut rest, mut free) = (Vec::new(), 0, values_max);
    for (folded, mut candidate) in all {
        let ranks = candidate.count > 0 && free > 0;
        if ranks || candidate.kept {
            free -= usize::from(ranks);
            if candidate.value.is_empty() {
                candidate.value = folded;
            }
            listed.push(candidate);
        } else {
            rest += candidate.count;
        }
    }
    (listed, rest)
}

/// The values of a field that the filter names, wanted or not.
pub(super) fn chosen(filter: &FilterSet, field: Field) -> impl Iterator<Item = (&str, ValueForm<'_>)> {
    filter.clauses().iter().filter(move |c| c.field == field).flat_map(|c| c.values.iter().map(|v| (&**v, c.form(v))))
}

/// Makes sure that what the filter names is listed, at 0 when nothing has it.
pub(super) fn keep_chosen(candidates: &mut Candidates, filter: &FilterSet, field: Field) {
    for (value, _) in chosen(filter, field) {
        let fresh = || Candidate { value: value.to_owned(), ..Candidate::default() };
        candidates.entry(value.to_owned()).or_insert_with(fresh).kept = true;
    }
}

/// Platforms and browsers: the column is folded, the display name stands in the body of any activity that has it.
pub(super) fn of_clients(filter: &FilterSet, field: Field, tally: Tally) -> Candidates {
    let of_text = |(folded, (count, seq)): (String, (u64, Seq))| {
        (folded.clone(), Candidate { value: folded, count, named_by: Some(seq.cast_signed()), ..Candidate::default() })
    };
    let mut candidates: Candidates = tally.texts.into_iter().map(of_text).collect();
    keep_chosen(&mut candidates, filter, field);
    candidates
}

pub(super) fn of_words(filter: &FilterSet, field: Field, tally: &Tally, word: impl Fn(u8) -> Option<&'static str>) -> Candidates {
    let named = tally.numbers.iter().filter_map(|(number, count)| Some((word(u8::try_from(*number).ok()?)?, *count)));
    let mut candidates: Candidates =
        named.map(|(word, count)| (word.to_owned(), Candidate { value: word.to_owned(), count, ..Candidate::default() })).collect();
    keep_chosen(&mut candidates, filter, field);
    candidates
}

pub(super) fn of_flavors(filter: &FilterSet, tally: Tally) -> Candidates {
    let families: Vec<(String, u64)> = chosen(filter, Field::Flavor)
        .filter_map(|(value, form)| match form {
            ValueForm::Family(family) => {
                let members = tally.texts.iter().filter(|(flavor, _)| flavor.starts_with(family));
                Some((value.to_owned(), members.map(|(_, (count, _))| count).sum()))
            }
            _ => None,
        })
        .collect();
    let mut candidates = Candidates::new();
    for (flavor, (count, _)) in tally.texts {
        candidates.insert(flavor.clone(), Candidate { value: flavor, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, Field::Flavor);
    for candidate in candidates.values_mut().filter(|c| !c.value.ends_with('*')) {
        candidate.label = Some(Flavor::trusted(&candidate.value).label());
    }
    for (family, count) in families {
        if let Some(slot) = candidates.get_mut(&family) {
            slot.count = count;
        }
    }
    candidates
}

pub(super) fn of_hosts(filter: &FilterSet, field: Field, tally: Tally) -> Candidates {
    let mut candidates = Candidates::new();
    for (host, (count, _)) in tally.texts {
        candidates.insert(host.clone(), Candidate { value: host, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, field);
    for (prefix, count) in tally.prefixes {
        if let Some(slot) = candidates.get_mut(&prefix) {
            slot.count = count;
        }
    }
    candidates
}
