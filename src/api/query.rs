//! The query of a request: own parameters are taken out by name, what is left is a filter set, and the rest is refused.

use std::borrow::Cow;

use super::error::{CURSOR_INVALID, FIELD_MASKED, FILTER_INVALID, PARAMETER_INVALID, PARAMETER_UNKNOWN, Problem};
use crate::auth::Principal;
use crate::domain::limits::FILTER_BYTES_MAX;
use crate::domain::{Cursor, Invalid, Key, UnixMs};
use crate::filter::{Field, FilterSet, ValueForm};

/// Bytes of a query, still encoded: a filter set at its limit, every byte of it escaped.
const QUERY_BYTES_MAX: usize = 3 * FILTER_BYTES_MAX;

/// Bytes of a value that a fault repeats.
const SHOWN_BYTES_MAX: usize = 64;

/// The parameters that have not been asked for yet, and the faults so far.
pub struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    known: Vec<&'static str>,
    faults: Invalid,
    bad_cursor: bool,
}

impl<'a> Query<'a> {
    /// Takes a query apart.
    pub fn new(query: Option<&'a str>) -> Self {
        let query = query.unwrap_or("");
        let mut faults = Invalid::none();
        let mut pairs = Vec::new();
        match query.len() > QUERY_BYTES_MAX {
            true => faults.push("", "too_long", format!("the query is {} bytes; at most {QUERY_BYTES_MAX}", query.len())),
            false => pairs = form_urlencoded::parse(query.as_bytes()).collect(),
        }
        Self { pairs, known: Vec::new(), faults, bad_cursor: false }
    }

    /// All values of a parameter, in order.
    pub fn all(&mut self, name: &'static str) -> Vec<Cow<'a, str>> {
        self.known.push(name);
        let (taken, left) = std::mem::take(&mut self.pairs).into_iter().partition::<Vec<_>, _>(|(n, _)| n == name);
        self.pairs = left;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// The value of a parameter that comes once at most.
    pub fn one(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        let mut values = self.all(name);
        if values.len() > 1 {
            self.faults.push(name, "repeated", "must be given once");
        }
        values.pop()
    }

    /// A parameter read by `parse`, whose faults go under its name.
    pub fn parsed<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        let value = self.one(name)?;
        let parsed = parse(&value).map_err(|faults| shown_with(&value, faults));
        self.faults.take(name, parsed)
    }

    /// A whole number between `least` and `most`.
    pub fn number(&mut self, name: &'static str, least: usize, most: usize, default: usize) -> usize {
        let parse = |text: &str| match text.parse::<usize>() {
            Ok(n) if (least..=most).contains(&n) => Ok(n),
            _ => Err(Invalid::one("", "out_of_range", format!("must be a whole number from {least} to {most}"))),
        };
        self.parsed(name, parse).unwrap_or(default)
    }

    /// `true` or `false`; the latter when it is not given.
    pub fn flag(&mut self, name: &'static str) -> bool {
        let parse = |text: &str| text.parse::<bool>().map_err(|_| Invalid::one("", "not_a_flag", "must be true or false"));
        self.parsed(name, parse).unwrap_or_default()
    }

    /// A time.
    pub fn time(&mut self, name: &'static str) -> Option<UnixMs> {
        self.parsed(name, UnixMs::parse)
    }

    /// A cursor of the log.
    pub fn cursor(&mut self, name: &'static str) -> Option<Cursor> {
        self.cursor_by(name, |text| Cursor::parse(text).map_err(|fault| Invalid::one("", "cursor_invalid", fault.to_string())))
    }

    /// A cursor of a list: the folded key to go on after.
    pub fn list_cursor(&mut self, name: &'static str) -> Option<String> {
        self.cursor_by(name, super::lists::parse_cursor)
    }

    /// A cursor that came in another way, in a header say; its fault is told among those of the query.
    pub fn given_cursor(&mut self, name: &'static str, text: Option<&str>) -> Option<Cursor> {
        let parsed = Cursor::parse(text?).map_err(|fault| Invalid::one("", "cursor_invalid", fault.to_string()));
        self.bad_cursor |= parsed.is_err();
        self.faults.take(name, parsed)
    }

    fn cursor_by<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        let cursor = self.one(name).map(|text| parse(&text).map_err(|faults| shown_with(&text, faults)));
        self.bad_cursor |= matches!(cursor, Some(Err(_)));
        cursor.and_then(|parsed| self.faults.take(name, parsed))
    }

