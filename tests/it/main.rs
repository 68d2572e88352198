//! The integration tests, one binary.

mod api;
mod app;
mod house;
mod live;
