//! Whether an export is what the server told, row for row.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use audience_exporter::{config::Config, row::Row, series::Series, time::to_display};
use chrono::TimeDelta;

use super::{
    order::Order,
    page::{Audience, hours},
};

/// Compares every row of `order` with what the server told. Later rows may be there: an hour may have ended since.
pub(crate) fn rows(config: &Config, order: &Order) -> Result<(), String> {
    let audience = Audience::new();
    for series in Series::all(config, None, None) {
        let name = &series.stream.name;
        let rows = read(config, &series, order)?;
        let found = rows.iter().take_while(|row| row.start < order.to);
        let told = (0..hours(order.range()))
            .map(|hour| order.from + TimeDelta::hours(hour.try_into().expect("few hours")))
            .map(|start| audience.row(&series.stream.client_id, start));
        let (mut found, mut told) = (found, told);
        loop {
            match (found.next(), told.next()) {
                (None, None) => break,
                (Some(found), Some(told)) if *found == told => {}
                (found, told) => return Err(difference(name, found, told.as_ref())),
            }
        }
    }
    Ok(())
}

fn difference(stream: &str, found: Option<&Row>, told: Option<&Row>) -> String {
    let start = found.or(told).map(|row| to_display(row.start)).unwrap_or_default();
    format!("the rows of {stream} differ at {start}:\n  exported {found:?}\n  served   {told:?}")
}

/// The published rows of one series, in order.
fn read(config: &Config, series: &Series, order: &Order) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (period, _) in series.rules.partitions(order.range()) {
        let path = config.output_dir.join(series.file_path(period));
        let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let decoded = series.job.format.decode(&series.context, &bytes);
        rows.extend(decoded.map_err(|error| format!("cannot read {}: {error}", path.display()))?);
    }
    Ok(rows)
}

/// When each file below a folder was written, and which one it is: a file that was replaced is another one.
pub(crate) fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, (u64, i64, i64)>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let (path, about) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
        if about.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.insert(path, (about.ino(), about.mtime(), about.mtime_nsec()));
        }
    }
    Ok(files)
}
