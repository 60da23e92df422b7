//! Every version of the ledger that was ever released can be read for ever.

use std::fs;

use audience_exporter::{
    coverage::Standing,
    ledger::{FILE_NAME, Ledger, SeriesKey},
    time::{TimeRange, to_display},
};

fn open(version: &str) -> (tempfile::TempDir, Ledger) {
    let golden = format!("{}/tests/golden/ledger-{version}.sqlite", env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    fs::copy(golden, folder.path().join(FILE_NAME)).unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    (folder, ledger)
}

#[test]
fn version_1_tells_what_it_was_told() {
    let (_folder, ledger) = open("v1");
    let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
    let series = ledger.find_series(&key).unwrap().unwrap();
    assert_eq!(series.layout, "by_hour Europe/Paris month data.csv");
    assert_eq!(to_display(series.first_run), "2025-12-31T23:00:00Z");
    let status = ledger.status(series.id).unwrap();
    let shown = |(range, standing): &(TimeRange, Standing)| {
        (to_display(range.start()), to_display(range.end()), *standing)
    };
    let intervals: Vec<_> = status.coverage.intervals().iter().map(shown).collect();
    let expected = [
        ("2025-12-31T23:00:00Z", "2026-01-01T23:00:00Z", Standing::Final),
        ("2026-01-01T23:00:00Z", "2026-01-02T01:00:00Z", Standing::Provisional),
        ("2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z", Standing::Lost),
    ];
    assert_eq!(
        intervals,
        expected.map(|(start, end, standing)| (start.to_owned(), end.to_owned(), standing))
    );
    assert_eq!((status.files, status.rows, status.missing_buckets), (1, 25, 1));
    assert_eq!(status.last_error.unwrap().kind, "unavailable");
    assert_eq!(ledger.output_device().unwrap(), Some(2049));
    let file = &ledger.files(series.id).unwrap()[0];
    assert_eq!(file.path, "hourly/stream=lobby/month=2026-01/data.csv");
    assert_eq!(file.hash.unwrap()[31], 31);
}
