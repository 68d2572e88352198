//! Which consumers there are, and what they work with: the store by turns, and the one way in.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Operator;
use crate::clock::Clock;
use crate::consumers::alerts::Alerts;
use crate::consumers::{ConsumerLimits, Consumers, Means, RetentionConsumer, WebhookConsumer, WebhookMeans, Writes};
use crate::ingest::Ingest;
use crate::store::{Change, Heads, Outcome, Reads, Store, StoreError};

/// The way in, lent to consumers: what they write waits for its turn behind what their own workspace sends.
struct Lent(Ingest);

impl Writes for Lent {
    fn write(&self, change: Change) -> BoxFuture<'_, Result<Outcome, String>> {
        Box::pin(async move { self.0.change(change).await.map_err(|refused| refused.to_string()) })
    }
}

/// Puts them together.
pub(super) fn means(store: &Store, reads: &Reads, ingest: &Ingest, heads: Heads, clock: &Clock) -> Means {
    Means {
        store: store.clone(),
        reads: reads.clone(),
        writes: Arc::new(Lent(ingest.clone())),
        heads,
        clock: clock.clone(),
        limits: ConsumerLimits::default(),
    }
}

/// Starts them all.
///
/// # Errors
/// [`StoreError`] when it cannot be read which webhooks and alerts there are.
pub(super) async fn start(
    means: Means,
    webhooks: &WebhookMeans,
    alerts: &Alerts,
    tasks: &TaskTracker,
    end: &CancellationToken,
) -> Result<Consumers, StoreError> {
    let there = means.store.webhooks.all(Operator::assume()).await?;
    let alerted = means.store.alerting.alerted(Operator::assume()).await?;
    let retention = RetentionConsumer::new(means.store.clone(), means.writes.clone(), means.clock.clone());
    let consumers = Consumers::start(means, Operator::assume(), tasks, end.clone());
    consumers.add(Arc::new(retention), None).await;
    for hook in there {
        consumers.add(Arc::new(WebhookConsumer::new(webhooks.clone(), hook.workspace, hook.key)), Some(hook.workspace)).await;
    }
    for workspace in alerted {
        consumers.add(Arc::new(alerts.of(workspace)), Some(workspace)).await;
    }
    tasks.spawn(alerts.clone().run(tasks.clone(), end.clone()));
    Ok(consumers)
}
