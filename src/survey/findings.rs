//! What is wrong with a series, in words.

use chrono::{DateTime, Utc};

use super::Survey;
use crate::{
    calendar::Calendar,
    series::Series,
    states::{Seal, State, Stretch},
    suspicion::Suspicion,
    time::TimeRange,
    wording::{counted, local},
};

/// Something that is wrong with a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The state of its buckets, `disagreement` or `suspect`.
    pub kind: &'static str,
    /// When; `None` where the calendar does not reach so far.
    pub range: Option<TimeRange>,
    /// For people, on the wall clock of the camera, with the next step where there is one.
    pub message: String,
}

impl Survey {
    /// What is wrong in the time of the calendar: first what failed, then what else lacks or vanished, what the service
    /// tells otherwise, and zeros that are unlike the camera, the latest first.
    pub fn findings(&self, calendar: &Calendar) -> Vec<Finding> {
        let mut stretches: Vec<&Stretch> =
            calendar.stretches.iter().filter(|stretch| stretch.is_trouble()).collect();
        stretches.sort_by_key(|stretch| stretch.state != State::Failed);
        let stretches = stretches.into_iter().map(|stretch| of_stretch(&self.series, stretch));
        let seals = self.seals(calendar.range);
        let disagreements = seals.iter().filter_map(|seal| disagreement(&self.series, seal));
        let mut suspicions: Vec<_> = self.suspicions(calendar.range).collect();
        suspicions.reverse();
        let suspicions = suspicions.into_iter().map(|suspicion| self.suspect(suspicion));
        stretches.chain(disagreements).chain(suspicions).collect()
    }

    fn suspect(&self, suspicion: &Suspicion) -> Finding {
        let message = suspicion.sentence(self.series.rules.grid, self.now);
        Finding { kind: "suspect", range: suspicion.range(), message }
    }
}

fn disagreement(series: &Series, seal: &Seal<'_>) -> Option<Finding> {
    let told = seal.reconciliation?.disagreement.as_ref()?;
    let message = format!("{} disagrees with the service: {told}", seal.path_in(&series.folder()));
    Some(Finding { kind: "disagreement", range: Some(seal.file.period), message })
}

fn of_stretch(series: &Series, Stretch { range, state, why }: &Stretch) -> Finding {
    let zone = series.stream.timezone;
    let buckets = counted(series.rules.grid.bucket_starts(*range).count() as u64, series.job.time.noun());
    let time = |instant: DateTime<Utc>| local(instant, zone);
    let (from, to) = (time(range.start()), time(range.end()));
    let since = why.as_ref().and_then(|why| why.since);
    let since = since.map(|since| format!(", since {}", time(since))).unwrap_or_default();
    let why = why.as_ref().map_or("not asked yet; a pull asks for it", |why| &*why.message);
    let message = format!("{}: {buckets}, {from} to {to}{since}: {why}", state.as_str());
    Finding { kind: state.as_str(), range: Some(*range), message }
}
