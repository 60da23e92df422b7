//! The tables, and the versions they went through.

/// `PRAGMA application_id` of a ledger: the letters `AUEX`.
pub(super) const APPLICATION_ID: i64 = 0x4155_4558;

/// The version that this program writes. Every earlier one is migrated when it is opened; a newer one is refused.
pub(super) const VERSION: i64 = 5;

/// Each step with the version that it ends in. A new ledger takes all of them, so that it is the same as a migrated one.
/// What was released once is never changed here, not even its comments: SQLite keeps the text.
pub(super) const STEPS: [(i64, &str); 5] =
    [(1, EXPORT), (2, DELIVERY), (3, ALERTS), (4, TRUST), (VERSION, TOTALS)];

/// What is exported. Times are seconds since 1970. `WITHOUT ROWID` keeps a series' intervals side by side.
const EXPORT: &str = "
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

/// What is delivered to other systems, and what is known from them.
const DELIVERY: &str = "
-- a delivery sends every published file of one job on, whole
CREATE TABLE deliveries (
    name            TEXT PRIMARY KEY,
    job             TEXT NOT NULL,
    -- whether it is configured; of one that is not, what was sent stays known, and nothing is queued
    active          INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- the highest position in its line that was ever given out
    last_position   INTEGER NOT NULL DEFAULT 0,
    -- its files by state: counting millions takes too long for something that is asked all the time
    pending         INTEGER NOT NULL DEFAULT 0,
    delivered       INTEGER NOT NULL DEFAULT 0,
    parked          INTEGER NOT NULL DEFAULT 0,
    awaiting        INTEGER NOT NULL DEFAULT 0,
    -- of the target as a whole, in a row
    failures        INTEGER NOT NULL DEFAULT 0,
    retry_at        INTEGER,
    last_success    INTEGER,
    last_error_at   INTEGER,
    last_error_kind TEXT,
    last_error      TEXT
) STRICT, WITHOUT ROWID;

-- state: 0 pending, 1 delivered, 2 parked, 3 awaiting import; sha256 is of the version that it is about
CREATE TABLE outbox (
    delivery     TEXT NOT NULL REFERENCES deliveries (name),
    series       INTEGER NOT NULL REFERENCES series (id),
    path         TEXT NOT NULL,
    -- kept here too: the file may be lost before it is sent
    period_start INTEGER NOT NULL,
    period_end   INTEGER NOT NULL,
    sha256       BLOB NOT NULL,
    state        INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    position     INTEGER NOT NULL,
    queued_at    INTEGER NOT NULL,
    -- that failed
    attempts     INTEGER NOT NULL DEFAULT 0,
    error_at     INTEGER,
    error_kind   TEXT,
    error        TEXT,
    -- what the target gave, and when it took the file
    receipt      TEXT,
    delivered_at INTEGER,
    PRIMARY KEY (delivery, series, path)
) STRICT, WITHOUT ROWID;

-- what is delivered is the most by far, and nothing asks for it in order
CREATE INDEX outbox_in_line ON outbox (delivery, state, position) WHERE state <> 1;

CREATE TABLE inventories (
    name            TEXT PRIMARY KEY,
    -- which account, space and owner the cameras were listed for; empty before the first success
    source          TEXT NOT NULL DEFAULT '',
    last_success    INTEGER,
    last_error_at   INTEGER,
    last_error_kind TEXT,
    last_error      TEXT
) STRICT, WITHOUT ROWID;

-- tags: a JSON array of texts; absences: complete listings in a row that lacked the camera
CREATE TABLE cameras (
    inventory TEXT NOT NULL REFERENCES inventories (name),
    camera_id INTEGER NOT NULL,
    name      TEXT,
    type      TEXT,
    status    TEXT,
    tags      TEXT NOT NULL,
    absences  INTEGER NOT NULL,
    PRIMARY KEY (inventory, camera_id)
) STRICT, WITHOUT ROWID;

