//! Telling files that were deleted from a disk that is not mounted.

use std::path::PathBuf;

use crate::{ledger::LedgerError, publication::Archive, sink::publish::FileError};

/// The output folder is not the one that files were published to.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum OutputError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "output_dir {} holds none of the files that were published there, and lies on another disk than they did: is \
         theirs not mounted? mount it and run it again; to have everything asked again on this one, move the ledger {} away",
        .output_dir.display(),
        .ledger.display()
    )]
    NotMounted { output_dir: PathBuf, ledger: PathBuf },
}

impl Archive {
    /// Makes the output folder where there is none, and refuses one that lies on another file system than before and
    /// holds nothing of what was published: publishing there would split the files over two disks.
    pub fn check_output(&self) -> Result<(), OutputError> {
        self.disk.create_folder(&self.output_dir)?;
        let device =
            self.disk.device(&self.output_dir).map_err(FileError::new("look at", &self.output_dir))?;
        let device = device.cast_signed();
        let known = self.ledger.output_device()?;
        if known == Some(device) {
            return Ok(());
        }
        let files = self.ledger.some_files()?;
        let is_there = |path: &String| self.disk.exists(&self.output_dir.join(path)).unwrap_or(false);
        if known.is_some() && !files.is_empty() && !files.iter().any(is_there) {
            let (output_dir, ledger) = (self.output_dir.clone(), self.ledger.path().to_owned());
            return Err(OutputError::NotMounted { output_dir, ledger });
        }
        Ok(self.ledger.record_output_device(device)?)
    }
}
