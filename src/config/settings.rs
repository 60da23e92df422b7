//! The sections `[angus]` and `[http]`.

use std::{net::SocketAddr, num::NonZeroU16, path::Path, time::Duration};

use super::{
    AngusSettings, HttpSettings, reference,
    report::{Mismatch, Reported},
    rules,
    section::Section,
    urls,
};

const CONSOLE_URL: &str = "https://console.angus.ai";
const DATA_URL: &str = "https://data.angus.ai";
const CONCURRENCY: NonZeroU16 = NonZeroU16::new(8).unwrap();
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
        let requests_per_second =
            section.optional("requests_per_second", |value| rules::rate(value, MOST_REQUESTS_PER_SECOND));
        let timeout = section
            .text_or("timeout", TIMEOUT, |text| rules::duration(text, &(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT)));
        let max_attempts = section.optional("max_attempts", |value| rules::count(value, MOST_ATTEMPTS));
        Ok(AngusSettings {
            console_url: console_url?,
            data_url: data_url?,
            concurrency: concurrency?.unwrap_or(CONCURRENCY).into(),
            requests_per_second: requests_per_second?.unwrap_or(REQUESTS_PER_SECOND),
            timeout: timeout?,
            max_attempts: max_attempts?.unwrap_or(MAX_ATTEMPTS).into(),
        })
    })
}

/// Reads `[http]`; `None` where it is not there or does not say where to listen.
pub(super) fn http(root: &mut Section<'_>, base: &Path) -> Result<Option<HttpSettings>, Reported> {
    let settings = root.section("http", |section| {
        let listen = section.optional_text("listen", address);
        let token = reference::read_optional(section, "token", base);
        let (listen, token) = (listen?, token?);
        Ok(listen.map(|listen| HttpSettings { listen, token }))
    });
    settings.map(Option::flatten)
}

fn address(text: &str) -> Result<SocketAddr, Mismatch> {
    text.parse().map_err(|_| Mismatch::quoting("an address and a port such as 127.0.0.1:9464", text))
}
