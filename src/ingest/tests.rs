//! The whole way in, from a body to receipts, on a real store.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{BodyError, Drafts, Head, ID_CONFLICT, Ingest, IngestConfig, Receipt};
use crate::auth::{Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Events, Key, UnixMs};
use crate::hub::{Hub, HubConfig};
use crate::publish::Publisher;
use crate::store::ActivityLog;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

const NOW: UnixMs = UnixMs(1_795_338_843_120);
const ID: &str = "0198c7a2-4d1e-7000-8000-000000000000";

/// A publisher over a log, in front of a hub that nobody reads.
pub(super) fn publisher(log: Arc<dyn ActivityLog>, tasks: &TaskTracker, shutdown: &CancellationToken) -> Publisher {
    let (hub, opens) = Hub::start(HubConfig::default(), tasks, shutdown);
    Publisher::start(log, hub, opens, tasks, shutdown.clone())
}

struct Bench {
    ingest: Ingest,
    workspace: WorkspaceId,
    sqlite: SqliteStore,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    _directory: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Clock::manual(NOW);
        let path = directory.path().join("tidings.db");
        let sqlite = SqliteStore::open(&path, clock.clone(), SqliteOptions::default()).await.expect("opened");
        let store = sqlite.store();
        let made = store.keyring.create_workspace(Operator::assume(), Key::trusted("test"), "Test".to_owned()).await;
        let publisher = publisher(store.log.clone(), &tasks, &shutdown);
        let config = IngestConfig { clock, ..IngestConfig::default() };
        let ingest = Ingest::start(store.log, publisher, config, &tasks, shutdown.clone()).expect("a thread");
        Self { ingest, workspace: made.expect("made").id, sqlite, tasks, shutdown, _directory: directory }
    }

    async fn read(&self, content_type: &str, encoding: Option<&str>, body: Bytes) -> Result<Drafts, BodyError> {
        self.ingest
            .read(&Head { content_type: Some(content_type), content_encoding: encoding, ..Head::default() }, body, &Events::ALL)
            .await
    }

    /// Receipts of a body as `seq`, `seq again`, or the place and code of the first fault.
    async fn send(&self, body: &str, create_unknown: bool) -> Vec<String> {
        let drafts = self.read("application/json", None, Bytes::copy_from_slice(body.as_bytes())).await.expect("parses");
        let place = self.ingest.reserve(Some(self.workspace), body.len()).expect("a place");
        let receipts = self.ingest.submit(place, self.workspace, drafts.items, create_unknown, None).await.expect("taken");
        let told = receipts.receipts.into_iter().map(|receipt| match receipt {
            Receipt::Stored { seq, recorded_at, duplicate, .. } => {
                assert_eq!(recorded_at, NOW);
                format!("{seq}{}", if duplicate { " again" } else { "" })
            }
            Receipt::Rejected(invalid) | Receipt::OverQuota { invalid, .. } => {
                format!("{} {}", invalid.faults[0].path, invalid.faults[0].code)
            }
        });
        told.collect()
    }

    /// Proves that every task ends.
    async fn finish(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.sqlite.close().await.expect("closed");
    }
}

/// Without compression, so that it is long enough to be inflated elsewhere.
fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory").into()
}

#[tokio::test]
async fn every_draft_gets_its_receipt_in_order() {
    let bench = Bench::new().await;
    let draft = |fields: &str, partner: &str| format!(r#"{{"flavor":"a.b","event":"e","partner":"{partner}"{fields}}}"#);
    let known = format!(r#","id":"{ID}""#);
    let body = format!("[{},{{}},{},{},{}]", draft("", "acme"), draft(&known, "acme"), draft(&known, "ACME"), draft(&known, "globex"),);
    let conflict = format!("id {ID_CONFLICT}");
    assert_eq!(bench.send(&body, false).await[0], "event unknown_event");
    assert_eq!(bench.send(&body, true).await, ["1", "event required", "2", "2 again", &conflict]);
    let stranger = draft("", "stranger");
    assert_eq!(bench.send(&stranger, false).await, ["partner unknown_partner"]);
    assert_eq!(bench.send(&stranger, true).await, ["3"]);
    assert_eq!(bench.send(&draft(r#","message":"m""#, "acme"), false).await, ["message unknown_message"]);
    assert_eq!(bench.send("[{}]", true).await, ["event required"]);
    assert_eq!(bench.send("[]", true).await, Vec::<String>::new());
    assert_eq!(bench.ingest.queued_bytes(), 0);
    bench.finish().await;
}

#[tokio::test]
async fn ids_of_ours_are_new_and_carry_the_time() {
    let bench = Bench::new().await;
    let lines = r#"{"flavor":"a.b","event":"e","partner":"p"}"#.to_owned() + "\n";
    let body = gzip(lines.repeat(1_000).as_bytes());
    let drafts = bench.read("application/x-ndjson", Some("gzip"), body).await.expect("parses");
    let ids: std::collections::HashSet<_> = drafts.items.into_iter().map(|item| item.expect("accepted").id.0).collect();
    assert_eq!(ids.len(), 1_000);
    let time = u64::try_from(NOW.0).expect("after 1970");
    assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.as_u128() >> 80 == u128::from(time)));
    bench.finish().await;
}
