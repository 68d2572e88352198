//! The HTTP edge, room by room as the API has them.

mod activities;
mod admission;
mod callers;
mod corrections;
mod counts;
mod credentials;
mod directory;
mod document;
mod drafts;
mod export;
mod health;
mod hostile;
mod nouns;
mod pages;
mod quota;
mod reads;
mod requests;
mod retention;
mod session;
mod shares;
mod sites;
mod system;
mod tenancy;
mod views;
mod walls;
mod webhooks;
