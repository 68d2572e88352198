//! What hangs on the time: silence, the end of what fires, the next to be told, signs of life; and the sending of notices.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::notice::{Notice, Says};
use super::{Alerts, lock};
use crate::auth::WorkspaceId;
use crate::consumers::backoff;
use crate::domain::{Key, UnixMs};
use crate::store::{ChannelKind, NoticeRecord, StandingChannel, StoreError};
use crate::telemetry::ALERT_NOTICES;

/// How often what hangs on the time is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long it may take to make something durable before it is told all the same.
const STORED_WITHIN: Duration = Duration::from_secs(3);
/// Notices that are under way at a time.
const SENDING_MAX: usize = 16;
/// The rest after a first attempt in vain, and the longest.
const REST_FIRST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(300);
/// A notice that was not taken for so long is given up, in milliseconds.
const GIVEN_UP_MS: i64 = 24 * 3_600_000;
/// How often a sign of life is given, and an Alertmanager told that something fires on.
const REPEAT_MS: i64 = 60_000;
/// A sign of life says that the path was tested within this, in milliseconds.
const ALIVE_MS: i64 = 10_000;
/// How often what was judged is made durable where nothing else is.
const KEEP_EVERY_MS: i64 = 30_000;

impl Alerts {
    /// Until shutdown: judges by the time, and sends.
    pub async fn run(self, tasks: TaskTracker, shutdown: CancellationToken) {
        let (sending, mut kept_at) = (Arc::new(Semaphore::new(SENDING_MAX)), UnixMs(0));
        loop {
            let waits = async {
                tokio::select! {
                    () = sleep(TICK) => {}
                    () = self.inner.news.notified() => {}
                }
            };
            if shutdown.run_until_cancelled(waits).await.is_none() {
                return self.settle_all().await;
            }
            let now = self.inner.means.clock.now();
            let is_time = now.0 - kept_at.0 >= KEEP_EVERY_MS;
            let boards: Vec<_> = lock(&self.inner.boards).iter().map(|(workspace, board)| (*workspace, board.clone())).collect();
            let mut owing = Vec::new();
            for (workspace, board) in &boards {
                let mut board = lock(board);
                let scene = self.scene(&board);
                (0..board.alerts.len()).for_each(|at| board.judge(at, &scene));
                if !board.owed.is_empty() || is_time && board.cursor > board.kept {
                    owing.push(*workspace);
                }
            }
            if is_time {
                kept_at = now;
                join_all(boards.iter().map(|(workspace, _)| self.name_sources(*workspace))).await;
            }
            join_all(owing.into_iter().map(|workspace| self.settle(workspace))).await;
            for (workspace, _) in &boards {
                self.send_due(*workspace, &sending, &tasks);
                self.repeat(*workspace, &sending, &tasks);
            }
        }
    }

    /// Who sends may be called otherwise, and be new. Where that cannot be read they are called as before.
    async fn name_sources(&self, workspace: WorkspaceId) {
        let read = timeout(STORED_WITHIN, self.inner.means.store.keyring.keys(workspace)).await;
        if let (Ok(Ok(keys)), Some(board)) = (read, self.board(workspace)) {
            lock(&board).name_sources(keys);
        }
    }

    /// Pays all that is owed, before the server ends.
    async fn settle_all(&self) {
        let boards: Vec<_> = lock(&self.inner.boards).iter().map(|(workspace, board)| (*workspace, board.clone())).collect();
        let owing = boards.into_iter().filter(|(_, board)| {
            let board = lock(board);
            !board.owed.is_empty() || board.cursor > board.kept
        });
        join_all(owing.map(|(workspace, _)| self.settle(workspace))).await;
    }

    /// Pays what is owed to the store; what cannot be paid soon is owed on. Either way it may be told then.
    pub(super) async fn settle(&self, workspace: WorkspaceId) {
        let Some(board) = self.board(workspace) else { return };
        // One at a time: what was said first is written first.
        let paying = lock(&board).paying.clone();
        let _paying = paying.lock().await;
        let (owed, kept) = lock(&board).pay();
        let (cursor, links) = (kept.cursor, owed.links.clone());
        let turned: Vec<i64> = owed.lines.iter().skip(owed.announced).map(|line| line.alert).collect();
        let store = &self.inner.means.store;
        let paid = async {
            store.alerting.keep_alerts(workspace, kept).await?;
            // Links that were stored by an attempt whose answer was lost are refused as there already: they keep nothing else back.
            if !links.is_empty()
                && let Err(fault) = store.keyring.create_credentials(workspace, links).await
            {
                tracing::warn!(workspace = workspace.number(), %fault, "the links of notices could not be stored");
            }
            Ok(())
        };
        let paid: Result<(), StoreError> = match timeout(STORED_WITHIN, paid).await {
            Ok(paid) => paid,
            Err(_) => Err(StoreError::Unavailable(format!("nothing could be stored within {} s", STORED_WITHIN.as_secs()))),
        };
        let (is_due, turned) = lock(&board).paid(paid, owed, cursor, &turned);
        for key in turned {
            (self.inner.means.announce)(workspace, key).await;
        }
        // Not else: a store that refuses at once would be asked without end.
        if is_due {
            self.inner.news.notify_one();
        }
    }

