//! Why the store could not answer.

/// A failure of the database, not of the caller's input.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Something with that key is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// The disk is full or failing, or the database is locked by somebody: nothing was stored; try again later.
    #[error("the database cannot be used right now: {0}")]
    Unavailable(String),
    /// Too much is asked of it at once: come again a moment later. Only reads are told so.
    #[error("too many reads at once: {0}")]
    Busy(String),
    /// The files hold what this version cannot read.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// The database cannot be opened as it stands; the text says what to do.
    #[error("{0}")]
    Refused(String),
}
