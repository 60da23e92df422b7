//! `deliver`: sends what is pending, now.

use std::sync::Arc;

use super::{
    CommandError, runs,
    session::{self, Session},
};
use crate::{
    cli::Deliver,
    config::{Config, Delivery},
    delivery::Urgency,
    errands::Errands,
    report::RunReport,
};

pub(super) async fn run(session: &Session, args: &Deliver) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let deliveries = select(&config, args.delivery.as_deref())?;
    let workplace = session.workplace(&config)?;
    workplace.enroll_deliveries(&config)?;
    if args.retry {
        for delivery in &deliveries {
            let files = workplace.archive.ledger.outbox_retry_parked(&delivery.name)?;
            if files > 0 {
                tracing::info!(delivery = &*delivery.name, files, "parked files are to be sent again");
            }
        }
    }
    session.stop_on_signals();
    let errands = Errands { deliveries, ..Errands::default() };
    let done = errands.run(&config, &workplace, Urgency::Now).await;
    let report = RunReport { errands: done.to_reports(), ..RunReport::default() };
    runs::tell_errands(session, &done, &report, "nothing to deliver")?;
    let is_busy = done.deliveries.iter().any(|report| report.is_busy);
    Ok(match report.outcome().exit_code() {
        0 if is_busy => 5,
        code => code,
    })
}

fn select(config: &Config, name: Option<&str>) -> Result<Vec<Arc<Delivery>>, CommandError> {
    if config.deliveries.is_empty() {
        return Err(CommandError::Usage("the configuration has no [[deliveries]]".to_owned()));
    }
    session::known("delivery", name, config.deliveries.iter().map(|delivery| &*delivery.name))?;
    let wanted = |delivery: &&Arc<Delivery>| name.is_none_or(|name| delivery.name == name);
    Ok(config.deliveries.iter().filter(wanted).cloned().collect())
}
