//! `/api/calendar`, `/api/runs` and `/api/series`: what was exported. docs/http.md has every field.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use super::{parameters::Parameters, problem::Problem, reply::Rendered};
use crate::{
    audience::{self, Page, Question, Resolution, Which},
    blocking::blocking,
    calendar::Bounds,
    daemon::Station,
    ledger::RunRecord,
    series::Series,
    survey::{CalendarJson, Survey, year_until},
    time::{parse_bound, to_display},
};

/// Runs that are told where nobody says how many, and at most.
const USUAL_RUNS: u32 = 50;
const MAX_RUNS: u32 = 500;

/// Points of one page at most.
const MAX_POINTS: usize = 10_000;

#[derive(Serialize)]
struct RunsJson {
    runs: Vec<RunJson>,
}

#[derive(Serialize)]
struct RunJson {
    id: i64,
    command: String,
    started_at: String,
    ended_at: Option<String>,
    outcome: Option<String>,
    windows_done: u64,
    windows_failed: u64,
    rows: u64,
}

/// The latest runs.
pub(super) async fn runs(
    State(station): State<Arc<Station>>,
    RawQuery(query): RawQuery,
) -> Result<Rendered, Problem> {
    let mut parameters = Parameters::parse(query.as_deref());
    let limit = parameters.parsed("limit", "a number of runs")?.unwrap_or(USUAL_RUNS).min(MAX_RUNS);
    parameters.finish()?;
    let archive = Arc::clone(&station.crew().workplace.archive);
    let runs = blocking(move || archive.ledger.recent_runs(limit)).await?;
    Rendered::new(&RunsJson { runs: runs.into_iter().map(RunJson::from).collect() })
}

/// What became of every bucket of one series.
pub(super) async fn calendar(
    State(station): State<Arc<Station>>,
    RawQuery(query): RawQuery,
) -> Result<Rendered, Problem> {
    let crew = station.crew();
    let mut parameters = Parameters::parse(query.as_deref());
    let (job, stream) = (parameters.required("job")?, parameters.required("stream")?);
    let (from, to) = (parameters.one("from")?, parameters.one("to")?);
    parameters.finish()?;
    let series = Series::all(&crew.config, Some(&job), Some(&stream)).pop();
    let series =
        series.ok_or_else(|| Problem::unknown(format!("there is no stream {stream:?} of {job:?}")))?;
    let bounds = bounds(&series, from.as_deref(), to.as_deref(), crew.now())?;
    let calendar = move || {
        let now = crew.now().trunc_subsecs(0);
        let ledger = &crew.workplace.archive.ledger;
        let survey = Survey::read(Some(ledger), series, crew.config.timezone, now)?;
        Rendered::new(&CalendarJson::new(&survey, &survey.calendar(bounds)))
    };
    in_turn(&station, calendar).await
}

/// Published figures, added up.
pub(super) async fn series(
    State(station): State<Arc<Station>>,
    RawQuery(query): RawQuery,
) -> Result<Rendered, Problem> {
    let crew = station.crew();
    let now = crew.now().trunc_subsecs(0);
    let mut parameters = Parameters::parse(query.as_deref());
    let (question, page) = (question(&mut parameters)?, page(&mut parameters)?);
    parameters.finish()?;
    let answer = move || {
        let asked = question.resolve(&crew.config, now)?;
        let answer = audience::answer(&crew.workplace.archive, &asked, crew.config.timezone, page, now)?;
        Rendered::new(&answer)
    };
    in_turn(&station, answer).await
}

/// Does what reads much, of which only so much is done at a time: askers wait, exports do not. Who asks and goes away holds
/// his place until it is done.
async fn in_turn(
    station: &Station,
    work: impl FnOnce() -> Result<Rendered, Problem> + Send + 'static,
) -> Result<Rendered, Problem> {
    let busy = || Problem::not_now("too much is being asked at once; ask again in a moment");
    let turn = station.turn().await.ok_or_else(busy)?;
    blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}

fn question(parameters: &mut Parameters) -> Result<Question, Problem> {
    let streams = parameters.all("stream");
    let tag = parameters.one("tag")?;
    let which = match (streams.is_empty(), tag) {
        (true, None) => Which::All,
        (false, None) => Which::Streams(streams),
        (true, Some(tag)) => Which::tagged(&tag)?,
        (false, Some(_)) => return Err(Problem::wrong("either stream or tag, not both")),
    };
    Ok(Question {
        job: Some(parameters.required("job")?),
        which,
        from: Some(parameters.required("from")?),
        to: Some(parameters.required("to")?),
        resolution: parameters.one("resolution")?.map_or(Ok(None), |word| resolution(&word))?,
    })
}

fn resolution(word: &str) -> Result<Option<Resolution>, Problem> {
    if word == "auto" {
        return Ok(None);
    }
    let words = || Resolution::ALL.map(Resolution::as_str).join(", ");
    let unknown = || Problem::wrong(format!("resolution: not one of auto, {}", words()));
    Resolution::parse(word).ok_or_else(unknown).map(Some)
}

fn page(parameters: &mut Parameters) -> Result<Page, Problem> {
    let limit: usize = parameters.parsed("limit", "a number of points")?.unwrap_or(MAX_POINTS);
    if limit == 0 {
        return Err(Problem::wrong("limit: a page has one point at least"));
    }
    let after = parameters.parsed("after", "an instant as `next` told it")?;
    Ok(Page { after, limit: limit.min(MAX_POINTS) })
}

fn bounds(
    series: &Series,
    from: Option<&str>,
    to: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Bounds, Problem> {
    let zone = series.stream.timezone;
    let bound = |name: &str, text: Option<&str>| {
        let parsed = text.map(|text| parse_bound(text, zone));
        parsed.transpose().map_err(|error| Problem::wrong(format!("{name}: {error}")))
    };
    let asked = Bounds { from: bound("from", from)?, to: bound("to", to)? };
    if asked.from.zip(asked.to).is_some_and(|(from, to)| to <= from) {
        return Err(Problem::wrong("to must be later than from"));
    }
    let usual = year_until(now, zone);
    Ok(if asked == Bounds::default() { usual } else { asked })
}

impl From<RunRecord> for RunJson {
    fn from(run: RunRecord) -> Self {
        Self {
            id: run.id,
            command: run.command,
            started_at: to_display(run.started_at),
            ended_at: run.ended_at.map(to_display),
            outcome: run.outcome,
            windows_done: run.windows_done,
            windows_failed: run.windows_failed,
            rows: run.rows,
        }
    }
}
