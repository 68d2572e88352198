//! What is done with a database as a whole, beside serving it.

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Answer;
use crate::auth::Operator;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which workspace; `None` for the database as a whole.
    pub workspace: Option<String>,
    /// What is wrong.
    pub text: String,
}

/// The database as a whole: what a server does for it while it serves, and what an operator asks of it.
pub trait Upkeep: Send + Sync + 'static {
    /// What is to run until `end`, for the one process that has the database to itself. Each ends soon after it is told to.
    fn keepers(&self, operator: Operator, end: CancellationToken) -> Vec<BoxFuture<'static, ()>>;
    /// Reads the whole database and tells what is wrong; empty when all is well. Takes as long as it takes, beside a running
    /// server too.
    fn check(&self, operator: Operator) -> Answer<'_, Vec<Finding>>;
    /// Throws away what was saved of counts: a server that starts counts anew.
    fn forget_tallies(&self, operator: Operator) -> Answer<'_, ()>;
    /// As [`super::Store::close`].
    fn close(&self) -> Answer<'_, ()>;
}
