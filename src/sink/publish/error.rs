//! What is told of a file system that refuses.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Something that the file system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {}{}", .path.display(), lower_first(.source), next_step(.source))]
pub struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    pub(crate) fn new(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { operation, path: path.to_owned(), source }
    }
}

fn lower_first(error: &io::Error) -> String {
    // "No space left on device (os error 28)" → "no space left on device"
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run it again, nothing was lost"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; let this user write there and run it again, nothing was lost"
        }
        _ => "",
    }
}
