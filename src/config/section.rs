//! Reads the tables of the TOML file, key by key.
//!
//! Deliberately not serde, which stops at the first error: here every wrong value becomes a problem with its key path
//! and its line, reading goes on, and a key that nobody asked for is a problem too.

use toml::de::{DeTable, DeValue};

use super::{
    names::Names,
    report::{Mismatch, NOTHING, Place, Report, Reported, quoted},
    suggest::{nearest, not_one_of},
};

/// One value with its place.
struct Field<'a> {
    value: &'a DeValue<'a>,
    place: Place,
}

/// One table of the file.
pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    place: Place,
    asked: Vec<&'a str>,
    report: &'a mut Report,
}

impl<'a> Section<'a> {
    /// Reads the whole file.
    pub(super) fn read_root<T>(
        table: &DeTable<'_>,
        report: &mut Report,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        Section::read(table, Place { key: String::new(), line: None }, report, read)
    }

    /// Reads one table. `read` must ask for every key that it knows, whatever it finds; the others are reported.
    fn read<T>(
        table: &DeTable<'_>,
        place: Place,
        report: &mut Report,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let mut section = Section { table, place, asked: Vec::new(), report };
        let outcome = read(&mut section);
        section.report_unknown_keys();
        outcome
    }

    /// The report that problems go to.
    pub(super) fn report(&mut self) -> &mut Report {
        self.report
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether `key` is there and holds a string.
    pub(super) fn holds_text(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_str())
    }

    /// Knows `key`, but cannot judge its value because another one is wrong.
    pub(super) fn skip(&mut self, key: &'static str) {
        self.asked.push(key);
    }

    /// Knows every key, but cannot judge those that were not asked for, because another one is wrong.
    pub(super) fn skip_others(&mut self) {
        self.asked.extend(self.table.keys().map(|key| &**key.get_ref()));
    }

    /// Records what is wrong with `key` in view of other keys.
    pub(super) fn reject(&mut self, key: &str, mismatch: Mismatch) -> Reported {
        let place = self.place_of(key);
        self.report.add(place, mismatch)
    }

    /// Records what is wrong with the section as a whole.
    pub(super) fn reject_whole(&mut self, mismatch: Mismatch) -> Reported {
        self.report.add(self.place.clone(), mismatch)
    }

