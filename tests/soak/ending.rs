//! The end of the day: nothing goes wrong any more, and everything is as it should be.

use std::{collections::BTreeSet, fs, time::Duration};

use audience_exporter::{clock::Clock, hex::hex};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{
    memory::Halves,
    settings::{DELIVERED, Settings},
    site::{Site, let_pass, wait_for, wait_until},
    story::Story,
};

/// A password may be sent every five minutes, and an account whose renewal failed is left alone for as long.
const PATIENCE_OF_DELIVERIES: Duration = Duration::from_mins(20);

/// While an hour ends between two runs that are to be compared, they are not the same.
const TRIES: usize = 4;

impl Story {
    /// Asserts all that must hold, and tells how it went.
    pub(crate) fn end(mut self) {
        let last_life = self.daemon.as_ref().unwrap().id();
        self.services.calm_down();
        self.site.configure(&Settings::usual().toml(&self.place));
        let is_compared = (0..TRIES).any(|number| self.run_undisturbed_and_compare(number));
        assert!(is_compared, "hours ended all the time");
        self.wait_for_deliveries();
        self.daemon.take().unwrap().terminate();
        self.assert_partner_has_everything();
        self.assert_inventory();
        self.assert_nobody_panicked();
        let samples = self.watch.samples();
        self.tally.tell(&self.site, &self.services, &samples, last_life);
        let halves = Halves::of(&samples, last_life);
        if self.options.is_long() {
            assert!(halves.is_some_and(|halves| halves.is_flat()), "memory grew: {halves:?}");
        }
    }

    /// The daemon runs until every job is done, then it has what an undisturbed pull has. `false` where an hour ended
    /// meanwhile, so that the pull had more to do.
    fn run_undisturbed_and_compare(&mut self, number: usize) -> bool {
        let before = self.what_is_due();
        // Whatever it did before the hour ended says nothing about it.
        self.terminate();
        self.wait_until_all_jobs_are_done();
        self.assert_all_series_are_well();
        let undisturbed =
            self.site.within(&format!("undisturbed-{number}"), &Settings::usual().plain_toml(&self.place));
        undisturbed.run(&["pull", "-q"]).assert(&[0]);
        // No process runs while files are compared.
        self.daemon.take().unwrap().terminate();
        let is_same_hour = before == self.what_is_due();
        if is_same_hour {
            self.assert_equals(&undisturbed);
        }
        self.start();
        is_same_hour
    }

    fn what_is_due(&self) -> Vec<[DateTime<Utc>; 2]> {
        let now = Clock::system().now();
        let series = self.site.series().iter();
        series.map(|series| [series.rules.due_until(now), series.rules.final_until(now)]).collect()
    }

    fn wait_until_all_jobs_are_done(&mut self) {
        for job in Settings::usual().jobs() {
            let done = format!("audience_exporter_runs_total{{job=\"{job}\",outcome=\"done\"}}");
            wait_until(&format!("a run of {job} is done"), || {
                self.daemon.as_mut().unwrap().assert_alive();
                self.daemon.as_ref().unwrap().metric(&done).is_some_and(|runs| runs >= 1.0)
            });
        }
    }

    fn assert_equals(&self, undisturbed: &Site) {
        let (files, expected) = (self.site.published(), undisturbed.published());
        assert!(expected.len() > 40, "{} files", expected.len());
        files.assert_same(&expected, "in the end");
        self.site.books().assert_same(&undisturbed.books(), "in the end");
        self.site.assert_honest("in the end");
        self.site.assert_nothing_beginning_with(".tmp-", "in the end");
    }

    fn assert_all_series_are_well(&self) {
        let status = self.site.status();
        for series in status["series"].as_array().unwrap() {
            assert_eq!(series["gaps"], serde_json::json!([]), "{series}");
            assert!(series["last_error"].is_null(), "{series}");
        }
    }

    /// What the target takes nothing of for now is sent when a person asks for it; accounts take their time.
    fn wait_for_deliveries(&self) {
        wait_for("everything is delivered", PATIENCE_OF_DELIVERIES, || {
            let delivery = &self.site.status()["deliveries"][0];
            assert_eq!(delivery["parked"], 0, "{delivery}");
            let is_done = delivery["pending"] == 0 && delivery["awaiting_import"] == 0;
            if !is_done {
                self.site.run(&["deliver", "-q"]);
                let_pass(Duration::from_millis(500));
            }
            is_done
        });
    }

    fn assert_partner_has_everything(&self) {
        let received = self.services.accounts().deliveries();
        let keys: BTreeSet<&str> =
            received.iter().map(|received| received.idempotency_key.as_deref().unwrap()).collect();
        let files = self.site.published().below(DELIVERED);
        for path in files.paths() {
            let hash = hex(&Sha256::digest(files.bytes(path).unwrap()));
            assert!(keys.contains(&*hash), "{} did not reach the partner", path.display());
        }
    }

    fn assert_inventory(&self) {
        self.site.run(&["inventory", "-q"]).assert(&[0]);
        let table = fs::read_to_string(self.site.path("data/cameras/data.csv")).unwrap();
        assert_eq!(table.lines().count(), 1 + self.services.accounts().cameras().len(), "{table}");
    }

    fn assert_nobody_panicked(&self) {
        for (path, log) in self.site.logs() {
            for unexpected in
                ["panic", "defect of this program", "damaged", "abandoned", "shows no sign of life"]
            {
                let line = log.lines().find(|line| line.contains(unexpected));
                assert!(line.is_none(), "{}: {line:?}", path.display());
            }
        }
    }
}
