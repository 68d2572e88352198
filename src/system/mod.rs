//! The system as who operates it looks at it: what goes in and out, how long that takes, what is left of the disk, who sends, and
//! what to do.
//!
//! Figures are those of the metrics: a sample of them is taken every few seconds, and kept for fifteen minutes. So *System*, a
//! wall, a dashboard and an alarm that are drawn from the same metrics say the same.

mod findings;
mod sample;
mod sources;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::hub::pulse::Pulse;

pub use findings::{Finding, Level};
pub use sample::Quantiles;
use sample::Sample;
pub use sources::{Rhythm, Source, Sources};

/// How often a sample is taken.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// How long samples are kept.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Over how long a rate and a quantile are told.
const WINDOW: Duration = Duration::from_secs(60);
/// Steps of the course that is told of the time that is kept.
const COURSE_STEPS: usize = 60;
/// How long what is read from the disk and the metrics is told again.
const HOLDS_FOR: Duration = Duration::from_millis(900);

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Seconds since the server began.
    pub uptime_s: u64,
    /// Activities made durable a second.
    pub in_per_s: f64,
    /// Activities offered to readers a second.
    pub out_per_s: f64,
    /// Streams that are open.
    pub connections: u64,
    /// Filters in force.
    pub subscriptions: u64,
    /// Streams that read the log since they were too slow.
    pub lagging: u64,
    /// From receipt to durable, in milliseconds.
    pub commit_ms: Option<Quantiles>,
    /// From durable to handed to the socket, in milliseconds.
    pub deliver_ms: Option<Quantiles>,
    /// What was refused within fifteen minutes, by code.
    pub refusals: BTreeMap<String, u64>,
    /// Activities made durable within fifteen minutes.
    pub accepted: u64,
    /// Bytes that wait for the writer.
    pub queue_bytes: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Bytes that are free where it lies.
    pub disk_free_bytes: Option<u64>,
    /// Seconds until they are used up, at the rate of the last minutes; `None` where nothing grows.
    pub disk_left_s: Option<u64>,
    /// Milliseconds since the whole path was known to work; `None` before it was, and while nobody reads.
    pub pulse_age_ms: Option<u64>,
    /// True while the path is broken.
    pub is_broken: bool,
    /// Activities in, a step of fifteen seconds each, oldest first.
    pub course_in: Vec<u64>,
    /// Deliveries out, likewise.
    pub course_out: Vec<u64>,
}

/// What is watched.
pub struct System {
    render: Box<dyn Fn() -> String + Send + Sync>,
    database: PathBuf,
    clock: Clock,
    pulse: Arc<Pulse>,
    began: Instant,
    samples: Mutex<VecDeque<Sample>>,
    last: Mutex<Option<(Instant, Report)>>,
    /// Who sends.
    pub sources: Sources,
}

impl System {
    /// Watches what `render` tells in the text format of Prometheus, and the disk where the database lies.
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static, database: PathBuf, clock: Clock, pulse: Arc<Pulse>) -> Self {
        let (samples, last, sources) = (Mutex::default(), Mutex::default(), Sources::default());
        Self { render: Box::new(render), database, clock, pulse, began: Instant::now(), samples, last, sources }
    }

    /// Until shutdown: keeps samples.
    pub async fn keep(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            self.take();
            if shutdown.run_until_cancelled(tokio::time::sleep(SAMPLE_EVERY)).await.is_none() {
                return;
            }
        }
    }

    fn take(&self) {
        let sample = self.sample();
        let mut samples = self.samples();
        while samples.front().is_some_and(|oldest| oldest.at.elapsed() > KEPT) {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// How it is now.
    pub fn report(&self) -> Report {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, report)) = &*last
            && at.elapsed() < HOLDS_FOR
        {
            return report.clone();
        }
        let report = self.told(&self.sample());
        *last = Some((Instant::now(), report.clone()));
        report
    }

    fn told(&self, now: &Sample) -> Report {
        let samples = self.samples();
        // The newest that is a window old, or the oldest there is.
        let before = samples.iter().rev().find(|s| now.at - s.at >= WINDOW).or(samples.front());
        let oldest = samples.front();
        let rate = |of: fn(&Sample) -> u64| {
            let seconds = before.map_or(0.0, |before| (now.at - before.at).as_secs_f64());
            let grown = before.map_or(0, |before| of(now).saturating_sub(of(before)));
            if seconds > 0.0 { grown as f64 / seconds } else { 0.0 }
        };
        let since = |of: fn(&Sample) -> u64| oldest.map_or(0, |oldest| of(now).saturating_sub(of(oldest)));
        let refusals = now.refusals.iter().filter_map(|(code, count)| {
            let before = oldest.and_then(|oldest| oldest.refusals.get(code)).copied().unwrap_or(0);
            Some((code.clone(), count.saturating_sub(before))).filter(|(_, grown)| *grown > 0)
        });
        let grown = since(|s| s.database_bytes + s.wal_bytes) as f64;
        let over = oldest.map_or(0.0, |oldest| (now.at - oldest.at).as_secs_f64());
        let disk_left_s =
            now.disk_free_bytes.filter(|_| grown > 0.0 && over >= WINDOW.as_secs_f64()).map(|free| (free as f64 * over / grown) as u64);
        let checked = self.pulse.checked_at();
        Report {
            uptime_s: self.began.elapsed().as_secs(),
            in_per_s: rate(|s| s.accepted),
            out_per_s: rate(|s| s.delivered),
            connections: now.connections,
            subscriptions: now.subscriptions,
            lagging: now.lagging,
            commit_ms: now.commit.since(before.map(|before| &before.commit)),
            deliver_ms: now.deliver.since(before.map(|before| &before.deliver)),
            refusals: refusals.collect(),
            accepted: since(|s| s.accepted),
            queue_bytes: now.queue_bytes,
            database_bytes: now.database_bytes,
            wal_bytes: now.wal_bytes,
            disk_free_bytes: now.disk_free_bytes,
            disk_left_s,
            pulse_age_ms: checked
                .filter(|_| now.connections > 0 || self.pulse.is_watched())
                .map(|at| self.clock.now().0.saturating_sub(at.0).unsigned_abs()),
            is_broken: self.pulse.is_broken(),
            course_in: course(&samples, now, |s| s.accepted),
            course_out: course(&samples, now, |s| s.delivered),
        }
    }

    fn sample(&self) -> Sample {
        Sample::read(&(self.render)(), &self.database)
    }

    fn samples(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a count grew in each step of the time that is kept; nothing where nothing was kept yet.
fn course(samples: &VecDeque<Sample>, now: &Sample, of: fn(&Sample) -> u64) -> Vec<u64> {
    let step = KEPT / u32::try_from(COURSE_STEPS).unwrap_or(1);
    let at = |ago: Duration| samples.iter().rev().find(|s| now.at - s.at >= ago).map(of);
    let mut counts: Vec<u64> = (0..COURSE_STEPS)
        .map(|n| {
            let n = u32::try_from(n).unwrap_or(0);
            let end = if n == 0 { Some(of(now)) } else { at(step * n) };
            // The first step of all began when the server did.
            let first = samples.front().filter(|oldest| now.at - oldest.at > step * n).map(of);
            let begin = at(step * (n + 1)).or(first);
            end.zip(begin).map_or(0, |(end, begin)| end.saturating_sub(begin))
        })
        .collect();
    counts.reverse();
    counts
}
