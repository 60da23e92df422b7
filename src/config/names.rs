//! The names of streams, jobs, accounts and whatever else has one: each is unique within its kind, and may be referred
//! to.

use std::sync::Arc;

use super::{
    report::{Mismatch, Report, Reported, quoted},
    rules,
    section::Section,
    suggest::nearest,
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
        let is_taken = self.contains(text);
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

    /// Whether `text` was met, right or wrong.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.met.iter().any(|name| name == text)
    }

    /// Every name that was met, right or wrong.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.met.iter().map(String::as_str)
    }
}

/// Everything of one kind that could be read, and the names of all of it.
pub(super) struct Known<T> {
    pub(super) items: Vec<Arc<T>>,
    pub(super) names: Names,
    pub(super) name_of: fn(&T) -> &str,
}

impl<T> Known<T> {
    /// The item with the name that stands at `key`, which must fit. Where the item is wrong itself, or may be hidden
    /// behind what is, that is the only problem.
    pub(super) fn refer(
        &self,
        section: &mut Section<'_>,
        key: &'static str,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Arc<T>, Reported> {
        let text = section.text(key, |text| Ok(text.to_owned()))?;
        let may_be_wrong_itself = !self.names.is_complete() || self.names.contains(&text);
        let mismatch = match self.item(&text) {
            Some(item) if fits(item) => return Ok(Arc::clone(item)),
            Some(_) => Mismatch::new(expected, format!("{}, which is of another kind", quoted(&text))),
            None => match section.report().proof() {
                Some(reported) if may_be_wrong_itself => return Err(reported),
                _ => {
                    let may_be_meant = |name: &&str| self.item(name).is_none_or(|item| fits(item));
                    let suggestion = nearest(&text, self.names.iter().filter(may_be_meant));
                    Mismatch::quoting(expected, &text).did_you_mean(suggestion)
                }
            },
        };
        Err(section.reject(key, mismatch))
    }

    fn item(&self, name: &str) -> Option<&Arc<T>> {
        self.items.iter().find(|item| (self.name_of)(item) == name)
    }
}
