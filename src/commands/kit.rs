//! `kit`: a folder for analysts, made from the configuration.

use std::{
    fs, io,
    path::{Path, absolute},
};

use super::{CommandError, output, session::Session};
use crate::{
    cli::Kit,
    config::{Config, is_published_in},
    kit::{self, KitFile, RECORD, Record, Subject},
    sink::publish,
};

pub(super) fn run(session: &Session, args: &Kit) -> Result<u8, CommandError> {
    let config = session.config()?;
    let files = files(&config)?;
    check_place(&config, &args.dir)?;
    if !args.force {
        check_free(&args.dir, &files)?;
    }
    write(&args.dir, &files).map_err(|error| CommandError::Failed(error.to_string()))?;
    tell(&config, &args.dir, files.len())?;
    Ok(0)
}

fn files(config: &Config) -> Result<Vec<KitFile>, CommandError> {
    let folder = absolute(&config.output_dir)?;
    let Some(folder) = folder.to_str() else {
        let message = format!("output_dir {} is no UTF-8, which SQL and Python need", folder.display());
        return Err(CommandError::Usage(message));
    };
    Ok(kit::files(Subject { config, folder }))
}

/// Readers would take a kit among published files for data.
fn check_place(config: &Config, dir: &Path) -> Result<(), CommandError> {
    if is_published_in(&config.output_dir, dir) {
        return Err(CommandError::Usage(format!(
            "{} lies in output_dir, where readers take everything for data; name a folder outside of it",
            dir.display()
        )));
    }
    Ok(())
}

/// Refuses to overwrite what is no kit's, or was edited since.
fn check_free(dir: &Path, files: &[KitFile]) -> Result<(), CommandError> {
    let failed = |error: io::Error| CommandError::Failed(format!("cannot read {}: {error}", dir.display()));
    let record = match fs::read_to_string(dir.join(RECORD)) {
        Ok(text) => Record::read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if is_free(dir).map_err(failed)? { Ok(()) } else { Err(not_a_kit(dir)) };
        }
        Err(error) => return Err(failed(error)),
    };
    let mut edited = Vec::new();
    for file in files {
        let found = publish::read_if_present(&dir.join(file.path))
            .map_err(|error| CommandError::Failed(error.to_string()))?;
        if found.is_some_and(|found| !record.allows(file, &found)) {
            edited.push(file.path);
        }
    }
    if edited.is_empty() { Ok(()) } else { Err(edited_since(dir, &edited)) }
}

/// Whether there is nothing yet.
fn is_free(dir: &Path) -> io::Result<bool> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn not_a_kit(dir: &Path) -> CommandError {
    CommandError::Usage(format!(
        "{} is not empty and holds no kit, so nothing was written; name another folder, or write into it with --force",
        dir.display()
    ))
}

fn edited_since(dir: &Path, edited: &[&str]) -> CommandError {
    CommandError::Usage(format!(
        "{} was edited in {}, so nothing was written; name another folder, or overwrite with --force",
        edited.join(", "),
        dir.display()
    ))
}

/// The record comes last: files that a killed run wrote before it are as this program writes them, and may be replaced.
fn write(dir: &Path, files: &[KitFile]) -> Result<(), publish::FileError> {
    let record = KitFile { path: RECORD, text: Record::of(files).text() };
    publish::create_folder(dir)?;
    for file in files.iter().chain([&record]) {
        let path = dir.join(file.path);
        if let Some(folder) = path.parent() {
            publish::create_folder(folder)?;
        }
        if publish::read_if_present(&path)?.is_none_or(|found| found != file.text.as_bytes()) {
            publish::replace(&path, dir, file.text.as_bytes())?;
        }
    }
    Ok(())
}

fn tell(config: &Config, dir: &Path, count: usize) -> Result<(), CommandError> {
    let path = dir.display();
    let mut text = format!(
        "wrote {count} files to {path}\nnext: read {path}/README.md, or run in that folder\n  \
         duckdb audience.duckdb -c \".read views.sql\" -c \".read queries.sql\""
    );
    let without: Vec<&str> = config
        .jobs
        .iter()
        .map(|job| &*job.name)
        .filter(|job| !config.output_dir.join(job).is_dir())
        .collect();
    if !without.is_empty() {
        text += &format!(
            "\nnot exported yet: {}; views.sql works when each job has a file, so run pull or backfill first",
            without.join(", ")
        );
    }
    output::print(&text)?;
    Ok(())
}
