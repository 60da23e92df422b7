//! `pull`: all work that is due now, once.

use super::{CommandError, runs, session};
use crate::{cli::Pull, exporter::Work};

pub(super) async fn run(session: &session::Session, args: &Pull) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let series = session::select(&config, &args.selection)?;
    let is_whole = args.selection.job.is_none() && args.selection.stream.is_none();
    let orders = runs::Orders {
        command: "pull",
        series,
        work: Work::Due,
        job: args.selection.job.as_deref(),
        takes_inventories: is_whole,
    };
    runs::run(session, &config, orders).await
}
