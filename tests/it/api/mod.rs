//! The HTTP edge, room by room as the API has them.

mod activities;
mod counts;
mod credentials;
mod directory;
mod health;
mod hostile;
mod pages;
mod session;
mod tenancy;
