//! Named places where a debug build can be told to die or to hang, so that tests can prove that a crash between any two
//! steps is healed, and that a hang is noticed. In release builds nothing of this remains.

/// A step after which the process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the steps")]
pub enum Step {
    Page,
    Merge,
    Intent,
    TempFile,
    FileSync,
    Rename,
    DirectorySync,
    Ledger,
    TokenAnswer,
    TokenDurable,
    DeliveryAnswer,
}

impl Step {
    /// Every step of exporting a window, in the order in which it passes them.
    pub const OF_A_WINDOW: [Self; 8] = [
        Self::Page,
        Self::Merge,
        Self::Intent,
        Self::TempFile,
        Self::FileSync,
        Self::Rename,
        Self::DirectorySync,
        Self::Ledger,
    ];

    /// The name in [`VARIABLE`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Merge => "merge",
            Self::Intent => "intent",
            Self::TempFile => "temp",
            Self::FileSync => "fsync",
            Self::Rename => "rename",
            Self::DirectorySync => "directory-fsync",
            Self::Ledger => "ledger",
            Self::TokenAnswer => "token-answer",
            Self::TokenDurable => "token-durable",
            Self::DeliveryAnswer => "delivery-answer",
        }
    }
}

/// `rename:3` in this environment variable aborts a debug build when it has passed that step for the third time.
pub const VARIABLE: &str = "AUDIENCE_EXPORTER_CRASH_AT";

/// `page` in this environment variable makes a debug build hang for ever when it first passes that step.
pub const HANG_VARIABLE: &str = "AUDIENCE_EXPORTER_HANG_AT";

/// Dies or hangs here if the environment says so.
#[cfg(debug_assertions)]
pub(crate) fn passed(step: Step) {
    die_if_told(step);
    hang_if_told(step);
}

#[cfg(debug_assertions)]
fn hang_if_told(step: Step) {
    use std::sync::LazyLock;

    static TARGET: LazyLock<Option<String>> =
        LazyLock::new(|| crate::environment::variable(HANG_VARIABLE)?.into_string().ok());
    if TARGET.as_deref() == Some(step.as_str()) {
        let step = step.as_str();
        tracing::error!(step, "hanging at this step, as the environment says");
        loop {
            std::thread::park();
        }
    }
}

#[cfg(debug_assertions)]
fn die_if_told(step: Step) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    struct Target {
        step: String,
        remaining: AtomicU64,
    }
    static TARGET: LazyLock<Option<Target>> = LazyLock::new(|| {
        let value = crate::environment::variable(VARIABLE)?.into_string().ok()?;
        let (step, times) = value.split_once(':').unwrap_or((&value, "1"));
        Some(Target { step: step.to_owned(), remaining: AtomicU64::new(times.parse().ok()?) })
    });
    if let Some(target) = TARGET.as_ref().filter(|target| target.step == step.as_str())
        && target.remaining.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn passed(_: Step) {}
