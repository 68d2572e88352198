//! Workspaces, and who may act for any of them.

/// The owner of everything: a proof that somebody may act in this workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(i64);

impl WorkspaceId {
    /// Its number in the store.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// The right to act for any workspace. Held by the command line and the background jobs, never by a request.
#[derive(Debug, Clone, Copy)]
pub struct Operator(());

impl Operator {
    /// Takes the capability. Only `app`, `cli`, `store` (to read a record back) and tests may call it; a test
    /// holds the tree to that.
    pub const fn assume() -> Self {
        Self(())
    }

    /// The workspace with this number in the store.
    pub const fn workspace(self, number: i64) -> WorkspaceId {
        WorkspaceId(number)
    }
}
