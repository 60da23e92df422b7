//! What is known of each account's tokens, kept over restarts: one file an account in `state_dir/tokens`, for its owner
//! alone, replaced atomically and durably. It never holds a password, nor the `access_token` of a stream.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use secrecy::zeroize::Zeroizing;

use super::{
    document::{self, Kept, Unreadable},
    seal::{Seal, WeakKey},
};
use crate::{
    config::{SecretError, SecretSource},
    sink::publish::{self, Durability, FileError, PrivateLeftovers},
};

/// The folder in `state_dir`.
const FOLDER: &str = "tokens";

/// What is kept could not be read or written. No variant ever holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] Arc<FileError>),
    #[error(
        "the token file {} is damaged ({reason}); nothing was changed. move it away, then sign in again: \
         audience-exporter auth login",
        .path.display()
    )]
    Damaged { path: PathBuf, reason: &'static str },
    #[error(
        "the token file {} was written by a newer version (format {found}); install that version again",
        .path.display()
    )]
    Newer { path: PathBuf, found: u64 },
    #[error("the token file {} is encrypted; set token_key in the configuration", .path.display())]
    NoKey { path: PathBuf },
    #[error(
        "the token file {} cannot be decrypted with this token_key; give back the key it was written with, or move the \
         file away and sign in again: audience-exporter auth login",
        .path.display()
    )]
    WrongKey { path: PathBuf },
    #[error("token_key: {0}")]
    Key(#[from] SecretError),
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
    #[error("cannot encrypt tokens: the system has no randomness")]
    NoRandomness,
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::File(Arc::new(error))
    }
}

/// Where the tokens of all accounts are kept. Its calls block.
pub struct Vault {
    state_dir: PathBuf,
    key: Key,
    /// Looked for once: a folder of two thousand tokens is not read for each of them.
    leftovers: OnceLock<PrivateLeftovers>,
}

/// What stored tokens are encrypted with.
enum Key {
    None,
    Seal(Box<Seal>),
    Unavailable(StoreError),
}

impl Vault {
    /// The vault in `state_dir`. Makes nothing yet; reads the key, where there is one.
    pub fn new(state_dir: &Path, key: Option<&SecretSource>) -> Result<Self, StoreError> {
        let key = match key {
            Some(source) => Key::Seal(Box::new(Seal::new(&source.resolve()?)?)),
            None => Key::None,
        };
        Ok(Self { state_dir: state_dir.to_owned(), key, leftovers: OnceLock::new() })
    }

    /// The vault in `state_dir` as it looks to those who cannot have its key, for this reason: nothing in it can be read.
    pub fn without_key(state_dir: &Path, reason: StoreError) -> Self {
        Self { state_dir: state_dir.to_owned(), key: Key::Unavailable(reason), leftovers: OnceLock::new() }
    }

    fn seal(&self) -> Result<Option<&Seal>, StoreError> {
        match &self.key {
            Key::None => Ok(None),
            Key::Seal(seal) => Ok(Some(seal)),
            Key::Unavailable(reason) => Err(reason.clone()),
        }
    }

    /// The folder of ledger and locks that it lies in.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// What is kept under `name`, where there is anything.
    pub(super) fn load(&self, name: &str) -> Result<Option<Kept>, StoreError> {
        let (path, seal) = (self.path(name), self.seal()?);
        let Some(bytes) = publish::read_if_present(&path)?.map(Zeroizing::new) else { return Ok(None) };
        document::read(name, &bytes, seal).map(Some).map_err(|reason| match reason {
            Unreadable::Damaged(reason) => StoreError::Damaged { path, reason },
            Unreadable::Newer(found) => StoreError::Newer { path, found },
            Unreadable::NoKey => StoreError::NoKey { path },
            Unreadable::WrongKey => StoreError::WrongKey { path },
        })
    }

    /// Whether what is kept under `name` lies there in the clear although there is a key.
    pub(super) fn needs_sealing(&self, name: &str) -> bool {
        let bytes = || publish::read_if_present(&self.path(name)).ok().flatten().map(Zeroizing::new);
        matches!(self.key, Key::Seal(_)) && bytes().is_some_and(|bytes| !document::is_sealed(&bytes))
    }

    /// Forgets what is kept under `name`, be it readable or not.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        Ok(publish::remove_private(&self.path(name))?)
    }

    /// Keeps this under `name`. When it returns it is durable, or else whole as long as the machine does not go down.
    pub(super) fn save(&self, name: &str, kept: &Kept, durability: Durability) -> Result<(), StoreError> {
        let folder = self.state_dir.join(FOLDER);
        publish::create_private_folder(&self.state_dir)?;
        publish::create_private_folder(&folder)?;
        let bytes = document::write(name, kept, self.seal()?).ok_or(StoreError::NoRandomness)?;
        publish::remove_leftovers_of(&self.path(name), self.leftovers(&folder)?)?;
        Ok(publish::replace_private(&self.path(name), &bytes, durability)?)
    }

    /// What processes left that were killed before this one began.
    fn leftovers(&self, folder: &Path) -> Result<&PrivateLeftovers, StoreError> {
        if let Some(left) = self.leftovers.get() {
            return Ok(left);
        }
        let left = publish::private_leftovers(folder)?;
        Ok(self.leftovers.get_or_init(|| left))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.state_dir.join(FOLDER).join(format!("{name}.json"))
    }
}

impl StoreError {
    /// Whether what is kept is worth nothing any more.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::NoKey { .. } | Self::WrongKey { .. })
    }

    /// Whether the configuration is to blame.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Key(_) | Self::WeakKey(_) | Self::NoKey { .. })
    }
}
