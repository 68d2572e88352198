//! The threads of the live side: shards, publisher and sessions run on a runtime of their own.
//!
//! What is delivered to thousands of readers is thousands of tasks that become ready at once. On one runtime a request
//! that comes then is read, stored and answered behind all of them; on two the system's scheduler shares the processors
//! between a thread that delivers and one that has just been woken by a request.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime of the live side. Dropped, it ends without waiting for what still runs on it.
#[derive(Debug)]
pub struct Live {
    runtime: Option<Runtime>,
}

impl Live {
    /// Starts as many threads as there are processors.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("tidings-live").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Runs something so that what it spawns is spawned here.
    pub(super) fn within<T>(&self, start: impl FnOnce() -> T) -> T {
        let _entered = self.runtime.as_ref().map(Runtime::enter);
        start()
    }

    /// Where tasks of the live side are spawned. `None` only while it is being dropped.
    pub fn handle(&self) -> Option<&Handle> {
        self.runtime.as_ref().map(Runtime::handle)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Waiting is not allowed where other tasks run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
