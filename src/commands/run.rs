//! `run`: the daemon.

use super::{CommandError, session::Session};
use crate::{daemon::Daemon, wire::Timing};

/// Work that was under way was abandoned; nothing is half-written, but a restart does it again.
const ABANDONED: u8 = 1;

pub(super) async fn run(session: &Session) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let timing = Timing::real(session.clock.clone());
    let daemon = Daemon::start(config, timing).await?;
    Ok(if daemon.run().await { 0 } else { ABANDONED })
}
