//! Tidings: a real-time activity feed server, durable, filtered on the server, provably complete.

pub mod auth;
pub mod clock;
pub mod domain;
pub mod filter;
pub mod hub;
pub mod ingest;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod wire;
