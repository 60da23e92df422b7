//! Where roll-ups lie.

use std::path::{Path, PathBuf};

use super::RollupSize;

/// The folder of all roll-ups, in the output folder. Readers of published files pass over it.
pub const FOLDER: &str = "_rollup";

/// What stands for streams without the tag that they are grouped by: readers of such folders take it for null.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// The longest name of a folder, in bytes.
const LONGEST_NAME: usize = 255;

/// What a job is rolled up to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// How much time a row covers.
    pub size: RollupSize,
    /// The key of the tag by whose value streams are added up; `None` = each stream by itself.
    pub by: Option<String>,
}

impl Target {
    /// `week`, `week-by-site`: its folder in that of the job.
    pub fn folder_name(&self) -> String {
        match &self.by {
            None => self.size.as_str().to_owned(),
            Some(key) => format!("{}-by-{key}", self.size.as_str()),
        }
    }

    /// Its folder, relative to the output folder.
    pub fn folder(&self, job: &str) -> PathBuf {
        Path::new(FOLDER).join(job).join(self.folder_name())
    }

    /// `stream=lobby`, `site=paris-nord`: the folder of one stream or group in it. `None` where the value is too long for a
    /// folder's name.
    pub(super) fn group_folder(&self, value: Option<&str>) -> Option<String> {
        let key = self.by.as_deref().unwrap_or("stream");
        let name = format!("{key}={}", value.map_or_else(|| NO_VALUE.to_owned(), encoded));
        (name.len() <= LONGEST_NAME).then_some(name)
    }
}

/// `value` with every byte that may mean something in a path as `%` and two hexadecimal digits.
fn encoded(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    // A tag of this very text is a value.
    let keeps_first = value != NO_VALUE;
    let bytes = value.bytes().enumerate();
    let text = bytes.map(|(index, byte)| {
        if is_plain(byte) && (index > 0 || keeps_first) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_folder_of_its_own_that_is_one_name() {
        let target = Target { size: RollupSize::Week, by: Some("site".to_owned()) };
        assert_eq!(target.folder("hourly"), Path::new("_rollup/hourly/week-by-site"));
        for (value, expected) in [
            (Some("paris-nord_1.2"), "site=paris-nord_1.2"),
            (Some("../a/b"), "site=..%2Fa%2Fb"),
            (Some("Gare de l'Est"), "site=Gare%20de%20l%27Est"),
            (Some("é=%2F"), "site=%C3%A9%3D%252F"),
            (None, "site=__HIVE_DEFAULT_PARTITION__"),
            (Some("__HIVE_DEFAULT_PARTITION__"), "site=%5F_HIVE_DEFAULT_PARTITION__"),
        ] {
            assert_eq!(target.group_folder(value).as_deref(), Some(expected));
        }
        assert_eq!(target.group_folder(Some(&"é".repeat(42))), None);
    }
}
