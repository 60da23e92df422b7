//! A small file system of one's own, to be filled up and made read-only.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A mounted file system. It is unmounted when this is dropped.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts one of this size at `folder`, which is made. `None`, and a word about it, where that is not permitted.
    pub(crate) fn mount(folder: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={size}");
        let mounted = run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder));
        if !mounted {
            eprintln!("skipped: this user may not mount a tmpfs");
        }
        mounted.then(|| Self(folder.to_owned()))
    }

    /// Changes it while it is in use: `size=1m`, `ro`.
    pub(crate) fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        assert!(run(Command::new("mount").args(["-o", &options]).arg(&self.0)), "remount {option}");
    }

    /// Fills it up to the last block but for `spare` bytes. What fills it is the file that is returned.
    pub(crate) fn fill(&self, spare: usize) -> PathBuf {
        let path = self.0.join(".ballast");
        let mut ballast = File::create(&path).unwrap();
        let block = [0; 4096];
        while ballast.write_all(&block).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(spare as u64)).unwrap();
        path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a process that outlives a failed test may still have files open.
        run(Command::new("umount").arg("-l").arg(&self.0));
    }
}

fn run(command: &mut Command) -> bool {
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
