//! What readers see in a folder: names that begin with `_` or `.` are not data.

use std::{fs, io, path::Path};

use crate::sink::publish::FileError;

/// Every file below `folder` that readers see, by its path in it, in order. A link counts as a file.
pub fn visible_files(folder: &Path) -> Result<Vec<String>, FileError> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        for (name, is_folder) in entries(&folder.join(&below))? {
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            if is_folder { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// What lies in the folder of a job and belongs to none of these streams: files by their names, and folders that hold
/// anything that readers see.
pub fn foreign_entries(folder: &Path, streams: &[&str]) -> Result<Vec<String>, FileError> {
    let belongs = |name: &str| name.strip_prefix("stream=").is_some_and(|stream| streams.contains(&stream));
    let mut foreign = Vec::new();
    for (name, is_folder) in entries(folder)? {
        let is_foreign = !belongs(&name);
        if is_foreign && (!is_folder || !visible_files(&folder.join(&name))?.is_empty()) {
            foreign.push(name);
        }
    }
    foreign.sort_unstable();
    Ok(foreign)
}

/// The visible entries of a folder, and which of them are folders; none where there is no folder.
fn entries(folder: &Path) -> Result<Vec<(String, bool)>, FileError> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::new("list", folder)(error)),
    };
    let described = listed.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
    });
    let described: Result<Vec<(String, bool)>, io::Error> = described.collect();
    let mut described = described.map_err(FileError::new("list", folder))?;
    described.retain(|(name, _)| !name.starts_with(['_', '.']));
    Ok(described)
}
