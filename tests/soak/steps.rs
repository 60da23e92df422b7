//! What happens in the story, and what must hold whenever it happens.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::Days;
use serde_json::Value;

use super::{
    daemon::Daemon,
    services::Outage,
    settings::{Settings, broken, pick},
    site::{let_pass, wait_until},
    story::Story,
};

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Kill,
    KillWhileItStarts,
    Terminate,
    Reload,
    ReloadTwice,
    ReloadBroken,
    GoDown(Outage),
    Backfill,
    Pull,
    Look,
    SecondDaemon,
}

/// Each of these comes before any of them comes again.
pub(crate) const DECK: [Step; 15] = [
    Step::Kill,
    Step::Kill,
    Step::KillWhileItStarts,
    Step::Terminate,
    Step::Terminate,
    Step::Reload,
    Step::Reload,
    Step::ReloadTwice,
    Step::ReloadBroken,
    Step::GoDown(Outage::Refusing),
    Step::GoDown(Outage::Silent),
    Step::Backfill,
    Step::Pull,
    Step::Look,
    Step::SecondDaemon,
];

/// A process that shares the luck of a stream with others may meet more faults than it has patience for. Then what it
/// could not get stays due: some of it, all of it, or all of it because tokens ended too early.
const WELL_OR_UNLUCKY: [i32; 4] = [0, 4, 1, 3];

impl Step {
    pub(crate) fn ends_the_daemon(self) -> bool {
        matches!(self, Self::Kill | Self::KillWhileItStarts | Self::Terminate)
    }

    pub(crate) fn needs_the_service(self) -> bool {
        matches!(self, Self::Backfill | Self::Pull | Self::GoDown(_))
    }
}

impl Story {
    pub(crate) fn take(&mut self, step: Step) {
        self.note(&format!("{step:?}"));
        match step {
            Step::Kill => self.kill(),
            Step::KillWhileItStarts => self.kill_while_it_starts(),
            Step::Terminate => self.terminate(),
            Step::Reload => self.reload(),
            Step::ReloadTwice => self.reload_twice(),
            Step::ReloadBroken => self.reload_broken(),
            Step::GoDown(outage) => self.go_down(outage),
            Step::Backfill => self.backfill(),
            Step::Pull => self.pull(),
            Step::Look => self.look(),
            Step::SecondDaemon => self.start_a_second_daemon(),
        }
    }

    fn kill(&mut self) {
        self.tally.count("kills");
        self.daemon.take().unwrap().kill();
        self.site.assert_honest("killed");
        self.start();
    }

    fn kill_while_it_starts(&mut self) {
        self.tally.count("kills while it starts");
        self.daemon.take().unwrap().kill();
        for _ in 0..3 {
            self.lives += 1;
            let daemon = Daemon::begin(&self.site, self.lives);
            let_pass(Duration::from_millis(self.below(300)));
            daemon.kill();
        }
        self.site.assert_honest("killed while it started");
        self.start();
    }

    /// At any time, an outage included, it ends by itself with exit code 0.
    pub(crate) fn terminate(&mut self) {
        self.tally.count("SIGTERM");
        self.daemon.take().unwrap().terminate();
        self.site.assert_honest("terminated");
        self.start();
    }

    fn reload(&mut self) {
        self.tally.count("reloads");
        self.settings = Settings::drawn(&mut self.dice);
        let text = self.settings.toml(&self.place);
        self.apply(&text, "configuration applied");
        self.wait_for_jobs();
    }

    /// The second one comes while the first one is applied, or before it is noticed: the last configuration counts.
    fn reload_twice(&mut self) {
        self.tally.count("reloads, twice at once");
        let has_extra_job = !self.settings.has_extra_job;
        let first = Settings::drawn(&mut self.dice).with_extra_job(!has_extra_job);
        self.settings = Settings::drawn(&mut self.dice).with_extra_job(has_extra_job);
        self.hang_up(&first.toml(&self.place));
        let_pass(Duration::from_millis(self.below(200)));
        let text = self.settings.toml(&self.place);
        self.hang_up(&text);
        self.wait_for_jobs();
    }

