"""Published files in Polars: people and weighted means by stream and local day.

    pip install polars
    python polars_example.py [--folder FOLDER] [--job JOB] [--all]

As a module: `from polars_example import read, daily`.
"""

import argparse
from pathlib import Path

import polars
from polars import col

# Where the files are.
FOLDER = @folder@
# Where the files of each job lie in it, and how they are written.
JOBS = {
@jobs@}
TAGS = [@tags@]

COUNTS = [
    "passing_by", "interested",
    "category_senior_female", "category_senior_male", "category_young_female", "category_young_male",
    "gender_female", "gender_male", "gender_unknown",
]
MEANS = ["stop_time_seconds", "attention_time_seconds"]
INSTANTS = ["bucket_start", "bucket_end"]


def read(folder: str = FOLDER, job: str = @job@) -> polars.DataFrame:
    """All rows of a job. A figure that is not known is null, and no zero."""
    pattern, kind = JOBS[job]
    # Exactly the published files: not the manifests, nor the journal of changes beside them.
    files = sorted(Path(folder).glob(pattern))
    if not files:
        raise SystemExit(f"no file {pattern} in {folder}")
    return polars.concat([read_file(file, kind) for file in files]).sort("stream", "bucket_start")


def read_file(file: Path, kind: str) -> polars.DataFrame:
    if kind == "parquet":
        return polars.read_parquet(file, hive_partitioning=False, glob=False)
    is_excel = kind == "excel-eu"
    # Everything as text first: what a number or a time looks like is a matter of the profile.
    rows = polars.read_csv(file.read_bytes(), separator=";" if is_excel else ",", infer_schema=False)
    if is_excel:
        rows = rows.with_columns(
            col("utc_offset").str.strip_prefix("UTC"),
            # Stands before what Excel would take for a formula.
            *(col(name).str.strip_prefix("'") for name in ["satisfaction", "extras", *TAGS]),
            *(col(name).str.replace(",", ".", literal=True) for name in MEANS),
            # 2026-11-21T14:00:00+01:00; the offset of a zone long ago may have seconds, which cameras do not.
            *(col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", time_zone="UTC") for name in INSTANTS),
            col("local_start").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"),
        )
    else:
        rows = rows.with_columns(
            *(col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us").dt.replace_time_zone("UTC") for name in INSTANTS),
            col("local_start").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us"),
        )
    return rows.with_columns(col(COUNTS).cast(polars.Int64), col(MEANS).cast(polars.Float64))


def daily(rows: polars.DataFrame) -> polars.DataFrame:
    """Sums and weighted means by stream and local day."""

    def sum_of_known(name: str) -> polars.Expr:
        return polars.when(col(name).count() > 0).then(col(name).sum()).alias(name)

    def weighted(name: str) -> polars.Expr:
        # An average of averages would be wrong: means weigh by the people they are of.
        people = polars.when((col("interested") > 0) & col(name).is_not_null()).then(col("interested"))
        return polars.when(people.sum() > 0).then((col(name) * people).sum() / people.sum()).alias(name)

    days = rows.group_by("stream", col("local_start").dt.date().alias("day"))
    return days.agg(*map(sum_of_known, COUNTS), *map(weighted, MEANS)).sort("stream", "day")


def main() -> None:
    parser = argparse.ArgumentParser(description="People and weighted means by stream and local day")
    parser.add_argument("--folder", default=FOLDER)
    parser.add_argument("--job", default=@job@, choices=sorted(JOBS))
    parser.add_argument("--all", action="store_true", help="print every day, not the last 14 days of each stream")
    options = parser.parse_args()
    rows = read(options.folder, options.job)
    table = daily(rows).select("stream", "day", "passing_by", "interested", *MEANS)
    shown = table if options.all else table.group_by("stream", maintain_order=True).tail(14)
    with polars.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, float_precision=2):
        print(shown)
    print(f"{len(rows)} rows, {rows['passing_by'].sum()} people passed by")


if __name__ == "__main__":
    main()
