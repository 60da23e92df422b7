//! The command that writes reports.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::audience::Resolution;

/// `report`
#[derive(Debug, Args)]
pub struct Report {
    /// Only this job [default: the first one that has such streams]
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// Only this stream; may be repeated [default: all of the job]
    #[arg(long = "stream", value_name = "STREAM")]
    pub streams: Vec<String>,
    /// Only streams with this value of a tag
    #[arg(long, value_name = "KEY:VALUE", conflicts_with = "streams")]
    pub tag: Option<String>,
    /// From this date (local midnight of the streams) or RFC 3339 instant [default: a week before the end]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Up to this date or instant, which is not part of it [default: now]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// How much local time a point of the charts stands for [default: what fits]
    #[arg(long, value_name = "PERIOD", value_parser = resolution())]
    pub by: Option<Resolution>,
    /// File to write; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// One of the words of resolutions.
fn resolution() -> impl TypedValueParser<Value = Resolution> {
    let words = PossibleValuesParser::new(Resolution::ALL.map(Resolution::as_str));
    words.try_map(|word| Resolution::parse(&word).ok_or("not a resolution"))
}
