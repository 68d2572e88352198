//! The one table of who may do what: each role of a member, and each scope of a key, with its rights.
//!
//! Nothing else in the server decides it: routes name a right (`api/routes.rs`), and whoever asks has a grant that was made
//! from here. What stands in [`COMING`] is needed by no route yet; a test holds the two together.

use super::rights::{Right, Rights};
use super::scope::{Scope, Scopes};

/// What a member of a workspace is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything, also who else may, and the end of it all.
    Owner,
    /// All but members and deletion.
    Admin,
    /// Reads, and looks after the directory and the views.
    Editor,
    /// Looks after the system, its sources, walls and alarms; sees no contacts and takes nothing out.
    Operator,
    /// Reads.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Editor, Self::Operator, Self::Viewer];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it may do.
    pub const fn rights(self) -> Rights {
        use Right::{Acknowledge, Delete, Directory, Members, Operate, OwnViews, Read, Views, Walls};
        match self {
            Self::Owner => Rights::ALL,
            Self::Admin => Rights::ALL.without(Rights::of(&[Members, Delete])),
            Self::Editor => READING.with(Rights::of(&[Directory, Views, OwnViews])),
            Self::Operator => Rights::of(&[Read, Operate, Walls, Acknowledge]),
            Self::Viewer => READING.with(Rights::of(&[OwnViews])),
        }
    }
}

impl Scope {
    /// What a key with it may do.
    pub const fn rights(self) -> Rights {
        use Right::{Contacts, Delete, Export, Ingest, Read};
        match self {
            Self::Ingest => Rights::of(&[Ingest]),
            Self::Read => READING,
            // What one may change one may see: contacts, but not what was done.
            Self::Admin => Rights::ALL.without(Rights::of(&[Ingest, Read, Export, Delete])).with(Rights::of(&[Contacts])),
        }
    }
}

impl Scopes {
    /// What a key with these may do.
    pub fn rights(self) -> Rights {
        self.iter().fold(Rights::NONE, |rights, scope| rights.with(scope.rights()))
    }
}

impl Rights {
    /// The scopes whose rights it holds whole.
    pub fn scopes(self) -> Scopes {
        let whole: Vec<_> = Scope::ALL.into_iter().filter(|scope| self.holds(scope.rights())).collect();
        Scopes::of(&whole)
    }
}

/// To read, with all that is in it.
const READING: Rights = Rights::of(&[Right::Read, Right::Export, Right::Contacts]);

/// Rights that no route needs yet. Who adds the first route that needs one takes it out.
pub const COMING: Rights = Rights::of(&[Right::Contacts, Right::Delete]);

#[cfg(test)]
mod tests {
    use super::{Right, Role, Scope, Scopes};

    /// Every right with who has it. A change here changes what people and keys may do.
    const REVIEWED: &str = "\
right        owner admin editor operator viewer | ingest read admin
ingest           x     x                        |      x           
read             x     x      x        x      x |           x      
export           x     x      x               x |           x      
contacts         x     x      x               x |           x     x
directory        x     x      x                 |                 x
views            x     x      x                 |                 x
own_views        x     x      x               x |                 x
correct          x     x                        |                 x
erase            x     x                        |                 x
retain           x     x                        |                 x
operate          x     x               x        |                 x
walls            x     x               x        |                 x
alerts           x     x                        |                 x
acknowledge      x     x               x        |                 x
webhooks         x     x                        |                 x
shares           x     x                        |                 x
keys             x     x                        |                 x
members          x                              |                 x
audit            x     x                        |                 x
delete           x                              |                  
";

    #[test]
    fn the_table_is_as_reviewed() {
        let width = |word: &str| word.len() + 1;
        let mut table = "right       ".to_owned();
        Role::ALL.iter().for_each(|role| table.push_str(&format!(" {}", role.as_str())));
        table.push_str(" |");
        Scope::ALL.iter().for_each(|scope| table.push_str(&format!(" {}", scope.as_str())));
        table.push('\n');
        for right in Right::ALL {
            let mark = |has: bool, word: &str| format!("{:>1$}", if has { "x" } else { "" }, width(word));
            table.push_str(&format!("{:<12}", right.as_str()));
            Role::ALL.iter().for_each(|role| table.push_str(&mark(role.rights().has(*right), role.as_str())));
            table.push_str(" |");
            Scope::ALL.iter().for_each(|scope| table.push_str(&mark(scope.rights().has(*right), scope.as_str())));
            table.push('\n');
        }
        assert_eq!(table, REVIEWED, "what somebody may do has changed:\n{table}");
    }

    #[test]
    fn scopes_are_told_from_their_rights() {
        for bits in 0..8 {
            let scopes = Scopes::from_bits(bits);
            assert_eq!(scopes.rights().scopes(), scopes, "{scopes}");
        }
        assert_eq!(Role::Owner.rights().scopes(), Scopes::of(&Scope::ALL));
        assert_eq!(Role::Viewer.rights().scopes(), Scopes::of(&[Scope::Read]));
    }
}
