//! The reference for ingest in batches: raw SQLite through prepared statements, the same rows and the same indexes, one
//! transaction of 500 activities after the other. It parses nothing and answers nobody.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::json;
use uuid::Uuid;

use crate::machine::Outcome;

/// Activities in one transaction.
const BATCH: i64 = 500;
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
const ENTRY: &str = "insert into entries (place, kind, recorded_at, occurred_at, event_id, partner_id, flavor, traits, platform, \
                     browser, source_host, referrer_host, id, search, body) values (?, 0, ?, ?, 1, ?, ?, 17, ?, ?, ?, ?, ?, ?, ?)";
const ID: &str = "insert into activity_ids (workspace_id, id, seq, recorded_at, content_hash) values (1, ?, ?, ?, ?)";
const HEAD: &str = "update workspaces set seq = ?, recorded_at = ? where id = 1";

/// Inserts for some seconds and prints how many activities a second were durable.
pub fn run(database: &Path, seconds: u64) -> Outcome<()> {
    let mut connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    for migration in migrations()? {
        connection.execute_batch(&migration)?;
    }
    connection.execute("insert into workspaces (id, key, folded, name, epoch) values (1, 'bench', 'bench', 'bench', 1)", [])?;
    let begun = Instant::now();
    let mut seq = 0i64;
    while begun.elapsed() < Duration::from_secs(seconds) {
        seq = transaction(&mut connection, seq)?;
    }
    println!("{}", json!({"activities_per_s": seq as f64 / begun.elapsed().as_secs_f64()}));
    Ok(())
}

/// The very schema that the server has, in order.
fn migrations() -> Outcome<Vec<String>> {
    let mut files = std::fs::read_dir(MIGRATIONS)?.map(|file| Ok(file?.path())).collect::<Outcome<Vec<_>>>()?;
    files.sort();
    Ok(files.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?)
}

fn transaction(connection: &mut Connection, first: i64) -> Outcome<i64> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut seq = first;
    {
        let mut entry = transaction.prepare_cached(ENTRY)?;
        let mut id_row = transaction.prepare_cached(ID)?;
        for _ in 0..BATCH {
            seq += 1;
            let id = Uuid::now_v7();
            let (at, page) = (1_795_000_000_000i64 + seq, seq % 1_000);
            let source = format!("https://expo.example.com/exhibitors/{page}");
            let search = format!("\u{1}{source}\u{2}https://www.example.net/\u{3}partner-{}\u{3}page viewed", seq % 40);
            let body = body(&id, seq, &source, page);
            let place = (1i64 << 40) | seq;
            entry.execute(params![
                place,
                at,
                at,
                seq % 40,
                "page.viewed",
                "windows",
                "chrome",
                "expo.example.com",
                "www.example.net",
                id.as_bytes(),
                search,
                body
            ])?;
            id_row.execute(params![id.as_bytes(), seq, at, [7u8; 16]])?;
        }
        transaction.prepare_cached(HEAD)?.execute(params![seq, first])?;
    }
    transaction.commit()?;
    Ok(seq)
}

/// The JSON of an activity, as long as a real one.
fn body(id: &Uuid, seq: i64, source: &str, page: i64) -> String {
    let partner = seq % 40;
    format!(
        r#"{{"id":"{id}","seq":{seq},"flavor":{{"key":"page.viewed","label":"Page viewed"}},"event":{{"key":"bench","name":"bench"}},"partner":{{"key":"partner-{partner}","name":"partner-{partner}","company":null}},"message":null,"campaign":null,"actor":"unknown","occurred_at":"2026-11-22T09:14:03.120Z","recorded_at":"2026-11-22T09:14:03.120Z","late_ms":0,"device":"desktop","platform":{{"name":"Windows","version":"10"}},"browser":{{"name":"Chrome","version":"142"}},"source_url":"{source}","referrer_url":"https://www.example.net/","grade":"unclear","grade_reasons":["not_graded"],"properties":{{"step":{page}}}}}"#
    )
}
