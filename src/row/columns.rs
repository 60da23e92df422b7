//! The columns of a published file: their names, order and kinds. CSV and Parquet are both written from this list.

use super::{Count, Mean};

/// What precedes a tag's key in its column's name.
pub const TAG_PREFIX: &str = "tag_";

/// What a column holds, whatever the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// An instant, in UTC.
    Instant,
    /// A wall clock without a zone.
    WallClock,
    /// A whole number of people.
    Integer,
    /// A double.
    Float,
}

/// One column of a published file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the columns of the files, described in README.md")]
pub enum Column {
    Stream,
    BucketStart,
    BucketEnd,
    LocalStart,
    UtcOffset,
    Count(Count),
    Mean(Mean),
    Satisfaction,
    Extras,
    /// The tag of this key.
    Tag(String),
}

const FIXED: [Column; 18] = [
    Column::Stream,
    Column::BucketStart,
    Column::BucketEnd,
    Column::LocalStart,
    Column::UtcOffset,
    Column::Count(Count::PassingBy),
    Column::Count(Count::Interested),
    Column::Mean(Mean::StopTime),
    Column::Mean(Mean::AttentionTime),
    Column::Count(Count::CategorySeniorFemale),
    Column::Count(Count::CategorySeniorMale),
    Column::Count(Count::CategoryYoungFemale),
    Column::Count(Count::CategoryYoungMale),
    Column::Count(Count::GenderFemale),
    Column::Count(Count::GenderMale),
    Column::Count(Count::GenderUnknown),
    Column::Satisfaction,
    Column::Extras,
];

/// Every column of a file whose tags have these keys, in order.
pub fn columns<'a>(tag_keys: impl IntoIterator<Item = &'a str>) -> Vec<Column> {
    let tags = tag_keys.into_iter().map(|key| Column::Tag(key.to_owned()));
    FIXED.iter().cloned().chain(tags).collect()
}

impl Column {
    /// The name in the header.
    pub fn name(&self) -> String {
        match self {
            Self::Stream => "stream".to_owned(),
            Self::BucketStart => "bucket_start".to_owned(),
            Self::BucketEnd => "bucket_end".to_owned(),
            Self::LocalStart => "local_start".to_owned(),
            Self::UtcOffset => "utc_offset".to_owned(),
            Self::Count(count) => count.column_name().to_owned(),
            Self::Mean(mean) => mean.column_name().to_owned(),
            Self::Satisfaction => "satisfaction".to_owned(),
            Self::Extras => "extras".to_owned(),
            Self::Tag(key) => format!("{TAG_PREFIX}{key}"),
        }
    }

    /// What it holds.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Stream | Self::UtcOffset | Self::Satisfaction | Self::Extras | Self::Tag(_) => {
                ColumnKind::Text
            }
            Self::BucketStart | Self::BucketEnd => ColumnKind::Instant,
            Self::LocalStart => ColumnKind::WallClock,
            Self::Count(_) => ColumnKind::Integer,
            Self::Mean(_) => ColumnKind::Float,
        }
    }

    /// Whether a cell may be empty.
    pub fn is_nullable(&self) -> bool {
        !matches!(
            self,
            Self::Stream | Self::BucketStart | Self::BucketEnd | Self::LocalStart | Self::UtcOffset
        )
    }
}

impl Count {
    /// Every count, in the order of the columns.
    pub const ALL: [Self; 9] = [
        Self::PassingBy,
        Self::Interested,
        Self::CategorySeniorFemale,
        Self::CategorySeniorMale,
        Self::CategoryYoungFemale,
        Self::CategoryYoungMale,
        Self::GenderFemale,
        Self::GenderMale,
        Self::GenderUnknown,
    ];

    /// The name of its column.
    pub fn column_name(self) -> &'static str {
        match self {
            Self::PassingBy => "passing_by",
            Self::Interested => "interested",
            Self::CategorySeniorFemale => "category_senior_female",
            Self::CategorySeniorMale => "category_senior_male",
            Self::CategoryYoungFemale => "category_young_female",
            Self::CategoryYoungMale => "category_young_male",
            Self::GenderFemale => "gender_female",
            Self::GenderMale => "gender_male",
            Self::GenderUnknown => "gender_unknown",
        }
    }
}

impl Mean {
    /// Every mean, in the order of the columns.
    pub const ALL: [Self; 2] = [Self::StopTime, Self::AttentionTime];

    /// The name of its column.
    pub fn column_name(self) -> &'static str {
        match self {
            Self::StopTime => "stop_time_seconds",
            Self::AttentionTime => "attention_time_seconds",
        }
    }
}
