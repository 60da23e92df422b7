//! Why a manifest is not one.

use chrono::{DateTime, Utc};

use super::{MAX_BYTES, SCHEMA_VERSION};
use crate::{coverage::Overlap, time::to_display};

/// A file that is no manifest of this program.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ManifestError {
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("it does not read as a manifest: {0}")]
    Json(serde_json::Error),
    #[error(
        "it has schema version {found}, this program knows {SCHEMA_VERSION}; use the version that wrote it, or a newer one"
    )]
    Version { found: u32 },
    #[error(transparent)]
    Overlap(#[from] Overlap),
    #[error("the range that starts at {} holds no time", to_display(*.0))]
    EmptyRange(DateTime<Utc>),
    #[error("{0:?} is not the path of a file in its folder")]
    Path(String),
    #[error("{0:?} is no layout that this program knows")]
    Layout(String),
    #[error("{0:?} does not come after the partition before it")]
    Order(String),
}
