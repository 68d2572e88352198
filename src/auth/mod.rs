//! Who asks, and what they may do.
//!
//! A [`WorkspaceId`] can only be made here: by a key that was found, by a session that was found, or by an
//! [`Operator`]. Every store method wants one, so a query without an owner does not compile.

mod key;
mod principal;

pub use key::{KEY_PREFIX, KeyHash, SecretKey};
pub use principal::{Operator, Principal, Scope, Scopes, WorkspaceId};
