//! What is sent of a published file. Blocks: it runs off the threads that drive requests.

use std::path::Path;

use bytes::Bytes;
use csv::{ReaderBuilder, StringRecord};

use super::stop::Stop;
use crate::{
    config::ContentType,
    ledger::OutboxEntry,
    publication::Archive,
    row::TAG_PREFIX,
    series::Series,
    sink::{CsvCompression, CsvProfile, DecodeError, FileFormat, JsonLayout, publish},
};

/// What there is to send of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// This.
    Ready(Bytes),
    /// The file on disk is not the one that was queued, which passes: it is being published, or will be again.
    NotThere(&'static str),
    /// Nothing, and sending it again would not help.
    Unsendable(String),
}

/// Reads the file of an entry and puts it into the form that the delivery asks for. `series` is `None` where it is no
/// longer configured.
pub(super) fn pack(
    archive: &Archive,
    series: Option<&Series>,
    content_type: ContentType,
    entry: &OutboxEntry,
) -> Result<Contents, Stop> {
    let Some(bytes) = archive.disk.read_if_present(&archive.output_dir.join(&entry.path))? else {
        return Ok(Contents::NotThere("the file is gone"));
    };
    if publish::hash(&bytes) != entry.hash {
        return Ok(Contents::NotThere("the file is another version"));
    }
    let Some(format) = format_of(&entry.path) else {
        return Ok(Contents::Unsendable("its name is none of a published file".to_owned()));
    };
    if let (FileFormat::Csv(compression), ContentType::Csv) = (format, content_type) {
        match standard_csv(compression, &bytes) {
            Ok(Some(csv)) => return Ok(sendable_csv(csv).unwrap_or_else(Contents::Unsendable)),
            Ok(None) => {}
            Err(reason) => return Ok(Contents::Unsendable(reason)),
        }
    }
    let Some(series) = series else { return Ok(Contents::Unsendable(not_configured(entry))) };
    let known = archive.ledger.find_series(&series.key())?;
    // Its tags are not in the rows that are read back, but in the configuration: they must be those of the file.
    if known.is_none_or(|known| known.style != series.style()) {
        return Ok(Contents::NotThere("its tags changed, it is about to be written anew"));
    }
    Ok(converted(series, format, content_type, &bytes).unwrap_or_else(Contents::Unsendable))
}

fn format_of(path: &str) -> Option<FileFormat> {
    let name = Path::new(path).file_name()?.to_str()?;
    FileFormat::ALL.into_iter().find(|format| format.file_name() == name)
}

fn not_configured(entry: &OutboxEntry) -> String {
    let OutboxEntry { job, stream, .. } = entry;
    format!(
        "stream {stream} is no longer exported by job {job}, so that its files can only be sent as they are; configure \
         it again, and queue what is parked once more"
    )
}

/// The text of a CSV file that can be sent as it is; `None` where its profile is another one than partners read.
fn standard_csv(compression: CsvCompression, bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let csv = compression.unpack(bytes).map_err(|error| unreadable(&error))?;
    Ok((CsvProfile::of(&csv) == CsvProfile::Standard).then(|| csv.into_owned()))
}

fn converted(
    series: &Series,
    format: FileFormat,
    content_type: ContentType,
    bytes: &[u8],
) -> Result<Contents, String> {
    let context = &series.context;
    let rows = format.decode(context, bytes).map_err(|error| unreadable(&error))?;
    let encoded = match content_type {
        ContentType::Csv => FileFormat::Csv(CsvCompression::None).encode(context, &rows),
        ContentType::Json => JsonLayout::Array.encode(context, &rows),
        ContentType::JsonLines => JsonLayout::Lines.encode(context, &rows),
    };
    let encoded = encoded.map_err(|error| format!("its rows cannot be written: {error}"))?;
    match content_type {
        ContentType::Csv => sendable_csv(encoded),
        ContentType::Json | ContentType::JsonLines => Ok(Contents::Ready(encoded.into())),
    }
}

fn unreadable(error: &DecodeError) -> String {
    format!("the file cannot be read as this configuration has it: {error}")
}

fn sendable_csv(csv: Vec<u8>) -> Result<Contents, String> {
    check_quotes(&csv)?;
    Ok(Contents::Ready(csv.into()))
}

/// Refuses text that would need quotes, which the target does not read (Simacan contract, section 6). The two columns
/// of JSON need them always, and are sent with them: the configuration warns about that.
fn check_quotes(csv: &[u8]) -> Result<(), String> {
    if !csv.contains(&b'"') {
        return Ok(());
    }
    let mut reader = ReaderBuilder::new().from_reader(csv);
    let broken = |error| format!("the file is no CSV: {error}");
    let columns: StringRecord = reader.headers().map_err(broken)?.clone();
    let mut record = StringRecord::new();
    let mut row = 0_u64;
    while reader.read_record(&mut record).map_err(broken)? {
        row += 1;
        let mut texts = columns.iter().zip(&record).filter(|(column, _)| is_plain_text(column));
        if let Some((column, value)) = texts.find(|(_, value)| value.contains([',', '"', '\r', '\n'])) {
            return Err(format!(
                "row {row}, {column}: {} cannot be written without quotes, which the target does not read; take \
                 commas, quotes and line breaks out of it, or set content_type = \"application/json\"",
                shortened(value)
            ));
        }
    }
    Ok(())
}

fn is_plain_text(column: &str) -> bool {
    column == "stream" || column.starts_with(TAG_PREFIX)
}

fn shortened(value: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    let shown: String = value.chars().take(SHOWN_CHARS).collect();
    if shown.len() < value.len() { format!("{shown:?}…") } else { format!("{shown:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a file of two rows whose second one ends like this.
    fn refused(end: &str) -> Option<String> {
        let csv = format!("stream,passing_by,extras,tag_site,tag_zone\nlobby,1,,paris,\nlobby,2,{end}\n");
        check_quotes(csv.as_bytes()).err()
    }

    #[test]
    fn only_text_that_needs_quotes_is_refused_and_named() {
        for fine in [",paris,", ",Main St 4; left,'x'", "\"{\"\"a\"\":[1,2]}\",paris,", ",,"] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for (end, place) in [
            (",\"Main St, 4\",", "row 2, tag_site: \"Main St, 4\" cannot"),
            (",,\"the \"\"big\"\" one\"", "row 2, tag_zone: \"the \\\"big\\\" one\" cannot"),
            (",\"a\nb\",", "row 2, tag_site: \"a\\nb\" cannot"),
            (",\"a\rb\",", "row 2, tag_site: \"a\\rb\" cannot"),
        ] {
            let reason = refused(end).unwrap();
            assert!(reason.starts_with(place), "{reason}");
        }
        let long = refused(&format!(",\"{},\",", "x".repeat(100))).unwrap();
        assert!(long.contains(&format!("\"{}\"… cannot", "x".repeat(40))), "{long}");
    }

    #[test]
    fn a_format_is_known_by_the_name_of_its_file() {
        for format in FileFormat::ALL {
            let found = format_of(&format!("hourly/stream=lobby/date=2026-03-01/{}", format.file_name()));
            assert_eq!(found.map(FileFormat::file_name), Some(format.file_name()));
        }
        assert_eq!(format_of("hourly/stream=lobby/date=2026-03-01/data.txt"), None);
    }
}
