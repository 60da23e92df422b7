//! The threads on which work is done, apart from the daemon's own.

use std::{future::Future, io};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinSet,
};

/// Publishing waits for disks and locks, and runs of several jobs for other processes, side by side.
const BLOCKING_THREADS: usize = 8;

/// Where lanes do their work. A run that keeps its thread and never yields stops the timers and connections of all that
/// shares a runtime with it, so whoever is to notice that, tell it and answer askers has another one.
pub(super) struct Workshop {
    handle: Handle,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Workshop {
    /// Starts its threads: one for all requests, and others that are made where something blocks.
    pub(super) fn open() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(BLOCKING_THREADS).enable_all();
        let runtime = builder.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Has a task of `tasks` done here.
    pub(super) fn spawn(&self, tasks: &mut JoinSet<()>, task: impl Future<Output = ()> + Send + 'static) {
        tasks.spawn_on(task, &self.handle);
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Work that hangs must not keep the process from ending; whatever was under way is done again.
            runtime.shutdown_background();
        }
    }
}
