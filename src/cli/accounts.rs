//! Commands about accounts, and what goes to them and comes from them.

use clap::{Args, Subcommand};

/// `auth`
#[derive(Debug, Args)]
pub struct Auth {
    /// What to do.
    #[command(subcommand)]
    pub command: AuthCommand,
}

/// Every subcommand of `auth`.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Sign in: in a browser, or with a name and a password that are kept nowhere
    #[command(
        after_help = "Examples:\n  audience-exporter auth login angelcam\n  audience-exporter auth login angelcam --username ops@example.com --password-stdin < password"
    )]
    Login(Login),
    /// Show every account and stream: kind, state, expiry, age of the refresh token
    #[command(after_help = "Example:\n  audience-exporter auth status --json")]
    Status(AuthStatus),
    /// Revoke the tokens of an account where the system can, then forget them
    #[command(after_help = "Example:\n  audience-exporter auth logout angelcam")]
    Logout(Logout),
}

/// `auth login`
#[derive(Debug, Args)]
pub struct Login {
    /// The account, by its name in the configuration
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Sign in with this name instead of in a browser
    #[arg(long, value_name = "USERNAME", requires = "password_stdin")]
    pub username: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "username")]
    pub password_stdin: bool,
}

/// `auth status`
#[derive(Debug, Args)]
pub struct AuthStatus {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `auth logout`
#[derive(Debug, Args)]
pub struct Logout {
    /// The account, by its name in the configuration
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
}

/// `deliver`
#[derive(Debug, Args)]
pub struct Deliver {
    /// Only this delivery
    #[arg(long, value_name = "DELIVERY")]
    pub delivery: Option<String>,
    /// Send parked files again too
    #[arg(long)]
    pub retry: bool,
}

/// `inventory`
#[derive(Debug, Args)]
pub struct Inventory {
    /// Only this inventory
    #[arg(value_name = "INVENTORY")]
    pub inventory: Option<String>,
}
