//! The folder of the state, and what can happen to it.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::super::{
    document::{self, Kept},
    store::Vault,
};

/// The name that the one account of a stage is kept under.
pub(super) const KEY: &str = "account.partner";

/// What is the matter with the folder of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Sound,
    /// It can be read and not written, as on a full or read-only disk.
    ReadOnly,
    /// A file lies in its place.
    Gone,
}

/// One folder of state. Cheap to clone; every clone is the same folder.
#[derive(Clone)]
pub(super) struct Disk(Arc<Inner>);

struct Inner {
    folder: tempfile::TempDir,
    health: Mutex<Health>,
    is_vandalised: AtomicBool,
}

impl Disk {
    pub(super) fn new() -> Self {
        let (folder, health) = (tempfile::tempdir().unwrap(), Mutex::new(Health::Sound));
        Self(Arc::new(Inner { folder, health, is_vandalised: AtomicBool::new(false) }))
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.0.state_dir()
    }

    /// A vault as a process that starts opens it.
    pub(super) fn vault(&self) -> Arc<Vault> {
        Arc::new(Vault::new(&self.state_dir(), None).unwrap())
    }

    /// Changes its health. Says whether it could: not every user can make a folder read-only, and without a folder there
    /// is nothing to make so.
    pub(super) fn turn(&self, health: Health) -> bool {
        self.0.turn(health)
    }

    pub(super) fn health(&self) -> Health {
        *self.0.health.lock().unwrap()
    }

    /// Somebody writes this over the account's file. From now on nobody need look at it.
    pub(super) fn vandalise(&self, text: &str) {
        self.0.is_vandalised.store(true, Ordering::SeqCst);
        fs::write(self.0.file(), text).unwrap();
    }

    pub(super) fn is_vandalised(&self) -> bool {
        self.0.is_vandalised.load(Ordering::SeqCst)
    }

    /// The account's file as it is.
    pub(super) fn text(&self) -> String {
        fs::read_to_string(self.0.file()).unwrap()
    }

    /// What lies there under [`KEY`], be it reachable for the manager or not.
    pub(super) fn kept(&self) -> Option<Kept> {
        let path = self.0.readable_folder()?.join(format!("{KEY}.json"));
        let bytes = fs::read(path).ok()?;
        let kept = document::read(KEY, &bytes, None);
        Some(kept.ok().expect("what is kept can be loaded"))
    }

    /// Only its owner may enter the folder and read the files in it; nothing else lies there.
    pub(super) fn assert_private(&self) {
        let Some(folder) = self.0.readable_folder() else { return };
        if self.health() != Health::ReadOnly {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{KEY}.json"));
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

/// The permission bits of a file or folder.
pub(super) fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

impl Inner {
    fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn tokens(&self) -> PathBuf {
        self.state_dir().join("tokens")
    }

    fn file(&self) -> PathBuf {
        self.tokens().join(format!("{KEY}.json"))
    }

    fn away(&self) -> PathBuf {
        self.state_dir().join("tokens.away")
    }

    fn readable_folder(&self) -> Option<PathBuf> {
        [self.away(), self.tokens()].into_iter().find(|folder| folder.is_dir())
    }

    fn turn(&self, health: Health) -> bool {
        let mut current = self.health.lock().unwrap();
        self.heal(*current);
        let done = match health {
            Health::Sound => true,
            Health::ReadOnly => self.tokens().is_dir() && make_read_only(&self.tokens()),
            Health::Gone => {
                fs::create_dir_all(self.state_dir()).unwrap();
                if self.tokens().is_dir() {
                    rename(&self.tokens(), &self.away());
                }
                fs::write(self.tokens(), "").unwrap();
                true
            }
        };
        *current = if done { health } else { Health::Sound };
        done
    }

    fn heal(&self, health: Health) {
        match health {
            Health::Sound => {}
            Health::ReadOnly => make_writable(&self.tokens()),
            Health::Gone => {
                fs::remove_file(self.tokens()).unwrap();
                if self.away().is_dir() {
                    rename(&self.away(), &self.tokens());
                }
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A folder that cannot be written cannot be removed.
        self.turn(Health::Sound);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what happens to a disk, not what the program does")]
fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
}

/// Takes the right to write away, or makes the folder immutable for those who need no rights. Says whether that helped.
fn make_read_only(folder: &Path) -> bool {
    fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
    let is_writable = || {
        let probe = folder.join(".probe");
        File::create(&probe).is_ok() && fs::remove_file(probe).is_ok()
    };
    let done = !is_writable() || chattr("+i", folder);
    if !done {
        make_writable(folder);
    }
    done
}

fn make_writable(folder: &Path) {
    let _ = chattr("-i", folder);
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
}

fn chattr(change: &str, folder: &Path) -> bool {
    let status = Command::new("chattr").arg(change).arg(folder).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
