//! The section `[angus]`.

use std::{num::NonZeroU16, time::Duration};

use super::{AngusSettings, report::Reported, rules, section::Section, urls};

const CONSOLE_URL: &str = "https://console.angus.ai";
const DATA_URL: &str = "https://data.angus.ai";
const CONCURRENCY: NonZeroU16 = NonZeroU16::new(8).unwrap();
const PER_STREAM_CONCURRENCY: NonZeroU16 = NonZeroU16::MIN;
const REQUESTS_PER_SECOND: f64 = 10.0;
const TIMEOUT: &str = "30s";
const MAX_ATTEMPTS: NonZeroU16 = NonZeroU16::new(6).unwrap();

const MOST_CONCURRENCY: u16 = 1024;
const MOST_REQUESTS_PER_SECOND: f64 = 1_000_000.0;
const MOST_ATTEMPTS: u16 = 20;
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);

/// Reads `[angus]`.
pub(super) fn angus(root: &mut Section<'_>) -> Result<AngusSettings, Reported> {
    root.section_or_empty("angus", |section| {
        let console_url = section.text_or("console_url", CONSOLE_URL, urls::base);
        let data_url = section.text_or("data_url", DATA_URL, urls::base);
        let concurrency = section.optional("concurrency", |value| rules::count(value, MOST_CONCURRENCY));
        let per_stream =
            section.optional("per_stream_concurrency", |value| rules::count(value, MOST_CONCURRENCY));
        let requests_per_second =
            section.optional("requests_per_second", |value| rules::rate(value, MOST_REQUESTS_PER_SECOND));
        let timeout = section
            .text_or("timeout", TIMEOUT, |text| rules::duration(text, &(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT)));
        let max_attempts = section.optional("max_attempts", |value| rules::count(value, MOST_ATTEMPTS));
        Ok(AngusSettings {
            console_url: console_url?,
            data_url: data_url?,
            concurrency: concurrency?.unwrap_or(CONCURRENCY).into(),
            per_stream_concurrency: per_stream?.unwrap_or(PER_STREAM_CONCURRENCY).into(),
            requests_per_second: requests_per_second?.unwrap_or(REQUESTS_PER_SECOND),
            timeout: timeout?,
            max_attempts: max_attempts?.unwrap_or(MAX_ATTEMPTS).into(),
        })
    })
}
