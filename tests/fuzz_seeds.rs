//! Every seed and every regression of the fuzz targets, through the same functions that the fuzzer calls.

#[expect(unreachable_pub, reason = "a crate of its own in fuzz/, of which the targets are called here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::{
    fs,
    path::{Path, PathBuf},
};

use audience_exporter::{
    row::{Count, Mean, Row},
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::{BucketGrid, BucketSize, TimeRange, parse_label},
};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 7] = [
    ("page", targets::page),
    ("token", targets::token),
    ("csv", targets::csv),
    ("parquet", targets::parquet),
    ("config", targets::config),
    ("manifest", targets::manifest),
    ("journal", targets::journal),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The files of `folder`, where there is one.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_seed_and_every_regression_keeps_the_laws() {
    for (target, run) in TARGETS {
        let seeds = files(&folder().join("seeds").join(target));
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for path in seeds.into_iter().chain(files(&folder().join("regressions").join(target))) {
            eprintln!("{}", path.display());
            run(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_target_of_the_manifest_is_run_here_and_in_the_smoke() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let smoke = fs::read_to_string(folder().join("smoke")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for (target, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
    }
    assert!(smoke.contains(&TARGETS.map(|(target, _)| target).join(" ")), "the smoke runs others by default");
}

/// A seed that is refused at its first byte would teach the fuzzer nothing.
#[test]
fn files_of_our_encoders_among_the_seeds_are_read_in_full() {
    for format in FileFormat::ALL {
        let bytes = fs::read(seed_path(format)).unwrap();
        assert_eq!(format.decode(&targets::context(), &bytes).unwrap(), rows(), "{format:?}");
    }
}

#[test]
#[ignore = "writes the seeds anew that our encoders make: cargo test --test fuzz_seeds -- --ignored"]
fn write_the_files_of_our_encoders() {
    for format in FileFormat::ALL {
        fs::write(seed_path(format), format.encode(&targets::context(), &rows()).unwrap()).unwrap();
    }
}

fn seed_path(format: FileFormat) -> PathBuf {
    let target = match format {
        FileFormat::Csv(compression) | FileFormat::ExcelEu(compression) => match compression {
            CsvCompression::None | CsvCompression::Gzip | CsvCompression::Zstd => "csv",
        },
        FileFormat::Parquet(
            ParquetCompression::None | ParquetCompression::Snappy | ParquetCompression::Zstd,
        ) => "parquet",
    };
    let profile = format.special_profile().map(|profile| format!("-{}", profile.as_str()));
    let name = format!("encoded-{}{}", format.compression_name(), profile.unwrap_or_default());
    folder().join("seeds").join(target).join(name)
}

/// The two hours of one wall clock when the clocks go back, with everything that a row can hold and without.
fn rows() -> Vec<Row> {
    let grid = BucketGrid::new(BucketSize::Hour, targets::context().zone);
    let bound = |label: &str| parse_label(label).unwrap();
    let night = TimeRange::new(bound("2026-10-24T23:00:00Z"), bound("2026-10-25T02:00:00Z")).unwrap();
    let mut rows: Vec<Row> =
        grid.bucket_starts(night).map(|start| Row::new(start, grid.bucket_end(start))).collect();
    for (number, count) in (0..).zip(Count::ALL) {
        rows[0].set_count(count, Some(0));
        rows[1].set_count(count, Some(12 + number));
    }
    for mean in Mean::ALL {
        rows[1].set_mean(mean, Some(12.5));
    }
    rows[1].satisfaction = Some(r#"{"value":0.4}"#.into());
    rows[2].extras = Some(r#"{"dwell":[1,"a, \"b\""]}"#.into());
    rows
}
