//! From a file to a [`Config`], or to every problem at once.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono_tz::Tz;
use toml::de::DeTable;

use super::{
    Config, ConfigError, HttpSettings, SecretSource, Stream, accounts, deliveries, folders, inventories,
    jobs,
    names::Names,
    problem::reason,
    reference,
    report::{Report, Reported},
    rules,
    section::Section,
    service, settings,
    streams::{self, Context, ReadSheet},
};
use crate::environment;

const PATH_VARIABLE: &str = "AUDIENCE_EXPORTER_CONFIG";
const LOCAL_PATH: &str = "exporter.toml";
const SYSTEM_PATH: &str = "/etc/audience-exporter/exporter.toml";

const TIMEZONE: &str = "UTC";

impl Config {
    /// The file to load: `flag`, else `$AUDIENCE_EXPORTER_CONFIG`, else `exporter.toml` in the working directory where
    /// there is one, else the one in `/etc`.
    pub fn find(flag: Option<PathBuf>) -> PathBuf {
        choose_path(flag, environment::variable(PATH_VARIABLE), Path::new(LOCAL_PATH).is_file())
    }

    /// Reads the file at `path`. Secrets are not read.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        Self::parse(&text, path)
    }

    /// Reads `text` as if it stood in the file at `path`; the spreadsheet that it may name is read from the disk.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        Self::parse_with(text, path, &|sheet| fs::read_to_string(sheet))
    }

    /// Reads `text` as if it stood in the file at `path`; `read_sheet` gives the text of the spreadsheet that it may name.
    /// Touches no file and no variable of the environment.
    pub fn parse_with(text: &str, path: &Path, read_sheet: &ReadSheet<'_>) -> Result<Self, ConfigError> {
        let (table, syntax_errors) = DeTable::parse_recoverable(text);
        let mut report = Report::new(text);
        report.add_syntax_errors(&syntax_errors);
        let config = Section::read_root(table.get_ref(), &mut report, |root| read(root, path, read_sheet));
        let (config, warnings) = report.finish(path, config).map_err(ConfigError::Invalid)?;
        Ok(Self { warnings, ..config })
    }
}

impl HttpSettings {
    /// Reads `[http]` alone of the file at `path`, whatever is wrong elsewhere in it: a daemon that rejected such a file
    /// goes on with the one it had, and is well.
    pub fn load(path: &Path) -> Result<Option<Self>, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let (table, _) = DeTable::parse_recoverable(&text);
        let mut report = Report::new(&text);
        let http = Section::read_root(table.get_ref(), &mut report, |root| {
            root.skip_others();
            service::http(root, path.parent().unwrap_or(Path::new("")))
        });
        report.finish(path, http).map(|(http, _)| http).map_err(ConfigError::Invalid)
    }
}

fn choose_path(flag: Option<PathBuf>, variable: Option<OsString>, has_local: bool) -> PathBuf {
    flag.or(variable.map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(if has_local { LOCAL_PATH } else { SYSTEM_PATH }))
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    let mut message = reason(error);
    if error.kind() == io::ErrorKind::NotFound {
        message.push_str("; `audience-exporter init` writes one");
    }
    ConfigError::Unreadable { path: path.to_owned(), message }
}

fn read(root: &mut Section<'_>, path: &Path, read_sheet: &ReadSheet<'_>) -> Result<Config, Reported> {
    let base = path.parent().unwrap_or(Path::new(""));
    let folders = folders::read(root, base);
    let timezone = root.text_or("timezone", TIMEZONE, rules::zone);
    let token_key = token_key(root, base);
    let angus = settings::angus(root);
    let context = Context { base, timezone: timezone.unwrap_or(Tz::UTC), read_sheet };
    let mut stream_names = Names::new("stream", root.report());
    let streams = streams::read(root, &context, &mut stream_names);
    let jobs = jobs::read(root, &streams, &stream_names);
    let accounts = accounts::read(root, base);
    let deliveries = deliveries::read(root, &jobs, &accounts);
    let inventories = inventories::read(root, &accounts, &jobs.names);
    let daemon = service::daemon(root);
    let http = service::http(root, base);
    let alerts = service::alerts(root, base);
    let folders = folders?;
    Ok(Config {
        path: path.to_owned(),
        output_dir: folders.output,
        state_dir: folders.state,
        timezone: timezone?,
        token_key: token_key?,
        angus: angus?,
        tag_keys: tag_keys(&streams),
        streams,
        jobs: jobs.items,
        accounts: accounts.items,
        deliveries,
        inventories,
        daemon: daemon?,
        http: http?,
        alerts: alerts?,
        warnings: Vec::new(),
    })
}

fn token_key(root: &mut Section<'_>, base: &Path) -> Result<Option<SecretSource>, Reported> {
    let source = reference::read_optional(root, "token_key", base)?;
    if let Some(SecretSource::Literal(_)) = source {
        root.report().warn(reference::literal_warning("token_key stands", "token_key", "token_key"));
    }
    Ok(source)
}

fn tag_keys(streams: &[Arc<Stream>]) -> Vec<String> {
    let keys: BTreeSet<&String> = streams.iter().flat_map(|stream| stream.tags.keys()).collect();
    keys.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_explicit_path_wins() {
        let flag = || Some(PathBuf::from("flag.toml"));
        let variable = || Some(OsString::from("variable.toml"));
        assert_eq!(choose_path(flag(), variable(), true), Path::new("flag.toml"));
        assert_eq!(choose_path(None, variable(), true), Path::new("variable.toml"));
        assert_eq!(choose_path(None, None, true), Path::new(LOCAL_PATH));
        assert_eq!(choose_path(None, None, false), Path::new(SYSTEM_PATH));
    }
}
