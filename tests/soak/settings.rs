//! The configurations that the story goes through.

use std::fmt::Write;

use audience_exporter::simulator::{access_token, account_configuration, fleet};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::workbench::Dice;

pub(crate) const STREAMS: usize = 6;

pub(crate) const ZONE: Tz = Tz::Europe__Paris;

/// The job whose files go to the partner.
pub(crate) const DELIVERED: &str = "hourly";

/// The job that comes and goes.
pub(crate) const EXTRA: &str = "whole-days";

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) streams_url: String,
    pub(crate) partner_url: String,
    /// The first day of the hourly job; the others begin on days of their own.
    pub(crate) first_day: NaiveDate,
}

/// What a configuration says that others do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    zone_tag: &'static str,
    has_floor_tag: bool,
    /// Not less than the service is late at the most, which is nine hours and three.
    lookback: &'static str,
    settle: &'static str,
    compression: &'static str,
    /// Whether the daily job exports every stream.
    has_every_stream: bool,
    pub(crate) has_extra_job: bool,
}

impl Settings {
    /// Those of the first and the last configuration: everything that others have is in it.
    pub(crate) fn usual() -> Self {
        Self {
            zone_tag: "entrance",
            has_floor_tag: true,
            lookback: "48h",
            settle: "15m",
            compression: "zstd",
            has_every_stream: true,
            has_extra_job: true,
        }
    }

    pub(crate) fn drawn(dice: &mut Dice) -> Self {
        Self {
            zone_tag: pick(dice, ["entrance", "hall", "gate"]),
            has_floor_tag: pick(dice, [true, false]),
            lookback: pick(dice, ["14h", "24h", "48h"]),
            settle: pick(dice, ["15m", "1h", "4h"]),
            compression: pick(dice, ["zstd", "snappy"]),
            has_every_stream: pick(dice, [true, false]),
            has_extra_job: pick(dice, [true, false]),
        }
    }

    #[must_use]
    pub(crate) fn with_extra_job(self, has_extra_job: bool) -> Self {
        Self { has_extra_job, ..self }
    }

    pub(crate) fn jobs(&self) -> Vec<&'static str> {
        let extra = self.has_extra_job.then_some(EXTRA);
        [DELIVERED, "daily"].into_iter().chain(extra).collect()
    }

    /// For one who only exports.
    pub(crate) fn plain_toml(&self, place: &Place) -> String {
        let mut toml = format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\ntimezone = \"{ZONE}\"\n\
             [angus]\nconsole_url = \"{url}\"\ndata_url = \"{url}\"\nrequests_per_second = 1000.0\ntimeout = \"5s\"\n",
            url = place.streams_url,
        );
        self.push_streams(&mut toml);
        self.push_jobs(&mut toml, place.first_day);
        toml
    }

    /// For the daemon, with its accounts.
    pub(crate) fn toml(&self, place: &Place) -> String {
        let accounts = account_configuration(&place.partner_url).replace("0 4 * * *", "0 * * * *");
        format!(
            "{}{accounts}\n[daemon]\nstart_jitter = \"0s\"\ndrain_timeout = \"1m\"\n\
             [http]\nlisten = \"127.0.0.1:0\"\n",
            self.plain_toml(place)
        )
    }

    fn push_streams(&self, toml: &mut String) {
        let floor = if self.has_floor_tag { ", floor = \"1\"" } else { "" };
        for stream in fleet(STREAMS) {
            let (secret, zone) = (access_token(&stream.client_id), self.zone_tag);
            write!(
                toml,
                "[[streams]]\nname = \"{}\"\nusername = \"{}\"\nclient_id = \"{}\"\naccess_token = \"{secret}\"\n\
                 tags = {{ zone = \"{zone}\"{floor} }}\n",
                stream.name, stream.username, stream.client_id
            )
            .unwrap();
        }
    }

    fn push_jobs(&self, toml: &mut String, first_day: NaiveDate) {
        let Self { lookback, settle, compression, .. } = self;
        let streams = if self.has_every_stream { "*" } else { "entrance-*" };
        let before = |days| first_day - Days::new(days);
        write!(
            toml,
            "[[jobs]]\nname = \"{DELIVERED}\"\ntime = \"by_hour\"\nschedule = \"* * * * * *\"\nstart = \"{}\"\n\
             settle = \"{settle}\"\nlookback = \"{lookback}\"\nformat = \"csv\"\npartition = \"day\"\n\
             [[jobs]]\nname = \"daily\"\ntime = \"by_day\"\nschedule = \"*/2 * * * * *\"\nstart = \"{}\"\n\
             settle = \"{settle}\"\nlookback = \"{lookback}\"\nformat = \"parquet\"\npartition = \"month\"\n\
             compression = \"{compression}\"\nstreams = [\"{streams}\"]\n",
            before(0),
            before(44)
        )
        .unwrap();
        if self.has_extra_job {
            write!(
                toml,
                "[[jobs]]\nname = \"{EXTRA}\"\ntime = \"global\"\nschedule = \"*/3 * * * * *\"\nstart = \"{}\"\n\
                 settle = \"{settle}\"\nlookback = \"{lookback}\"\nformat = \"csv\"\ncompression = \"gzip\"\n\
                 partition = \"year\"\nstreams = [\"lobby\", \"e*\"]\n",
                before(3)
            )
            .unwrap();
        }
    }
}

/// One of them.
pub(crate) fn pick<T: Copy, const N: usize>(dice: &mut Dice, choices: [T; N]) -> T {
    choices[usize::try_from(dice.below(N as u64)).unwrap()]
}

/// What is no configuration.
pub(crate) fn broken(dice: &mut Dice, good: &str) -> String {
    match dice.below(4) {
        0 => String::new(),
        1 => good.replace("lookback = ", "lookbak = "),
        2 => format!("{}\n[[jobs", &good[..good.len() / 2]),
        _ => good.replace("[[jobs]]", "[[job]]"),
    }
}
