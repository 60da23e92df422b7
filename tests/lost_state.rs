//! A run whose state was lost does not begin anew over what is published.

mod workbench;

use std::fs;

use self::workbench::{Span, Workbench};

#[test]
fn a_run_without_state_takes_over_what_the_manifests_tell() {
    let bench = Workbench::new();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let manifest = project.output_dir().join("daily/stream=lobby/_manifest.json");
    let told = fs::read(&manifest).unwrap();
    fs::remove_dir_all(project.state_dir()).unwrap();
    // A few days only: without the manifest, the ledger would know of no others.
    let run = project.run(&Span::autumn().backfill_days(0, 3));
    run.assert_code(0);
    run.assert_says("its manifest was taken over");
    assert!(fs::read(&manifest).unwrap() == told, "the manifest tells something else");
    project.assert_same(&files, &books, "without state");
    project.assert_untouched(&files, "without state");
}
