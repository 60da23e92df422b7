"""Published files as DuckDB, pyarrow, Polars and pandas see them.

    check.py --truth melbourne.csv.gz --parquet DIR --csv DIR --rollup-zone ZONE

DIR is the folder of one job: DIR/stream=<stream>/<period>/data.*, a period being date=, month= or year=. Each reader
reads the whole folder, and must find the documented columns in their order and with their types, and every hour of
the truth file (columns stream, hour_start, passing_by) once, with its people. Beside each DIR lie its roll-ups, in
_rollup/<job>/<day|week|month>; DuckDB makes the same from the rows of DIR. One line for each check; exit 1 if any failed.

Hive partitioning takes a column from `stream=` in the path, which the files have too, with the same value. DuckDB,
Polars and pyarrow.dataset read that as one column. pyarrow.parquet.read_table and pandas.read_parquet guess another
type for the one in the path and give up ("Unable to merge: Field stream has incompatible types"): they need
`partitioning=None`.
"""

import argparse
import csv
import gzip
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet

HOURS = 66_037
PEOPLE = 45_483_871

COUNTS = [
    "category_senior_female",
    "category_senior_male",
    "category_young_female",
    "category_young_male",
    "gender_female",
    "gender_male",
    "gender_unknown",
]
# Every file begins with these columns, in this order; tag_* may follow.
COLUMNS = {
    "stream": "text",
    "bucket_start": "instant",
    "bucket_end": "instant",
    "local_start": "wall clock",
    "utc_offset": "text",
    "passing_by": "integer",
    "interested": "integer",
    "stop_time_seconds": "double",
    "attention_time_seconds": "double",
    **dict.fromkeys(COUNTS, "integer"),
    "satisfaction": "text",
    "extras": "text",
}
# The type of a column without a value cannot be inferred from CSV, so these are hinted. The others are not: what the
# readers make of a timestamp, an offset or a count by themselves is a promise too.
HINTED = {name: kind for name, kind in COLUMNS.items() if name in ("interested", "satisfaction", "extras", *COUNTS)
          or kind == "double"}
PERIODS = ("date", "month", "year")


class Wrong(Exception):
    """What a check found."""


@dataclass
class Seen:
    """What a reader made of a folder."""

    # The columns in order, each with its kind, or with the reader's own name for its type where that is no kind.
    columns: dict[str, str]
    # (stream, seconds since 1970, people)
    hours: list[tuple[str, int, int | None]]


def hints(types: dict[str, object]) -> dict[str, object]:
    """The types that a reader is told for CSV, `types` being its own for each kind."""
    return {name: types[kind] for name, kind in HINTED.items()}


def kinds(columns: dict[str, object], known: dict[str, str]) -> dict[str, str]:
    """The columns with their kinds, `known` being what a reader calls each type that may occur."""
    return {name: known.get(str(kind), str(kind)) for name, kind in columns.items()}


def seen_by_duckdb(source: str) -> Seen:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW published AS SELECT * FROM {source}")
    described = connection.execute("DESCRIBE published").fetchall()
    hours = connection.execute("SELECT stream, epoch(bucket_start)::BIGINT, passing_by FROM published").fetchall()
    known = {
        "VARCHAR": "text",
        "TIMESTAMP WITH TIME ZONE": "instant",
        "TIMESTAMP": "wall clock",
        "BIGINT": "integer",
        "DOUBLE": "double",
    }
    return Seen(kinds({column[0]: column[1] for column in described}, known), hours)


def duckdb_parquet(folder: Path) -> Seen:
    return seen_by_duckdb(f"read_parquet('{folder}/**/data.parquet', hive_partitioning = true)")


def duckdb_csv(folder: Path) -> Seen:
    types = hints({"text": "VARCHAR", "integer": "BIGINT", "double": "DOUBLE"})
    return seen_by_duckdb(f"read_csv('{folder}/**/data.csv*', hive_partitioning = true, types = {types})")


def seen_by_pyarrow(table: pyarrow.Table) -> Seen:
    known = {"string": "text", "int64": "integer", "double": "double"}
    known |= {f"timestamp[{unit}, tz=UTC]": "instant" for unit in ("s", "us")}
    known |= {f"timestamp[{unit}]": "wall clock" for unit in ("s", "us")}
    starts = table["bucket_start"].cast(pyarrow.timestamp("s", "UTC")).cast(pyarrow.int64())
    hours = zip(table["stream"].to_pylist(), starts.to_pylist(), table["passing_by"].to_pylist(), strict=True)
    return Seen(kinds(dict(zip(table.schema.names, table.schema.types, strict=True)), known), list(hours))


