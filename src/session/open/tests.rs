//! A revocation against a stream that is being opened, with a log that holds the seat back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Grants, OpenStreams};
use crate::auth::{Actor, KeyHash, Operator, Principal, Revocations, Right, Rights, Scope, Scopes, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{ActivityId, Events, Key, Mark, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::hub::outbox::Outbox;
use crate::hub::{Hub, HubConfig};
use crate::publish::Publisher;
use crate::session::{Disconnect, Guest, Readers, SessionConfig, disconnect};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{
    ActivityLog, Answer, Change, Committed, Count, CredentialKind, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch,
    MembershipSnapshot, NewCredential, Page, PageQuery, Reads, Store, TurnLimits, UnderId,
};

const NOW: UnixMs = UnixMs(1_767_225_600_000);
/// How long anything here may take before it counts as stuck.
const STUCK: Duration = Duration::from_secs(30);

#[test]
fn each_stream_ends_with_its_own_credential_and_leaves_nothing() {
    let streams = Arc::new(OpenStreams::default());
    let outboxes: Vec<_> = (0..4).map(|_| Arc::new(Outbox::new(100))).collect();
    let ended = || outboxes.iter().map(|o| o.take().ending.is_some()).collect::<Vec<_>>();
    let stand = |credential, until: Option<i64>, outbox: usize| streams.stand(credential, until.map(UnixMs), outboxes[outbox].clone());
    let standing = [stand(1, None, 0), stand(1, Some(20), 1), stand(2, Some(10), 2)];
    drop(stand(2, Some(10), 3));
    streams.expire(UnixMs(9));
    assert_eq!(ended(), [false; 4]);
    streams.expire(UnixMs(10));
    assert_eq!(ended(), [false, false, true, false], "the one that left is not there to be ended");
    streams.revoked(&[3, 1]);
    assert_eq!(ended(), [true, true, true, false]);
    drop(standing);
    assert!(streams.by_credential.is_empty() && streams.ending().is_empty());
}

/// A log whose first reader waits for its seat until it is let through.
struct SlowSeat {
    log: Arc<dyn ActivityLog>,
    asked: Notify,
    gate: Semaphore,
}

impl ActivityLog for SlowSeat {
    fn memberships(&self, workspace: WorkspaceId) -> Answer<'_, MembershipSnapshot> {
        Box::pin(async move {
            self.asked.notify_one();
            let _through = self.gate.acquire().await;
            self.log.memberships(workspace).await
        })
    }
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed> {
        self.log.commit(changes)
    }
    fn mark(&self, workspace: WorkspaceId, seq: Seq) -> Answer<'_, Option<Mark>> {
        self.log.mark(workspace, seq)
    }
    fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head> {
        self.log.head(workspace)
    }
    fn entries(&self, workspace: WorkspaceId, after: Seq, limit: usize) -> Answer<'_, LogBatch> {
        self.log.entries(workspace, after, limit)
    }
    fn page(&self, workspace: WorkspaceId, query: PageQuery) -> Answer<'_, Page> {
        self.log.page(workspace, query)
    }
    fn activity(&self, workspace: WorkspaceId, id: ActivityId) -> Answer<'_, UnderId> {
        self.log.activity(workspace, id)
    }
    fn count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Answer<'_, Count> {
        self.log.count(workspace, filter, from, to)
    }
    fn facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Answer<'_, Facets> {
        self.log.facets(workspace, query)
    }
    fn histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Answer<'_, Histogram> {
        self.log.histogram(workspace, query)
    }
}

