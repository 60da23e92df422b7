//! What lets a ledger be opened without reading all of it: a note beside it that this very file was checked.
//!
//! The note names the file (device, number, size, times of its last changes), the start of the machine, the version of the
//! program, and when it was last read as a whole. Where anything of that differs, where the note is missing, cannot be
//! read, or tells of a day ago, the ledger is checked, and noted anew. So a file that was written by anybody else, restored,
//! moved, or survived a power cut is checked; what rots without a write is found within a day, or where SQLite meets it.
//!
//! What this program itself wrote needs no new check: where it closes a ledger that it had opened whole, and all is in the
//! one file, it notes the file as it is then, with the time of the check before. What stands in the -wal file has sums of
//! its own, which are always checked.

use std::{
    fs::{self, Metadata, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{FILE_NAME, open::beside};
use crate::clock::Clock;

/// What the note's name ends in, after that of the ledger.
pub(super) const CHECKED_SUFFIX: &str = ".checked";

/// Reading a smaller ledger as a whole takes a few milliseconds.
const WORTH_A_NOTE: u64 = 1 << 20;

/// How long a check lasts.
const LASTS: TimeDelta = TimeDelta::days(1);

/// Times of files go by in steps of up to ten milliseconds. A note is only good from the step after the ledger's last
/// change on, since another change in the same step would not show.
const STEP_LOOKS: u32 = 10;
const STEP_PAUSE: Duration = Duration::from_millis(2);

/// Notes, when a ledger is closed, that it is as whole as it was when it was opened. It must outlive the connection.
pub(super) struct Note {
    path: PathBuf,
    clock: Clock,
    /// When the ledger was last read as a whole; `None` where nothing is to be noted.
    checked_at: Option<DateTime<Utc>>,
}

impl Note {
    /// Of a ledger that was found whole at this time.
    pub(super) fn of(path: &Path, clock: Clock, checked_at: DateTime<Utc>) -> Self {
        // A draft has another name, and one day another one than that.
        let is_ledger = path.file_name().is_some_and(|name| name == FILE_NAME);
        Self { path: path.to_owned(), clock, checked_at: is_ledger.then_some(checked_at) }
    }

    /// Whether the ledger is still as it was noted.
    pub(super) fn holds(&self) -> bool {
        found(&self.path, self.clock.now()).is_some()
    }

    /// Notes the ledger as it is now: all of it stands in its one file.
    pub(super) fn renew(&self) {
        if let (Some(checked_at), Some(name)) = (self.checked_at, name(&self.path))
            && !self.holds()
        {
            write(&self.path, &name, checked_at);
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if !is_in_use(&self.path) {
            self.renew();
        }
    }
}

/// Whether something may stand in the -wal file of a ledger alone.
pub(super) fn is_in_use(path: &Path) -> bool {
    beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0)
}

/// What tells a ledger from every other file, and from itself after any change, on this machine until it is started
/// again; `None` where it is not worth a note, or has no such name.
pub(super) fn name(path: &Path) -> Option<String> {
    path.metadata().ok().filter(|ledger| ledger.len() >= WORTH_A_NOTE).as_ref().and_then(name_of)
}

/// When the ledger was last read as a whole, if it is still the same; `None` where it has to be checked.
pub(super) fn found(path: &Path, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let note = beside(path, CHECKED_SUFFIX);
    let (text, noted) = (fs::read_to_string(&note).ok()?, note.metadata().ok()?);
    let ledger = path.metadata().ok()?;
    let (name, checked_at) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let checked_at = DateTime::from_timestamp(checked_at.parse().ok()?, 0)?;
    let is_fresh = checked_at <= now && now - checked_at < LASTS;
    (is_fresh && name == name_of(&ledger)? && changed(&ledger) < changed(&noted)).then_some(checked_at)
}

/// Notes that the ledger of this name was whole at `checked_at`. Where that cannot be noted it will be checked once more,
/// which is no failure.
pub(super) fn write(path: &Path, name: &str, checked_at: DateTime<Utc>) {
    for _ in 0..STEP_LOOKS {
        match try_write(path, name, checked_at) {
            Some(Written::TooSoon) => thread::sleep(STEP_PAUSE),
            Some(Written::Good) | None => return,
        }
    }
}

/// How a note came out.
enum Written {
    Good,
    /// It is not younger than the ledger.
    TooSoon,
}

/// `None` where it cannot be noted.
fn try_write(path: &Path, name: &str, checked_at: DateTime<Utc>) -> Option<Written> {
    let note = beside(path, CHECKED_SUFFIX);
    // Another user's cannot be written, and only be taken away.
    _ = fs::remove_file(&note);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&note).ok()?;
    file.write_all(format!("{name}\n{}\n", checked_at.timestamp()).as_bytes()).ok()?;
    let ledger = path.metadata().ok().filter(|ledger| name_of(ledger).is_some_and(|found| found == name))?;
    let is_younger = changed(&ledger) < changed(&file.metadata().ok()?);
    Some(if is_younger { Written::Good } else { Written::TooSoon })
}

fn name_of(ledger: &Metadata) -> Option<String> {
    let start = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let (program, start) = (env!("CARGO_PKG_VERSION"), start.trim());
    let (device, number, size) = (ledger.dev(), ledger.ino(), ledger.size());
    let (written, written_nanos) = (ledger.mtime(), ledger.mtime_nsec());
    let (changed, changed_nanos) = changed(ledger);
    Some(format!(
        "{program} {start} {device} {number} {size} {written}.{written_nanos:09} {changed}.{changed_nanos:09}"
    ))
}

/// When anything of a file was last changed; nobody can set this time.
fn changed(file: &Metadata) -> (i64, i64) {
    (file.ctime(), file.ctime_nsec())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::FileExt};

    use super::*;
    use crate::{
        coverage::Standing,
        ledger::{FileRecord, Ledger, LedgerError, SeriesKey, WindowRecord},
        time::TimeRange,
    };

    /// What may happen to a file.
    type Harm = fn(&Path);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join(FILE_NAME)
    }

    /// Records days, enough for a ledger that is worth a note.
    fn fill(ledger: &Ledger, days: std::ops::Range<i64>) {
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let series = ledger.series(&key, "layout", "none", at(0)).unwrap().id;
        let day = |day: i64| TimeRange::new(at(day * 86_400), at((day + 1) * 86_400)).unwrap();
        let file = |number: i64| FileRecord {
            path: format!("hourly/stream=lobby/a-rather-long-name-of-a-partition={number:06}/data.csv"),
            period: day(number),
            hash: Some([7; 32]),
            pending_hash: None,
            rows: 24,
            bytes: 1000,
        };
        let range = TimeRange::new(at(days.start * 86_400), at(days.end * 86_400)).unwrap();
        let window = WindowRecord {
            range,
            standings: vec![(range, Standing::Final)],
            missing: vec![],
            files: days.map(file).collect(),
            vanished: vec![],
            asked_at: at(0),
            rechecked: vec![],
        };
        ledger.record(series, &window).unwrap();
    }

    /// A folder with a large ledger that was just closed.
    fn closed() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fill(&Ledger::open(folder.path()).unwrap(), 0..12_000);
        assert!(path(&folder).metadata().unwrap().len() > WORTH_A_NOTE);
        folder
    }

    fn now() -> DateTime<Utc> {
        Clock::system().now()
    }

    fn is_noted(folder: &tempfile::TempDir) -> bool {
        found(&path(folder), now()).is_some()
    }

    #[test]
    fn a_ledger_that_was_closed_is_noted_and_one_that_changed_since_is_not() {
        let harms: [(&str, Harm); 6] = [
            ("a byte", |path| {
                File::options().write(true).open(path).unwrap().write_all_at(&[1], 500_000).unwrap();
            }),
            ("its time alone", |path| {
                File::options().write(true).open(path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
            }),
            ("cut off", |path| File::options().write(true).open(path).unwrap().set_len(8192).unwrap()),
            ("a copy in its place", |path| {
                let bytes = fs::read(path).unwrap();
                fs::remove_file(path).unwrap();
                fs::write(path, bytes).unwrap();
            }),
            ("another name for it", |path| fs::hard_link(path, path.with_file_name("other")).unwrap()),
            ("gone", |path| fs::remove_file(path).unwrap()),
        ];
        for (harm, harm_it) in harms {
            let folder = closed();
            assert!(is_noted(&folder));
            harm_it(&path(&folder));
            assert!(!is_noted(&folder), "{harm}");
        }
    }

    #[test]
    fn a_note_counts_for_a_day_of_this_start_of_the_machine_and_this_program() {
        let folder = closed();
        let note = beside(&path(&folder), CHECKED_SUFFIX);
        let text = fs::read_to_string(&note).unwrap();
        let checked_at = found(&path(&folder), now()).unwrap();
        let at = |seconds| found(&path(&folder), checked_at + TimeDelta::seconds(seconds));
        assert_eq!([-1, 0, 86_399, 86_400].map(|seconds| at(seconds).is_some()), [false, true, true, false]);
        let (program, rest) = text.split_once(' ').unwrap();
        let (start, rest) = rest.split_once(' ').unwrap();
        let lines = text.lines().collect::<Vec<_>>();
        for other in [
            format!("0.0.1 {start} {rest}"),
            format!("{program} 00000000-0000-0000-0000-000000000000 {rest}"),
            format!("{}\nyesterday\n", lines[0]),
            format!("{}\n{}\n", lines[1], lines[0]),
            lines[0].to_owned(),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            "\u{0}".repeat(text.len()),
            String::new(),
        ] {
            fs::write(&note, &other).unwrap();
            assert!(!is_noted(&folder), "{other:?}");
        }
        fs::write(&note, &text).unwrap();
        assert!(is_noted(&folder));
        fs::remove_file(&note).unwrap();
        assert!(!is_noted(&folder));
    }

    #[test]
    fn what_this_program_writes_keeps_the_time_of_the_check() {
        let folder = closed();
        let note = beside(&path(&folder), CHECKED_SUFFIX);
        let name = name(&path(&folder)).unwrap();
        let checked_at = DateTime::from_timestamp(now().timestamp() - 3600, 0).unwrap();
        fs::write(&note, format!("{name}\n{}\n", checked_at.timestamp())).unwrap();
        assert_eq!(found(&path(&folder), now()), Some(checked_at));
        fill(&Ledger::open(folder.path()).unwrap(), 12_000..20_000);
        assert_eq!(found(&path(&folder), now()), Some(checked_at));
        // One that does not count any more takes the time of the check that follows.
        fs::write(&note, "").unwrap();
        drop(Ledger::open_if_present(folder.path()).unwrap());
        assert!(found(&path(&folder), now()).unwrap() > checked_at);
    }

    #[test]
    fn a_ledger_that_stays_open_is_noted_when_it_is_settled() {
        let folder = closed();
        let ledger = Ledger::open(folder.path()).unwrap();
        // More than what stays in the -wal file.
        fill(&ledger, 12_000..60_000);
        assert!(!is_noted(&folder));
        ledger.settle().unwrap();
        assert!(is_noted(&folder));
        // What is written since stands in the -wal file, which has sums of its own.
        fill(&ledger, 0..1);
        assert!(is_noted(&folder));
        let (one, other) = (Ledger::open(folder.path()).unwrap(), ledger);
        drop(one);
        assert!(is_noted(&folder));
        drop(other);
        assert!(is_noted(&folder));
    }

    #[test]
    fn a_small_ledger_and_a_draft_are_not_noted() {
        let folder = tempfile::tempdir().unwrap();
        fill(&Ledger::open(folder.path()).unwrap(), 0..10);
        Ledger::replace(folder.path(), at(0), |draft| {
            fill(draft, 0..12_000);
            Ok::<_, LedgerError>(())
        })
        .unwrap();
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let notes = names.filter(|name| name.to_string_lossy().ends_with(CHECKED_SUFFIX));
        assert_eq!(notes.count(), 0);
    }

    #[test]
    fn a_noted_ledger_that_is_damaged_is_refused() {
        let folder = closed();
        let pages = path(&folder).metadata().unwrap().len() / 4096;
        let whole = fs::read(path(&folder)).unwrap();
        for page in (1..pages).step_by(61) {
            let mut harmed = whole.clone();
            harmed[usize::try_from(page).unwrap() * 4096..][..16].iter_mut().for_each(|byte| *byte = !*byte);
            fs::write(path(&folder), harmed).unwrap();
            let opened = Ledger::open(folder.path());
            assert!(matches!(opened, Err(LedgerError::Damaged { .. })), "page {page}");
            // It is not the next note that is made of it.
            assert!(!is_noted(&folder), "page {page}");
        }
        fs::write(path(&folder), whole).unwrap();
        drop(Ledger::open(folder.path()).unwrap());
        assert!(is_noted(&folder));
    }
}