    fn send_due(&self, workspace: WorkspaceId, sending: &Arc<Semaphore>, tasks: &TaskTracker) {
        let Some(board) = self.board(workspace) else { return };
        let now = self.inner.means.clock.now();
        let mut due = Vec::new();
        {
            let mut board = lock(&board);
            let channels = board.channels.clone();
            for job in board.jobs.iter_mut().filter(|job| !job.is_held && !job.is_busy && job.next_at <= now) {
                let Ok(permit) = sending.clone().try_acquire_owned() else { break };
                job.is_busy = true;
                due.push((job.record.clone(), channels.get(job.record.channel.folded()).cloned(), permit));
            }
        }
        for (record, channel, permit) in due {
            let own = self.clone();
            tasks.spawn(async move {
                let told = own.deliver(&record, channel.as_ref()).await;
                drop(permit);
                own.delivered(workspace, record, told);
            });
        }
    }

    /// `Err` with true where trying again is in vain.
    async fn deliver(&self, record: &NoticeRecord, channel: Option<&StandingChannel>) -> Result<(), (String, bool)> {
        let channel = channel.ok_or_else(|| ("there is no such channel any more".to_owned(), true))?;
        let notice: Notice = serde_json::from_str(&record.body).map_err(|fault| (format!("it cannot be read: {fault}"), true))?;
        self.tell(channel, &notice).await.map_err(|fault| (fault, false))
    }

    fn delivered(&self, workspace: WorkspaceId, record: NoticeRecord, told: Result<(), (String, bool)>) {
        metrics::counter!(ALERT_NOTICES, "result" => if told.is_ok() { "taken" } else { "failed" }).increment(1);
        let fault = told.as_ref().err().map(|(fault, _)| fault.clone());
        self.took_note(workspace, &record.channel, fault.as_ref());
        let Some(board) = self.board(workspace) else { return };
        let now = self.inner.means.clock.now();
        let mut board = lock(&board);
        let is_it = |line: &Uuid, channel: &Key| *line == record.line && *channel == record.channel;
        let Some(at) = board.jobs.iter().position(|job| is_it(&job.record.line, &job.record.channel)) else { return };
        let job = &mut board.jobs[at];
        job.is_busy = false;
        job.record.attempts = job.record.attempts.saturating_add(1);
        (job.record.tried_at, job.record.fault) = (Some(now), fault);
        let is_vain = matches!(told, Err((_, true))) || now.0 - job.made_at.0 >= GIVEN_UP_MS;
        job.record.done = told.is_ok() || is_vain;
        if told.is_err() && !job.record.done {
            let rest = backoff::rest(job.record.attempts, REST_FIRST, REST_MAX, backoff::chance());
            job.next_at = UnixMs(now.0.saturating_add(i64::try_from(rest.as_millis()).unwrap_or(i64::MAX)));
        }
        let record = job.record.clone();
        if record.done {
            board.jobs.remove(at);
        }
        board.owed.notices.insert((record.line, record.channel.folded().clone()), record);
        drop(board);
        self.inner.news.notify_one();
    }

    /// What is told each minute without being asked for: that the path works, and that something fires on.
    fn repeat(&self, workspace: WorkspaceId, sending: &Arc<Semaphore>, tasks: &TaskTracker) {
        let Some(board) = self.board(workspace) else { return };
        let (now, pulse) = (self.inner.means.clock.now(), &self.inner.means.pulse);
        let is_alive = !pulse.is_broken() && pulse.checked_at().is_some_and(|at| now.0 - at.0 <= ALIVE_MS);
        let mut due: Vec<(StandingChannel, Option<Notice>)> = Vec::new();
        {
            let mut board = lock(&board);
            let scene = self.scene(&board);
            let mut wanted = Vec::new();
            for channel in board.channels.values() {
                match channel.channel.kind {
                    ChannelKind::Heartbeat if is_alive => wanted.push((channel.clone(), 0, None)),
                    ChannelKind::Alertmanager => {
                        let told = board.alerts.iter().filter(|one| one.state.is_told && one.alert.channels().any(|to| *to == channel.key));
                        wanted.extend(told.filter_map(|one| {
                            let firing = one.state.firing?;
                            Some((channel.clone(), one.number, Some(one.notice(&board.name, Says::Firing, firing, firing, None, &scene))))
                        }));
                    }
                    _ => {}
                }
            }
            for (channel, alert, notice) in wanted {
                let last =
                    board.repeated.entry((channel.key.folded().clone(), alert)).or_insert(UnixMs(if notice.is_some() { now.0 } else { 0 }));
                if now.0 - last.0 >= REPEAT_MS {
                    *last = now;
                    due.push((channel, notice));
                }
            }
        }
        for (channel, notice) in due {
            let (own, sending) = (self.clone(), sending.clone());
            tasks.spawn(async move {
                let Ok(_permit) = sending.acquire_owned().await else { return };
                let told = match &notice {
                    Some(notice) => own.tell(&channel, notice).await,
                    None => own.beat(&channel).await,
                };
                own.took_note(workspace, &channel.key, told.as_ref().err());
            });
        }
    }

    async fn beat(&self, channel: &StandingChannel) -> Result<(), String> {
        let super::AlertMeans { outbound, mail, clock, .. } = &self.inner.means;
        super::channels::Channels { outbound, mail, clock }.beat(channel).await
    }
}
