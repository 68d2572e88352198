//! Who sends, and in which rhythm: learned while the server runs, from what came in steps of two minutes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::auth::WorkspaceId;
use crate::domain::{Key, UnixMs};

/// Length of a step.
const STEP_MS: i64 = 2 * 60_000;
/// Steps that are kept: a day.
const STEPS_MAX: usize = 720;
/// Steps that are told: an hour.
const TOLD: usize = 30;
/// Steps that a source is watched before its silence says anything: an hour.
const LEARNING: i64 = 30;
/// The least silence that is told.
const SILENT_MS_MIN: i64 = 10 * 60_000;
/// How often the longest rest that is usual one has to be before it is silence.
const REST_TIMES: i64 = 2;
/// What is less than this part of the usual is quieter than usual.
const QUIETER: u64 = 4;
/// Sources that are watched; those that were not heard of for longest go first.
const SOURCES_MAX: usize = 2_000;

/// Whether somebody sends as they usually do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// It was not watched for long enough.
    Learning,
    /// As usual.
    Usual,
    /// Less than usual.
    Quieter,
    /// Nothing, for much longer than its usual rests.
    Silent,
}

impl Rhythm {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learning => "learning",
            Self::Usual => "as_usual",
            Self::Quieter => "quieter",
            Self::Silent => "silent",
        }
    }
}

/// Somebody who sends, by the number of their key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Number of the key.
    pub key: i64,
    /// The event of what came last.
    pub event: Option<Key>,
    /// When something last came.
    pub at: UnixMs,
    /// Whether that is usual.
    pub rhythm: Rhythm,
    /// Activities of the last hour in steps of two minutes, oldest first.
    pub steps: Vec<u64>,
}

#[derive(Debug)]
struct Watched {
    since: UnixMs,
    at: UnixMs,
    event: Option<Key>,
    /// Counts by step, ascending; steps with nothing are left out.
    steps: VecDeque<(i64, u64)>,
}

/// Everybody who sends.
#[derive(Debug, Default)]
pub struct Sources(Mutex<HashMap<(WorkspaceId, i64), Watched>>);

impl Watched {
    fn note(&mut self, event: Option<Key>, count: u64, now: UnixMs) {
        let step = now.0.div_euclid(STEP_MS);
        match self.steps.back_mut() {
            Some((last, known)) if *last >= step => *known += count,
            _ => self.steps.push_back((step, count)),
        }
        while self.steps.len() > STEPS_MAX || self.steps.front().is_some_and(|(first, _)| *first <= step - STEPS_MAX as i64) {
            self.steps.pop_front();
        }
        (self.at, self.event) = (self.at.max(now), event.or(self.event.take()));
    }

    fn rhythm(&self, now: UnixMs) -> Rhythm {
        let (first, step) = (self.since.0.div_euclid(STEP_MS), now.0.div_euclid(STEP_MS));
        if step - first < LEARNING {
            return Rhythm::Learning;
        }
        let pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        let rest = pairs.map(|((one, _), (other, _))| (other - one) * STEP_MS).max().unwrap_or(STEP_MS);
        if now.0 - self.at.0 >= (rest * REST_TIMES).max(SILENT_MS_MIN) {
            return Rhythm::Silent;
        }
        // The last ten minutes against the mean of all that was watched.
        let watched = u64::try_from((step - first.max(step - STEPS_MAX as i64)).max(1)).unwrap_or(1);
        let all: u64 = self.steps.iter().map(|(_, count)| count).sum();
        let late: u64 = self.steps.iter().filter(|(at, _)| *at > step - 5).map(|(_, count)| count).sum();
        match late * watched * QUIETER < all * 5 && all / watched >= 2 {
            true => Rhythm::Quieter,
            false => Rhythm::Usual,
        }
    }
}

impl Sources {
    /// Takes note of activities that were made durable.
    pub fn note(&self, workspace: WorkspaceId, key: i64, event: Option<Key>, count: u64, now: UnixMs) {
        if count == 0 {
            return;
        }
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&(workspace, key)) {
            let oldest = sources.iter().min_by_key(|(_, watched)| watched.at).map(|(who, _)| *who);
            oldest.map(|who| sources.remove(&who));
        }
        let fresh = || Watched { since: now, at: now, event: None, steps: VecDeque::new() };
        sources.entry((workspace, key)).or_insert_with(fresh).note(event, count, now);
    }

    /// Those of a workspace, by the number of their key.
    pub fn of(&self, workspace: WorkspaceId, now: UnixMs) -> Vec<Source> {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let step = now.0.div_euclid(STEP_MS);
        let mut found: Vec<_> = sources
            .iter()
            .filter(|((of, _), _)| *of == workspace)
            .map(|((_, key), watched)| {
                let count = |at: i64| watched.steps.iter().find(|(known, _)| *known == at).map_or(0, |(_, count)| *count);
                let steps = (0..TOLD as i64).rev().map(|ago| count(step - ago)).collect();
                Source { key: *key, event: watched.event.clone(), at: watched.at, rhythm: watched.rhythm(now), steps }
            })
            .collect();
        found.sort_by_key(|source| source.key);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Rhythm, STEP_MS, Sources};
    use crate::auth::Operator;
    use crate::domain::UnixMs;

    #[test]
    fn a_rhythm_is_learned_and_its_end_is_told() {
        let (sources, workspace) = (Sources::default(), Operator::assume().workspace(1));
        let at = |step: i64| UnixMs((1_000 + step) * STEP_MS);
        let rhythm = |now| sources.of(workspace, now)[0].rhythm;
        for step in 0..60 {
            sources.note(workspace, 7, None, 100, at(step));
            let wanted = if step < 30 { Rhythm::Learning } else { Rhythm::Usual };
            assert_eq!(rhythm(at(step)), wanted, "{step}");
        }
        assert_eq!(rhythm(at(62)), Rhythm::Usual, "a short rest");
        assert_eq!(rhythm(at(65)), Rhythm::Silent);
        sources.note(workspace, 7, None, 1, at(66));
        assert_eq!(rhythm(at(66)), Rhythm::Quieter, "one where hundreds are usual");
        assert_eq!(sources.of(workspace, at(66))[0].steps[22..], [100, 0, 0, 0, 0, 0, 0, 1]);
        assert!(sources.of(Operator::assume().workspace(2), at(66)).is_empty());
    }

    #[test]
    fn whoever_sends_once_an_hour_is_not_silent_after_ten_minutes() {
        let (sources, workspace) = (Sources::default(), Operator::assume().workspace(1));
        for hour in 0..5 {
            sources.note(workspace, 7, None, 3, UnixMs(hour * 3_600_000));
        }
        let rhythm = |minutes: i64| sources.of(workspace, UnixMs(4 * 3_600_000 + minutes * 60_000))[0].rhythm;
        assert_eq!((rhythm(55), rhythm(119), rhythm(120)), (Rhythm::Usual, Rhythm::Usual, Rhythm::Silent));
    }
}
