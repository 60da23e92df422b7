//! `[[inventories]]`: the cameras that an account sees, as a small table.

use std::{iter, sync::Arc};

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::{
    Account, AccountSystem, Schedule,
    names::{Known, Names},
    report::{Mismatch, Reported},
    rules,
    section::Section,
    suggest::one_of,
};
use crate::sink::{CsvCompression, FileFormat, ParquetCompression};

const SCHEDULE: &str = "0 4 * * *";
const FORMAT: &str = "csv";

const FORMATS: [(&str, FileFormat); 2] = [
    ("csv", FileFormat::Csv(CsvCompression::None)),
    ("parquet", FileFormat::Parquet(ParquetCompression::Zstd)),
];

/// Angelcam contract, section 6: a listing may make the service contact every camera.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// A line has the same minutes in every hour, so that one which is due more than once an hour shows it at once.
const JUDGED_TIMES: usize = 24;

/// The cameras that one account sees.
pub struct Inventory {
    /// `[a-z0-9][a-z0-9_-]*`, at most 64 characters: used in paths, where jobs are too.
    pub name: String,
    /// Who asks; an account at Angelcam.
    pub account: Arc<Account>,
    /// When it is asked, in [`Config::timezone`](super::Config::timezone); at most once an hour.
    pub schedule: Schedule,
    /// The format of its file.
    pub format: FileFormat,
}

/// Reads every inventory, in the order of the configuration.
pub(super) fn read(
    root: &mut Section<'_>,
    accounts: &Known<Account>,
    job_names: &Names,
) -> Vec<Arc<Inventory>> {
    let mut names = Names::new("inventory", root.report());
    let inventories = root
        .sections("inventories", &mut names, |section, names| inventory(section, accounts, job_names, names));
    inventories.into_iter().map(Arc::new).collect()
}

fn inventory(
    section: &mut Section<'_>,
    accounts: &Known<Account>,
    job_names: &Names,
    names: &mut Names,
) -> Result<Inventory, Reported> {
    let name = name(section, names, job_names);
    let gives_inventories = |account: &Account| matches!(account.system, AccountSystem::Angelcam(_));
    let account =
        accounts.refer(section, "account", "the name of an account of kind angelcam", gives_inventories);
    let schedule = section.text_or("schedule", SCHEDULE, schedule);
    let format = section.text_or("format", FORMAT, |text| one_of(text, &FORMATS, |(word, _)| word));
    let (_, format) = format?;
    Ok(Inventory { name: name?, account: account?, schedule: schedule?, format })
}

fn name(section: &mut Section<'_>, names: &mut Names, job_names: &Names) -> Result<String, Reported> {
    let name = names.read(section)?;
    if job_names.contains(&name) {
        let expected = "a name that no job has, since both name folders of output_dir";
        return Err(section.reject("name", Mismatch::quoting(expected, &name)));
    }
    Ok(name)
}

fn schedule(text: &str) -> Result<Schedule, Mismatch> {
    let schedule = rules::schedule(text)?;
    if is_too_frequent(&schedule) {
        let expected = "a schedule of at most once an hour, since a listing may contact every camera";
        return Err(Mismatch::quoting(expected, text));
    }
    Ok(schedule)
}

/// Judged without a change of the clock, which can bring two times together.
fn is_too_frequent(schedule: &Schedule) -> bool {
    let next = |instant| schedule.next_after(instant, Tz::UTC);
    let mut last = None;
    iter::successors(next(DateTime::UNIX_EPOCH), |time| next(*time)).take(JUDGED_TIMES).any(|time| {
        let previous = last.replace(time);
        previous.is_some_and(|previous| time - previous < SHORTEST_PAUSE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_may_be_due_once_an_hour_and_no_more() {
        for allowed in ["0 4 * * *", "59 * * * *", "0 59 23,0 * * *", "0 0 29 2 *", "30 0 L * *"] {
            assert!(schedule(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "*/15 * * * *",
            "* * * * * *",
            "0,59 4 * * *",
            "0 0,30 23 31 12 *",
            "0,1 0 0 1 1 *",
            "*/59 * * * *",
        ] {
            assert!(schedule(refused).is_err(), "{refused}");
        }
    }
}
