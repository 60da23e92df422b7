//! The words of the ledger for where rows lie, read back.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    sink::FileFormat,
    time::{BucketGrid, BucketSize, LocalPeriod, PartitionSize, TimeRange},
};

/// What decides where rows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Where buckets begin.
    pub grid: BucketGrid,
    /// How much local time one file covers.
    pub partition: PartitionSize,
    /// How files are read. How the pages of Parquet are compressed, or in which profile CSV is, does
    /// not matter for that.
    pub format: FileFormat,
}

impl Layout {
    /// Reads `by_hour Europe/Paris month data.parquet`; `None` where it is none that this program writes.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [time, zone, partition, file_name] = words[..] else { return None };
        let size = BucketSize::ALL.into_iter().find(|size| size.as_str() == time)?;
        let zone: Tz = zone.parse().ok()?;
        Some(Self {
            grid: BucketGrid::new(size, zone),
            partition: PartitionSize::ALL.into_iter().find(|size| size.as_str() == partition)?,
            format: FileFormat::ALL.into_iter().find(|format| format.file_name() == file_name)?,
        })
    }

    /// The file of the partition that holds the bucket at `start`, below the folder of its stream, and the time of its
    /// buckets; `None` where there are none.
    pub fn partition_of(&self, start: DateTime<Utc>) -> Option<(String, TimeRange)> {
        let zone = self.grid.zone();
        let period = LocalPeriod::of(start, self.partition, zone);
        let buckets = TimeRange::new(self.grid.ceil(period.start(zone)), self.grid.ceil(period.end(zone)))?;
        Some((format!("{}/{}", period.folder_name(), self.format.file_name()), buckets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_read_back() {
        for size in BucketSize::ALL {
            for partition in PartitionSize::ALL {
                for format in FileFormat::ALL {
                    let (time, name) = (size.as_str(), format.file_name());
                    let text = format!("{time} America/New_York {} {name}", partition.as_str());
                    let layout = Layout::parse(&text).unwrap();
                    assert_eq!(layout.grid, BucketGrid::new(size, Tz::America__New_York));
                    assert_eq!((layout.partition, layout.format.file_name()), (partition, name));
                }
            }
        }
        for nonsense in ["", "by_hour UTC day", "by_hour Mars day data.csv", "by_hour UTC day data.csv more"]
        {
            assert_eq!(Layout::parse(nonsense), None, "{nonsense}");
        }
    }
}
