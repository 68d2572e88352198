//! Who asks, and what they may do.
//!
//! A [`WorkspaceId`] can only be made here: by a key that was found, by a session that was found, or by an
//! [`Operator`]. Every store method wants one, so a query without an owner does not compile. What somebody may do is a set
//! of [`Rights`], by [`table`], the one table of roles and scopes.

mod actor;
mod key;
pub mod password;
mod principal;
mod revocations;
mod rights;
mod scope;
pub mod table;
mod workspace;

pub use actor::Actor;
pub use key::{KEY_PREFIX, KeyHash, SecretKey};
pub use principal::{Grant, Principal};
pub use revocations::Revocations;
pub use rights::{Right, Rights};
pub use scope::{Scope, Scopes};
pub use table::Role;
pub use workspace::{Operator, WorkspaceId};