-- requests that count against an account's limits; at is in milliseconds since 1970, unlike all other times
CREATE TABLE requests (
    account TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_time ON requests (account, at);
";

/// What people were told of trouble.
const ALERTS: &str = "
-- trouble that was seen and is not over, or was told and its end was not
CREATE TABLE alerts (
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    -- since when it is so, and since when that is known
    since    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,
    -- when a message of it was sent that may have been taken, and when one was
    tried_at INTEGER,
    told_at  INTEGER,
    -- since when it is not seen any more
    gone_at  INTEGER,
    -- what is wrong, and the next step
    message  TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- when the last message of a kind was taken
CREATE TABLE alert_messages (
    kind    TEXT PRIMARY KEY,
    sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What lets every bucket be accounted for.
const TRUST: &str = "
-- windows that were due and could not be had; what of them was exported since is gone from here
CREATE TABLE failures (
    series  INTEGER NOT NULL REFERENCES series (id),
    start   INTEGER NOT NULL,
    end     INTEGER NOT NULL CHECK (end > start),
    -- when it first could not be had, when last, and why then
    since   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;

-- buckets that a file has and the last complete listing lacked
CREATE TABLE vanished (
    series       INTEGER NOT NULL REFERENCES series (id),
    bucket_start INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    PRIMARY KEY (series, bucket_start)
) STRICT, WITHOUT ROWID;

-- published values that a later listing changed
CREATE TABLE changes (
    id             INTEGER PRIMARY KEY,
    series         INTEGER NOT NULL REFERENCES series (id),
    bucket_start   INTEGER NOT NULL,
    bucket_end     INTEGER NOT NULL,
    column_name    TEXT NOT NULL,
    old_value      TEXT,
    new_value      TEXT,
    seen_at        INTEGER NOT NULL,
    run            INTEGER NOT NULL,
    -- while it is not known whether the file was replaced: which one, and what it would be then
    path           TEXT,
    pending_sha256 BLOB,
    -- whether it stands in a file of the journal
    filed          INTEGER NOT NULL DEFAULT 0 CHECK (filed IN (0, 1))
) STRICT;
CREATE INDEX changes_by_time ON changes (series, seen_at, bucket_start);
CREATE INDEX changes_pending ON changes (series, path) WHERE pending_sha256 IS NOT NULL;
CREATE INDEX changes_to_file ON changes (series) WHERE filed = 0;

-- age: in seconds; until: what is older was asked when it was of this age, or was exported before the age was configured
CREATE TABLE rechecks (
    series INTEGER NOT NULL REFERENCES series (id),
    age    INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (series, age)
) STRICT, WITHOUT ROWID;

-- files that were compared with the sums that the service tells, as they were then; disagreement: none where they agree
CREATE TABLE reconciliations (
    series       INTEGER NOT NULL REFERENCES series (id),
    path         TEXT NOT NULL,
    sha256       BLOB NOT NULL,
    at           INTEGER NOT NULL,
    disagreement TEXT,
    PRIMARY KEY (series, path)
) STRICT, WITHOUT ROWID;

-- runs of zeros that are unlike their series
CREATE TABLE suspicions (
    series   INTEGER NOT NULL REFERENCES series (id),
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    -- people in an hour, or in a day where buckets are days; and in all of it
    usual    REAL NOT NULL,
    expected REAL NOT NULL,
    -- whether somebody was counted since
    is_over  INTEGER NOT NULL CHECK (is_over IN (0, 1)),
    PRIMARY KEY (series, since)
) STRICT, WITHOUT ROWID;
";

/// What is asked all the time of all series, and would have to be counted. Triggers keep it, whoever writes.
///
/// `INSERT OR REPLACE` deletes without a trigger: what is counted one by one is counted before it is inserted, where it is
/// not there yet.
const TOTALS: &str = "
CREATE TABLE totals (
    series  INTEGER PRIMARY KEY REFERENCES series (id),
    -- published files, their rows, and missing buckets
    files   INTEGER NOT NULL DEFAULT 0,
    rows    INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0,
    -- another number by chance after each change of what a manifest tells
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO totals (series, files, rows, missing, version)
    SELECT id,
           (SELECT count(*) FROM files WHERE series = id AND sha256 IS NOT NULL),
           (SELECT coalesce(sum(rows), 0) FROM files WHERE series = id AND sha256 IS NOT NULL),
           (SELECT count(*) FROM missing WHERE series = id),
           random()
    FROM series;

CREATE TRIGGER series_made AFTER INSERT ON series BEGIN
    INSERT INTO totals (series, version) VALUES (NEW.id, random());
END;
CREATE TRIGGER series_changed AFTER UPDATE OF job, stream, layout, style, first_run ON series BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.id;
END;

CREATE TRIGGER files_made AFTER INSERT ON files WHEN NEW.sha256 IS NOT NULL BEGIN
    UPDATE totals SET files = files + 1, rows = rows + NEW.rows, version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER files_changed AFTER UPDATE ON files BEGIN
    UPDATE totals
    SET files = files + (NEW.sha256 IS NOT NULL) - (OLD.sha256 IS NOT NULL),
        rows = rows + iif(NEW.sha256 IS NULL, 0, NEW.rows) - iif(OLD.sha256 IS NULL, 0, OLD.rows),
        version = random()
    WHERE series = NEW.series;
END;
CREATE TRIGGER files_gone AFTER DELETE ON files WHEN OLD.sha256 IS NOT NULL BEGIN
    UPDATE totals SET files = files - 1, rows = rows - OLD.rows, version = random() WHERE series = OLD.series;
END;

CREATE TRIGGER missing_made BEFORE INSERT ON missing
WHEN NOT EXISTS (SELECT 1 FROM missing WHERE series = NEW.series AND bucket_start = NEW.bucket_start) BEGIN
    UPDATE totals SET missing = missing + 1, version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER missing_gone AFTER DELETE ON missing BEGIN
    UPDATE totals SET missing = missing - 1, version = random() WHERE series = OLD.series;
END;

CREATE TRIGGER intervals_made BEFORE INSERT ON intervals BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER intervals_changed AFTER UPDATE ON intervals BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER intervals_gone AFTER DELETE ON intervals BEGIN
    UPDATE totals SET version = random() WHERE series = OLD.series;
END;

CREATE TRIGGER vanished_made BEFORE INSERT ON vanished BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER vanished_changed AFTER UPDATE ON vanished BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER vanished_gone AFTER DELETE ON vanished BEGIN
    UPDATE totals SET version = random() WHERE series = OLD.series;
END;

CREATE TRIGGER rechecks_made BEFORE INSERT ON rechecks BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER rechecks_changed AFTER UPDATE ON rechecks BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER rechecks_gone AFTER DELETE ON rechecks BEGIN
    UPDATE totals SET version = random() WHERE series = OLD.series;
END;

CREATE TRIGGER reconciliations_made BEFORE INSERT ON reconciliations BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER reconciliations_changed AFTER UPDATE ON reconciliations BEGIN
    UPDATE totals SET version = random() WHERE series = NEW.series;
END;
CREATE TRIGGER reconciliations_gone AFTER DELETE ON reconciliations BEGIN
    UPDATE totals SET version = random() WHERE series = OLD.series;
END;
";
