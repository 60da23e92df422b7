//! How often the hot paths of an export allocate, and how much: a guard against slowness that is the same on every
//! machine. A path that suddenly allocates more has begun to copy, to build what it used to borrow, or to do twice what
//! it did once.
//!
//! Counts are of the thread that does the work, so that other tests do not disturb them, and each path has run once
//! before: what is made once and kept does not count. A buffer that grows counts as a new one each time.
//!
//! What they cannot see: work that allocates nothing, memory of C code (SQLite, zstd), other threads, system calls, and
//! waiting. `cargo bench` sees those.

#[path = "../benches/material/desk.rs"]
mod desk;
#[path = "../benches/material/page.rs"]
mod page;

use std::hint::black_box;

use allocation_counter::measure;
use audience_exporter::{
    angus::{ListingBuilder, Page, decode_page},
    row::merge,
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::{PartitionSize, TimeRange},
};
use chrono::TimeDelta;

use self::desk::{CSV, DAY, Desk, MONTH, PARQUET, exported, first, now, pages, query, rows};

/// Days that a long coverage lacks.
const GAPS: usize = 500;

/// What a path may allocate for one unit of its work.
struct Bound {
    path: &'static str,
    unit: &'static str,
    allocations: f64,
    bytes: f64,
}

const fn bound(path: &'static str, unit: &'static str, allocations: f64, bytes: f64) -> Bound {
    Bound { path, unit, allocations, bytes }
}

/// What was found when the bounds were set, and about a fifth more, but always less than one allocation a row: room for
/// another version of a library. Where a path does with much less, lower its bound, so that the gain is kept.
mod bounds {
    use super::{Bound, bound};

    pub(crate) const DECODE: Bound = bound("decoding a page", "row", 0.95, 385.0);
    pub(crate) const GATHER: Bound = bound("gathering decoded pages", "row", 0.01, 185.0);
    pub(crate) const MERGE_NEW: Bound = bound("merging into nothing", "row", 0.01, 185.0);
    pub(crate) const MERGE_SAME: Bound = bound("merging into the same rows", "row", 0.01, 185.0);
    pub(crate) const ENCODE_CSV: Bound = bound("encoding a month as CSV", "row", 0.05, 235.0);
    pub(crate) const ENCODE_GZIP: Bound = bound("encoding a month as CSV with gzip", "row", 0.06, 850.0);
    pub(crate) const ENCODE_PARQUET: Bound = bound("encoding a month as Parquet", "row", 0.3, 420.0);
    pub(crate) const ENCODE_PLAIN: Bound =
        bound("encoding a month as Parquet without compression", "row", 0.3, 530.0);
    pub(crate) const DAY_CSV: Bound = bound("encoding a day as CSV", "file", 31.0, 7700.0);
    pub(crate) const DAY_PARQUET: Bound = bound("encoding a day as Parquet", "file", 175.0, 21_000.0);
    pub(crate) const READ_CSV: Bound = bound("reading a month back from CSV", "row", 0.65, 405.0);
    pub(crate) const READ_PARQUET: Bound = bound("reading a month back from Parquet", "row", 1.05, 670.0);
    pub(crate) const PLAN: Bound = bound("planning a series with 500 gaps", "gap", 9.0, 20_000.0);
    pub(crate) const PUBLISH: Bound = bound("publishing a month into one file", "window", 350.0, 830_000.0);
    pub(crate) const PUBLISH_AGAIN: Bound =
        bound("publishing the same month again", "window", 340.0, 715_000.0);
    pub(crate) const PUBLISH_DAYS: Bound = bound("publishing a month into 31 files", "file", 230.0, 41_000.0);
    pub(crate) const LEDGER: Bound =
        bound("telling the ledger of a window of 31 files", "file", 18.1, 1250.0);
}

impl Bound {
    /// Runs what `prepare` makes twice, and holds what the second run allocated for `units` against the bound.
    #[track_caller]
    fn hold<W: FnOnce() -> T, T>(&self, units: usize, prepare: impl Fn() -> W) {
        black_box(prepare()());
        let (mut work, mut outcome) = (Some(prepare()), None);
        let found = measure(|| outcome = work.take().map(|work| work()));
        black_box(outcome);
        let for_one = |total: u64| total as f64 / units as f64;
        let (allocations, bytes) = (for_one(found.count_total), for_one(found.bytes_total));
        let Self { path, unit, .. } = self;
        println!("{path}: {allocations:.3} allocations and {bytes:.0} bytes a {unit}");
        let at_most = [("allocations", allocations, self.allocations), ("bytes", bytes, self.bytes)];
        for (what, found, bound) in at_most {
            assert!(
                found <= bound,
                "{what} a {unit} of {path}: found {found:.3}, at most {bound}; look for what is copied or built anew in \
                 it, or where it is worth its price, raise the bound in tests/allocations.rs and say why"
            );
        }
    }
}

