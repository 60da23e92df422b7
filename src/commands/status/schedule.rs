//! When what runs next.

use crate::{
    commands::output::{self, local, shortened},
    config::Config,
    status::Snapshot,
};

/// A line for each job and inventory: its cron line, and its next run on the wall clock of the schedules and in UTC.
pub(super) fn shown(snapshot: &Snapshot, config: &Config) -> String {
    let jobs = config.jobs.iter().map(|job| {
        let next = job.schedule.next_after(snapshot.at, config.timezone);
        (&*job.name, job.schedule.as_str(), next)
    });
    let inventories = snapshot
        .inventories
        .iter()
        .map(|view| (&*view.inventory.name, view.inventory.schedule.as_str(), view.next_run));
    let rows = jobs.chain(inventories).map(|(name, line, next)| {
        let time = |zone| next.map_or_else(|| "-".to_owned(), |next| local(next, zone));
        vec![shortened(name, 16), line.to_owned(), time(config.timezone), time(chrono_tz::Tz::UTC)]
    });
    let zone = config.timezone.name();
    output::table(&["next run of", "schedule", zone, "UTC"], &[], rows)
}
