//! The integration tests, one binary.

mod api;
mod app;
mod child;
mod cli;
mod crash;
mod deploy;
mod house;
mod live;
mod receiver;
mod replay;
