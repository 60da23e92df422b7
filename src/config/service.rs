//! The sections of the daemon: `[daemon]`, `[http]` and `[alerts]`.

use std::{net::SocketAddr, ops::RangeInclusive, path::Path, time::Duration};

use super::{
    AlertSettings, DaemonSettings, HttpSettings, SecretSource, reference,
    report::{Mismatch, NOTHING, Reported},
    rules,
    section::Section,
    urls,
};

const DRAIN_TIMEOUT: &str = "20s";
const DRAIN_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);
const START_JITTER: &str = "5s";
const START_JITTERS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(1);
const HANG_AFTER: &str = "20m";
const HANGS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);

const STALE_AFTER: &str = "6h";
const SILENT_AFTER: &str = "24h";
const LONGEST_BOUND: Duration = Duration::from_hours(366 * 24);
const GROUP_WAIT: &str = "1m";
const GROUP_INTERVAL: &str = "5m";
const LONGEST_GROUPING: Duration = Duration::from_hours(24);
const DISK_FREE_PERCENT: u16 = 5;

/// Reads `[daemon]`.
pub(super) fn daemon(root: &mut Section<'_>) -> Result<DaemonSettings, Reported> {
    root.section_or_empty("daemon", |section| {
        let drain_timeout =
            section.text_or("drain_timeout", DRAIN_TIMEOUT, |text| rules::duration(text, &DRAIN_TIMEOUTS));
        let start_jitter =
            section.text_or("start_jitter", START_JITTER, |text| rules::duration(text, &START_JITTERS));
        let hang_after = section.text_or("hang_after", HANG_AFTER, |text| rules::duration(text, &HANGS));
        Ok(DaemonSettings {
            drain_timeout: drain_timeout?,
            start_jitter: start_jitter?,
            hang_after: hang_after?,
        })
    })
}

/// Reads `[http]`; `None` where it is not there or does not say where to listen.
pub(super) fn http(root: &mut Section<'_>, base: &Path) -> Result<Option<HttpSettings>, Reported> {
    let settings = root.section("http", |section| {
        let listen = section.optional_text("listen", address);
        let token = reference::read_optional(section, "token", base);
        if let Ok(Some(SecretSource::Literal(_))) = token {
            section.report().warn(reference::literal_warning(
                "http: its token stands",
                "token",
                "http-token",
            ));
        }
        let (listen, token) = (listen?, token?);
        if token.is_none() && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            let expected =
                "a secret such as { file = \"secrets/http-token\" }, since others can reach this address";
            return Err(section.reject("token", Mismatch::new(expected, NOTHING)));
        }
        Ok(listen.map(|listen| HttpSettings { listen, token }))
    });
    settings.map(Option::flatten)
}

fn address(text: &str) -> Result<SocketAddr, Mismatch> {
    text.parse().map_err(|_| Mismatch::quoting("an address and a port such as 127.0.0.1:9464", text))
}

/// Reads `[alerts]`; an empty one tells nobody anything.
pub(super) fn alerts(root: &mut Section<'_>, base: &Path) -> Result<AlertSettings, Reported> {
    root.section_or_empty("alerts", |section| {
        let webhook = address_to_tell(section, "webhook", base);
        let heartbeat = address_to_tell(section, "heartbeat", base);
        let stale_after =
            section.text_or("stale_after", STALE_AFTER, |text| rules::time_delta(text, LONGEST_BOUND));
        let silent_after =
            section.text_or("silent_after", SILENT_AFTER, |text| rules::time_delta(text, LONGEST_BOUND));
        let group_wait =
            section.text_or("group_wait", GROUP_WAIT, |text| rules::time_delta(text, LONGEST_GROUPING));
        let group_interval = section
            .text_or("group_interval", GROUP_INTERVAL, |text| rules::time_delta(text, LONGEST_GROUPING));
        let disk_free_percent = section.optional("disk_free_percent", |value| rules::count(value, 100));
        Ok(AlertSettings {
            webhook: webhook?,
            heartbeat: heartbeat?,
            stale_after: stale_after?,
            silent_after: silent_after?,
            group_wait: group_wait?,
            group_interval: group_interval?,
            disk_free_percent: disk_free_percent?.map_or(DISK_FREE_PERCENT, Into::into),
        })
    })
}

/// A URL that is a secret itself: whoever knows it may speak. A literal is judged here, a reference when it is read.
fn address_to_tell(
    section: &mut Section<'_>,
    key: &'static str,
    base: &Path,
) -> Result<Option<SecretSource>, Reported> {
    if section.holds_text(key) {
        let source = section.optional_text(key, |text| {
            // Not even the part before the query may be shown: it says who may speak.
            let expected = "an https:// URL, or http:// to this machine";
            urls::whole(text).map_err(|_| Mismatch::new(expected, "a text that is none"))?;
            reference::literal(text)
        })?;
        section.report().warn(reference::literal_warning(&format!("alerts: its {key} stands"), key, key));
        return Ok(source);
    }
    reference::read_optional(section, key, base)
}
