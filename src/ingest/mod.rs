//! From drafts to durable activities.
//!
//! `draft` parses, with all faults at once; `enrich` adds what can be derived and never rejects; `appender` is the one
//! task that makes changes durable, as many as wait in one transaction; `publisher` hands what is durable to the hub,
//! strictly in seq order. Nothing is answered before it is durable.

pub mod publisher;

pub use publisher::Publisher;
