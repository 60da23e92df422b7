//! `queries.sql`.

use super::{Subject, template::filled, views::ViewNames};
use crate::time::BucketSize;

const QUERIES: &str = include_str!("templates/queries.sql");
const OF_HOURS: &str = include_str!("templates/queries-of-hours.sql");

/// The text of the file.
pub(super) fn text(subject: &Subject<'_>) -> String {
    let views = ViewNames::new(subject).of_jobs(subject).swap_remove(subject.example());
    let job = &subject.config.jobs[subject.example()];
    let is_hourly = job.time == BucketSize::Hour;
    let template = if is_hourly { QUERIES.to_owned() + OF_HOURS } else { QUERIES.to_owned() };
    let (slack, difference) =
        if is_hourly { ("1", "but for the hour of a clock change") } else { ("0", "exactly") };
    filled(
        &template,
        &[
            ("title", &job.name),
            ("slack", slack),
            ("difference", difference),
            ("by_hour", &views.by_hour),
            ("by_day", &views.by_day),
            ("by_week", &views.by_week),
            ("by_month", &views.by_month),
            ("all_by_day", &views.all_by_day),
            ("hour_of_week", &views.hour_of_week),
            ("missing", &views.missing),
            ("files", &views.files),
        ],
    )
}
