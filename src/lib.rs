#![doc = include_str!("ARCHITECTURE.md")]

pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consumers;
pub mod domain;
pub mod export;
pub mod filter;
pub mod hub;
pub mod import;
pub mod ingest;
pub mod ops;
pub mod outbound;
pub mod publish;
pub mod screens;
#[cfg(test)]
mod seeds;
pub mod session;
pub mod store;
pub mod system;
pub mod tallies;
pub mod telemetry;
pub mod web;
pub mod wire;
