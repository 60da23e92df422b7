//! Why the daemon does not start, or does not take a configuration.

use std::{io, net::SocketAddr};

use crate::{
    config::{ConfigError, SecretError},
    exporter::SetupError,
    locks::LockError,
};

/// Why the daemon does not start, or keeps the configuration that it has.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("http.token: {0}")]
    HttpToken(#[from] SecretError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(
        "another daemon works on state_dir {state_dir}: {holder}; stop that one first, or give this one a state_dir \
         of its own"
    )]
    Taken { state_dir: String, holder: String },
    #[error("cannot lock state_dir: {0}")]
    Lock(LockError),
    #[error(
        "cannot listen on {address} (http.listen): {source}; choose another port, or stop what listens there; where that is this daemon itself, restart it"
    )]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    #[error("cannot start threads: {0}; the system may allow no more of them")]
    Threads(io::Error),
}

impl StartError {
    /// The exit code of a daemon that ends of it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::HttpToken(_) => 2,
            Self::Setup(error) => error.exit_code(),
            Self::Taken { .. } => 5,
            _ => 1,
        }
    }
}
