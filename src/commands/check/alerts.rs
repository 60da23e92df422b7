//! Whom the daemon tells of trouble. Nobody is told anything here.

use super::Findings;
use crate::{
    config::Config,
    failure::FailureKind,
    report::{ErrandReport, Failure},
};

/// Whether the addresses of `[alerts]` can be read and are some. Makes no request.
pub(super) fn check(config: &Config, findings: &mut Findings) -> Vec<ErrandReport> {
    let alerts = &config.alerts;
    let addresses = [("alerts.webhook", &alerts.webhook), ("alerts.heartbeat", &alerts.heartbeat)];
    let mut reports = Vec::new();
    for (name, source) in addresses {
        let Some(source) = source else { continue };
        if let Some(warning) = source.warnings() {
            findings.warn(format!("{name}: {warning}"));
        }
        match source.resolve_url() {
            Ok(_) => findings.ok(format!("{name} is an address, nothing was sent to it")),
            Err(error) => {
                let failure = Some(Failure::new(FailureKind::Configuration, &error));
                findings.fail(format!("{name}: {error}"));
                reports.push(ErrandReport { name: name.to_owned(), has_done: false, failure });
            }
        }
    }
    reports
}
