//! The closed vocabularies, and the other names of platforms and browsers.

use super::invalid::Invalid;

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used outside.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word.
            ///
            /// # Errors
            /// One fault that lists the words; its path is empty, for the caller to fill in.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(Invalid::one("", "unknown_value", concat!("must be one of:" $(, " ", $text)+))),
                }
            }

            /// The number that the store keeps.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The value of a number of the store.
            pub fn from_number(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }
        }
    };
}

vocabulary! {
    /// Who acted.
    Actor {
        /// Nobody knows.
        Unknown = "unknown",
        /// The partner.
        Partner = "partner",
        /// Somebody the partner reached.
        Invitee = "invitee",
    }
}

vocabulary! {
    /// The class of device. The numbers are stored: new ones go at the end.
    Device {
        /// Not told and not recognised.
        Unknown = "unknown",
        /// A desktop or laptop computer.
        Desktop = "desktop",
        /// A phone.
        Mobile = "mobile",
        /// A tablet or reader.
        Tablet = "tablet",
        /// A television or set-top box.
        Tv = "tv",
        /// A game console.
        Console = "console",
        /// A watch or glasses.
        Wearable = "wearable",
        /// A crawler, a monitor, a library.
        Bot = "bot",
        /// A mail program.
        EmailClient = "email_client",
    }
}

vocabulary! {
    /// Whether a person acted.
    Grade {
        /// Not decided.
        Unclear = "unclear",
        /// A person.
        Human = "human",
        /// A program: a scanner, a prefetcher, a crawler.
        Machine = "machine",
    }
}

/// The folded display name that a folded platform name stands for (`osx` is `macos`); else the name itself.
pub fn platform_alias(folded: &str) -> &str {
    match folded {
        "osx" | "os x" | "mac os x" | "mac os" | "mac" => "macos",
        "win" | "microsoft windows" => "windows",
        "iphone os" | "ipados" => "ios",
        "chromium os" | "chromeos" => "chrome os",
        other => other,
    }
}

/// The folded display name that a folded browser name stands for (`ie` is `internet explorer`, `mozilla`
/// is `firefox`); else the name itself.
pub fn browser_alias(folded: &str) -> &str {
    match folded {
        "ie" | "msie" | "explorer" | "microsoft internet explorer" => "internet explorer",
        "mozilla" | "mozilla firefox" | "ff" => "firefox",
        "google chrome" | "chrome mobile" => "chrome",
        "mobile safari" => "safari",
        "microsoft edge" => "edge",
        other => other,
    }
}
