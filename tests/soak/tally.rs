//! What happened, in figures.

use std::{collections::BTreeMap, fmt::Display};

use super::{
    memory::{Halves, Sample},
    services::Services,
    site::Site,
};

/// How often the memory of a long story is told.
const SHOWN_SAMPLES: usize = 24;

#[derive(Default)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Tells everything.
    pub(crate) fn tell(&self, site: &Site, services: &Services, samples: &[Sample], last_life: u32) {
        for (what, times) in &self.0 {
            line(what, times);
        }
        let logs = site.logs();
        let said = |what: &str| logs.iter().map(|(_, log)| log.matches(what).count()).sum::<usize>();
        line("daemons", logs.len());
        for outcome in ["done", "incomplete", "failed", "credentials_refused", "busy"] {
            line(
                &format!("runs {outcome}"),
                said(&format!("run ended command=\"run\" outcome=\"{outcome}\"")),
            );
        }
        line("runs that met the next", said("the run of before is still going"));
        line("windows that failed", said("window failed"));
        let [streams, partner] = services.requests();
        line("requests to streams", streams.tokens + streams.entities);
        line("tokens among them", streams.tokens);
        line("faults met there", streams.faults);
        line("requests to the partner", services.accounts().requests().len());
        line("faults met there", partner.faults);
        line("files that the partner got", services.accounts().deliveries().len());
        let status = site.status();
        let rows = status["series"].as_array().unwrap().iter().map(|of| of["rows"].as_u64().unwrap());
        line("rows in the end", rows.sum::<u64>());
        line("files in the end", site.published().len());
        tell_memory(samples, last_life);
    }
}

fn tell_memory(samples: &[Sample], last_life: u32) {
    if let Some(halves) = Halves::of(samples, last_life) {
        let [first, second] = halves.resident_kib.map(mib);
        line("memory of the halves of the long life", format!("{first:.1} MiB, {second:.1} MiB"));
        line("open files at most in each", format!("{:?}", halves.open_files));
    }
    let highest = samples.iter().map(|sample| sample.highest_kib).max().unwrap_or_default();
    line("memory at most", format!("{:.1} MiB", mib(highest)));
    for sample in samples.iter().step_by(samples.len() / SHOWN_SAMPLES + 1) {
        let Sample { process, at, resident_kib, open_files, .. } = sample;
        let (seconds, resident) = (at.as_secs(), mib(*resident_kib));
        eprintln!("  {seconds:>5} s  process {process:<8} {resident:>6.1} MiB  {open_files:>3} open files");
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn line(what: &str, value: impl Display) {
    eprintln!("{what:<40} {value}");
}
