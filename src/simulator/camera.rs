//! Where figures come from.

use std::ops::Range;

use super::{
    audience::{Believable, BelievableCamera},
    figures::Figures,
    replay::{Replay, ReplayCamera},
};

/// Which streams there are, and what their cameras count.
#[derive(Debug, Clone)]
pub enum Source {
    /// Invented people; any reasonable client id is a stream.
    Believable(Believable),
    /// Counts from a file; its streams are the only ones.
    Replay(Replay),
}

impl Source {
    /// The camera of `client_id`; `None` where there is no such stream.
    pub(super) fn camera(&self, client_id: &str, seed: u64) -> Option<Camera<'_>> {
        match self {
            Self::Believable(believable) => believable.camera(client_id, seed).map(Camera::Believable),
            Self::Replay(replay) => replay.camera(client_id).map(Camera::Replay),
        }
    }
}

/// The camera of one stream.
#[derive(Debug)]
pub(super) enum Camera<'a> {
    Believable(BelievableCamera),
    Replay(ReplayCamera<'a>),
}

impl Camera<'_> {
    /// What was counted in `hour`; `None` where it was not measured.
    pub(super) fn hour(&self, hour: i64) -> Option<Figures> {
        match self {
            Self::Believable(camera) => camera.hour(hour),
            Self::Replay(camera) => camera.hour(hour),
        }
    }

    /// The hours of `span` that were measured, in order.
    pub(super) fn measured(&self, span: &Range<i64>) -> Vec<Range<i64>> {
        match self {
            Self::Believable(camera) => camera.measured(span),
            Self::Replay(camera) => camera.measured(span),
        }
    }
}
