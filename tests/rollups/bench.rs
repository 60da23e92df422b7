//! A project with roll-ups, and roll-ups made by hand from its published files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use audience_exporter::{
    ledger::Ledger,
    row::{Count, Mean, Row},
    series::Series,
    simulator::{ConfigurationOptions, SimulatedStream, SimulatorOptions, configuration, fleet},
    sink::{CsvCompression, FileFormat},
    time::PartitionSize,
};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::house::{Ended, House};

/// One project.
pub(crate) struct Bench {
    pub(crate) house: House,
    pub(crate) zone: Tz,
    pub(crate) streams: Vec<SimulatedStream>,
}

/// A line of a roll-up: its columns by name.
pub(crate) type Line = BTreeMap<String, String>;

/// What a period of some streams must be.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) expected: i64,
    pub(crate) present: i64,
    people: BTreeMap<&'static str, i64>,
    /// Seconds of all interested people, and how many these are.
    seconds: BTreeMap<&'static str, (f64, i64)>,
}

impl Bench {
    /// Three believable streams in Paris.
    pub(crate) fn new() -> Self {
        Self::of(
            SimulatorOptions { page_size: 800, ..SimulatorOptions::default() },
            Tz::Europe__Paris,
            fleet(3),
        )
    }

    /// These streams, in CSV files by month.
    pub(crate) fn of(options: SimulatorOptions, zone: Tz, streams: Vec<SimulatedStream>) -> Self {
        let bench = Self { house: House::of(options), zone, streams };
        bench.configure(|text| text);
        bench
    }

    /// Writes the configuration as `change` has it.
    pub(crate) fn configure(&self, change: impl Fn(String) -> String) {
        let text = configuration(&ConfigurationOptions {
            base_url: &self.house.simulator.base_url(),
            streams: &self.streams,
            timezone: self.zone,
            output_dir: "data",
            state_dir: "state",
            concurrency: 8,
            format: FileFormat::Csv(CsvCompression::None),
            partition: PartitionSize::Month,
            start: None,
        });
        fs::write(self.house.path("exporter.toml"), change(text)).unwrap();
    }

    /// The same with these lines in the job.
    pub(crate) fn configure_job(&self, lines: &str) {
        self.configure(|text| text + lines);
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.house.run(&arguments.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.house.path(relative)
    }

    /// Every published row by stream, as the library reads it.
    pub(crate) fn published(&self) -> BTreeMap<String, Vec<Row>> {
        let config = self.house.config();
        let ledger = Ledger::open_if_present(&config.state_dir).unwrap().unwrap();
        let of_series = |series: Series| {
            let known = ledger.find_series(&series.key()).unwrap().unwrap();
            let files = ledger.files(known.id).unwrap().into_iter();
            let rows = files.flat_map(|file| {
                let bytes = fs::read(config.output_dir.join(&file.path)).unwrap();
                series.job.format.decode(&series.context, &bytes).unwrap()
            });
            (series.stream.name.clone(), rows.collect())
        };
        Series::all(&config, None, None).into_iter().map(of_series).collect()
    }

    /// What the rows of `streams` come to, by the first day of each period between two days. Every hour is looked at by
    /// itself, on the wall clock.
    pub(crate) fn sums(
        &self,
        streams: &[&str],
        size: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BTreeMap<String, Sum> {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        let key = |hour: DateTime<Utc>| first_day(hour.with_timezone(&self.zone).date_naive(), size);
        let periods: BTreeSet<NaiveDate> =
            from.iter_days().take_while(|day| *day < to).map(|day| first_day(day, size)).collect();
        let begin = (from - Days::new(40)).and_hms_opt(0, 0, 0).unwrap().and_utc();
        let end = (to + Days::new(40)).and_hms_opt(0, 0, 0).unwrap().and_utc();
        let hours = (0..(end - begin).num_hours()).map(|index| begin + TimeDelta::hours(index));
        for period in hours.map(key).filter(|period| periods.contains(period)) {
            sums.entry(period.to_string()).or_default().expected += i64::try_from(streams.len()).unwrap();
        }
        let published = self.published();
        for row in streams.iter().flat_map(|stream| &published[*stream]) {
            let sum = sums.get_mut(&key(row.start).to_string()).unwrap();
            sum.add(row);
        }
        sums
    }

    /// The lines of every year of one stream or group, such as `week/stream=lobby`.
    pub(crate) fn lines(&self, folder: &str) -> Vec<Line> {
        let folder = self.path("data/_rollup/hourly").join(folder);
        let mut years: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        years.sort();
        years.iter().flat_map(|year| lines(&year.join("data.csv"))).collect()
    }

    /// Is what the published rows come to, period by period.
    #[track_caller]
    pub(crate) fn assert_right(
        &self,
        folder: &str,
        streams: &[&str],
        size: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) {
        let (found, expected) = (self.lines(folder), self.sums(streams, size, from, to));
        let dates: Vec<&String> = found.iter().map(|line| &line["local_date"]).collect();
        assert_eq!(dates, expected.keys().collect::<Vec<_>>(), "{folder}");
        for line in &found {
            expected[&line["local_date"]].assert_is(line, folder);
        }
    }
}

fn first_day(date: NaiveDate, size: &str) -> NaiveDate {
    match size {
        "day" => date,
        "week" => date - Days::new(u64::from(date.weekday().num_days_from_monday())),
        "month" => date.with_day(1).unwrap(),
        other => panic!("{other}"),
    }
}

pub(crate) fn lines(path: &Path) -> Vec<Line> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|line| line.unwrap()).collect()
}

impl Sum {
    fn add(&mut self, row: &Row) {
        self.present += 1;
        for count in Count::ALL {
            if let Some(people) = row.count(count) {
                *self.people.entry(count.column_name()).or_default() += people;
            }
        }
        for mean in Mean::ALL {
            if let (Some(seconds), Some(people)) = (row.mean(mean), row.count(Count::Interested)) {
                let sum = self.seconds.entry(mean.column_name()).or_default();
                *sum = (sum.0 + seconds * people as f64, sum.1 + people);
            }
        }
    }

    #[track_caller]
    fn assert_is(&self, line: &Line, which: &str) {
        let integer = |name: &str| line[name].parse::<i64>().ok();
        let float = |name: &str| line[name].parse::<f64>().ok();
        assert_eq!(integer("buckets_expected"), Some(self.expected), "{which} {line:?}");
        assert_eq!(integer("buckets_present"), Some(self.present), "{which} {line:?}");
        assert_eq!(float("coverage"), Some(self.present as f64 / self.expected as f64), "{which} {line:?}");
        for count in Count::ALL.map(Count::column_name) {
            assert_eq!(integer(count), self.people.get(count).copied(), "{which} {count} {line:?}");
        }
        for mean in Mean::ALL.map(Mean::column_name) {
            let expected = self.seconds.get(mean).filter(|(_, people)| *people > 0);
            let expected = expected.map(|(seconds, people)| seconds / *people as f64);
            let is_same = match (float(mean), expected) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs(),
                (found, expected) => found == expected,
            };
            assert!(is_same, "{which} {mean}: {expected:?} in {line:?}");
        }
    }
}
