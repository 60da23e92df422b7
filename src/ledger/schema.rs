//! The tables, and the versions they went through.

/// `PRAGMA application_id` of a ledger: the letters `AUEX`.
pub(super) const APPLICATION_ID: i64 = 0x4155_4558;

/// The version that this program writes. Every earlier one is migrated when it is opened; a newer one is refused.
pub(super) const VERSION: i64 = 1;

/// Times are seconds since 1970. `WITHOUT ROWID` keeps a series' intervals side by side.
pub(super) const CREATE: &str = "
CREATE TABLE series (
    id              INTEGER PRIMARY KEY,
    job             TEXT NOT NULL,
    stream          TEXT NOT NULL,
    -- what decides where rows lie; a series whose layout changed would mix files that do not go together
    layout          TEXT NOT NULL,
    -- what decides how the same rows are written: tags and compression
    style           TEXT NOT NULL,
    -- where a job without a configured start begins
    first_run       INTEGER NOT NULL,
    last_success    INTEGER,
    last_error_at   INTEGER,
    last_error_kind TEXT,
    last_error      TEXT,
    UNIQUE (job, stream)
) STRICT;

-- standing: 0 lost, 1 provisional, 2 final
CREATE TABLE intervals (
    series   INTEGER NOT NULL REFERENCES series (id),
    start    INTEGER NOT NULL,
    end      INTEGER NOT NULL CHECK (end > start),
    standing INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 2),
    PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;

-- buckets that a complete listing lacked and no file has
CREATE TABLE missing (
    series       INTEGER NOT NULL REFERENCES series (id),
    bucket_start INTEGER NOT NULL,
    PRIMARY KEY (series, bucket_start)
) STRICT, WITHOUT ROWID;

-- sha256 is what was published; pending_sha256 is what was about to be, until that is recorded
CREATE TABLE files (
    series         INTEGER NOT NULL REFERENCES series (id),
    path           TEXT NOT NULL,
    period_start   INTEGER NOT NULL,
    period_end     INTEGER NOT NULL,
    sha256         BLOB,
    pending_sha256 BLOB,
    rows           INTEGER NOT NULL DEFAULT 0,
    bytes          INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (series, path)
) STRICT, WITHOUT ROWID;

-- the file system that published files were last seen on: a disk that is not mounted is not a loss
CREATE TABLE output (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    device INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY,
    command        TEXT NOT NULL,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    outcome        TEXT,
    windows_done   INTEGER NOT NULL DEFAULT 0,
    windows_failed INTEGER NOT NULL DEFAULT 0,
    rows           INTEGER NOT NULL DEFAULT 0
) STRICT;
";
