//! The whole way in, from a body to receipts.

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::memory_log::{MemoryLog, RECORDED_AT, publisher};
use super::{ID_CONFLICT, Ingest, IngestConfig, Receipt};
use crate::auth::Operator;

const OPEN: usize = 1_000_000;
const ID: &str = "0198c7a2-4d1e-7000-8000-000000000000";

/// Receipts of a body as `seq`, `seq again`, or the place and code of the first fault.
async fn send(ingest: &Ingest, body: &str, create_unknown: bool) -> Vec<String> {
    let drafts = ingest.read(None, None, Bytes::copy_from_slice(body.as_bytes()), None).await.expect("parses");
    let receipts = ingest.submit(Operator::assume().workspace(1), drafts.items, create_unknown).await.expect("taken");
    let told = receipts.into_iter().map(|receipt| match receipt {
        Receipt::Stored { seq, recorded_at, duplicate, .. } => {
            assert_eq!(recorded_at, RECORDED_AT);
            format!("{seq}{}", if duplicate { " again" } else { "" })
        }
        Receipt::Rejected(invalid) => format!("{} {}", invalid.faults[0].path, invalid.faults[0].code),
    });
    told.collect()
}

#[tokio::test]
async fn every_draft_gets_its_receipt_in_order() {
    let (log, tasks, shutdown) = (MemoryLog::new(OPEN), TaskTracker::new(), CancellationToken::new());
    let ingest = Ingest::start(log.clone(), publisher(&log, &tasks, &shutdown), IngestConfig::default(), &tasks, shutdown.clone());
    let draft = |fields: &str, partner: &str| format!(r#"{{"flavor":"a.b","event":"e","partner":"{partner}"{fields}}}"#);
    let known = format!(r#","id":"{ID}""#);
    let body = format!(
        "[{},{{}},{},{},{},{}]",
        draft("", "acme"),
        draft(&known, "acme"),
        draft(&known, "ACME"),
        draft(&known, "globex"),
        draft("", "stranger"),
    );
    let conflict = format!("id {ID_CONFLICT}");
    assert_eq!(send(&ingest, &body, false).await, ["1", "event required", "2", "2 again", &conflict, "partner unknown_partner"]);
    assert_eq!(send(&ingest, &draft("", "stranger"), true).await, ["3"]);
    assert_eq!(send(&ingest, "[{}]", true).await, ["event required"]);
    assert_eq!(send(&ingest, "[]", true).await, Vec::<String>::new());
    assert_eq!((log.stored(), log.commits()), (3, vec![1, 1]));
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn ids_of_ours_are_new_and_carry_the_time() {
    let (log, tasks, shutdown) = (MemoryLog::new(0), TaskTracker::new(), CancellationToken::new());
    let clock = crate::clock::Clock::manual(RECORDED_AT);
    let config = IngestConfig { clock, ..IngestConfig::default() };
    let ingest = Ingest::start(log.clone(), publisher(&log, &tasks, &shutdown), config, &tasks, shutdown.clone());
    let lines = r#"{"flavor":"a.b","event":"e","partner":"p"}"#.to_owned() + "\n";
    let body = Bytes::from(lines.repeat(1_000));
    let drafts = ingest.read(Some("application/x-ndjson"), None, body, None).await.expect("parses");
    let ids: std::collections::HashSet<_> = drafts.items.into_iter().map(|item| item.expect("accepted").id.0).collect();
    assert_eq!(ids.len(), 1_000);
    let time = u64::try_from(RECORDED_AT.0).expect("after 1970");
    assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.as_u128() >> 80 == u128::from(time)));
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
}
