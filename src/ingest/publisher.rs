//! Hands durable entries to the hub, strictly in seq order.

use std::time::Instant;

use crate::store::{ChangedName, LogBatch};

/// Where the appender leaves what has become durable. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Publisher {}

impl Publisher {
    /// Takes what a commit produced. Never waits: when the queue is full the batches are dropped here and read from the
    /// store by the publishing task.
    pub fn offer(&self, batches: Vec<LogBatch>, changed: Vec<ChangedName>, committed_at: Instant) {
        drop((batches, changed, committed_at));
    }
}