    fn reload_broken(&mut self) {
        self.tally.count("reloads of nonsense");
        let good = self.settings.toml(&self.place);
        let broken = broken(&mut self.dice, &good);
        self.apply(&broken, "stays in force");
        self.site.configure(&good);
    }

    fn hang_up(&mut self, text: &str) {
        self.site.configure(text);
        self.daemon.as_mut().unwrap().signal("HUP");
    }

    fn apply(&mut self, text: &str, expected: &str) {
        let times = self.daemon.as_ref().unwrap().times(expected);
        self.hang_up(text);
        self.daemon.as_mut().unwrap().wait_to_say(expected, times + 1);
    }

    /// Waits until the daemon shows the jobs of the configuration.
    fn wait_for_jobs(&mut self) {
        let mut expected = self.settings.jobs();
        expected.sort_unstable();
        let daemon = self.daemon.as_ref().unwrap();
        wait_until("the last configuration is in force", || jobs_in_force(daemon) == expected);
    }

    fn go_down(&mut self, outage: Outage) {
        self.tally.count("outages");
        let lasts = self.part_of_length(20, 200).min(Duration::from_secs(150));
        self.services.go_down(outage);
        self.comes_up_at = Instant::now() + lasts;
    }

    fn backfill(&mut self) {
        self.tally.count("backfills");
        let from = self.below(6);
        let to = from + 1 + self.below(6 - from);
        let day = |days| (self.place.first_day + Days::new(days)).to_string();
        let (from, to) = (day(from), day(to));
        let mut arguments = vec!["backfill", "-q", "--from", &from, "--to", &to];
        let force = ["--force"];
        arguments.extend(&force[..usize::from(pick(&mut self.dice, [true, false]))]);
        self.site.run(&arguments).assert(&WELL_OR_UNLUCKY);
    }

    fn pull(&mut self) {
        self.tally.count("pulls");
        let jobs = self.settings.jobs();
        let job = jobs[self.index(jobs.len())];
        self.site.run(&["pull", "-q", "--job", job]).assert(&WELL_OR_UNLUCKY);
    }

    /// Everybody who looks is answered.
    fn look(&mut self) {
        self.tally.count("looks");
        let daemon = self.daemon.as_ref().unwrap();
        let status = self.site.run(&["status"]);
        status.assert(&[0]);
        assert!(status.stdout.contains(&format!("daemon: process {}", daemon.id())), "{}", status.stdout);
        self.site.run(&["plan"]).assert(&[0]);
        self.site.run(&["check", "--offline"]).assert(&[0]);
        assert_eq!(daemon.get("/healthz"), (200, "ok\n".to_owned()));
        let (code, metrics) = daemon.get("/metrics");
        assert!(code == 200 && metrics.contains("audience_exporter_runs_total{"), "{metrics}");
        wait_until("it is ready", || daemon.get("/readyz").0 == 200);
    }

    fn start_a_second_daemon(&mut self) {
        self.tally.count("second daemons");
        let ended = self.site.run(&["run"]);
        ended.assert(&[5]);
        let holder = format!("process {}", self.daemon.as_ref().unwrap().id());
        assert!(ended.stderr.contains(&holder), "{}", ended.stderr);
    }
}

/// The jobs that the daemon shows, each once, sorted.
fn jobs_in_force(daemon: &Daemon) -> Vec<String> {
    let (code, body) = daemon.get("/api/status");
    assert_eq!(code, 200, "{body}");
    let status: Value = serde_json::from_str(&body).unwrap();
    let series = status["series"].as_array().unwrap().iter();
    let jobs: BTreeSet<&str> = series.map(|series| series["job"].as_str().unwrap()).collect();
    jobs.into_iter().map(str::to_owned).collect()
}
