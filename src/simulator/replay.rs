//! Counts from a file, served as if cameras had made them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::bufread::MultiGzDecoder;

use super::{
    chance::{Dice, hash_text},
    character::Character,
    figures::Figures,
    fleet::SimulatedStream,
    hours,
    series::{Measurement, Series},
};
use crate::time::{TimeRange, parse_label};

/// The columns that are read; others are ignored.
const COLUMNS: [&str; 3] = ["stream", "hour_start", "passing_by"];

/// The longest name of a stream (DESIGN, section 4).
const LONGEST_NAME: usize = 64;

/// A file that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file could not be read or decompressed.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The header lacks a column.
    #[error("{} has no column {column:?}; it needs stream, hour_start and passing_by", .path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column that is missing.
        column: &'static str,
    },
    /// A line does not say what it must.
    #[error("{}, line {line}: {problem}", .path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; the header is line 1.
        line: u64,
        /// What was expected and what was found.
        problem: String,
    },
    /// There is nothing to replay.
    #[error("{} holds no hours", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Hourly counts of some streams, read from a file. The other metrics are derived from stream, hour and count. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Replay(Arc<BTreeMap<String, Series>>);

impl Replay {
    /// Reads CSV, compressed with gzip or not, with the columns `stream`, `hour_start` (`2014-12-31T13:00:00Z`) and
    /// `passing_by` in any order. An hour that the file lacks was not measured.
    pub fn from_file(path: &Path) -> Result<Self, ReplayError> {
        let unreadable = |source| ReplayError::Unreadable { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let compressed = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1F, 0x8B]);
        if compressed {
            Self::from_reader(MultiGzDecoder::new(file), path)
        } else {
            Self::from_reader(file, path)
        }
    }

    fn from_reader(reader: impl Read, path: &Path) -> Result<Self, ReplayError> {
        let mut reader = csv::Reader::from_reader(reader);
        let headers = reader.byte_headers().map_err(|error| csv_error(error, path))?;
        let columns = find_columns(headers, path)?;
        let mut measurements: BTreeMap<String, Vec<Measurement>> = BTreeMap::new();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|error| csv_error(error, path))? {
            let line = record.position().map_or(0, csv::Position::line);
            let bad_line = |problem| ReplayError::BadLine { path: path.to_owned(), line, problem };
            let (stream, measurement) = read_line(&record, columns, line).map_err(bad_line)?;
            if let Some(known) = measurements.get_mut(stream) {
                known.push(measurement);
            } else {
                check_name(stream).map_err(bad_line)?;
                measurements.insert(stream.to_owned(), vec![measurement]);
            }
        }
        Self::from_measurements(measurements, path)
    }

    fn from_measurements(
        measurements: BTreeMap<String, Vec<Measurement>>,
        path: &Path,
    ) -> Result<Self, ReplayError> {
        if measurements.is_empty() {
            return Err(ReplayError::Empty { path: path.to_owned() });
        }
        let mut streams = BTreeMap::new();
        for (stream, measurements) in measurements {
            let series = Series::new(measurements).map_err(|twice| ReplayError::BadLine {
                path: path.to_owned(),
                line: twice.line,
                problem: format!("this hour of {stream} is also on line {}", twice.first_line),
            })?;
            streams.insert(stream, series);
        }
        Ok(Self(Arc::new(streams)))
    }

    /// The names of the streams, sorted. They are also the client ids.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The streams with what a configuration needs to know of them.
    pub fn fleet(&self) -> Vec<SimulatedStream> {
        self.streams().map(SimulatedStream::replayed).collect()
    }

    /// From the first to the last measured hour of `stream`, both included; `None` where there is no such stream.
    pub fn range(&self, stream: &str) -> Option<TimeRange> {
        let span = self.0.get(stream)?.span();
        TimeRange::new(hours::instant(span.start), hours::instant(span.end))
    }

    /// The camera of `client_id`; `None` where the file has no such stream.
    pub(super) fn camera(&self, client_id: &str) -> Option<ReplayCamera<'_>> {
        let series = self.0.get(client_id)?;
        let seed = hash_text(client_id);
        Some(ReplayCamera { seed, series, character: Character::of(seed) })
    }
}

/// One camera of a replay.
#[derive(Debug, Clone)]
pub(super) struct ReplayCamera<'a> {
    seed: u64,
    series: &'a Series,
    character: Character,
}

impl ReplayCamera<'_> {
    /// What was counted in `hour`; `None` where it was not measured.
    pub(super) fn hour(&self, hour: i64) -> Option<Figures> {
        let people = u64::from(self.series.people(hour)?);
        let mut dice = Dice::new(&[self.seed, hour.cast_unsigned(), people]);
        Some(self.character.figures(people, &mut dice))
    }

    /// The hours of `span` that were measured, in order.
    pub(super) fn measured(&self, span: &Range<i64>) -> Vec<Range<i64>> {
        self.series.measured(span)
    }
}

fn csv_error(error: csv::Error, path: &Path) -> ReplayError {
    let path = path.to_owned();
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(source) => ReplayError::Unreadable { path, source },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => ReplayError::BadLine {
            path,
            line,
            problem: format!("expected {expected_len} fields, found {len}"),
        },
        other => ReplayError::BadLine { path, line, problem: format!("not CSV: {other:?}") },
    }
}

