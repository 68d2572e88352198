//! How much of what is read is shown.

/// What is put over all that somebody reads. Each leaves out what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// Contacts, properties and all of a URL but its host are left out.
    Contact,
    /// Names of partners too.
    Names,
}

impl Mask {
    /// The words used outside.
    pub const WORDS: &[&str] = &["contact", "names"];

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "contact" => Some(Self::Contact),
            "names" => Some(Self::Names),
            _ => None,
        }
    }

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Names => "names",
        }
    }
}
