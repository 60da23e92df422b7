//! The command that serves the simulated services.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use super::FormatName;

/// `simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8808")]
    pub listen: SocketAddr,
    /// Replay real hourly counts (columns stream, hour_start, passing_by; gzip allowed)
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// How many streams there are
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub streams: u32,
    /// How many cameras the account at the simulated Angelcam sees
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub cameras: u32,
    /// Print a configuration that works with this simulator, and end
    #[arg(long)]
    pub print_config: bool,
    /// Print both accounts, a delivery and an inventory with the configuration
    #[arg(long)]
    pub accounts: bool,
    /// Format of the printed configuration's files
    #[arg(long, value_name = "FORMAT", default_value = "parquet")]
    pub format: FormatName,
    /// Zone of the cameras [default: Europe/Paris, or UTC for a replay]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<chrono_tz::Tz>,
    /// How the simulated service behaves.
    #[command(flatten)]
    pub weather: Weather,
}

/// How the simulated service behaves.
#[derive(Debug, Args)]
pub struct Weather {
    /// Other numbers, other figures and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Buckets on a page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub page_size: u32,
    /// Wait before every answer
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    pub latency: Duration,
    /// How long the token of a stream lives
    #[arg(long, value_name = "DURATION", default_value = "5h", value_parser = humantime::parse_duration)]
    pub token_life: Duration,
    /// How long the access token of an account lives [default: 1h at Simacan, 10h at Angelcam]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub account_token_life: Option<Duration>,
    /// Share of answers that are 500, 502 or 503
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub error_rate: f64,
    /// Share of answers that are 429 with Retry-After
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub throttle_rate: f64,
    /// Share of answers that are cut off
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub truncate_rate: f64,
    /// Share of answers that are HTML with status 200
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub garbage_rate: f64,
    /// Share of valid tokens that are called expired
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub expire_rate: f64,
    /// Share of answers that are slow
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub slow_rate: f64,
    /// Share of requests that are carried out but never answered
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = rate)]
    pub lost_rate: f64,
    /// Figures of the last three hours still grow
    #[arg(long)]
    pub late_data: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("expected a number from 0 to 1".to_owned()) }
}
