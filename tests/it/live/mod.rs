//! Live streams on a real server: the protocol's words, slow readers, load, and restarts.

mod hostile;
mod load;
mod membership;
mod slow;
mod sse;
pub mod view;
pub mod watcher;
mod words;
