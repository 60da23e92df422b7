//! What came of it, for programs.

use serde::Serialize;
use serde_json::Value;

use super::{
    Report,
    asked::{About, Asked, Disagreement},
    shown,
};
use crate::{
    time::to_display,
    verify::{Figure, Finding, Inspected},
};

#[derive(Serialize)]
pub(super) struct ReportJson {
    now: String,
    files: FilesJson,
    /// Null where nobody was to be asked.
    service: Option<ServiceJson>,
    failures: Vec<FailureJson>,
}

#[derive(Serialize)]
pub(super) struct FilesJson {
    checked: u64,
    rows: u64,
    findings: Vec<FindingJson>,
}

#[derive(Serialize)]
struct FindingJson {
    path: String,
    flaw: &'static str,
    message: String,
    next_step: String,
}

#[derive(Serialize)]
struct ServiceJson {
    how: &'static str,
    candidates: usize,
    planned: usize,
    compared: u64,
    disagreements: Vec<DisagreementJson>,
}

#[derive(Serialize)]
struct DisagreementJson {
    job: String,
    stream: String,
    path: Option<String>,
    bucket_start: Option<String>,
    divergence: Option<&'static str>,
    column: &'static str,
    file: Value,
    service: Value,
    late: bool,
    message: String,
}

#[derive(Serialize)]
struct FailureJson {
    job: String,
    stream: String,
    kind: &'static str,
    message: String,
}

pub(super) fn describe(report: &Report) -> ReportJson {
    let failures = report.run.series.iter().filter_map(|series| {
        let failure = series.failure.as_ref()?;
        Some(FailureJson {
            job: series.key.job.clone(),
            stream: series.key.stream.clone(),
            kind: failure.kind.as_str(),
            message: failure.message.clone(),
        })
    });
    ReportJson {
        now: to_display(report.at),
        files: files(&report.inspected),
        service: report.asked.as_ref().map(service),
        failures: failures.collect(),
    }
}

pub(super) fn files(Inspected { files, rows, findings }: &Inspected) -> FilesJson {
    let finding = |Finding { path, flaw, message, next_step }: &Finding| FindingJson {
        path: path.clone(),
        flaw: flaw.as_str(),
        message: message.clone(),
        next_step: next_step.lines().join("\n"),
    };
    FilesJson { checked: *files, rows: *rows, findings: findings.iter().map(finding).collect() }
}

fn service(asked: &Asked) -> ServiceJson {
    ServiceJson {
        how: if asked.is_deep { "rows" } else { "sums" },
        candidates: asked.candidates,
        planned: asked.planned,
        compared: asked.compared,
        disagreements: asked.disagreements.iter().map(disagreement).collect(),
    }
}

fn disagreement(one: &Disagreement) -> DisagreementJson {
    let mut json = DisagreementJson {
        job: one.series.job.name.clone(),
        stream: one.series.stream.name.clone(),
        path: None,
        bucket_start: None,
        divergence: None,
        column: "",
        file: Value::Null,
        service: Value::Null,
        late: one.is_recent(),
        message: shown::sentence(one),
    };
    match &one.about {
        About::Sum { file, difference } => {
            json.path = Some(file.path.clone());
            json.column = difference.column;
            json.file = figure(difference.file);
            json.service = difference.service.map_or(Value::Null, figure);
        }
        About::Bucket(deviation) => {
            json.bucket_start = Some(to_display(deviation.bucket_start));
            json.divergence = Some(deviation.divergence.as_str());
            json.column = deviation.column;
            json.file = cell(deviation.file.as_deref());
            json.service = cell(deviation.service.as_deref());
        }
    }
    json
}

fn figure(figure: Figure) -> Value {
    match figure {
        Figure::Count(people) => people.into(),
        Figure::Mean(seconds) => seconds.into(),
    }
}

/// Numbers as numbers, texts as texts.
fn cell(text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let number: Result<serde_json::Number, _> = serde_json::from_str(text);
    number.map_or_else(|_| text.into(), Value::Number)
}
