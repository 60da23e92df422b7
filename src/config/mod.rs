//! The configuration: TOML and spreadsheets in, a validated [`Config`] out, or every problem at once.
//!
//! `load` leads through it from top to bottom. A rule says what is wrong with one value (a `Mismatch`), a section says
//! where that value stands, and the report keeps both until everything was read.

mod accounts;
mod deliveries;
mod fleet;
mod folders;
mod inventories;
mod jobs;
mod load;
mod names;
mod problem;
mod reference;
mod report;
mod rollups;
mod rules;
mod schedule;
mod secrets;
mod section;
mod service;
mod settings;
mod streams;
mod suggest;
#[cfg(test)]
mod tests;
mod urls;

pub use accounts::{Account, AccountSystem, AngelcamAccount, AngelcamSignIn, OAuthClient, SimacanAccount};
pub use deliveries::{ContentType, Delivery, DeliveryMethod};
pub(crate) use folders::is_published_in;
pub use inventories::Inventory;
pub use problem::{ConfigError, Problem, Problems};
pub use schedule::ScheduleError;
pub use secrets::SecretError;
pub(crate) use suggest::nearest;
pub use urls::is_loopback;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use reqwest::Url;

use crate::{
    metric::MetricSet,
    rollup::Target,
    secret::Secret,
    sink::FileFormat,
    time::{BucketSize, PartitionSize},
};

/// A configuration in which everything is set, allowed and consistent. Paths are absolute or relative to the
/// working directory, no longer to the file.
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Where published files go.
    pub output_dir: PathBuf,
    /// Where the ledger and the locks live.
    pub state_dir: PathBuf,
    /// The default zone, and the zone of schedules.
    pub timezone: Tz,
    /// The key that stored tokens are encrypted with; `None` = they are not encrypted.
    pub token_key: Option<SecretSource>,
    /// How to talk to the Angus systems.
    pub angus: AngusSettings,
    /// Every stream, in the order of the configuration; names are unique.
    pub streams: Vec<Arc<Stream>>,
    /// Every job, in the order of the configuration; names are unique.
    pub jobs: Vec<Arc<Job>>,
    /// Every account at the two other systems, in the order of the configuration; names are unique.
    pub accounts: Vec<Arc<Account>>,
    /// Every delivery, in the order of the configuration; names are unique.
    pub deliveries: Vec<Arc<Delivery>>,
    /// Every inventory, in the order of the configuration; names are unique, and none is the name of a job.
    pub inventories: Vec<Arc<Inventory>>,
    /// How the daemon starts, stops and notices that it hangs.
    pub daemon: DaemonSettings,
    /// Where HTTP is to be answered; `None` = nowhere.
    pub http: Option<HttpSettings>,
    /// Who is told of trouble, and what counts as trouble.
    pub alerts: AlertSettings,
    /// Every tag key in use by any stream, sorted: each becomes a column.
    pub tag_keys: Vec<String>,
    /// What is allowed but deserves a look, one sentence each, for the person who runs a command.
    pub warnings: Vec<String>,
}

/// The `[angus]` section.
pub struct AngusSettings {
    /// Where tokens are made; the path is joined to it.
    pub console_url: Url,
    /// Where metrics are read; the path is joined to it.
    pub data_url: Url,
    /// Requests in flight over all streams.
    pub concurrency: NonZeroUsize,
    /// Requests in flight for any one stream.
    pub per_stream_concurrency: NonZeroUsize,
    /// Requests started per second over all streams; finite and above zero.
    pub requests_per_second: f64,
    /// The longest one request may take, body included.
    pub timeout: Duration,
    /// How often one request is tried at the most.
    pub max_attempts: NonZeroU32,
}

/// One camera's account at Angus.
pub struct Stream {
    /// `[a-z0-9][a-z0-9_-]*`, at most 64 characters: used in paths.
    pub name: String,
    /// The console login.
    pub username: String,
    /// "Login" on the stream's page of the console.
    pub client_id: String,
    /// "Password" on the stream's page of the console.
    pub access_token: SecretSource,
    /// The zone of the camera.
    pub timezone: Tz,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// Where a secret is kept. It is read when it is needed, so that commands that sign in nowhere need no secrets.
#[derive(Clone)]
pub enum SecretSource {
    /// The whole file but for one line break at its end.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A file of this name in `$CREDENTIALS_DIRECTORY`, as systemd's `LoadCredential=` makes it.
    Credential(String),
    /// Written in the configuration itself.
    Literal(Secret),
}

/// Which streams, which metrics, which bucket size, on which schedule, into which files.
pub struct Job {
    /// `[a-z0-9][a-z0-9_-]*`, at most 64 characters: used in paths.
    pub name: String,
    /// The size of its buckets.
    pub time: BucketSize,
    /// The streams that its globs match, in the order of the configuration; at least one.
    pub streams: Vec<Arc<Stream>>,
    /// What is asked.
    pub metrics: MetricSet,
    /// When it runs, in [`Config::timezone`].
    pub schedule: Schedule,
    /// The first local day to export; `None` = the day of the first run.
    pub start: Option<NaiveDate>,
    /// How long after its end a bucket is first exported; not negative.
    pub settle: TimeDelta,
    /// How far back each run pulls again; not negative.
    pub lookback: TimeDelta,
    /// The ages at which a day is pulled once more, ascending, each longer than the lookback.
    pub recheck: Vec<TimeDelta>,
    /// Whether each partition is compared once with the sums that the service tells, when it is complete and final.
    pub reconcile: bool,
    /// The format of its files.
    pub format: FileFormat,
    /// How much local time one file covers.
    pub partition: PartitionSize,
    /// What its files are rolled up to at the end of each run.
    pub rollups: Vec<Target>,
}

/// A cron line of five fields, or of six with seconds first, that was read without error.
#[derive(Debug, Clone)]
pub struct Schedule {
    line: String,
    cron: croner::Cron,
}

/// The `[daemon]` section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaemonSettings {
    /// How long work that was begun may take to come to a safe point, once somebody asked to stop.
    pub drain_timeout: Duration,
    /// The first run of a job begins at a random moment of this span after the start.
    pub start_jitter: Duration,
    /// A run that shows no sign of life for so long counts as hung.
    pub hang_after: Duration,
}

/// The `[http]` section.
pub struct HttpSettings {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// What askers must know, as a bearer token; set wherever others can reach the address.
    pub token: Option<SecretSource>,
}

/// The `[alerts]` section.
#[derive(Clone)]
pub struct AlertSettings {
    /// A URL that takes messages as JSON, `{"text": …}` as Slack has it. It is secret.
    pub webhook: Option<SecretSource>,
    /// A URL that is asked at the start (`/start`), the success (as it is) and the failure (`/fail`) of each run. It is
    /// secret.
    pub heartbeat: Option<SecretSource>,
    /// How long after they were due data may be lacking before that is told.
    pub stale_after: TimeDelta,
    /// How long a stream may have no buckets at all, in complete listings, before that is told.
    pub silent_after: TimeDelta,
    /// How long the first trouble of a kind waits for others of its kind, so that all are one message.
    pub group_wait: TimeDelta,
    /// The least time between two messages of one kind, and how long trouble must stay away to be over.
    pub group_interval: TimeDelta,
    /// Below this share of free space the disks of `output_dir` and `state_dir` count as nearly full, in percent.
    pub disk_free_percent: u16,
}
