//! `rollup` and `rollup_by` of a job.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Stream,
    report::{Mismatch, NOTHING, Reported, quoted},
    section::Section,
    suggest::{nearest, one_of},
};
use crate::{
    rollup::{Misfit, RollupSize, Target, check_alignment},
    time::{BucketGrid, BucketSize, TimeRange},
};

/// A year whose clock changes are those of the rules that zones have now: 2030-01-01.
const AS_THE_RULES_STAND: DateTime<Utc> = DateTime::from_timestamp(1_893_456_000, 0).unwrap();

/// What the job is rolled up to: to each size, each stream by itself and then by each tag. `time` and `streams` are
/// `None` where they are wrong themselves.
pub(super) fn read(
    section: &mut Section<'_>,
    time: Option<BucketSize>,
    streams: Option<&[Arc<Stream>]>,
) -> Result<Vec<Target>, Reported> {
    let sizes = section.texts("rollup", |text| one_of(text, &RollupSize::ALL, RollupSize::as_str));
    // A stream that is wrong itself may be the one with the tag.
    let is_sound = section.report().proof().is_none();
    let keys = section.texts("rollup_by", |text| tag_key(text, streams.filter(|_| is_sound)));
    let (sizes, keys) = (sizes?, keys?);
    let sizes: BTreeSet<RollupSize> = match (sizes, &keys) {
        (Some(sizes), _) => sizes.into_iter().collect(),
        (None, None) => return Ok(Vec::new()),
        (None, Some(_)) => {
            let expected = "what to roll up to beside rollup_by, such as [\"day\"]";
            return Err(section.reject("rollup", Mismatch::new(expected, NOTHING)));
        }
    };
    let keys: BTreeSet<String> = keys.into_iter().flatten().collect();
    if let (Some(time), Some(streams)) = (time, streams) {
        check_zones(section, time, &sizes, streams)?;
        check_groups(section, &keys, streams)?;
    }
    let by = || std::iter::once(None).chain(keys.iter().cloned().map(Some));
    Ok(sizes.iter().flat_map(|size| by().map(|by| Target { size: *size, by })).collect())
}

fn tag_key(text: &str, streams: Option<&[Arc<Stream>]>) -> Result<String, Mismatch> {
    let Some(streams) = streams else { return Ok(text.to_owned()) };
    let keys = || streams.iter().flat_map(|stream| stream.tags.keys());
    if keys().any(|key| key == text) {
        return Ok(text.to_owned());
    }
    let suggestion = nearest(text, keys().map(String::as_str));
    Err(Mismatch::quoting("the key of a tag that a stream of this job has", text).did_you_mean(suggestion))
}

/// What cannot be cut into local days under the rules that zones have now will not be one day. What could not be in former
/// times is found out when it is rolled up.
fn check_zones(
    section: &mut Section<'_>,
    time: BucketSize,
    sizes: &BTreeSet<RollupSize>,
    streams: &[Arc<Stream>],
) -> Result<(), Reported> {
    let misfit = |stream: &Stream| -> Option<Misfit> {
        let year = TimeRange::new(AS_THE_RULES_STAND, AS_THE_RULES_STAND + TimeDelta::days(365))?;
        let grid = BucketGrid::new(time, stream.timezone);
        sizes.iter().find_map(|size| check_alignment(grid, *size, year).err())
    };
    // A fleet has many streams and few zones.
    let mut zones = BTreeMap::new();
    for stream in streams {
        zones.entry(stream.timezone.name()).or_insert(stream);
    }
    match zones.values().find(|stream| misfit(stream).is_some()) {
        None => Ok(()),
        Some(stream) => {
            let (time, needed) = (time.as_str(), needed(time));
            let expected = format!("zones {needed}, since local days are cut from {time} buckets");
            let found = format!("{} of stream {}", stream.timezone.name(), quoted(&stream.name));
            let hint = "a job of time = \"global\" has exact local days in every zone";
            Err(section.reject("rollup", Mismatch::new(expected, found).hint(hint)))
        }
    }
}

fn needed(time: BucketSize) -> &'static str {
    match time {
        BucketSize::Hour => "with offsets of whole hours",
        BucketSize::Day | BucketSize::Global => "without an offset from UTC",
    }
}

fn check_groups(
    section: &mut Section<'_>,
    keys: &BTreeSet<String>,
    streams: &[Arc<Stream>],
) -> Result<(), Reported> {
    for key in keys {
        let mut firsts: BTreeMap<Option<&String>, &Arc<Stream>> = BTreeMap::new();
        for stream in streams {
            let first = firsts.entry(stream.tags.get(key)).or_insert(stream);
            if first.timezone != stream.timezone {
                let expected = "streams of one zone in each group, since local days of two zones are different stretches \
                                of time";
                let value = stream.tags.get(key).map_or_else(|| NOTHING.to_owned(), |value| quoted(value));
                let one = |stream: &Stream| format!("{} in {}", quoted(&stream.name), stream.timezone.name());
                let found = format!("{key} = {value} of {} and {}", one(first), one(stream));
                return Err(section.reject("rollup_by", Mismatch::new(expected, found)));
            }
        }
    }
    Ok(())
}
