//! A filter set from options, and from a line that somebody typed.

use crate::domain::Invalid;
use crate::filter::FilterSet;

/// The options that narrow a tail. Values of one option are any of them; options together are all of them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FilterArgs {
    /// Key of an event; may be given again, as all of these
    #[arg(long, value_name = "KEY")]
    pub event: Vec<String>,
    /// Key of a partner, as in acme, or in one event only, as in expo-2026/acme
    #[arg(long, value_name = "KEY")]
    pub partner: Vec<String>,
    /// What was done, as in message.opened, or a family, as in message.*
    #[arg(long)]
    pub flavor: Vec<String>,
    /// Whatever the recipients of this message did
    #[arg(long, value_name = "KEY")]
    pub message: Vec<String>,
    /// What names this message
    #[arg(long, value_name = "KEY")]
    pub about: Vec<String>,
    /// partner, invitee or unknown
    #[arg(long)]
    pub actor: Vec<String>,
    /// Key of an invite campaign
    #[arg(long, value_name = "KEY")]
    pub campaign: Vec<String>,
    /// Tag of the partner
    #[arg(long)]
    pub tag: Vec<String>,
    /// desktop, mobile, tablet, bot, ...
    #[arg(long)]
    pub device: Vec<String>,
    /// As in Windows
    #[arg(long)]
    pub platform: Vec<String>,
    /// As in Chrome
    #[arg(long)]
    pub browser: Vec<String>,
    /// Where it happened: a host, or a URL prefix with its scheme
    #[arg(long, value_name = "HOST|URL")]
    pub source: Vec<String>,
    /// The page before: a host, or a URL prefix with its scheme
    #[arg(long, value_name = "HOST|URL")]
    pub referrer: Vec<String>,
    /// human, machine or unclear
    #[arg(long)]
    pub grade: Vec<String>,
    /// None of these: field=value, as in browser=Chrome
    #[arg(long, value_name = "FIELD=VALUE", value_parser = parse_pair)]
    pub not: Vec<(String, String)>,
    /// Words that must all stand in names, labels, URLs or properties
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() && !value.is_empty() => Ok((field.to_owned(), value.to_owned())),
        _ => Err("must be field=value, as in browser=Chrome".to_owned()),
    }
}

impl FilterArgs {
    /// The filter set.
    ///
    /// # Errors
    /// Every value at fault, by its option.
    pub fn filter(&self) -> Result<FilterSet, Invalid> {
        let fields: [(&str, &[String]); 14] = [
            ("event", &self.event),
            ("partner", &self.partner),
            ("flavor", &self.flavor),
            ("message", &self.message),
            ("about", &self.about),
            ("actor", &self.actor),
            ("campaign", &self.campaign),
            ("tag", &self.tag),
            ("device", &self.device),
            ("platform", &self.platform),
            ("browser", &self.browser),
            ("source", &self.source),
            ("referrer", &self.referrer),
            ("grade", &self.grade),
        ];
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (field, values) in fields {
            pairs.extend(values.iter().map(|v| (field.to_owned(), v.clone())));
        }
        pairs.extend(self.not.iter().map(|(field, value)| (format!("not.{field}"), value.clone())));
        pairs.extend(self.text.iter().map(|t| ("text".to_owned(), t.clone())));
        FilterSet::from_pairs(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }
}

/// Reads a line such as `partner=globex flavor=message.* not.browser="Internet Explorer"`; a line without anything is
/// everything, and a word without `=` is searched for as text.
///
/// # Errors
/// Every value at fault.
pub fn parse_line(line: &str) -> Result<FilterSet, Invalid> {
    let mut pairs = Vec::new();
    for word in split_words(line)? {
        match word.split_once('=') {
            Some((name, value)) => pairs.push((name.to_owned(), value.to_owned())),
            None => pairs.push(("text".to_owned(), word)),
        }
    }
    FilterSet::from_pairs(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())))
}

/// Words as a shell splits them: by spaces, except inside quotes.
fn split_words(line: &str) -> Result<Vec<String>, Invalid> {
    let (mut words, mut word, mut begun, mut quote) = (Vec::new(), String::new(), false, None);
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => (quote, begun) = (Some(c), true),
            None if c.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            None => {
                word.push(c);
                begun = true;
            }
        }
    }
    if quote.is_some() {
        return Err(Invalid::one("", "open_quote", "has a quote that is not closed"));
    }
    if begun {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{FilterArgs, parse_line};

    #[test]
    fn options_and_lines_mean_the_same() {
        let args = FilterArgs {
            partner: vec!["acme".into(), "Globex".into()],
            flavor: vec!["message.*".into()],
            not: vec![("browser".into(), "Internet Explorer".into())],
            text: Some("price list".into()),
            ..FilterArgs::default()
        };
        let line = r#"partner=acme partner=Globex flavor=message.*  not.browser="Internet Explorer" price list"#;
        assert_eq!(args.filter().expect("valid"), parse_line(line).expect("valid"));
    }

    #[test]
    fn lines_by_table() {
        for (line, want) in [
            ("", ""),
            ("  ", ""),
            ("partner=acme", "partner=acme"),
            ("browser='Mobile Safari'", "browser=safari"),
            ("not.flavor=ad.*", "not.flavor=ad.*"),
            ("booth", "text=booth"),
        ] {
            assert_eq!(parse_line(line).expect(line).to_query(), want, "{line}");
        }
        for (bad, code) in
            [("colour=red", "unknown_field"), ("partner=", "empty"), ("partner=\"a", "open_quote"), ("device=phone", "unknown_value")]
        {
            assert_eq!(parse_line(bad).expect_err(bad).faults[0].code, code, "{bad}");
        }
    }
}
