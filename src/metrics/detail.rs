//! How finely the figures of a fleet are told: one sample a stream, or, for fleets of thousands, one a job. Pure.

use std::collections::BTreeMap;

use super::family::Labels;

/// A family with a sample for each job and stream has at most so many samples. A few thousand are nothing to a server
/// that collects metrics; a fleet of ten thousand streams in five such families would be.
pub const MAX_SERIES: usize = 2_000;

/// What stands for all.
const ALL: &str = "*";

/// How finely figures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// By job and stream.
    Stream,
    /// By job; `stream="*"`.
    Job,
    /// In all; `job="*"` and `stream="*"`.
    Whole,
}

/// How much there is to tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fleet {
    pub(super) jobs: usize,
    pub(super) streams: usize,
    /// Jobs on streams.
    pub(super) series: usize,
}

impl Fleet {
    /// What is enough for both.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            jobs: self.jobs.max(other.jobs),
            streams: self.streams.max(other.streams),
            series: self.series.max(other.series),
        }
    }

    /// As finely as `cap` samples a family allow.
    pub(super) fn detail(self, cap: usize) -> Detail {
        if self.series.max(self.streams) <= cap {
            Detail::Stream
        } else if self.jobs <= cap {
            Detail::Job
        } else {
            Detail::Whole
        }
    }
}

impl Detail {
    pub(super) fn is_aggregated(self) -> bool {
        self != Self::Stream
    }

    /// Samples by job and stream. What falls together is joined by `join`.
    pub(super) fn by_series<'a, T: Copy>(
        self,
        figures: impl Iterator<Item = ((&'a str, &'a str), T)>,
        join: fn(T, T) -> T,
    ) -> Vec<(Labels, T)> {
        let told = joined(figures.map(|((job, stream), figure)| (self.key(job, stream), figure)), join);
        let labels =
            |(job, stream): (&str, &str)| vec![("job", job.to_owned()), ("stream", stream.to_owned())];
        told.into_iter().map(|(key, figure)| (labels(key), figure)).collect()
    }

    /// Samples by stream. What falls together is joined by `join`.
    pub(super) fn by_stream<'a, T: Copy>(
        self,
        figures: impl Iterator<Item = (&'a str, T)>,
        join: fn(T, T) -> T,
    ) -> Vec<(Labels, T)> {
        let told = joined(figures.map(|(stream, figure)| (self.key("", stream).1, figure)), join);
        told.into_iter().map(|(stream, figure)| (vec![("stream", stream.to_owned())], figure)).collect()
    }

    fn key<'a>(self, job: &'a str, stream: &'a str) -> (&'a str, &'a str) {
        match self {
            Self::Stream => (job, stream),
            Self::Job => (job, ALL),
            Self::Whole => (ALL, ALL),
        }
    }
}

fn joined<K: Ord, T: Copy>(figures: impl Iterator<Item = (K, T)>, join: fn(T, T) -> T) -> BTreeMap<K, T> {
    let mut told = BTreeMap::new();
    for (key, figure) in figures {
        told.entry(key).and_modify(|known| *known = join(*known, figure)).or_insert(figure);
    }
    told
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_fleet_a_family_keeps_to_the_cap_and_nothing_is_lost(
            figures in prop::collection::btree_map((0_u8..40, 0_u8..40), 0_i64..1000, 0..300),
            cap in 1_usize..100,
        ) {
            let names: BTreeMap<(String, String), i64> =
                figures.iter().map(|((job, stream), figure)| ((format!("j{job}"), format!("s{stream}")), *figure)).collect();
            let all = || names.iter().map(|((job, stream), figure)| ((&**job, &**stream), *figure));
            let fleet = Fleet {
                jobs: figures.keys().map(|key| key.0).collect::<BTreeSet<_>>().len(),
                streams: figures.keys().map(|key| key.1).collect::<BTreeSet<_>>().len(),
                series: figures.len(),
            };
            let detail = fleet.detail(cap);
            let (sums, least) = (detail.by_series(all(), |one, other| one + other), detail.by_series(all(), i64::min));
            prop_assert!(sums.len() <= cap && least.len() <= cap, "{} of {cap}", sums.len());
            let total = |samples: &[(Labels, i64)]| samples.iter().map(|(_, figure)| *figure).sum::<i64>();
            prop_assert_eq!(total(&sums), figures.values().sum::<i64>());
            prop_assert_eq!(least.iter().map(|(_, figure)| *figure).min(), figures.values().min().copied());
            let labels: BTreeSet<&Labels> = sums.iter().map(|(labels, _)| labels).collect();
            prop_assert_eq!(labels.len(), sums.len(), "a sample that came twice");
            prop_assert_eq!(detail.is_aggregated(), figures.len() > cap);
            let by_stream = detail.by_stream(all().map(|((_, stream), figure)| (stream, figure)), i64::min);
            prop_assert!(by_stream.len() <= cap);
        }
    }

    #[test]
    fn detail_is_lost_only_beyond_the_cap() {
        let fleet = |jobs, streams, series| Fleet { jobs, streams, series }.detail(MAX_SERIES);
        assert_eq!(fleet(1, 2000, 2000), Detail::Stream);
        assert_eq!(fleet(1, 2001, 2001), Detail::Job);
        assert_eq!(fleet(2, 1001, 2002), Detail::Job);
        assert_eq!(fleet(1, 2001, 1), Detail::Job, "streams that no job exports have tokens all the same");
        assert_eq!(fleet(2001, 1, 2001), Detail::Whole);
    }
}
