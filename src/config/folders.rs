//! The folder of published files, and the folder of the ledger, which must not be published.

use std::path::{Component, Path, PathBuf, absolute};

use super::{
    report::{Mismatch, Reported, quoted},
    rules,
    section::Section,
};

/// `output_dir` and `state_dir`, apart.
pub(super) struct Folders {
    pub(super) output: PathBuf,
    pub(super) state: PathBuf,
}

/// Reads both; relative ones start at `base`.
pub(super) fn read(root: &mut Section<'_>, base: &Path) -> Result<Folders, Reported> {
    let output = root.text("output_dir", |text| rules::path(text, base));
    let state = root.text("state_dir", |text| {
        let state = rules::path(text, base)?;
        match &output {
            Ok(output) if is_published_in(output, &state) => Err(clash(text)),
            _ => Ok(state),
        }
    });
    Ok(Folders { output: output?, state: state? })
}

fn clash(text: &str) -> Mismatch {
    let expected = "a folder outside of output_dir, or in it under a name that begins with _ or .";
    Mismatch::new(expected, quoted(text))
}

/// Whether `folder` is `output` or lies in it where readers of the published files would find it.
pub(crate) fn is_published_in(output: &Path, folder: &Path) -> bool {
    let (output, folder) = (plain(output), plain(folder));
    let Ok(inside) = folder.strip_prefix(&output) else { return false };
    let first = inside.components().next().map(|first| first.as_os_str().to_string_lossy().into_owned());
    !first.is_some_and(|first| first.starts_with(['_', '.']))
}

/// The absolute path without `.` and `..`. Links are not followed: the folders need not exist yet.
fn plain(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.to_owned());
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_published_only_where_readers_look() {
        for (output, state, published) in [
            ("data", "state", false),
            ("data", "data", true),
            ("data", "./other/../data/", true),
            ("data", "data/state", true),
            ("data", "data/_state/ledger", false),
            ("data", "data/.state", false),
            ("data", "data/hourly/_state", true),
            ("data", "database", false),
            ("state/data", "state", false),
            ("/srv/data", "/srv/data/state", true),
            (".", "state", true),
        ] {
            assert_eq!(is_published_in(Path::new(output), Path::new(state)), published, "{output} {state}");
        }
        let here = absolute("data/state").unwrap();
        assert!(is_published_in(Path::new("data"), &here));
    }
}
