//! Collects what is wrong while the configuration is read, so that it is told all at once.

use std::path::Path;

use super::problem::{Problem, Problems};

/// What is found where a value is missing.
pub(super) const NOTHING: &str = "nothing";

/// How much of a wrong text is shown.
const LONGEST_QUOTE: usize = 60;

/// Where a value stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As in [`Problem::key`].
    pub(super) key: String,
    /// As in [`Problem::line`].
    pub(super) line: Option<usize>,
}

/// What a rule says about a value that breaks it. No secret may get in here: it is shown.
#[derive(Debug)]
pub(super) struct Mismatch {
    expected: String,
    found: String,
    suggestion: Option<String>,
}

impl Mismatch {
    /// Describes what was found.
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), suggestion: None }
    }

    /// Shows the text that was found.
    pub(super) fn quoting(expected: impl Into<String>, text: &str) -> Self {
        Self::new(expected, quoted(text))
    }

    /// Adds what may have been meant.
    pub(super) fn did_you_mean(mut self, candidate: Option<&str>) -> Self {
        self.suggestion = candidate.map(|candidate| format!("did you mean \"{candidate}\"?"));
        self
    }

    /// Adds what to do.
    pub(super) fn hint(mut self, phrase: impl Into<String>) -> Self {
        self.suggestion = Some(phrase.into());
        self
    }
}

/// The text in quotes, escaped, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Proof that a problem is in the report: a reader that cannot answer must have one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported(());

/// Tells the line of a byte.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// The lines of `text`.
    pub(super) fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// The line of the byte at `offset`; the first is 1.
    pub(super) fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|line_break| *line_break < offset) + 1
    }
}

/// Problems and warnings so far.
pub(super) struct Report {
    lines: Lines,
    syntax_errors: Vec<Problem>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Report {
    /// An empty report about `text`.
    pub(super) fn new(text: &str) -> Self {
        Self {
            lines: Lines::new(text),
            syntax_errors: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The line of the byte at `offset` of the TOML file.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.lines.of(offset)
    }

    /// Records a problem.
    pub(super) fn add(&mut self, place: Place, mismatch: Mismatch) -> Reported {
        self.problems.push(problem(place, mismatch));
        Reported(())
    }

    /// Records one problem for each line with a syntax error. The parser's message shows nothing of the file.
    pub(super) fn add_syntax_errors(&mut self, errors: &[toml::de::Error]) {
        for error in errors {
            let line = error.span().map(|span| self.line_of(span.start));
            if self.syntax_errors.iter().all(|known| known.line != line) {
                let mismatch = Mismatch::new("valid TOML", format!("a syntax error ({})", error.message()));
                self.syntax_errors.push(problem(Place { key: String::new(), line }, mismatch));
            }
        }
    }

    /// Records what is allowed but deserves a look.
    pub(super) fn warn(&mut self, sentence: String) {
        self.warnings.push(sentence);
    }

    /// Proof that there is a problem, where there is one.
    pub(super) fn proof(&self) -> Option<Reported> {
        let is_fine = self.problems.is_empty() && self.syntax_errors.is_empty();
        (!is_fine).then_some(Reported(()))
    }

    /// Whether the parser understood everything. Where it did not, what seems to be missing may be there.
    pub(super) fn is_well_formed(&self) -> bool {
        self.syntax_errors.is_empty()
    }

    /// How many problems there are, syntax errors apart.
    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// What was read, with the warnings; or else every problem of the file at `path`.
    pub(super) fn finish<T>(
        mut self,
        path: &Path,
        outcome: Result<T, Reported>,
    ) -> Result<(T, Vec<String>), Problems> {
        if let Some(first) = self.syntax_errors.iter().filter_map(|error| error.line).min() {
            // What follows a syntax error may be its consequence; what stands above it is as it was meant.
            self.problems
                .retain(|problem| problem.line.is_none_or(|line| line < first) && problem.found != NOTHING);
        }
        self.problems.append(&mut self.syntax_errors);
        self.problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        match outcome {
            Ok(value) if self.problems.is_empty() => Ok((value, self.warnings)),
            _ => Err(Problems::new(path, self.problems)),
        }
    }
}

fn problem(place: Place, mismatch: Mismatch) -> Problem {
    let Mismatch { expected, found, suggestion } = mismatch;
    Problem { key: place.key, line: place.line, expected, found, suggestion }
}
