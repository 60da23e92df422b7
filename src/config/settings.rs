//! The sections `[angus]` and `[http]`.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU16,
    time::Duration,
};

use reqwest::Url;

use super::{
    AngusSettings, HttpSettings,
    report::{Mismatch, Reported},
    rules,
    section::Section,
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
        let console_url = section.text_or("console_url", CONSOLE_URL, base_url);
        let data_url = section.text_or("data_url", DATA_URL, base_url);
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
pub(super) fn http(root: &mut Section<'_>) -> Result<Option<HttpSettings>, Reported> {
    let settings = root.section("http", |section| {
        let listen = section.optional_text("listen", address)?;
        Ok(listen.map(|listen| HttpSettings { listen }))
    });
    settings.map(Option::flatten)
}

fn address(text: &str) -> Result<SocketAddr, Mismatch> {
    text.parse().map_err(|_| Mismatch::quoting("an address and a port such as 127.0.0.1:9464", text))
}

/// A URL that paths can be joined to and that no secret travels to in the clear. It is shown only when it is known to
/// hold no secret itself.
fn base_url(text: &str) -> Result<Url, Mismatch> {
    let expected = "an https:// URL";
    let url = Url::parse(text)
        .map_err(|reason| Mismatch::new(expected, format!("text that is none ({reason})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Mismatch::new("a URL without user name and password", "one with them"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Mismatch::new("a URL without query and fragment", "one with them"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => {
            Err(Mismatch::quoting("https://, or http:// to this machine only", text).hint("write https://"))
        }
        _ => Err(Mismatch::quoting(expected, text)),
    }
}

/// Whether `url` leads to this machine, by its host as it is written: no name is looked up.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_nowhere_beyond_this_machine() {
        for allowed in [
            "https://console.angus.ai",
            "https://proxy.example.com/angus",
            "http://127.0.0.1:8400",
            "http://127.8.9.1/",
            "http://[::1]:8400",
            "http://localhost:8400",
            "http://LOCALHOST",
        ] {
            assert!(base_url(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "http://data.angus.ai",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://128.0.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "data.angus.ai",
            "https://",
            "https://a:b@data.angus.ai",
            "https://a@data.angus.ai",
            "https://data.angus.ai?key=1",
            "https://data.angus.ai#part",
        ] {
            assert!(base_url(refused).is_err(), "{refused}");
        }
    }
}