    /// The string at `key` as `rule` reads it. It must be there.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        rule: impl FnOnce(&str) -> Result<T, Mismatch>,
    ) -> Result<T, Reported> {
        match self.optional_text(key, rule)? {
            Some(value) => Ok(value),
            None => Err(self.reject(key, Mismatch::new("a string", NOTHING))),
        }
    }

    /// The string at `key`, or else `default`, as `rule` reads it.
    pub(super) fn text_or<T>(
        &mut self,
        key: &'static str,
        default: &str,
        rule: impl Fn(&str) -> Result<T, Mismatch>,
    ) -> Result<T, Reported> {
        match self.optional_text(key, &rule)? {
            Some(value) => Ok(value),
            None => rule(default).map_err(|mismatch| self.reject(key, mismatch)),
        }
    }

    /// The string at `key` as `rule` reads it, where it is there.
    pub(super) fn optional_text<T>(
        &mut self,
        key: &'static str,
        rule: impl FnOnce(&str) -> Result<T, Mismatch>,
    ) -> Result<Option<T>, Reported> {
        self.optional(key, |value| rule(as_text(value)?))
    }

    /// The value at `key` as `rule` reads it, where it is there.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        rule: impl FnOnce(&DeValue<'_>) -> Result<T, Mismatch>,
    ) -> Result<Option<T>, Reported> {
        let Some(field) = self.field(key) else { return Ok(None) };
        let outcome = rule(field.value).map(Some);
        outcome.map_err(|mismatch| self.report.add(field.place, mismatch))
    }

    /// The strings of the array at `key`, each as `rule` reads it, where it is there. It must hold at least one.
    pub(super) fn texts<T>(
        &mut self,
        key: &'static str,
        rule: impl Fn(&str) -> Result<T, Mismatch>,
    ) -> Result<Option<Vec<T>>, Reported> {
        let Some(field) = self.field(key) else { return Ok(None) };
        let elements = self.elements(&field, "an array of strings")?;
        if elements.is_empty() {
            return Err(self.report.add(field.place, Mismatch::new("at least one string", "an empty array")));
        }
        // Collected before it is judged, so that every wrong element is reported.
        let outcomes: Vec<Result<T, Reported>> = elements
            .into_iter()
            .map(|Field { value, place }| {
                let outcome = as_text(value).and_then(&rule);
                outcome.map_err(|mismatch| self.report.add(place, mismatch))
            })
            .collect();
        outcomes.into_iter().collect::<Result<_, _>>().map(Some)
    }

    /// The table at `key` as `read` reads it, where it is there.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> Result<T, Reported>,
    ) -> Result<Option<T>, Reported> {
        let Some(field) = self.field(key) else { return Ok(None) };
        self.enter(field, "a table", read).map(Some)
    }

    /// The table at `key`, or else an empty one, as `read` reads it.
    pub(super) fn section_or_empty<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        match self.field(key) {
            Some(field) => self.enter(field, "a table", read),
            None => Section::read(&DeTable::new(), self.place_of(key), self.report, read),
        }
    }

    /// Every table of the array at `key` that `read` can read; none where it is not there. `names` collects the
    /// names of all.
    pub(super) fn sections<T>(
        &mut self,
        key: &'static str,
        names: &mut Names,
        mut read: impl FnMut(&mut Section<'_>, &mut Names) -> Result<T, Reported>,
    ) -> Vec<T> {
        let Some(field) = self.field(key) else { return Vec::new() };
        let Ok(elements) = self.elements(&field, &format!("tables, each under [[{key}]]")) else {
            names.miss();
            return Vec::new();
        };
        let mut items = Vec::new();
        for element in elements {
            if !element.value.is_table() {
                names.miss();
            }
            items.extend(self.enter(element, "a table", |section| read(section, names)));
        }
        items
    }

    /// Every key of this section with its string, as `rule` reads them.
    pub(super) fn entries<T>(
        &mut self,
        rule: impl Fn(&str, &str) -> Result<T, Mismatch>,
    ) -> Result<Vec<T>, Reported> {
        let table = self.table;
        let outcomes: Vec<Result<T, Reported>> = table
            .iter()
            .map(|(key, value)| {
                self.asked.push(key.get_ref());
                let outcome = as_text(value.get_ref()).and_then(|text| rule(key.get_ref(), text));
                outcome.map_err(|mismatch| self.reject(key.get_ref(), mismatch))
            })
            .collect();
        outcomes.into_iter().collect()
    }

    fn field(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.asked.push(key);
        let value = self.table.get(key)?.get_ref();
        Some(Field { value, place: self.place_of(key) })
    }

    fn enter<T>(
        &mut self,
        field: Field<'_>,
        expected: &str,
        read: impl FnOnce(&mut Section<'_>) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        match field.value.as_table() {
            Some(table) => Section::read(table, field.place, self.report, read),
            None => Err(self.report.add(field.place, Mismatch::new(expected, kind(field.value)))),
        }
    }

    fn elements<'v>(&mut self, field: &Field<'v>, expected: &str) -> Result<Vec<Field<'v>>, Reported> {
        let Some(array) = field.value.as_array() else {
            return Err(self.report.add(field.place.clone(), Mismatch::new(expected, kind(field.value))));
        };
        let elements = array.iter().enumerate().map(|(index, element)| {
            let line = Some(self.report.line_of(element.span().start));
            Field {
                value: element.get_ref(),
                place: Place { key: format!("{}[{index}]", field.place.key), line },
            }
        });
        Ok(elements.collect())
    }

    /// A key that is not there has the line of its section.
    fn place_of(&self, key: &str) -> Place {
        let line = match self.table.get_key_value(key) {
            Some((key, _)) => Some(self.report.line_of(key.span().start)),
            None => self.place.line,
        };
        let needs_no_quotes = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_bare = !key.is_empty() && key.bytes().all(needs_no_quotes);
        let shown = if is_bare { key.to_owned() } else { quoted(key) };
        let path = &self.place.key;
        Place { key: if path.is_empty() { shown } else { format!("{path}.{shown}") }, line }
    }

    fn report_unknown_keys(mut self) {
        let table = self.table;
        let asked = std::mem::take(&mut self.asked);
        let unused = || asked.iter().copied().filter(|key| !table.contains_key(*key));
        for (key, _) in table {
            let key: &str = key.get_ref();
            if !asked.contains(&key) {
                self.reject(key, not_one_of(&asked, nearest(key, unused()), "an unknown key"));
            }
        }
    }
}

fn as_text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Mismatch> {
    value.as_str().ok_or_else(|| Mismatch::new("a string", kind(value)))
}

/// What sort of value it is, in words that fit after "found".
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