    /// Adds a fault that a rule across parameters has found.
    pub fn fault(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.faults.push(path, code, message);
    }

    /// Ends the reading of a query that holds no filter set.
    ///
    /// # Errors
    /// [`PARAMETER_UNKNOWN`], [`CURSOR_INVALID`] or [`PARAMETER_INVALID`], with every fault.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self.pairs.iter().map(|(name, _)| shown(name)).collect();
        self.end(&unknown, Invalid::none()).map(drop)
    }

    /// Ends the reading: what is left is a filter set, and the key of the view that stands beside it. The filter set is as it
    /// was asked for, and names nothing that does not exist for the caller.
    ///
    /// # Errors
    /// As [`Query::finish`], and [`FILTER_INVALID`] or `event_forbidden`.
    pub fn finish_filter(mut self, principal: &Principal) -> Result<(FilterSet, Option<Key>), Problem> {
        let view = self.parsed("view", Key::naming);
        let pairs = std::mem::take(&mut self.pairs);
        let is_filter = |name: &str| name == "text" || Field::parse(name.strip_prefix("not.").unwrap_or(name)).is_some();
        let (filter, unknown): (Vec<_>, Vec<_>) = pairs.iter().partition(|(name, _)| is_filter(name));
        let unknown: Vec<String> = unknown.iter().map(|(name, _)| shown(name)).collect();
        let (filter, faults) = match FilterSet::from_pairs(filter.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))) {
            Ok(filter) => (filter, Invalid::none()),
            Err(faults) => (FilterSet::default(), faults),
        };
        self.known.extend(Field::ALL.iter().map(|f| f.as_str()));
        self.known.extend(["not.FIELD", "text"]);
        self.end(&unknown, faults)?;
        hold_within(&filter, principal)?;
        Ok((filter, view))
    }

    fn end(&mut self, unknown: &[String], filter: Invalid) -> Result<(), Problem> {
        let code = match (unknown.is_empty(), self.bad_cursor, self.faults.is_empty()) {
            (false, _, _) => PARAMETER_UNKNOWN,
            (_, true, _) => CURSOR_INVALID,
            (_, _, false) => PARAMETER_INVALID,
            _ => FILTER_INVALID,
        };
        for (at, name) in unknown.iter().enumerate() {
            // The long list once: a fault must not weigh more than what caused it.
            let message = if at == 0 {
                format!("is unknown here; the parameters are {}", self.known.join(", "))
            } else {
                "is unknown here".to_owned()
            };
            self.faults.push(name.as_str(), "parameter_unknown", message);
        }
        self.faults.extend(filter);
        std::mem::take(&mut self.faults).into_result().map_err(|faults| Problem::invalid(code, faults))
    }
}

/// Holds a filter set to what exists for the caller: who is bound to events may name no others.
///
/// # Errors
/// `event_forbidden` when the filter set names another event.
fn hold_within(filter: &FilterSet, principal: &Principal) -> Result<(), Problem> {
    if let Some(told) = principal.grant.mask.and_then(|mask| filter.tells_under(mask)) {
        return Err(Problem::new(FIELD_MASKED, format!("{told}: what it asks for is left out for you; ask without it")));
    }
    let bound = &principal.grant.events;
    for clause in filter.clauses() {
        let other = clause.values.iter().find(|value| match clause.form(value) {
            ValueForm::Exact(key) => clause.field == Field::Event && !bound.has_folded(key),
            ValueForm::InEvent { event: named, .. } => !bound.has_folded(named),
            _ => false,
        });
        if let Some(other) = other {
            return Err(super::authorise::event_forbidden(bound, &format!("{}={other}", clause.name())));
        }
    }
    Ok(())
}

