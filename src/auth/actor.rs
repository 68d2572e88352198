//! Who does something, as entries of the log, the audit and log lines name them: by kind and number.

use std::fmt;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A program, or a browser that was signed in with its key: the number of the key.
    Key(i64),
    /// A page that only collects: the number of its site key.
    Site(i64),
    /// Somebody at a demo, who needed no key: the number of the session.
    Guest(i64),
    /// A person: the number of the member.
    Member(i64),
    /// Whoever has the link of a share: its number.
    Share(i64),
    /// A screen of a wall: its number.
    Screen(i64),
    /// The server itself.
    Server,
}

impl Actor {
    /// Who is meant by a word and a number, as they are kept; whatever is not known is the server itself.
    pub fn parse(kind: &str, number: Option<i64>) -> Self {
        match (kind, number) {
            ("key", Some(number)) => Self::Key(number),
            ("site", Some(number)) => Self::Site(number),
            ("guest", Some(number)) => Self::Guest(number),
            ("member", Some(number)) => Self::Member(number),
            ("share", Some(number)) => Self::Share(number),
            ("screen", Some(number)) => Self::Screen(number),
            _ => Self::Server,
        }
    }

    /// The word of its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Site(_) => "site",
            Self::Guest(_) => "guest",
            Self::Member(_) => "member",
            Self::Share(_) => "share",
            Self::Screen(_) => "screen",
            Self::Server => "server",
        }
    }

    /// Its number within its kind; the server has none.
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::Key(number)
            | Self::Site(number)
            | Self::Guest(number)
            | Self::Member(number)
            | Self::Share(number)
            | Self::Screen(number) => Some(number),
            Self::Server => None,
        }
    }

    /// True for who comes by a key, whose rights outside are called scopes.
    pub const fn has_scopes(self) -> bool {
        matches!(self, Self::Key(_) | Self::Site(_) | Self::Guest(_))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "{}:{number}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Actor;

    #[test]
    fn is_named_by_kind_and_number() {
        assert_eq!((Actor::Key(7).to_string(), Actor::Server.to_string()), ("key:7".to_owned(), "server".to_owned()));
    }
}
