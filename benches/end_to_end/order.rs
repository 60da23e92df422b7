//! What is fetched: the same requests for everybody.

use audience_exporter::{
    simulator,
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, Window, parse_label, to_display},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::page::{PAGE_SIZE, hours};

/// The path of tokens.
pub(crate) const TOKEN_PATH: &str = "/api-token-authstream/";

/// Every hour of a range, of the first streams of the simulated fleet, with all metrics.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Order {
    /// Host and port of the server.
    #[arg(long)]
    pub(crate) host: String,
    #[arg(long)]
    pub(crate) streams: usize,
    #[arg(long, value_parser = parse_label)]
    pub(crate) from: DateTime<Utc>,
    #[arg(long, value_parser = parse_label)]
    pub(crate) to: DateTime<Utc>,
    /// What the exporter's files cover: it decides where windows are cut.
    #[arg(long, value_parser = partition)]
    pub(crate) partition: PartitionSize,
    /// Requests in flight.
    #[arg(long)]
    pub(crate) in_flight: usize,
}

fn partition(word: &str) -> Result<PartitionSize, String> {
    PartitionSize::ALL
        .into_iter()
        .find(|size| size.as_str() == word)
        .ok_or_else(|| format!("no partition is called {word}"))
}

impl Order {
    /// As arguments of this program.
    pub(crate) fn arguments(&self) -> Vec<String> {
        [
            ("host", self.host.clone()),
            ("streams", self.streams.to_string()),
            ("from", to_display(self.from)),
            ("to", to_display(self.to)),
            ("partition", self.partition.as_str().to_owned()),
            ("in-flight", self.in_flight.to_string()),
        ]
        .map(|(name, value)| format!("--{name}={value}"))
        .into()
    }

    /// The range of hours.
    pub(crate) fn range(&self) -> TimeRange {
        TimeRange::new(self.from, self.to).expect("some time")
    }

    /// The windows that the exporter asks for.
    pub(crate) fn windows(&self) -> Vec<TimeRange> {
        let grid = BucketGrid::new(BucketSize::Hour, Tz::UTC);
        grid.windows(self.range(), self.partition).iter().map(Window::range).collect()
    }

    /// Rows of all streams.
    pub(crate) fn rows(&self) -> usize {
        self.streams * hours(self.range())
    }

    /// Pages of all streams.
    pub(crate) fn pages(&self) -> usize {
        self.streams
            * self.windows().into_iter().map(|window| hours(window).div_ceil(PAGE_SIZE)).sum::<usize>()
    }

    pub(crate) fn client_ids(&self) -> Vec<String> {
        simulator::fleet(self.streams).into_iter().map(|stream| stream.client_id).collect()
    }
}

/// The body of a request for a token.
pub(crate) fn sign_in(client_id: &str) -> String {
    let access_token = simulator::access_token(client_id);
    let username = "benchmark@example.com";
    serde_json::json!({ "username": username, "client_id": client_id, "access_token": access_token })
        .to_string()
}
