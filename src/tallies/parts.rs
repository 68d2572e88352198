//! Both kinds of tallies of one log together, as they are saved.

use std::borrow::Borrow;

use super::cube::Cube;
use super::minutes::Minutes;
use crate::domain::Seq;

/// What is saved of a log.
#[derive(Debug, Clone)]
pub(crate) struct Parts<C, M> {
    pub cube: Option<C>,
    pub minutes: Option<M>,
    /// Neither is folded before the log has come to here.
    pub cube_given_up: Seq,
    pub minutes_given_up: Seq,
}

impl<C: Borrow<Cube>, M: Borrow<Minutes>> Parts<C, M> {
    /// How far all that is held is folded.
    pub(crate) fn seq(&self) -> Seq {
        let seqs = [self.cube.as_ref().map(|cube| cube.borrow().seq), self.minutes.as_ref().map(|minutes| minutes.borrow().seq)];
        seqs.into_iter().flatten().min().unwrap_or(0)
    }

    /// Corrections up to here are taken by all that is held.
    pub(crate) fn corrected(&self) -> Seq {
        let cube = self.cube.as_ref().map(|cube| cube.borrow().origin.corrected);
        let minutes = self.minutes.as_ref().map(|minutes| minutes.borrow().origin.corrected);
        cube.into_iter().chain(minutes).min().unwrap_or(0)
    }

    /// What was pruned up to here is taken away from all that is held.
    pub(crate) fn pruned(&self) -> Seq {
        let cube = self.cube.as_ref().map(|cube| cube.borrow().origin.pruned);
        let minutes = self.minutes.as_ref().map(|minutes| minutes.borrow().origin.pruned);
        cube.into_iter().chain(minutes).min().unwrap_or(0)
    }

    /// How much there is to write.
    pub(crate) fn size(&self) -> usize {
        self.cube.as_ref().map_or(0, |cube| cube.borrow().combinations())
            + self.minutes.as_ref().map_or(0, |minutes| minutes.borrow().cells())
    }
}