/// A hub over a real store, whose seats are slow, and one key.
struct House {
    store: Store,
    log: Arc<SlowSeat>,
    readers: Readers,
    clock: Clock,
    principal: Principal,
    tasks: TaskTracker,
    end: CancellationToken,
    sqlite: SqliteStore,
    _publisher: Publisher,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        Self::open_bound(None).await
    }

    async fn open_bound(event: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(NOW);
        let file = folder.path().join("tidings.db");
        let sqlite = SqliteStore::open(&file, clock.clone(), SqliteOptions::default()).await.expect("opens");
        let store = sqlite.store();
        let workspace = store.keyring.workspace_by_key(Operator::assume(), Key::trusted("default")).await.expect("read").expect("there").id;
        let until = Some(UnixMs(NOW.0 + 60_000));
        let new = NewCredential {
            scopes: Scopes::of(&[Scope::Read]),
            events: event.map(Key::trusted).into(),
            expires_at: until,
            ..NewCredential::new(CredentialKind::Key, KeyHash([1; 32]), NOW)
        };
        let key = store.keyring.create_credential(workspace, new).await.expect("kept");
        let log = Arc::new(SlowSeat { log: store.log.clone(), asked: Notify::new(), gate: Semaphore::new(0) });
        let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
        let (hub, opens) = Hub::start(HubConfig { shards: 1, ..HubConfig::default() }, &tasks, &end);
        let publisher = Publisher::start(log.clone(), hub.clone(), opens, &tasks, end.clone());
        let grants = Grants { keyring: store.keyring.clone(), revocations: Revocations::default() };
        let heard = grants.revocations.heard();
        let reads = Reads::new(Store { log: log.clone(), ..store.clone() }, TurnLimits::default());
        let readers = Readers::new(hub, reads, grants, Arc::default(), clock.clone(), SessionConfig::default(), &tasks, end.clone());
        let principal = store.keyring.credential(workspace, key).await.expect("read").expect("there").principal(heard);
        Self { store, log, readers, clock, principal, tasks, end, sqlite, _publisher: publisher, _folder: folder }
    }

    /// Takes a seat, and does `meanwhile` while it is waited for.
    async fn enter_while(&self, meanwhile: impl Future<Output = ()>) -> Result<Guest, Disconnect> {
        let entering = self.readers.enter(&self.principal);
        let held = async {
            self.log.asked.notified().await;
            meanwhile.await;
            self.log.gate.add_permits(1);
        };
        tokio::time::timeout(STUCK, async { tokio::join!(entering, held).0 }).await.expect("an answer")
    }

    async fn revoke(&self) -> Vec<i64> {
        self.store.keyring.revoke(self.principal.workspace, self.principal.credential, NOW, Actor::Server).await.expect("revoked")
    }

    async fn close(self) {
        assert_eq!(self.readers.open(), 0);
        assert!(self.readers.inner.open.by_credential.is_empty() && self.readers.inner.open.ending().is_empty(), "nobody stands there");
        self.end.cancel();
        self.tasks.close();
        tokio::time::timeout(STUCK, self.tasks.wait()).await.expect("ends");
        self.sqlite.close().await.expect("closes");
    }
}

fn refused(entered: Result<Guest, Disconnect>) -> bool {
    entered.err() == Some(disconnect::UNAUTHORISED)
}

#[tokio::test]
async fn whoever_is_revoked_while_the_seat_is_waited_for_gets_none() {
    let house = House::open().await;
    let entered = house.enter_while(async { house.readers.revoked(&house.revoke().await) }).await;
    assert!(refused(entered));
    house.close().await;
}

#[tokio::test]
async fn whoever_was_revoked_before_it_stood_there_gets_none() {
    let house = House::open().await;
    // Looked up before, told of before it stands in the list: nobody could have ended it.
    house.readers.revoked(&house.revoke().await);
    assert!(refused(house.enter_while(async {}).await));
    house.close().await;
}

#[tokio::test]
async fn a_revocation_that_is_told_of_late_finds_the_stream() {
    let house = House::open().await;
    let mut revoked = Vec::new();
    let entered = house.enter_while(async { revoked = house.revoke().await }).await.expect("nobody has heard of it");
    let outbox = entered.seat.as_ref().expect("a seat").outbox.clone();
    assert_eq!(outbox.take().ending, None);
    house.readers.revoked(&revoked);
    assert!(outbox.take().ending.is_some());
    drop((entered, outbox));
    house.close().await;
}

#[tokio::test]
async fn whoever_expires_while_the_seat_is_waited_for_gets_none() {
    let house = House::open().await;
    let entered = house.enter_while(async { house.clock.set(UnixMs(NOW.0 + 60_000)) }).await;
    assert!(refused(entered));
    house.close().await;
}

#[tokio::test]
async fn what_another_credential_lost_is_no_reason() {
    let house = House::open().await;
    let entered = house.enter_while(async { house.readers.revoked(&[house.principal.credential + 1]) }).await;
    assert!(entered.is_ok());
    drop(entered);
    house.close().await;
}

#[tokio::test]
async fn whose_credential_reaches_less_far_by_now_gets_none() {
    // The key as it is, and what it came in with.
    for (bound, rights) in [(None, Rights::of(&[Right::Read, Right::Keys])), (Some("fair"), Rights::of(&[Right::Read]))] {
        let mut house = House::open_bound(bound).await;
        (house.principal.grant.rights, house.principal.grant.events) = (rights, Events::ALL);
        let entered = house.enter_while(async { house.readers.revoked(&[house.principal.credential + 1]) }).await;
        assert_eq!(entered.err(), Some(disconnect::FORBIDDEN), "{bound:?}");
        house.close().await;
    }
}
