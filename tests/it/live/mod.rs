//! Live streams on a real server: the protocol's words, slow readers, load, and restarts.

mod autobahn;
mod by_view;
mod corrections;
mod ends;
mod handshake;
mod history;
mod hostile;
mod load;
mod membership;
mod membership_of_outlets;
mod names;
mod pulse;
mod raw;
mod slow;
pub mod sse;
mod threads;
pub mod view;
pub mod watcher;
mod words;
