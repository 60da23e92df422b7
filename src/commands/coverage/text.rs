//! Coverage as people read it, in 80 columns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{View, by_job, heatmap};
use crate::{
    calendar::Tally,
    commands::output::{self, counted, grouped, local, shortened, wrapped},
    series::Series,
    states::{State, Stretch},
    time::BucketSize,
};

const COLUMNS: usize = 80;

/// Of more series than that, only totals are shown.
const MAX_CALENDARS: usize = 8;

/// Troubles of one series that are told where it has a calendar.
const MAX_TROUBLES: usize = 10;

/// Troubles that are told where there are only totals.
const MAX_TROUBLES_OF_ALL: usize = 20;

/// Calendars and totals, and what is wrong; of many series, totals only.
pub(super) fn shown(views: &[View], is_whole: bool, is_coloured: bool, now: DateTime<Utc>) -> String {
    if views.len() > MAX_CALENDARS {
        return tables(views, now);
    }
    let mut parts: Vec<String> = views.iter().map(|view| in_full(view, is_whole, is_coloured, now)).collect();
    parts.extend(by_job(views).filter(|(_, views, _)| views.len() > 1).map(|(job, views, total)| {
        let streams = counted(views.len() as u64, "stream");
        [wrapped(&format!("all {streams} of {job}:"), COLUMNS), totals(&total).join("\n")].join("\n")
    }));
    if views.iter().any(|view| view.calendar.range.is_some()) {
        parts.push(heatmap::LEGEND.to_owned());
    }
    parts.join("\n\n")
}

/// `99.9 %`: never more than there is.
pub(super) fn percent(tally: &Tally) -> String {
    let (exported, expected) = (tally.exported(), tally.expected());
    match (1000 * exported).checked_div(expected) {
        None => "-".to_owned(),
        Some(1000) => "100 %".to_owned(),
        Some(thousandths) => format!("{}.{} %", thousandths / 10, thousandths % 10),
    }
}

