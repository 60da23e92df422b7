//! Coverage as people read it, in 80 columns.

use std::collections::BTreeMap;

use super::{View, by_job, heatmap};
use crate::{
    calendar::Tally,
    commands::output::{self, COLUMNS, counted, grouped, local, shortened, wrapped},
    series::Series,
    states::State,
};

/// Of more series than that, only totals are shown.
const MAX_CALENDARS: usize = 8;

/// Troubles of one series that are told where it has a calendar.
const MAX_TROUBLES: usize = 10;

/// Troubles that are told where there are only totals.
const MAX_TROUBLES_OF_ALL: usize = 20;

/// Calendars and totals, and what is wrong; of many series, totals only.
pub(super) fn shown(views: &[View], is_whole: bool, is_coloured: bool) -> String {
    if views.len() > MAX_CALENDARS {
        return tables(views);
    }
    let mut parts: Vec<String> = views.iter().map(|view| in_full(view, is_whole, is_coloured)).collect();
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

fn in_full(view: &View, is_whole: bool, is_coloured: bool) -> String {
    let (series, calendar) = (view.series(), &view.calendar);
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
    let troubles = limited(troubles(view), MAX_TROUBLES, "--json shows all");
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
fn troubles(view: &View) -> Vec<String> {
    view.survey.findings(&view.calendar).into_iter().map(|found| found.message).collect()
}

/// A line for each series, and one for each job that has several.
fn tables(views: &[View]) -> String {
    let tables = by_job(views).map(|(job, views, total)| {
        let rows = views.iter().map(|view| row(&view.series().stream.name, &view.calendar.total()));
        let sum = (views.len() > 1).then(|| row("all of them", &total));
        let header = [&*shortened(job, 22), "expected", "exported", "missing", "failed", "due", "there"];
        output::table(&header, &[1, 2, 3, 4, 5, 6], rows.chain(sum))
    });
    let troubles = limited(troubles_of_all(views), MAX_TROUBLES_OF_ALL, "--json shows all");
    let troubles: Vec<String> = troubles.iter().map(|trouble| wrapped(trouble, COLUMNS)).collect();
    let troubles = Some(troubles.join("\n")).filter(|troubles| !troubles.is_empty());
    let hint = "for a calendar, name one: audience-exporter coverage --stream STREAM".to_owned();
    tables.chain(troubles).chain([hint]).collect::<Vec<_>>().join("\n\n")
}

/// Each trouble once, with the first series that has it and how many more do.
fn troubles_of_all(views: &[View]) -> Vec<String> {
    let mut by_trouble: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
    for view in views {
        for trouble in troubles(view) {
            by_trouble.entry(trouble).or_default().push(view.series());
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
