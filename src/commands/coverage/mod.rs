//! `coverage`: what of every bucket is there, and why the rest is not. Reads the ledger only.

mod heatmap;
mod json;
mod text;

use std::io::IsTerminal;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;

use super::{
    CommandError, backfill,
    output::{print, print_json},
    session::{self, Session},
};
use crate::{
    calendar::{Calendar, Tally},
    cli::Coverage,
    environment,
    ledger::Ledger,
    series::Series,
    states::Seal,
    survey::Survey,
    suspicion::Suspicion,
};

/// The exit code where something that is due is not there: a run could bring it.
const LACKING: u8 = 4;

/// Set to anything, it asks every program not to use colours: <https://no-color.org>.
const NO_COLOR_VARIABLE: &str = "NO_COLOR";

/// What is told of one series.
struct View {
    survey: Survey,
    calendar: Calendar,
}

pub(super) fn run(session: &Session, args: &Coverage) -> Result<u8, CommandError> {
    let config = session.config()?;
    let mut all = session::select(&config, &args.selection)?;
    all.sort_by_key(Series::key);
    let ledger = Ledger::open_if_present(&config.state_dir)?;
    let now = session.clock.now().trunc_subsecs(0);
    let views = all.into_iter().map(|series| View::read(ledger.as_ref(), series, args, config.timezone, now));
    let views: Vec<View> = views.collect::<Result<_, _>>()?;
    if args.json {
        print_json(&json::CoverageJson::new(&views, now))?;
    } else {
        let is_whole = args.from.is_none() && args.to.is_none();
        let is_coloured =
            std::io::stdout().is_terminal() && environment::variable(NO_COLOR_VARIABLE).is_none();
        print(&text::shown(&views, is_whole, is_coloured))?;
    }
    let is_lacking = views.iter().any(|view| view.calendar.total().lacking() > 0);
    Ok(if is_lacking { LACKING } else { 0 })
}

impl View {
    fn read(
        ledger: Option<&Ledger>,
        series: Series,
        args: &Coverage,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self, CommandError> {
        let bounds = backfill::bounds(&series, args.from.as_deref(), args.to.as_deref())?;
        let survey = Survey::read(ledger, series, zone, now)?;
        let calendar = survey.calendar(bounds);
        Ok(Self { survey, calendar })
    }

    fn series(&self) -> &Series {
        &self.survey.series
    }

    /// Runs of zeros that are unlike the series and share time with what is shown.
    fn suspicions(&self) -> impl Iterator<Item = &Suspicion> {
        self.survey.suspicions(self.calendar.range)
    }

    /// The published files that share time with what is shown.
    fn seals(&self) -> Vec<Seal<'_>> {
        self.survey.seals(self.calendar.range)
    }
}

/// The jobs of these series, in order, each with its series and the sum of them.
fn by_job(views: &[View]) -> impl Iterator<Item = (&str, &[View], Tally)> {
    views.chunk_by(|one, next| one.series().job.name == next.series().job.name).filter_map(|views| {
        let job = &*views.first()?.series().job.name;
        Some((job, views, views.iter().map(|view| view.calendar.total()).sum()))
    })
}
