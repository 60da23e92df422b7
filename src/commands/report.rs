//! `report`: what the page shows of an audience, as one file to be mailed or printed. Asks nobody.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;

use super::{
    CommandError,
    output::{self, counted, grouped},
    session::{self, Session},
};
use crate::{
    audience::{self, AskError, Asked, Page, Question, Which},
    blocking::blocking,
    cli::Report as Arguments,
    config::Config,
    exporter::SetupError,
    ledger::Ledger,
    page::Report,
    publication::Archive,
    sink::publish,
    survey::{CalendarJson, Survey, SurveyError, year_until},
};

/// Of more streams than that, the calendars would be most of the report.
const MAX_CALENDARS: usize = 12;

/// All points of a chart.
const WHOLE: Page = Page { after: None, limit: usize::MAX };

pub(super) async fn run(session: &Session, args: &Arguments) -> Result<u8, CommandError> {
    let config = session.config()?;
    let now = session.clock.now().trunc_subsecs(0);
    let (question, out) = (question(args)?, args.out.clone());
    let archive = session::exported(&config)?;
    let said = blocking(move || write(&config, &archive, &question, &out, now)).await?;
    if !session.global.quiet {
        output::print(&said)?;
    }
    Ok(0)
}

/// Writes a report of what is asked to `out`, and says what is in it. Blocks.
pub(super) fn write(
    config: &Config,
    archive: &Archive,
    question: &Question,
    out: &Path,
    now: DateTime<Utc>,
) -> Result<String, CommandError> {
    archive.check_output().map_err(SetupError::from)?;
    let (folder, name) = place(out)?;
    let asked = question.resolve(config, now)?;
    let answer = audience::answer(archive, &asked, config.timezone, WHOLE, now)?;
    let calendars = calendars(&archive.ledger, &asked, config.timezone, now)?;
    let (exported, expected) = answer.coverage();
    let report = Report::new(title(&question.which, &asked), answer, calendars, now);
    let html = report.to_html().map_err(|error| CommandError::Failed(error.to_string()))?;
    let failed = |error: publish::FileError| CommandError::Failed(error.to_string());
    publish::replace(&folder.join(name), &folder, html.as_bytes()).map_err(failed)?;
    let (streams, (from, to)) = (counted(asked.series.len() as u64, "stream"), dates(&asked));
    Ok(format!(
        "{}: {streams}, {from} to {to}, {} of {} there",
        out.display(),
        grouped(exported),
        counted(expected, asked.grid.size().noun()),
    ))
}

fn question(args: &Arguments) -> Result<Question, CommandError> {
    let which = match &args.tag {
        Some(tag) => Which::tagged(tag)?,
        None if args.streams.is_empty() => Which::All,
        None => Which::Streams(args.streams.clone()),
    };
    Ok(Question {
        job: args.job.clone(),
        which,
        from: args.from.clone(),
        to: args.to.clone(),
        resolution: args.by,
    })
}

/// The year at the end of what the report is about, of each stream.
fn calendars(
    ledger: &Ledger,
    asked: &Asked,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<Vec<CalendarJson>, CommandError> {
    let last = asked.range.end() - chrono::TimeDelta::nanoseconds(1);
    let shown = asked.series.iter().take(MAX_CALENDARS).map(|series| {
        let bounds = year_until(last, series.stream.timezone);
        let survey = Survey::read(Some(ledger), series.clone(), zone, now)?;
        Ok(CalendarJson::new(&survey, &survey.calendar(bounds)))
    });
    shown.collect::<Result<_, SurveyError>>().map_err(CommandError::from)
}

fn title(which: &Which, asked: &Asked) -> String {
    let names: Vec<&str> = asked.series.iter().map(|series| &*series.stream.name).collect();
    let who = match (which, &names[..]) {
        (Which::Tag { key, value }, _) => format!("{key} {value}"),
        (_, [one]) => (*one).to_owned(),
        (_, [one, two]) => format!("{one} and {two}"),
        (Which::All, _) => format!("all {} streams", names.len()),
        (Which::Streams(_), _) => format!("{} streams", names.len()),
    };
    let (from, to) = dates(asked);
    format!("Audience of {who}, {from} to {to}")
}

/// The first and the last local day.
fn dates(asked: &Asked) -> (String, String) {
    let date = |instant: DateTime<Utc>| instant.with_timezone(&asked.zone).date_naive().to_string();
    (date(asked.range.start()), date(asked.range.end() - chrono::TimeDelta::nanoseconds(1)))
}

/// The folder of a file and its name there.
fn place(file: &Path) -> Result<(PathBuf, &OsStr), CommandError> {
    let name = file.file_name().filter(|_| !file.is_dir());
    let name = name.ok_or_else(|| CommandError::Usage(format!("--out: {} is no file", file.display())))?;
    let folder = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    Ok((folder.to_owned(), name))
}

impl From<AskError> for CommandError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NotNow(message) => Self::Failed(message),
            AskError::Wrong(message) | AskError::Unknown(message) | AskError::TooMuch(message) => {
                Self::Usage(message)
            }
        }
    }
}

impl From<SurveyError> for CommandError {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Ledger(error) => Self::from(error),
            SurveyError::LayoutChanged(message) => Self::Usage(message),
        }
    }
}
