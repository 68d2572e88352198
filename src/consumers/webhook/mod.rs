//! Webhooks: the activities of a view, sent to an address, in order, each batch until it is taken.
//!
//! Each is a reader of the log with a cursor of its own: a page of the log like any other, from where its receiver has come, is
//! a batch. Where a batch ends is durable before it is sent, so that what is tried again, after a failure or a kill, is the
//! same under the same `webhook-id`, and nothing else comes twice.

mod message;

pub use self::message::new_secret;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use self::message::Message;
pub(super) use self::message::signature;
use super::{Calls, Consumer, Fault, Next, Work};
use crate::auth::{Actor, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Cursor, Key, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::outbound::{Answered, Outbound};
use crate::store::{Order, Page, PageEnd, PageQuery, Purpose, Reader, Reads, Store, StoreError, Webhook, WebhookProgress};
use crate::telemetry::{WEBHOOK_ATTEMPTS, WEBHOOK_SENT};

/// Activities of a batch.
pub const BATCH_ITEMS_MAX: usize = 100;
/// Bytes of a batch; one that holds a single activity may have more.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a batch that are not of activities and corrections.
const ENVELOPE_BYTES: usize = 1_024;
/// The rest after a first failure, and the longest.
const REST_FIRST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(3_600);
/// Entries that match nothing are passed over in memory; after so many the place is kept.
const PASSED_MAX: Seq = 4_096;
/// The rest after entries that were none of its view: what comes meanwhile is read at once.
const PASSED_PACE: Duration = Duration::from_millis(500);
/// The rest after a batch that was taken.
const TAKEN_PACE: Duration = Duration::from_millis(100);
/// How soon it looks again for its view where that is gone.
const VIEW_AGAIN: Duration = Duration::from_secs(30);
/// The receiver is gone for good.
const GONE: u16 = 410;
/// Root of a webhook's turns at reading: no credential has this number.
const READER_ROOT: i64 = -2;

/// The name of the consumer of a webhook.
pub fn webhook_name(workspace: WorkspaceId, key: &Key) -> Arc<str> {
    format!("webhook/{}/{}", workspace.number(), key.folded()).into()
}

/// What webhooks work with.
#[derive(Clone)]
pub struct WebhookMeans {
    /// The store: webhooks and how far they are.
    pub store: Store,
    /// Pages of the log, by turns.
    pub reads: Reads,
    /// What sends.
    pub outbound: Arc<Outbound>,
    /// The time of day.
    pub clock: Clock,
}

/// One webhook.
pub struct WebhookConsumer {
    means: WebhookMeans,
    name: Arc<str>,
    key: Key,
    /// The cursor, and how far behind it entries that match nothing were passed over, which is not kept yet.
    passed: std::sync::Mutex<(Seq, Seq)>,
}

impl WebhookConsumer {
    /// The webhook of this key.
    pub fn new(means: WebhookMeans, workspace: WorkspaceId, key: Key) -> Self {
        Self { means, name: webhook_name(workspace, &key), key, passed: std::sync::Mutex::default() }
    }

    async fn step(&self, workspace: WorkspaceId) -> Result<Next, Fault> {
        let unavailable = |fault: StoreError| Fault::Unavailable(fault.to_string());
        let found = self.means.store.webhooks.one(workspace, self.key.clone()).await.map_err(unavailable)?;
        let Some(hook) = found.filter(|hook| hook.terms.enabled && !hook.progress.ended) else { return Ok(Next::Wait) };
        let now = self.means.clock.now();
        if let Some(left) = hook.progress.next_at.map(|at| at.0 - now.0).filter(|left| *left > 0) {
            return Ok(Next::After(Duration::from_millis(left.unsigned_abs())));
        }
        let Some(filter) = self.filter(&hook).await.map_err(unavailable)? else {
            let fault = Some(format!("there is no view {} any more", hook.terms.view));
            self.keep(&hook, hook.progress.cursor, WebhookProgress { fault, ..hook.progress.clone() }).await?;
            return Ok(Next::After(VIEW_AGAIN));
        };
        let from = self.from(&hook);
        let page = self.page(&hook, filter, from).await.map_err(unavailable)?;
        // What was taken away before it could be sent is told, and not waited for.
        let pruned = page.head.pruned > from;
        if page.items.is_empty() && page.corrections.is_empty() && !pruned {
            return self.pass_over(&hook, &page, from).await;
        }
        // The batch begins where it was read from, and so it does when it is tried again.
        let tried = WebhookProgress {
            cursor: from,
            batch_to: Some(page.reached),
            attempts: hook.progress.attempts.saturating_add(1),
            tried_at: Some(now),
            ..hook.progress.clone()
        };
        self.keep(&hook, hook.progress.cursor, tried.clone()).await?;
        // By what it says now, at the last moment: it may have another address or secret, or rest, since the page was read.
        let found = self.means.store.webhooks.one(workspace, self.key.clone()).await.map_err(unavailable)?;
        let Some(hook) = found.filter(|now| now.number == hook.number && now.terms == hook.terms) else { return Ok(Next::Again) };
        let message = Message::of(&hook, from, &page, pruned);
        let answer = self.means.outbound.send(&hook.terms.url, &signed(&hook, &message, now), Some(message.body.clone())).await;
        let (progress, next) = self.after(tried, &page, answer, now);
        if progress.batch_to.is_none() {
            metrics::counter!(WEBHOOK_SENT).increment(page.items.len() as u64);
        }
        self.keep(&hook, from, progress).await?;
        Ok(next)
    }

    /// What the view admits, within what exists for whoever made the webhook.
    async fn filter(&self, hook: &Webhook) -> Result<Option<FilterSet>, StoreError> {
        let turn = self.means.reads.turn(reader(hook)).await?;
        let view = turn.view(hook.terms.view.clone(), Actor::Server, &hook.terms.events).await?;
        Ok(view.map(|view| FilterSet::granted(&hook.terms.events, None).and(&view)))
    }

    async fn page(&self, hook: &Webhook, filter: FilterSet, after: Seq) -> Result<Page, StoreError> {
        let query = PageQuery {
            filter,
            after,
            up_to: hook.progress.batch_to,
            since: None,
            until: None,
            order: Order::OldestFirst,
            limit: BATCH_ITEMS_MAX,
            bytes_max: BATCH_BYTES_MAX - ENVELOPE_BYTES,
            corrections: true,
        };
        self.means.reads.turn(reader(hook)).await?.log().page(hook.workspace, query).await
    }

    /// Where the next page begins.
    fn from(&self, hook: &Webhook) -> Seq {
        let (cursor, passed) = *self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Brought elsewhere meanwhile, it begins there.
        if hook.progress.batch_to.is_none() && cursor == hook.progress.cursor { passed.max(cursor) } else { hook.progress.cursor }
    }

    /// Nothing matches up to where the page has come.
    async fn pass_over(&self, hook: &Webhook, page: &Page, from: Seq) -> Result<Next, Fault> {
        let cursor = hook.progress.cursor;
        // Of a batch that was tried nothing is left: all of it was erased, or the view no longer holds it.
        let of_batch = hook.progress.batch_to.is_some();
        if of_batch || page.reached >= cursor + PASSED_MAX {
            let progress = WebhookProgress { cursor: page.reached, batch_to: None, attempts: 0, ..hook.progress.clone() };
            self.keep(hook, cursor, progress).await?;
        } else {
            *self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (cursor, page.reached);
        }
        Ok(match page.end {
            PageEnd::Range if page.reached <= from => Next::Wait,
            // Something came, and none of it was of its view: most of a busy log is so.
            PageEnd::Range if !of_batch => Next::Rest(PASSED_PACE),
            _ => Next::Again,
        })
    }

    fn after(&self, tried: WebhookProgress, page: &Page, answer: Result<Answered, String>, now: UnixMs) -> (WebhookProgress, Next) {
        let (answered, fault, ask) = match answer {
            Ok(Answered { status: status @ 200..=299, .. }) => {
                metrics::counter!(WEBHOOK_ATTEMPTS, "result" => "taken").increment(1);
                let taken = WebhookProgress {
                    cursor: page.reached,
                    batch_to: None,
                    attempts: 0,
                    answered: Some(status),
                    fault: None,
                    next_at: None,
                    ..tried
                };
                // Where nothing more is there it rests a moment: what comes one by one goes out together.
                return (taken, if page.reached >= page.head.seq { Next::Rest(TAKEN_PACE) } else { Next::Again });
            }
            Ok(Answered { status: GONE, .. }) => {
                let ended = WebhookProgress { ended: true, answered: Some(GONE), fault: Some("the receiver is gone".to_owned()), ..tried };
                return (ended, Next::Wait);
            }
            Ok(Answered { status, text, retry_after_s }) => {
                let said: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
                (Some(status), format!("answered {status} {said}").trim_end().to_owned(), retry_after_s)
            }
            Err(why) => (None, why, None),
        };
        metrics::counter!(WEBHOOK_ATTEMPTS, "result" => "failed").increment(1);
        let rest = rest_after(tried.attempts, super::backoff::chance()).max(Duration::from_secs(ask.unwrap_or(0)).min(REST_MAX));
        let next_at = UnixMs(now.0.saturating_add(i64::try_from(rest.as_millis()).unwrap_or(i64::MAX)));
        (WebhookProgress { answered, fault: Some(fault), next_at: Some(next_at), ..tried }, Next::After(rest))
    }

    /// Keeps how far it is. Brought elsewhere meanwhile, that counts.
    async fn keep(&self, hook: &Webhook, from: Seq, progress: WebhookProgress) -> Result<(), Fault> {
        let kept = self.means.store.webhooks.progress(hook.workspace, hook.number, from, progress).await;
        kept.map(drop).map_err(|fault| Fault::Unavailable(fault.to_string()))
    }
}

/// The rest after so many attempts in vain: each twice as long as the one before, and up to a half shorter, by chance.
fn rest_after(attempts: u32, chance: u64) -> Duration {
    super::backoff::rest(attempts.max(1), REST_FIRST, REST_MAX, chance)
}

const fn reader(hook: &Webhook) -> Reader {
    Reader { workspace: hook.workspace, root: READER_ROOT, purpose: Purpose::Stream }
}

/// The headers of Standard Webhooks 1.0.
fn signed(hook: &Webhook, message: &Message, now: UnixMs) -> [(&'static str, String); 3] {
    let at = now.0.div_euclid(1_000);
    let before = hook.secret_before.as_ref().filter(|(_, until)| *until > now).map(|(secret, _)| secret.as_str());
    let secrets = [Some(hook.secret.as_str()), before];
    let signatures: Vec<String> = secrets.into_iter().flatten().map(|secret| signature(secret, &message.id, at, &message.body)).collect();
    [("webhook-id", message.id.clone()), ("webhook-timestamp", at.to_string()), ("webhook-signature", signatures.join(" "))]
}

/// The position after a page.
fn position(page: &Page) -> Cursor {
    Cursor { epoch: page.head.epoch, seq: page.reached, mark: page.reached_mark }
}

impl Consumer for WebhookConsumer {
    fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::Growth
    }

    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>> {
        Box::pin(self.step(work.workspace))
    }
}
