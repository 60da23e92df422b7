//! What a kit was written as, so that a later one replaces its own files and nobody else's.

use std::collections::BTreeMap;

use super::KitFile;
use crate::{
    hex::hex,
    sink::publish::{self, FileHash},
};

/// The file in which a kit keeps its [`Record`]; `sha256sum -c` reads it, too.
pub const RECORD: &str = "kit.sha256";

/// The hash of each file of a kit, as it was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record(BTreeMap<String, String>);

impl Record {
    /// Of these files.
    pub fn of(files: &[KitFile]) -> Self {
        Self(files.iter().map(|file| (file.path.to_owned(), hash(file.text.as_bytes()))).collect())
    }

    /// Reads what [`Record::text`] wrote. Lines that are none of it are passed over: their files count as somebody else's.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        Self(lines.map(|(hash, path)| (path.to_owned(), hash.to_owned())).collect())
    }

    /// Its text.
    pub fn text(&self) -> String {
        let lines = self.0.iter().flat_map(|(path, hash)| [hash, "  ", path, "\n"]);
        lines.collect()
    }

    /// Whether `found` may be replaced by `file`: it is the kit's own as it was written, or holds the same already.
    pub fn allows(&self, file: &KitFile, found: &[u8]) -> bool {
        found == file.text.as_bytes() || self.0.get(file.path).is_some_and(|written| *written == hash(found))
    }
}

fn hash(bytes: &[u8]) -> String {
    let hash: FileHash = publish::hash(bytes);
    hex(&hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_replaces_what_it_wrote_and_nothing_else() {
        let file = |text: &str| KitFile { path: "views.sql", text: text.to_owned() };
        let record = Record::read(&Record::of(&[file("old")]).text());
        assert_eq!(record, Record::of(&[file("old")]));
        assert!(record.allows(&file("new"), b"old"));
        assert!(record.allows(&file("new"), b"new"));
        assert!(!record.allows(&file("new"), b"edited"));
        let other = KitFile { path: "queries.sql", text: "new".to_owned() };
        assert!(!record.allows(&other, b"old"));
        assert!(!Record::read("not a record\n\n  \n").allows(&file("new"), b"old"));
        assert_eq!(
            Record::of(&[file("")]).text(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  views.sql\n"
        );
    }
}