/// The faults of a value with the value as it came, so that what was changed on the way is seen.
fn shown_with(value: &str, mut faults: Invalid) -> Invalid {
    for fault in &mut faults.faults {
        let end = value.floor_char_boundary(SHOWN_BYTES_MAX);
        let more = if end < value.len() { "..." } else { "" };
        fault.message = format!("{}; what came is {:?}{more}", fault.message, &value[..end]);
        if value.contains(' ') {
            fault.message.push_str(" (an unencoded + in a query arrives as a space: write it as %2B)");
        }
    }
    faults
}

fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::Query;
    use crate::auth::{Actor, Grant, Operator, Principal};
    use crate::domain::Key;

    fn principal(event: Option<&str>) -> Principal {
        let event = event.map(|e| Key::parse(e).expect("key"));
        let (workspace, grant) = (Operator::assume().workspace(1), Grant { events: event.into(), ..Grant::default() });
        Principal { workspace, actor: Actor::Key(1), credential: 1, root: 1, grant, heard: 0 }
    }

    fn check(query: &str, event: Option<&str>, want: Result<&str, &str>) {
        let mut given = Query::new(Some(query));
        given.cursor("after");
        given.number("limit", 1, 1_000, 50);
        given.time("since");
        let got = given.finish_filter(&principal(event)).map(|(filter, _)| filter.to_query()).map_err(|p| p.code().word);
        assert_eq!(got, want.map(str::to_owned), "{query}");
    }

    #[test]
    fn parameters_and_filter() {
        check("", None, Ok(""));
        check("partner=Acme&limit=5&not.browser=IE", None, Ok("partner=acme&not.browser=internet+explorer"));
        check("limit=0", None, Err("parameter_invalid"));
        check("limit=1&limit=2", None, Err("parameter_invalid"));
        check("since=yesterday", None, Err("parameter_invalid"));
        check("after=x", None, Err("cursor_invalid"));
        check("after=", None, Err("cursor_invalid"));
        check("colour=red&limit=0", None, Err("parameter_unknown"));
        check("not.text=a", None, Err("parameter_unknown"));
        check("device=phone", None, Err("filter_invalid"));
        check(&format!("text={}", "a".repeat(60_000)), None, Err("parameter_invalid"));
    }

    #[test]
    fn a_fault_shows_the_value_that_came() {
        let mut given = Query::new(Some("since=2026-11-22T10:00:00+01:00&limit=many"));
        given.time("since");
        given.number("limit", 1, 10, 5);
        let told = format!("{:?}", given.finish().expect_err("faults"));
        assert!(told.contains("2026-11-22T10:00:00 01:00") && told.contains("%2B") && told.contains("many"), "{told}");
    }

    #[test]
    fn faults_weigh_no_more_than_their_cause() {
        let query = "a&".repeat(15_000);
        let told = format!("{:?}", Query::new(Some(&query)).finish().expect_err("faults"));
        assert!(told.len() < 8_000, "{}", told.len());
        assert!(told.contains("more faults are not listed"), "{told}");
    }

    #[test]
    fn a_bound_key_names_no_other_event() {
        check("", Some("Expo"), Ok(""));
        check("event=EXPO&partner=expo/acme", Some("expo"), Ok("event=expo&partner=expo%2Facme"));
        check("view=opens&partner=acme", None, Ok("partner=acme"));
        check("view=a&view=b", None, Err("parameter_invalid"));
        check("view=", None, Err("parameter_invalid"));
        check("event=fair", Some("expo"), Err("event_forbidden"));
        check("event=expo&event=fair", Some("expo"), Err("event_forbidden"));
        check("not.event=fair", Some("expo"), Err("event_forbidden"));
        check("message=fair/welcome", Some("expo"), Err("event_forbidden"));
    }
}