#[test]
fn decoding_a_page() {
    let bodies = pages(first(MONTH));
    bounds::DECODE.hold(MONTH, || {
        || {
            bodies
                .iter()
                .map(|body| decode_page(body).expect("a valid page"))
                .for_each(|page| drop(black_box(page)));
        }
    });
}

#[test]
fn gathering_a_listing() {
    let bodies = pages(first(MONTH));
    bounds::GATHER.hold(MONTH, || {
        let pages: Vec<Page> = bodies.iter().map(|body| decode_page(body).expect("a valid page")).collect();
        || {
            let mut builder = ListingBuilder::new(query(first(MONTH)));
            for page in pages {
                builder.push(page).expect("an expected page");
            }
            builder.finish().expect("a complete listing")
        }
    });
}

#[test]
fn merging() {
    let listed = rows(first(MONTH));
    let into = |existing: &[_]| {
        let (existing, listed) = (existing.to_vec(), listed.clone());
        move || merge(existing, &first(MONTH), listed).expect("rows in order")
    };
    bounds::MERGE_NEW.hold(MONTH, || into(&[]));
    bounds::MERGE_SAME.hold(MONTH, || into(&listed));
}

#[test]
fn encoding() {
    let (rows, desk) = (rows(first(MONTH)), Desk::new(PARQUET, PartitionSize::Month));
    let rows = &rows;
    let context = &desk.series.context;
    let encode = |format: FileFormat, rows| move || format.encode(context, rows).expect("encodable rows");
    bounds::ENCODE_CSV.hold(MONTH, || encode(CSV, rows));
    bounds::ENCODE_GZIP.hold(MONTH, || encode(FileFormat::Csv(CsvCompression::Gzip), rows));
    bounds::ENCODE_PARQUET.hold(MONTH, || encode(PARQUET, rows));
    bounds::ENCODE_PLAIN.hold(MONTH, || encode(FileFormat::Parquet(ParquetCompression::None), rows));
    bounds::DAY_CSV.hold(1, || encode(CSV, &rows[..DAY]));
    bounds::DAY_PARQUET.hold(1, || encode(PARQUET, &rows[..DAY]));
}

#[test]
fn reading_back() {
    let (rows, desk) = (rows(first(MONTH)), Desk::new(PARQUET, PartitionSize::Month));
    let context = &desk.series.context;
    for (bound, format) in [(bounds::READ_CSV, CSV), (bounds::READ_PARQUET, PARQUET)] {
        let bytes = format.encode(context, &rows).expect("encodable rows");
        let bytes = &bytes;
        bound.hold(MONTH, || move || format.decode(context, bytes).expect("our own file"));
    }
}

#[test]
fn publishing() {
    let listed = rows(first(MONTH));
    let publish = |desk: Desk| {
        let listed = listed.clone();
        move || (desk.publish(first(MONTH), listed), desk)
    };
    // The day before is there already, so that the statements of the ledger are prepared.
    let eve = TimeRange::new(first(DAY).start() - TimeDelta::days(1), first(DAY).start()).expect("a day");
    let begun = |partition| {
        let desk = Desk::new(PARQUET, partition);
        desk.publish(eve, rows(eve));
        desk
    };
    bounds::PUBLISH.hold(1, || publish(begun(PartitionSize::Month)));
    bounds::PUBLISH_DAYS.hold(31, || publish(begun(PartitionSize::Day)));
    bounds::PUBLISH_AGAIN.hold(1, || {
        let desk = begun(PartitionSize::Month);
        desk.publish(first(MONTH), listed.clone());
        publish(desk)
    });
}

#[test]
fn planning() {
    let rules = Desk::new(PARQUET, PartitionSize::Month).series.rules;
    let (rules, coverage) = (&rules, &exported(1, GAPS));
    bounds::PLAN.hold(GAPS, || || rules.due(first(DAY).start(), coverage, &[], now()));
}

#[test]
fn telling_the_ledger() {
    let desk = Desk::new(PARQUET, PartitionSize::Day);
    bounds::LEDGER.hold(31, || || desk.record(first(MONTH)));
}
