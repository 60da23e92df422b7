//! What is wrong with a configuration, as a person reads it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// One thing in the configuration that is not as it must be. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `jobs[0].metrics[2]`, or `streams.csv line 4, column client_id`; empty for a syntax error.
    pub key: String,
    /// The line in the TOML file; `None` for what is missing at the top level, and for spreadsheets.
    pub line: Option<usize>,
    /// Reads on after "expected".
    pub expected: String,
    /// Reads on after "found".
    pub found: String,
    /// A whole phrase, such as `did you mean "passing_by"?`.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "expected {}; found {}", self.expected, self.found)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; {suggestion}"),
            None => Ok(()),
        }
    }
}

/// Every problem of one configuration, at least one, from the top of the file to its end; those without a line last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    path: PathBuf,
    problems: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(path: &Path, problems: Vec<Problem>) -> Self {
        Self { path: path.to_owned(), problems }
    }

    /// The problems, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{} has {count} {noun}", self.path.display())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{} cannot be read: {message}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason, and what to do about it.
        message: String,
    },
    /// The file was read, and is wrong.
    #[error("{0}")]
    Invalid(Problems),
}

/// The reason of a failed read in words that fit into a sentence.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        kind => kind.to_string(),
    }
}
