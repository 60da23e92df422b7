//! The bad day, step by step.

use std::time::{Duration, Instant};

use chrono::Days;

use super::{
    daemon::Daemon,
    memory::Watch,
    options::Options,
    services::Services,
    settings::{Place, Settings, ZONE},
    site::{Site, let_pass},
    steps::{DECK, Step},
    tally::Tally,
    workbench::Dice,
};
use audience_exporter::{
    clock::Clock,
    simulator::credentials::{ANGELCAM_PASSWORD, USERNAME},
};

/// The day so far.
pub(crate) struct Story {
    /// `None` while none is to run. It ends before its folder goes.
    pub(crate) daemon: Option<Daemon>,
    pub(crate) options: Options,
    pub(crate) services: Services,
    pub(crate) site: Site,
    pub(crate) place: Place,
    pub(crate) watch: Watch,
    pub(crate) tally: Tally,
    pub(crate) settings: Settings,
    pub(crate) dice: Dice,
    /// Daemons so far.
    pub(crate) lives: usize,
    began: Instant,
    /// When the outage ends, where there is one.
    pub(crate) comes_up_at: Instant,
}

impl Story {
    /// Accounts are signed in, the daemon runs, and things go wrong from now on.
    pub(crate) fn begin(options: Options) -> Self {
        let mut services = Services::start(&options);
        let today = Clock::system().now().with_timezone(&ZONE).date_naive();
        let place = Place {
            streams_url: services.streams_url(),
            partner_url: services.partner_url(),
            first_day: today - Days::new(6),
        };
        let settings = Settings::usual();
        let site = Site::new(&options, &settings.toml(&place));
        sign_in(&site);
        services.storm();
        let mut story = Self {
            dice: Dice::new(options.seed),
            options,
            services,
            site,
            place,
            settings,
            watch: Watch::start(),
            tally: Tally::default(),
            daemon: None,
            lives: 0,
            began: Instant::now(),
            comes_up_at: Instant::now(),
        };
        story.start();
        story
    }

    /// Goes on until its time is over and everything has come once.
    pub(crate) fn tell(&mut self) {
        let length = self.options.length;
        let mut deck = Vec::new();
        let mut has_come_once = false;
        while self.elapsed() < length || !has_come_once {
            let progress = self.elapsed().as_secs_f64() / length.as_secs_f64();
            self.services.catch_up(progress);
            self.come_up_when_it_is_time();
            self.let_it_work();
            if deck.is_empty() {
                deck = self.shuffled();
            }
            let step = self.draw(&mut deck);
            has_come_once |= deck.is_empty();
            let is_peaceful = self.options.is_long() && progress > 0.5;
            if !(is_peaceful && step.ends_the_daemon()) {
                self.take(step);
            }
        }
    }

    /// The next step that can be taken during an outage, if there is one; the outage ends where there is none.
    fn draw(&mut self, deck: &mut Vec<Step>) -> Step {
        let is_up = self.services.is_up();
        let possible = deck.iter().rposition(|step| is_up || !step.needs_the_service());
        if possible.is_none() {
            self.come_up();
        }
        deck.remove(possible.unwrap_or(deck.len() - 1))
    }

    fn shuffled(&mut self) -> Vec<Step> {
        let mut deck = DECK.to_vec();
        for last in (1..deck.len()).rev() {
            deck.swap(last, self.index(last + 1));
        }
        deck
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.dice.below(limit)
    }

    /// Of something that there are so many of.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A part of the story's length, from this to that thousandth of it.
    pub(crate) fn part_of_length(&mut self, from: u64, to: u64) -> Duration {
        let thousandths = from + self.below(to - from);
        self.options.length.mul_f64(thousandths as f64 / 1000.0)
    }

    /// Some time passes, in which it stays alive.
    fn let_it_work(&mut self) {
        let_pass(self.part_of_length(4, 70).min(Duration::from_secs(9)));
        self.daemon.as_mut().unwrap().assert_alive();
    }

    fn come_up_when_it_is_time(&mut self) {
        if !self.services.is_up() && Instant::now() >= self.comes_up_at {
            self.come_up();
        }
    }

    fn come_up(&mut self) {
        self.services.come_up();
        self.note("the outage is over");
    }

    /// Tells what happens, and when.
    pub(crate) fn note(&self, what: &str) {
        eprintln!("{:>6.1} s  {what}", self.elapsed().as_secs_f64());
    }

    pub(crate) fn start(&mut self) {
        self.lives += 1;
        let daemon = Daemon::start(&self.site, self.lives);
        self.watch.look_at(daemon.id());
        self.daemon = Some(daemon);
    }
}

/// A person does, before anything goes wrong.
fn sign_in(site: &Site) {
    site.run(&["auth", "login", "partner"]).assert(&[0]);
    let login = ["auth", "login", "angelcam", "--username", USERNAME, "--password-stdin"];
    site.run_with_input(&login, ANGELCAM_PASSWORD).assert(&[0]);
}
