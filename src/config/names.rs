//! The names of streams and of jobs: each must be unique.

use super::{
    report::{Mismatch, Report, Reported, quoted},
    rules,
    section::Section,
};

/// The names of one kind that were met so far.
pub(super) struct Names {
    kind: &'static str,
    met: Vec<String>,
    is_complete: bool,
}

impl Names {
    /// No names of `kind` yet. After a syntax error some may stay hidden.
    pub(super) fn new(kind: &'static str, report: &Report) -> Self {
        Self { kind, met: Vec::new(), is_complete: report.is_well_formed() }
    }

    /// The name of `section`, which must be new.
    pub(super) fn read(&mut self, section: &mut Section<'_>) -> Result<String, Reported> {
        if !section.holds_text("name") {
            self.miss();
        }
        section.text("name", |text| self.claim(text))
    }

    /// Takes `text` as a name. A wrong one is remembered too: who refers to it makes no second mistake.
    pub(super) fn claim(&mut self, text: &str) -> Result<String, Mismatch> {
        let is_taken = self.met.iter().any(|name| name == text);
        self.met.push(text.to_owned());
        if is_taken {
            let expected = format!("a name that no other {} has", self.kind);
            return Err(Mismatch::new(expected, quoted(text)));
        }
        rules::name(text)
    }

    /// Remembers that there are names which could not be read.
    pub(super) fn miss(&mut self) {
        self.is_complete = false;
    }

    /// Whether it is certain that no name was missed.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Every name that was met, right or wrong.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.met.iter().map(String::as_str)
    }
}