def pyarrow_parquet(folder: Path) -> Seen:
    return seen_by_pyarrow(pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive").to_table())


def pyarrow_csv(folder: Path) -> Seen:
    types = hints({"text": pyarrow.string(), "integer": pyarrow.int64(), "double": pyarrow.float64()})
    options = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    return seen_by_pyarrow(
        pyarrow.concat_tables(
            (pyarrow.csv.read_csv(file, convert_options=options) for file in published(folder, "data.csv*")),
            promote_options="default",
        )
    )


def seen_by_polars(frame: polars.DataFrame) -> Seen:
    known = {
        "String": "text",
        "Datetime(time_unit='us', time_zone='UTC')": "instant",
        "Datetime(time_unit='us', time_zone=None)": "wall clock",
        "Int64": "integer",
        "Float64": "double",
    }
    hours = frame.select("stream", polars.col("bucket_start").dt.epoch("s"), "passing_by").rows()
    return Seen(kinds(dict(frame.schema), known), hours)


def polars_parquet(folder: Path) -> Seen:
    return seen_by_polars(polars.read_parquet(folder / "**/data.parquet", hive_partitioning=True))


def polars_csv(folder: Path) -> Seen:
    types = hints({"text": polars.String, "integer": polars.Int64, "double": polars.Float64})
    files = published(folder, "data.csv*")
    read = (polars.read_csv(file, try_parse_dates=True, schema_overrides=types) for file in files)
    return seen_by_polars(polars.concat(read))


def seen_by_pandas(frame: pandas.DataFrame) -> Seen:
    known = {"string": "text", "str": "text"}
    known |= {"int64": "integer", "Int64": "integer", "float64": "double", "Float64": "double"}
    known |= {f"datetime64[{unit}, UTC]": "instant" for unit in ("s", "us", "ns")}
    known |= {f"datetime64[{unit}]": "wall clock" for unit in ("s", "us", "ns")}
    starts = frame["bucket_start"].dt.as_unit("s").astype("int64")
    return Seen(
        kinds(dict(frame.dtypes), known),
        list(zip(frame["stream"].tolist(), starts.tolist(), frame["passing_by"].tolist(), strict=True)),
    )


def pandas_parquet(folder: Path) -> Seen:
    # numpy_nullable: else a column of integers turns into doubles where one is null.
    return seen_by_pandas(pandas.read_parquet(folder, partitioning=None, dtype_backend="numpy_nullable"))


def pandas_csv(folder: Path) -> Seen:
    types = hints({"text": "string", "integer": "Int64", "double": "Float64"})
    dates = ["bucket_start", "bucket_end", "local_start"]
    files = published(folder, "data.csv*")
    return seen_by_pandas(pandas.concat(pandas.read_csv(file, dtype=types, parse_dates=dates) for file in files))


READERS: dict[str, dict[str, Callable[[Path], Seen]]] = {
    "duckdb": {"parquet": duckdb_parquet, "csv": duckdb_csv},
    "pyarrow": {"parquet": pyarrow_parquet, "csv": pyarrow_csv},
    "polars": {"parquet": polars_parquet, "csv": polars_csv},
    "pandas": {"parquet": pandas_parquet, "csv": pandas_csv},
}


def require(holds: object, message: str) -> None:
    if not holds:
        raise Wrong(message)


def published(folder: Path, pattern: str) -> list[Path]:
    files = sorted(folder.rglob(pattern))
    require(files, f"no {pattern} in {folder}")
    return files


def check_columns(seen: Seen) -> str:
    names = list(seen.columns)
    expected = list(COLUMNS)
    require(names[: len(expected)] == expected, f"columns are {names}")
    others = [name for name in names[len(expected) :] if not name.startswith("tag_") and name not in PERIODS]
    require(not others, f"unexpected columns {others}")
    wrong = {name: seen.columns[name] for name, kind in COLUMNS.items() if seen.columns[name] != kind}
    require(not wrong, f"types are {wrong}")
    return f"{len(names)} columns"


def check_hours(seen: Seen, truth: dict[tuple[str, int], int]) -> str:
    found = {(stream, start): people for stream, start, people in seen.hours}
    require(len(found) == len(seen.hours), f"{len(seen.hours) - len(found)} hours are doubled")
    missing, surplus = truth.keys() - found.keys(), found.keys() - truth.keys()
    require(not missing and not surplus, f"{len(missing)} hours are missing, {len(surplus)} are not in the truth")
    wrong = [(hour, found[hour], people) for hour, people in truth.items() if found[hour] != people]
    require(not wrong, f"{len(wrong)} hours have other people, such as {wrong[:1]}")
    people = sum(found.values())
    require((len(found), people) == (HOURS, PEOPLE), f"{len(found)} hours, {people} people")
    return f"{len(found):,} hours, {people:,} people"


def check_files(folder: Path, pattern: str, read: Callable[[Path], list[dict[str, str]]]) -> str:
    files = published(folder, pattern)
    for file in files:
        stream, period = (part.partition("=") for part in file.relative_to(folder).parts[:-1])
        require(stream[0] == "stream" and period[0] in PERIODS, f"{file} is not where files are published")
        rows = read(file)
        starts = [row["bucket_start"] for row in rows]
        require(starts == sorted(set(starts)), f"{file} is not strictly ascending")
        strays = [row for row in rows if row["stream"] != stream[2] or not row["local_start"].startswith(period[2])]
        require(not strays, f"{file} holds {strays[:1]}")
    return f"{len(files):,} files"


def rows_of_parquet(file: Path) -> list[dict[str, str]]:
    # Not read_table, which would take the file's folders for columns.
    table = pyarrow.parquet.ParquetFile(file).read(["stream", "bucket_start", "local_start"])
    return [{name: str(value) for name, value in row.items()} for row in table.to_pylist()]


def rows_of_csv(file: Path) -> list[dict[str, str]]:
    with pyarrow.input_stream(file, compression="detect") as stream:
        return list(csv.DictReader(io.StringIO(stream.read().decode(), newline="")))


def check_rollup(folder: Path, kind: str, zone: str, unit: str, by: str | None) -> str:
    """Compares a roll-up with what DuckDB makes of the rows in `folder`, hour by hour on the wall clock of `zone`."""
    target = folder.parent / "_rollup" / folder.name / (unit if by is None else f"{unit}-by-{by}")
    key = "stream" if by is None else f"tag_{by}"
    pattern = "data.parquet" if kind == "parquet" else "data.csv*"
    published(target, pattern)
    reader = "read_parquet" if kind == "parquet" else "read_csv"
    # The columns of the files are meant, not those of the folder names.
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    text = "" if kind == "parquet" else ", types = {'local_date': 'VARCHAR'}"
    for name, source, options in ("job", folder, ""), ("rolled", target, text):
        files = f"{reader}('{source}/**/{pattern}', hive_partitioning = false{options})"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {files}")
    columns = ["passing_by", "interested", *COUNTS]
    sums = ", ".join(f"sum({name}) AS {name}" for name in columns)
    means = ", ".join(
        f"sum({name} * interested) FILTER (interested > 0) / sum(interested) FILTER (interested > 0 AND {name} IS NOT NULL)"
        f" AS {name}"
        for name in ("stop_time_seconds", "attention_time_seconds")
    )
    # Every hour of the calendar belongs to the period that the wall clock shows; so DST days and weeks have their length.
    local = f"timezone('{zone}', %s)"
    period = f"date_trunc('{unit}', {local})"
    connection.execute(f"""
        CREATE TABLE expected AS
        WITH hours AS (
            SELECT {period % 'hour'} AS period, count(*) AS hours
            FROM (SELECT unnest(generate_series(min(bucket_start) - INTERVAL 40 DAY, max(bucket_end) + INTERVAL 40 DAY,
                                                INTERVAL 1 HOUR)) AS hour FROM job)
            GROUP BY 1
        ), summed AS (
            SELECT {key} AS key, {period % 'bucket_start'} AS period, count(*) AS present, {sums}, {means}
            FROM job GROUP BY 1, 2
        ), streams AS (SELECT {key} AS key, count(DISTINCT stream) AS streams FROM job GROUP BY 1)
        SELECT summed.*, streams * hours AS expected FROM summed JOIN hours USING (period) JOIN streams USING (key)
    """)
    same = " AND ".join(f"rolled.{name} IS NOT DISTINCT FROM expected.{name}" for name in columns)
    near = " AND ".join(
        f"(rolled.{name} IS NOT DISTINCT FROM expected.{name}"
        f" OR abs(rolled.{name} - expected.{name}) <= 1e-9 * abs(expected.{name}))"
        for name in ("stop_time_seconds", "attention_time_seconds")
    )
    wrong = connection.execute(f"""
        SELECT rolled.{key}, rolled.local_date, expected.key, expected.period
        FROM (SELECT * FROM rolled WHERE buckets_present > 0) AS rolled
        FULL JOIN expected ON rolled.{key} = expected.key AND rolled.local_date = strftime(expected.period, '%Y-%m-%d')
        WHERE NOT coalesce({same} AND {near} AND buckets_present = present AND buckets_expected = expected
                           AND coverage = present / expected::DOUBLE
                           AND {local % 'period_start'} = expected.period
                           AND {local % 'period_end'} = expected.period + INTERVAL 1 {unit}, false)
    """).fetchall()
    require(not wrong, f"{len(wrong)} rows differ, such as {wrong[:1]}")
    periods, averages, empty = connection.execute(
        "SELECT count(*), count(stop_time_seconds), count(*) FILTER (buckets_present = 0) FROM rolled"
    ).fetchone()
    require(periods > 0 and averages > 0, f"{periods} rows, {averages} with an average")
    filled = connection.execute("SELECT count(*) FROM rolled WHERE buckets_present = 0 AND passing_by IS NOT NULL")
    require(filled.fetchone() == (0,), "figures of nothing")
    lengths = connection.execute("SELECT DISTINCT epoch(period_end - period_start) / 3600 FROM rolled").fetchall()
    if unit != "month":
        require(len(lengths) == 3, f"periods of {lengths} hours: not one was longer, or shorter")
    return f"{periods:,} rows, {averages:,} with averages, {empty} of nothing"


def read_truth(file: Path) -> dict[tuple[str, int], int]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return {
            (row["stream"], int(datetime.fromisoformat(row["hour_start"]).timestamp())): int(row["passing_by"])
            for row in csv.DictReader(lines)
        }


class Tally:
    """Runs checks, prints a line for each, and counts."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, name: str, run: Callable[[], str]) -> None:
        try:
            result = run()
        except Exception as error:
            self.fail(name, error)
        else:
            self.passed += 1
            print(f"ok     {name}: {result}")

    def fail(self, name: str, error: Exception) -> None:
        self.failed += 1
        print(f"FAILED {name}: {type(error).__name__}: {' '.join(str(error).split())}")


def check_reader(tally: Tally, name: str, read: Callable[[], Seen], truth: dict[tuple[str, int], int]) -> None:
    try:
        seen = read()
    # Whatever a reader raises, it does not read the files.
    except Exception as error:
        tally.fail(f"{name}, reading", error)
        return
    tally.check(f"{name}, names, order and types", partial(check_columns, seen))
    tally.check(f"{name}, every hour", partial(check_hours, seen, truth))


def main() -> int:
    arguments = argparse.ArgumentParser(description="checks published files with DuckDB, pyarrow, Polars and pandas")
    for option in ("--truth", "--parquet", "--csv"):
        arguments.add_argument(option, type=Path, required=True)
    arguments.add_argument("--rollup-zone", required=True)
    arguments.add_argument("--rollup-by", default=None)
    paths = arguments.parse_args()
    truth = read_truth(paths.truth)
    tally = Tally()
    for kind, folder, pattern, rows in [
        ("parquet", paths.parquet, "data.parquet", rows_of_parquet),
        ("csv", paths.csv, "data.csv*", rows_of_csv),
    ]:
        tally.check(f"{kind}, each file", partial(check_files, folder, pattern, rows))
        for reader, formats in READERS.items():
            check_reader(tally, f"{kind} in {reader}", partial(formats[kind], folder), truth)
        for unit in ("day", "week", "month"):
            for by in dict.fromkeys((None, paths.rollup_by)):
                check = partial(check_rollup, folder, kind, paths.rollup_zone, unit, by)
                tally.check(f"{kind}, roll-up to {unit}{f' by {by}' if by else ''}", check)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
