//! Rules for single values, the same for TOML and for spreadsheets.

use std::{
    num::NonZeroU16,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::{TZ_VARIANTS, Tz};
use toml::de::DeValue;

use super::{
    Schedule,
    report::{Mismatch, quoted},
    section::kind,
    suggest::nearest,
};

/// The longest name and the longest tag key, in characters.
const LONGEST_NAME: usize = 64;

const EXPECTED_DATE: &str = "a date such as 2026-01-01, from 1970 to 2199";

/// Text that is not empty and that need not be shown.
pub(super) fn filled(text: &str) -> Result<String, Mismatch> {
    if text.trim().is_empty() {
        return Err(Mismatch::new("a text that is not empty", "an empty one"));
    }
    Ok(text.to_owned())
}

/// The name of a stream, a job, an account, a delivery or an inventory.
pub(super) fn name(text: &str) -> Result<String, Mismatch> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let starts_well = text.bytes().next().is_some_and(is_plain);
    let goes_on_well = text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'_' | b'-'));
    if starts_well && goes_on_well && text.len() <= LONGEST_NAME {
        return Ok(text.to_owned());
    }
    Err(Mismatch::quoting("a name like [a-z0-9][a-z0-9_-]*, at most 64 characters", text))
}

/// Text that can be the value of a header as it is.
pub(super) fn header_value(text: &str) -> Result<String, Mismatch> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(Mismatch::quoting("visible ASCII characters, without spaces", text))
}

/// The key of a tag, which becomes part of a column's name.
pub(super) fn tag_key(text: &str) -> Result<String, Mismatch> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err(Mismatch::quoting("a tag key like [a-z0-9_]+, at most 64 characters", text))
}

/// A time zone by its IANA name.
pub(super) fn zone(text: &str) -> Result<Tz, Mismatch> {
    text.parse().map_err(|_| {
        let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
        let city = |name: &&str| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text));
        let suggestion = names().find(city).or_else(|| nearest(text, names()));
        Mismatch::quoting("a time zone such as Europe/Paris", text).did_you_mean(suggestion)
    })
}

/// A cron line.
pub(super) fn schedule(text: &str) -> Result<Schedule, Mismatch> {
    Schedule::parse(text).map_err(|reason| {
        let expected = "a cron line of five fields, or of six with seconds";
        Mismatch::new(expected, format!("{} ({reason})", quoted(text)))
    })
}

/// A path; a relative one starts at `base`.
pub(super) fn path(text: &str, base: &Path) -> Result<PathBuf, Mismatch> {
    if text.is_empty() || text.contains('\0') {
        return Err(Mismatch::new("a path", "a text that cannot be one"));
    }
    Ok(base.join(text))
}

/// A span of time such as `48h`, within `allowed`.
pub(super) fn duration(text: &str, allowed: &RangeInclusive<Duration>) -> Result<Duration, Mismatch> {
    let parsed = humantime::parse_duration(text).ok().filter(|duration| allowed.contains(duration));
    parsed.ok_or_else(|| {
        let (least, most) = (short(*allowed.start()), short(*allowed.end()));
        Mismatch::quoting(format!("a duration from {least} to {most}"), text)
    })
}

/// As [`duration`], from nothing to `most`, for sums with instants.
pub(super) fn time_delta(text: &str, most: Duration) -> Result<TimeDelta, Mismatch> {
    let duration = duration(text, &(Duration::ZERO..=most))?;
    TimeDelta::from_std(duration).map_err(|_| Mismatch::quoting("a duration", text))
}

/// The duration in the largest unit that leaves no rest: `48h` is `2d`.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    match units.into_iter().find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{}{unit}", seconds / size),
        None => format!("{seconds}s"),
    }
}

/// A yes or no.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, Mismatch> {
    value.as_bool().ok_or_else(|| Mismatch::new("true or false", kind(value)))
}

/// An integer from 1 to `most`.
pub(super) fn count(value: &DeValue<'_>, most: u16) -> Result<NonZeroU16, Mismatch> {
    let expected = format!("an integer from 1 to {most}");
    let Some(integer) = value.as_integer() else { return Err(Mismatch::new(expected, kind(value))) };
    let read = u16::from_str_radix(integer.as_str(), integer.radix());
    let count = read.ok().filter(|count| *count <= most).and_then(NonZeroU16::new);
    count.ok_or_else(|| Mismatch::new(expected, integer.to_string()))
}

/// A number above zero, and at most `most`.
pub(super) fn rate(value: &DeValue<'_>, most: f64) -> Result<f64, Mismatch> {
    let expected = format!("a number above 0, at most {most}");
    let (number, shown) = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => {
            (integer.as_str().parse::<f64>(), integer.to_string())
        }
        DeValue::Float(float) => (float.as_str().parse(), float.to_string()),
        other => return Err(Mismatch::new(expected, kind(other))),
    };
    let allowed = number.ok().filter(|number| *number > 0.0 && *number <= most);
    allowed.ok_or_else(|| Mismatch::new(expected, shown))
}

/// A calendar day, as a string or as a date of TOML. The years keep typing errors from asking for centuries.
pub(super) fn date(value: &DeValue<'_>) -> Result<NaiveDate, Mismatch> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        other => return Err(Mismatch::new(EXPECTED_DATE, kind(other))),
    };
    let date: Option<NaiveDate> = text.parse().ok();
    date.filter(|date| (1970..=2199).contains(&date.year()))
        .ok_or_else(|| Mismatch::new(EXPECTED_DATE, quoted(&text)))
}
