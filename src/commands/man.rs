//! `man`: the manual, generated from the definitions of the command line. It holds no date, so that it can be built again.

use std::{fs, io, path::Path};

use clap::{Command, CommandFactory};
use clap_mangen::{
    Man as Manual,
    roff::{Roff, bold, roman},
};

use super::{CommandError, output};
use crate::{
    cli::{Cli, EXIT_CODES, Man},
    sink::publish,
};

/// Where the program looks for its configuration, as in the description of `--config`.
const FILES: [(&str, &str); 3] = [
    ("/etc/audience-exporter/exporter.toml", "The configuration, see exporter.toml(5)."),
    ("./exporter.toml", "Read instead where it is there."),
    ("<state_dir>", "The ledger and the tokens; the configuration says where. Only its owner can read it."),
];

const ENVIRONMENT: [(&str, &str); 4] = [
    ("AUDIENCE_EXPORTER_CONFIG", "The configuration file, where --config does not name it."),
    ("CREDENTIALS_DIRECTORY", "Set by systemd: where secrets with { credential = \"...\" } lie."),
    (
        "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
        "The proxy to the services; this machine itself is never asked through one.",
    ),
    ("NO_COLOR", "Where it is set, nothing is coloured. Without a terminal nothing is either."),
];

pub(super) fn run(args: &Man) -> Result<u8, CommandError> {
    let pages = pages().map_err(|error| CommandError::Failed(format!("cannot make man pages: {error}")))?;
    match &args.dir {
        Some(folder) => write(folder, &pages)?,
        None => output::print(pages.first().map_or("", |page| page.text.trim_end()))?,
    }
    Ok(0)
}

fn write(folder: &Path, pages: &[Page]) -> Result<(), CommandError> {
    publish::create_folder(folder).map_err(|error| CommandError::Failed(error.to_string()))?;
    for page in pages {
        let path = folder.join(&page.name);
        fs::write(&path, &page.text)
            .map_err(|error| CommandError::Failed(format!("cannot write {}: {error}", path.display())))?;
    }
    output::print(&format!("wrote {} pages to {}", pages.len(), folder.display()))?;
    Ok(())
}

/// A page of the manual.
struct Page {
    /// Its file name, such as `audience-exporter-pull.1`.
    name: String,
    text: String,
}

/// Every page, the main one first.
fn pages() -> io::Result<Vec<Page>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&mut pages, &command, None)?;
    Ok(pages)
}

fn add(pages: &mut Vec<Page>, command: &Command, above: Option<&str>) -> io::Result<()> {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name());
    pages.push(Page { name: format!("{title}.1"), text: text(command, above)? });
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(pages, below, Some(title))?;
    }
    Ok(())
}

fn text(command: &Command, above: Option<&str>) -> io::Result<String> {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name());
    let manual = Manual::new(command.clone())
        .title(title.to_uppercase())
        // Not empty but for roff: an empty word would not be written at all.
        .date("\"\"")
        .source(concat!("audience-exporter ", env!("CARGO_PKG_VERSION")))
        .manual("audience-exporter");
    let mut page = Vec::new();
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    if command.has_subcommands() {
        manual.render_subcommands_section(&mut page)?;
    }
    ending(command, above).to_writer(&mut page)?;
    let text = String::from_utf8(page).map_err(io::Error::other)?;
    // One request for one blank line: two breaks around an empty line earn a warning of every checker.
    Ok(text.replace("\n.br\n\n.br\n", "\n.sp\n"))
}

/// As the help has it: shorter than every global option on every page.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(name), roman(usage.strip_prefix(name).unwrap_or(usage))]);
    roff
}

/// What the definitions do not say in a form of their own.
fn ending(command: &Command, above: Option<&str>) -> Roff {
    let mut roff = Roff::new();
    examples(&mut roff, command);
    let codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    table(&mut roff, "EXIT STATUS", codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)));
    if above.is_none() {
        table(&mut roff, "FILES", FILES.into_iter());
        table(&mut roff, "ENVIRONMENT", ENVIRONMENT.into_iter());
    }
    roff.control("SH", ["SEE ALSO"]);
    let above = above.map(|above| format!("{above}(1), ")).unwrap_or_default();
    roff.text([roman(format!("{above}exporter.toml(5)"))]);
    roff
}

/// The indented lines of what follows the help, as they are.
fn examples(roff: &mut Roff, command: &Command) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

fn table<'a>(roff: &mut Roff, title: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    roff.control("SH", [title]);
    for (name, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command_and_it_is_the_same_every_time() {
        let (once, again) = (pages().unwrap(), pages().unwrap());
        let names: Vec<&str> = once.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(names[0], "audience-exporter.1");
        for name in ["audience-exporter-pull.1", "audience-exporter-auth.1", "audience-exporter-auth-login.1"]
        {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        for (one, other) in once.iter().zip(&again) {
            assert_eq!((&one.name, &one.text), (&other.name, &other.text));
        }
    }

    #[test]
    fn what_follows_a_help_is_examples_and_exit_codes_and_nothing_that_the_manual_would_lose() {
        let is_kept = |line: &str| line.starts_with("  ") || line.is_empty();
        let is_heading = |line: &str| ["Example:", "Examples:", "First steps:"].contains(&line);
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let rest = help.split("\n\nExit codes: ").next().unwrap_or_default();
            for line in rest.lines() {
                assert!(is_kept(line) || is_heading(line), "{}: {line}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
