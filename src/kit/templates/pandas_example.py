"""Published files in pandas: people and weighted means by stream and local day.

    pip install pandas pyarrow zstandard
    python pandas_example.py [--folder FOLDER] [--job JOB] [--all]

As a module: `from pandas_example import read, daily`.
"""

import argparse
from pathlib import Path

import pandas

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
TEXTS = ["stream", "utc_offset", "satisfaction", "extras", *TAGS]


def read(folder: str = FOLDER, job: str = @job@) -> pandas.DataFrame:
    """All rows of a job. A figure that is not known is <NA>, and no zero."""
    pattern, kind = JOBS[job]
    # Exactly the published files: not the manifests, nor the journal of changes beside them.
    files = sorted(Path(folder).glob(pattern))
    if not files:
        raise SystemExit(f"no file {pattern} in {folder}")
    rows = pandas.concat([read_file(file, kind) for file in files], ignore_index=True)
    if kind != "parquet":
        rows = converted(rows, kind)
    return rows.sort_values(["stream", "bucket_start"], ignore_index=True)


def read_file(file: Path, kind: str) -> pandas.DataFrame:
    if kind == "parquet":
        # partitioning=None: else pandas takes the folders' names for columns and gives up. numpy_nullable: else a count
        # turns into a double where one is not known.
        return pandas.read_parquet(file, partitioning=None, dtype_backend="numpy_nullable")
    profile = {"sep": ";", "decimal": ",", "encoding": "utf-8-sig"} if kind == "excel-eu" else {}
    types = dict.fromkeys(TEXTS, "string") | dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(MEANS, "float64")
    # Only an empty field is not known: a camera may be called "nan".
    return pandas.read_csv(file, dtype=types, keep_default_na=False, na_values=[""], **profile)


def converted(rows: pandas.DataFrame, kind: str) -> pandas.DataFrame:
    """Rows of CSV with the types of Parquet."""
    for column in ["bucket_start", "bucket_end"]:
        rows[column] = pandas.to_datetime(rows[column], utc=True)
    rows["local_start"] = pandas.to_datetime(rows["local_start"])
    if kind == "excel-eu":
        rows["utc_offset"] = rows["utc_offset"].str.removeprefix("UTC")
        for column in ["satisfaction", "extras", *TAGS]:
            # Stands before what Excel would take for a formula.
            rows[column] = rows[column].str.removeprefix("'")
    return rows.astype(dict.fromkeys(MEANS, "Float64"))


def daily(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Sums and weighted means by stream and local day."""
    day = rows["local_start"].dt.normalize().rename("day")
    table = rows.groupby(["stream", day])[COUNTS].sum(min_count=1)
    for mean in MEANS:
        # An average of averages would be wrong: means weigh by the people they are of.
        known = rows[(rows["interested"] > 0).fillna(False) & rows[mean].notna()]
        people = known["interested"].astype("float64")
        sums = pandas.DataFrame(
            {"stream": known["stream"], "day": day[known.index], "seconds": known[mean].astype("float64") * people, "people": people}
        )
        sums = sums.groupby(["stream", "day"]).sum()
        table[mean] = (sums["seconds"] / sums["people"]).reindex(table.index)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="People and weighted means by stream and local day")
    parser.add_argument("--folder", default=FOLDER)
    parser.add_argument("--job", default=@job@, choices=sorted(JOBS))
    parser.add_argument("--all", action="store_true", help="print every day, not the last 14 days of each stream")
    options = parser.parse_args()
    rows = read(options.folder, options.job)
    table = daily(rows)[["passing_by", "interested", *MEANS]]
    shown = table if options.all else table.groupby("stream").tail(14)
    print(shown.round(2).to_string())
    print(f"{len(rows)} rows, {rows['passing_by'].sum()} people passed by")


if __name__ == "__main__":
    main()
