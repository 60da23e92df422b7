//! `ledger rebuild`: the ledger again from what is published.

use std::{path::PathBuf, time::Duration};

use super::{
    CommandError,
    output::{self, counted},
    session::Session,
};
use crate::{
    blocking::blocking,
    cli::{Ledger as Args, LedgerCommand, Rebuild},
    config::Config,
    daemon,
    ledger::{Ledger, LedgerError, Replaced},
    locks::{Lock, LockError, Patience},
    rebuild::{self, RebuildError, Rebuilt, Summary},
    series::Series,
};

/// Somebody may look who holds the daemon's lock, which takes it for a moment.
const LOCK_PATIENCE: Patience = Patience::Wait(Duration::from_secs(1));

/// Lost files that are named; of more the number is told.
const MAX_NAMED: usize = 50;

pub(super) async fn run(session: &Session, args: &Args) -> Result<u8, CommandError> {
    let LedgerCommand::Rebuild(Rebuild { force }) = args.command;
    let config = session.config_to_act_on()?;
    let now = session.clock.now();
    let series = Series::all(&config, None, None);
    let (output_dir, state_dir) = (config.output_dir.clone(), config.state_dir.clone());
    let _alone = keep_daemons_out(&config).map_err(LedgerError::from)?;
    let replaced = blocking(move || {
        if !force {
            refuse_sound(&state_dir)?;
        }
        let fill = |ledger: &Ledger| rebuild::fill(ledger, &output_dir, &state_dir, &series, now);
        Ok::<_, CommandError>(Ledger::replace(&state_dir, now, fill)?)
    });
    output::print(&shown(&replaced.await?))?;
    Ok(0)
}

fn keep_daemons_out(config: &Config) -> Result<Lock, LockError> {
    Lock::acquire(&config.state_dir, daemon::LOCK_NAME, LOCK_PATIENCE)
}

/// A ledger of which everything reads knows more than folders do.
fn refuse_sound(state_dir: &std::path::Path) -> Result<(), CommandError> {
    let is_sound = match Ledger::open_if_present(state_dir) {
        Ok(None) => return Ok(()),
        Ok(Some(ledger)) => reads(&ledger),
        Err(error) => Err(error),
    };
    match is_sound {
        Err(LedgerError::Damaged { .. }) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => Err(CommandError::Usage(format!(
            "the ledger in {} is sound and knows more than folders can tell; --force sets it aside and makes it again",
            state_dir.display()
        ))),
    }
}

fn reads(ledger: &Ledger) -> Result<(), LedgerError> {
    for key in ledger.known_series()? {
        if let Some(known) = ledger.find_series(&key)? {
            ledger.evidence(known.id)?;
            ledger.changes(known.id, None)?;
        }
    }
    Ok(())
}

fn shown(Replaced { filled, set_aside }: &Replaced<Summary>) -> String {
    let Summary { series, left } = filled;
    let header = ["job", "stream", "files", "rows", "changes", "lost", ""];
    let row = |one: &Rebuilt| {
        let note = if one.is_configured { "" } else { "not in the configuration" };
        vec![
            output::shortened(&one.key.job, 20),
            output::shortened(&one.key.stream, 24),
            output::grouped(i64::try_from(one.files).unwrap_or(i64::MAX)),
            output::grouped(i64::try_from(one.rows).unwrap_or(i64::MAX)),
            output::grouped(i64::try_from(one.changes).unwrap_or(i64::MAX)),
            one.lost.len().to_string(),
            note.to_owned(),
        ]
    };
    let mut parts = vec![output::table(&header, &[2, 3, 4, 5], series.iter().map(row))];
    let lost: Vec<String> =
        series.iter().flat_map(|one| &one.lost).map(|(path, why)| format!("{path}: {why}")).collect();
    if !lost.is_empty() {
        let named = lost.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join("\n");
        let head = "not as their manifests say, so the next pull asks for their time again:";
        let more = lost.len().saturating_sub(MAX_NAMED);
        let more = if more == 0 { String::new() } else { format!("\nand {more} more") };
        parts.push(format!("{head}\n{named}{more}"));
    }
    if !left.is_empty() {
        parts.push(left.join("\n"));
    }
    parts.push(ending(set_aside.as_ref(), series));
    parts.join("\n\n")
}

fn ending(set_aside: Option<&PathBuf>, series: &[Rebuilt]) -> String {
    let files = counted(series.iter().map(|one| one.files).sum(), "file");
    let made = format!("the ledger was made again from {files} of {} series", series.len());
    match set_aside {
        Some(aside) => format!("{made}; the one before is now {}", aside.display()),
        None => made,
    }
}

impl From<RebuildError> for CommandError {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::Ledger(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}
