//! What came of it, for people, at 80 columns.

use std::collections::BTreeMap;

use super::{
    Report,
    asked::{About, Asked, Disagreement},
};
use crate::{
    commands::output::{counted, grouped, local},
    report::RunReport,
    time::LocalPeriod,
    verify::{Deviation, Finding, Inspected},
};

const WIDTH: usize = 80;

/// Findings, and disagreements, that are spelled out; of more the number is told.
const MAX_SHOWN: usize = 200;

pub(super) fn report(report: &Report) -> String {
    let series = if report.series == 1 { "1 series".to_owned() } else { format!("{} series", report.series) };
    let mut parts = vec![files(&report.inspected, &series)];
    parts.extend(report.asked.as_ref().map(service));
    parts.join("\n\n")
}

/// What lies in folders.
pub(super) fn files(inspected: &Inspected, of: &str) -> String {
    let Inspected { files, rows, findings } = inspected;
    let (files, rows) = (counted(*files, "file"), counted(*rows, "row"));
    let judgement = match findings.len() {
        0 => "all as published".to_owned(),
        number => counted(number as u64, "finding"),
    };
    let mut text = format!("files: {files} with {rows} of {of}\n  {judgement}");
    for finding in findings.iter().take(MAX_SHOWN) {
        text += &format!("\n\n{}", described(finding));
    }
    text + &more(findings.len())
}

fn described(finding: &Finding) -> String {
    let Finding { path, flaw, message, next_step } = finding;
    let sentence = wrapped(&format!("{}: {message}", flaw.as_str()), 2);
    let next: Vec<String> = next_step.lines().into_iter().map(|line| format!("    {line}")).collect();
    format!("{path}\n{sentence}\n  next:\n{}", next.join("\n"))
}

fn service(asked: &Asked) -> String {
    let Asked { is_deep, candidates, planned, compared, disagreements } = asked;
    let (noun, how) = if *is_deep { ("window", "row for row") } else { ("sealed file", "by sums") };
    let (all, planned) = (counted(*candidates as u64, noun), *planned);
    let picked =
        if planned < *candidates { format!(", {planned} of them picked at random") } else { String::new() };
    let judgement = match disagreements.len() {
        _ if *compared == 0 => "none was compared".to_owned(),
        0 => format!("{} compared {how}: the service agrees with all", grouped(*compared)),
        number => {
            format!("{} compared {how}: {}", grouped(*compared), counted(number as u64, "disagreement"))
        }
    };
    let mut text = format!("service: {all}{picked}\n  {judgement}");
    for one in disagreements.iter().take(MAX_SHOWN) {
        text += &format!("\n{}", wrapped(&sentence(one), 2));
    }
    text + &more(disagreements.len())
}

/// `month=2015-03 of lobby: passing_by: file 123, service 125`
pub(super) fn sentence(Disagreement { series, about }: &Disagreement) -> String {
    let (job, stream, zone) = (&series.job.name, &series.stream.name, series.stream.timezone);
    match about {
        About::Sum { file, difference } => {
            let period = LocalPeriod::of(file.period.start(), series.rules.partition, zone);
            format!("{} of {stream}: {difference} (job {job})", period.folder_name())
        }
        About::Bucket(deviation) => {
            let Deviation { bucket_start, column, file, service, is_recent, .. } = deviation;
            let [file, service] = [file, service].map(|value| value.as_deref().unwrap_or("nothing"));
            let start = local(*bucket_start, zone);
            let recent = if *is_recent { "; late counts, which the next pull brings" } else { "" };
            format!("{start} of {stream}: {column}: file {file}, service {service} (job {job}){recent}")
        }
    }
}

/// What could not be compared, and why, line by line.
pub(super) fn failures(run: &RunReport) -> Vec<String> {
    let mut by_message: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for series in &run.series {
        if let Some(failure) = &series.failure {
            let name = format!("{} of {}", series.key.stream, series.key.job);
            by_message.entry(&failure.message).or_default().push(name);
        }
    }
    let line = |(message, names): (&str, Vec<String>)| match names.as_slice() {
        [name] => format!("{name}: {message}"),
        [name, others @ ..] => format!("{name} and {} more: {message}", others.len()),
        [] => String::new(),
    };
    by_message.into_iter().map(line).collect()
}

fn more(number: usize) -> String {
    let more = number.saturating_sub(MAX_SHOWN);
    if more == 0 { String::new() } else { format!("\n\nand {} more; --json shows all", grouped(more)) }
}

/// Broken between words where it is too long, what follows indented further. Words stay whole.
fn wrapped(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut lines = vec![margin.clone()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { continue };
        if line.trim().is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{margin}  {word}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_between_words_at_the_width() {
        let text = wrapped("word word word ".repeat(14).trim_end(), 2);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[0].starts_with("  word") && lines[1].starts_with("    word"));
        assert_eq!(text.split_whitespace().count(), 42);
        let long = "x".repeat(90);
        assert_eq!(wrapped(&format!("a {long}"), 0), format!("a\n  {long}"));
    }
}
