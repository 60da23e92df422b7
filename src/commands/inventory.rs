//! `inventory`: lists the cameras of accounts, now.

use std::sync::Arc;

use super::{
    CommandError, runs,
    session::{self, Session},
};
use crate::{
    cli,
    config::{Config, Inventory},
    delivery::Urgency,
    errands::Errands,
    exporter::SetupError,
    report::RunReport,
};

pub(super) async fn run(session: &Session, args: &cli::Inventory) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let inventories = select(&config, args.inventory.as_deref())?;
    let workplace = session.workplace(&config)?;
    workplace.archive.check_output().map_err(SetupError::from)?;
    session.stop_on_signals();
    let errands = Errands { inventories, ..Errands::default() };
    let done = errands.run(&config, &workplace, Urgency::Now).await;
    let report = RunReport { errands: done.to_reports(), ..RunReport::default() };
    runs::tell_errands(session, &done, &report, "nothing was listed")?;
    Ok(report.outcome().exit_code())
}

/// The inventories of this name, or all.
pub(super) fn select(config: &Config, name: Option<&str>) -> Result<Vec<Arc<Inventory>>, CommandError> {
    if config.inventories.is_empty() {
        return Err(CommandError::Usage("the configuration has no [[inventories]]".to_owned()));
    }
    session::known("inventory", name, config.inventories.iter().map(|inventory| &*inventory.name))?;
    let wanted = |inventory: &&Arc<Inventory>| name.is_none_or(|name| inventory.name == name);
    Ok(config.inventories.iter().filter(wanted).cloned().collect())
}