/// The positions of [`COLUMNS`].
fn find_columns(headers: &csv::ByteRecord, path: &Path) -> Result<[usize; 3], ReplayError> {
    let mut positions = [0; 3];
    for (position, column) in positions.iter_mut().zip(COLUMNS) {
        let found = headers.iter().position(|header| header.trim_ascii() == column.as_bytes());
        *position = found.ok_or_else(|| ReplayError::NoColumn { path: path.to_owned(), column })?;
    }
    Ok(positions)
}

fn read_line(
    record: &csv::ByteRecord,
    columns: [usize; 3],
    line: u64,
) -> Result<(&str, Measurement), String> {
    let field = |column: usize| {
        let bytes = record.get(columns[column]).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", COLUMNS[column]))
    };
    let (stream, hour_start, passing_by) = (field(0)?, field(1)?, field(2)?);
    let people = passing_by.parse().map_err(|_| {
        format!("passing_by: expected a whole number from 0 to {}, found {passing_by:?}", u32::MAX)
    })?;
    Ok((stream, Measurement { hour: read_hour(hour_start)?, people, line }))
}

fn read_hour(text: &str) -> Result<i32, String> {
    let expected =
        || format!("hour_start: expected a whole hour such as 2014-12-31T13:00:00Z, found {text:?}");
    let instant = parse_label(text).map_err(|_| expected())?;
    let hour = hours::containing(instant);
    if hours::instant(hour) != instant {
        return Err(expected());
    }
    i32::try_from(hour).map_err(|_| expected())
}

/// Names of streams become names of folders (DESIGN, section 4).
fn check_name(name: &str) -> Result<(), String> {
    let letter_or_digit = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let begins_well = name.as_bytes().first().is_some_and(letter_or_digit);
    let goes_on_well = name.bytes().all(|byte| letter_or_digit(&byte) || b"-_".contains(&byte));
    if begins_well && goes_on_well && name.len() <= LONGEST_NAME {
        Ok(())
    } else {
        Err(format!("stream: expected at most {LONGEST_NAME} of a-z, 0-9, '-' and '_', found {name:?}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const FILE: &str = "\
passing_by,note,stream,hour_start
7,x,b,2026-01-01T03:00:00Z
5,,a,2026-01-01T01:00:00Z
0,,a,2026-01-01T00:00:00Z
9,,a,2026-01-01T04:00:00+00:00
";

    fn read(text: &str) -> Result<Replay, String> {
        Replay::from_reader(text.as_bytes(), Path::new("counts.csv")).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_and_columns_come_in_any_order() {
        let replay = read(FILE).unwrap();
        assert_eq!(replay.streams().collect::<Vec<_>>(), ["a", "b"]);
        let range = replay.range("a").unwrap();
        assert_eq!(
            (range.start(), range.end()),
            (parse_label("2026-01-01T00:00:00Z").unwrap(), parse_label("2026-01-01T05:00:00Z").unwrap())
        );
        let first = hours::containing(range.start());
        let camera = replay.camera("a").unwrap();
        let people: Vec<Option<u64>> =
            (first..first + 5).map(|hour| camera.hour(hour).map(|figures| figures.passing_by)).collect();
        assert_eq!(people, [Some(0), Some(5), None, None, Some(9)]);
        assert!(replay.camera("c").is_none() && replay.range("c").is_none());
    }

    #[test]
    fn gzip_is_told_by_its_first_bytes() {
        let mut encoder = GzEncoder::new(tempfile::NamedTempFile::new().unwrap(), Compression::fast());
        encoder.write_all(FILE.as_bytes()).unwrap();
        let file = encoder.finish().unwrap();
        assert_eq!(Replay::from_file(file.path()).unwrap().streams().count(), 2);
    }

    #[test]
    fn problems_name_the_line() {
        let problem = |line: &str| read(&format!("stream,hour_start,passing_by\n{line}\n")).unwrap_err();
        let hour = "hour_start: expected a whole hour such as 2014-12-31T13:00:00Z, found";
        assert_eq!(
            problem("a,2026-01-01T00:30:00Z,1"),
            format!("counts.csv, line 2: {hour} \"2026-01-01T00:30:00Z\"")
        );
        assert_eq!(problem("a,yesterday,1"), format!("counts.csv, line 2: {hour} \"yesterday\""));
        assert_eq!(
            problem("a,2026-01-01T00:00:00Z,-1"),
            "counts.csv, line 2: passing_by: expected a whole number from 0 to 4294967295, found \"-1\""
        );
        assert_eq!(
            problem("A,2026-01-01T00:00:00Z,1"),
            "counts.csv, line 2: stream: expected at most 64 of a-z, 0-9, '-' and '_', found \"A\""
        );
        assert_eq!(problem("a,2026-01-01T00:00:00Z"), "counts.csv, line 2: expected 3 fields, found 2");
        assert_eq!(
            problem("a,2026-01-01T00:00:00Z,1\nb,2026-01-01T00:00:00Z,1\na,2026-01-01T00:00:00Z,2"),
            "counts.csv, line 4: this hour of a is also on line 2"
        );
    }

    #[test]
    fn files_without_columns_or_hours_are_refused() {
        assert_eq!(
            read("stream,hour,passing_by\n").unwrap_err(),
            "counts.csv has no column \"hour_start\"; it needs stream, hour_start and passing_by"
        );
        assert_eq!(read("stream,hour_start,passing_by\n").unwrap_err(), "counts.csv holds no hours");
        let missing = Replay::from_file(Path::new("/nowhere/counts.csv")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read /nowhere/counts.csv: "), "{missing}");
    }
}
