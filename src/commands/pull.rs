//! `pull`: all work that is due now, once.

use super::{CommandError, runs, session};
use crate::{cli::Pull, exporter::Work};

pub(super) async fn run(session: &session::Session, args: &Pull) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let series = session::select(&config, &args.selection)?;
    runs::run(session, &config, "pull", series, Work::Due).await
}