fn in_full(view: &View, is_whole: bool, is_coloured: bool, now: DateTime<Utc>) -> String {
    let View { series, calendar, .. } = view;
    let name = name(series);
    let Some(range) = calendar.range else {
        return wrapped(&format!("{name}: nothing is to be expected"), COLUMNS);
    };
    let zone = series.stream.timezone;
    let (from, to) = (local(range.start(), zone), local(range.end(), zone));
    let heading = format!("{name}, {from} to {to} ({zone})");
    let days = if is_whole { heatmap::last_months(&calendar.days) } else { &calendar.days[..] };
    let hidden =
        (days.len() < calendar.days.len()).then(|| "drawn: the last 13 months; --from draws more".to_owned());
    let troubles = limited(troubles(view, now), MAX_TROUBLES, "--json shows all");
    [wrapped(&heading, COLUMNS), heatmap::drawn(days, is_coloured)]
        .into_iter()
        .chain(hidden)
        .chain(totals(&calendar.total()))
        .chain(files(view))
        .chain(troubles.iter().map(|trouble| wrapped(trouble, COLUMNS)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn totals(total: &Tally) -> [String; 2] {
    let of = |state| grouped(total.of(state));
    let parts = [State::Provisional, State::Vanished].into_iter().filter(|state| total.of(*state) > 0);
    let parts: Vec<String> = parts.map(|state| format!("{} {}", of(state), state.as_str())).collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" (of it {})", parts.join(", ")) };
    [
        format!(
            "{} expected, {} exported{parts}: {}",
            grouped(total.expected()),
            grouped(total.exported()),
            percent(total),
        ),
        format!("{} missing, {} failed, {} due", of(State::Missing), of(State::Failed), of(State::Due)),
    ]
    .map(|line| wrapped(&line, COLUMNS))
}

fn files(view: &View) -> Option<String> {
    let seals = view.seals();
    let sealed = seals.iter().filter(|seal| seal.is_sealed).count();
    let compared = seals.iter().filter(|seal| seal.reconciliation.is_some()).count();
    let compared = match compared {
        0 => String::new(),
        compared => format!(", {} compared with the service", grouped(compared as u64)),
    };
    let files = counted(seals.len() as u64, "partition");
    (!seals.is_empty()).then(|| format!("{files}, {} sealed{compared}", grouped(sealed as u64)))
}

/// What is wrong with a series, a sentence each.
fn troubles(view: &View, now: DateTime<Utc>) -> Vec<String> {
    let View { series, calendar, .. } = view;
    let mut suspicions: Vec<_> = view.suspicions().collect();
    suspicions.reverse();
    let suspicions = suspicions.into_iter().map(|suspicion| suspicion.sentence(series.rules.grid, now));
    let seals = view.seals();
    let disagreements = seals.iter().filter_map(|seal| {
        let told = seal.reconciliation?.disagreement.as_ref()?;
        Some(format!("{} disagrees with the service: {told}", seal.path_in(&series.folder())))
    });
    let mut stretches: Vec<&Stretch> =
        calendar.stretches.iter().filter(|stretch| stretch.is_trouble()).collect();
    stretches.sort_by_key(|stretch| stretch.state != State::Failed);
    let stretches = stretches.into_iter().map(|stretch| sentence(series, stretch));
    stretches.chain(disagreements).chain(suspicions).collect()
}

fn sentence(series: &Series, Stretch { range, state, why }: &Stretch) -> String {
    let zone = series.stream.timezone;
    let noun = if series.job.time == BucketSize::Hour { "hour" } else { "day" };
    let buckets = counted(series.rules.grid.bucket_starts(*range).count() as u64, noun);
    let (from, to) = (local(range.start(), zone), local(range.end(), zone));
    let since = why.as_ref().and_then(|why| why.since);
    let since = since.map(|since| format!(", since {}", local(since, zone))).unwrap_or_default();
    let why = why.as_ref().map_or("not asked yet; a pull asks for it", |why| &*why.message);
    format!("{}: {buckets}, {from} to {to}{since}: {why}", state.as_str())
}

/// A line for each series, and one for each job that has several.
fn tables(views: &[View], now: DateTime<Utc>) -> String {
    let tables = by_job(views).map(|(job, views, total)| {
        let rows = views.iter().map(|view| row(&view.series.stream.name, &view.calendar.total()));
        let sum = (views.len() > 1).then(|| row("all of them", &total));
        let header = [&*shortened(job, 22), "expected", "exported", "missing", "failed", "due", "there"];
        output::table(&header, &[1, 2, 3, 4, 5, 6], rows.chain(sum))
    });
    let troubles = limited(troubles_of_all(views, now), MAX_TROUBLES_OF_ALL, "--json shows all");
    let troubles: Vec<String> = troubles.iter().map(|trouble| wrapped(trouble, COLUMNS)).collect();
    let troubles = Some(troubles.join("\n")).filter(|troubles| !troubles.is_empty());
    let hint = "for a calendar, name one: audience-exporter coverage --stream STREAM".to_owned();
    tables.chain(troubles).chain([hint]).collect::<Vec<_>>().join("\n\n")
}

/// Each trouble once, with the first series that has it and how many more do.
fn troubles_of_all(views: &[View], now: DateTime<Utc>) -> Vec<String> {
    let mut by_trouble: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
    for view in views {
        for trouble in troubles(view, now) {
            by_trouble.entry(trouble).or_default().push(&view.series);
        }
    }
    let mut all: Vec<(String, Vec<&Series>)> = by_trouble.into_iter().collect();
    all.sort_by_key(|(_, series)| series.first().map(|series| series.key()));
    let told = all.into_iter().map(|(trouble, series)| match series.as_slice() {
        [first, _, ..] => format!("{} and {} more: {trouble}", name(first), series.len() - 1),
        [one] => format!("{}: {trouble}", name(one)),
        [] => trouble,
    });
    told.collect()
}

fn row(name: &str, total: &Tally) -> Vec<String> {
    let of = |state| grouped(total.of(state));
    vec![
        shortened(name, 22),
        grouped(total.expected()),
        grouped(total.exported()),
        of(State::Missing),
        of(State::Failed),
        of(State::Due),
        percent(total),
    ]
}

fn limited(mut lines: Vec<String>, most: usize, hint: &str) -> Vec<String> {
    if lines.len() > most {
        let more = lines.len() - most;
        lines.truncate(most);
        lines.push(format!("and {} more; {hint}", grouped(more as u64)));
    }
    lines
}

fn name(series: &Series) -> String {
    format!("{} of {}", series.stream.name, series.job.name)
}
