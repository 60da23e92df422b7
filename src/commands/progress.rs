//! The progress bar of a run: on a terminal only.

use std::{io::IsTerminal, sync::Arc};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::session::Session;
use crate::exporter::{Progress, ProgressListener};

const TEMPLATE: &str = "{bar:30} {pos}/{len} windows, {msg} rows, {eta} left";

/// Shown while it is held.
pub(super) struct Bar {
    bar: ProgressBar,
    bars: MultiProgress,
}

impl Bar {
    /// A bar on standard error, or nothing where that is no terminal or the person wants quiet.
    pub(super) fn new(session: &Session) -> Self {
        let shown = std::io::stderr().is_terminal() && !session.global.quiet;
        let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message("0");
        let bar = if shown { session.bars.add(bar) } else { bar };
        Self { bar, bars: session.bars.clone() }
    }

    /// What a run tells of its progress goes to the bar.
    pub(super) fn listener(&self) -> ProgressListener {
        let bar = self.bar.clone();
        let rows = std::sync::atomic::AtomicU64::new(0);
        Arc::new(move |progress| match progress {
            Progress::Planned(windows) => bar.inc_length(windows),
            Progress::Asking => {}
            Progress::WindowDone { rows: more } => {
                let total = more + rows.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
                bar.set_message(super::output::grouped(total));
                bar.inc(1);
            }
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}
