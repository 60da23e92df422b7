"""Runs every file of a kit and compares what comes out with the truth, and with sums made here, row by row.

    check.py --truth melbourne.csv.gz --kit KIT --data OUTPUT_DIR

The jobs are those of jobs.toml. In Python the files are read once more by hand, and added up without any library. dbt has
run already. One line for each check; exit 1 if any failed.
"""

import argparse
import csv
import gzip
import importlib.util
import math
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pandas
import zstandard

HOURS = 66_037
PEOPLE = 45_483_871
JOBS = ["hourly", "daily-csv", "excel"]
MEANS = ["stop_time_seconds", "attention_time_seconds"]
COUNTS = [
    "passing_by", "interested",
    "category_senior_female", "category_senior_male", "category_young_female", "category_young_male",
    "gender_female", "gender_male", "gender_unknown",
]
CATEGORIES = [name for name in COUNTS if name.startswith("category_")]
TAG = "=north; \"l'est\""

# A row as it is, with its figures as numbers; None is a figure that is not known.
Row = dict[str, object]
Key = tuple[str, object]


class Wrong(Exception):
    """What a check found."""


def require(holds: object, message: str) -> None:
    if not holds:
        raise Wrong(message)


def near(one: float | None, other: float | None) -> bool:
    if one is None or other is None or math.isnan(one):
        return other is None and (one is None or math.isnan(one))
    return math.isclose(one, other, rel_tol=1e-9)


def read_rows(data: Path) -> list[Row]:
    """The rows of the job in plain CSV, as they are."""
    rows = []
    for file in sorted((data / "daily-csv").glob("stream=*/date=*/data.csv.zst")):
        text = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read().decode()
        rows += map(parsed, csv.DictReader(text.splitlines()))
    require(len(rows) == HOURS, f"{len(rows)} rows")
    return rows


def parsed(row: dict[str, str]) -> Row:
    figures: Row = {name: int(row[name]) if row[name] else None for name in COUNTS}
    figures |= {name: float(row[name]) if row[name] else None for name in MEANS}
    local = datetime.fromisoformat(row["local_start"])
    return row | figures | {"local": local, "day": local.date()}


PERIODS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def add_up(rows: list[Row]) -> dict[str, float | int | None]:
    """What the views must show of these rows, one row after the other."""
    sums: dict[str, float | int | None] = {"buckets": len(rows)}
    for name in COUNTS:
        known = [row[name] for row in rows if row[name] is not None]
        sums[name] = sum(known) if known else None
    for name in MEANS:
        weighed = [(row[name], row["interested"]) for row in rows if row[name] is not None and row["interested"]]
        people = sum(weight for _, weight in weighed)
        sums[name] = math.fsum(mean * weight for mean, weight in weighed) / people if people else None
    # Every count of a row is known here, or none is.
    gender = sum(sums[name] or 0 for name in ("gender_female", "gender_male", "gender_unknown"))
    for part in ("female", "male", "unknown"):
        share = "share_gender_unknown" if part == "unknown" else f"share_{part}"
        sums[share] = (sums[f"gender_{part}"] or 0) / gender if gender else None
    categories = [(row["interested"], sum(row[name] for name in CATEGORIES)) for row in rows if row["interested"] is not None]
    age = sum(max(pair) for pair in categories)
    sums["share_age_unknown"] = (age - sum(known for _, known in categories)) / age if age else None
    sums["conversion"] = (sums["interested"] or 0) / sums["passing_by"] if sums["passing_by"] else None
    return sums


def grouped(rows: list[Row], key: Callable[[Row], Key]) -> dict[Key, dict[str, float | int | None]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {key: add_up(group) for key, group in groups.items()}


def connect(kit: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    # Nothing in the kit may depend on where the analyst sits.
    connection.execute("SET TimeZone = 'America/St_Johns'")
    connection.execute((kit / "views.sql").read_text())
    return connection


def dictionaries(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, object]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def check_rows(connection: duckdb.DuckDBPyConnection, job: str, truth: dict[tuple[str, int], int]) -> str:
    found = connection.execute(f'SELECT stream, epoch(bucket_start)::BIGINT, passing_by FROM "{job}"').fetchall()
    require({(stream, start): people for stream, start, people in found} == truth, "other hours or people than in truth")
    require((len(found), sum(row[2] for row in found)) == (HOURS, PEOPLE), "other totals")
    tags = connection.execute(f'SELECT DISTINCT tag_side FROM "{job}"').fetchall()
    require(tags == [(TAG,)], f"tags are {tags}")
    return f"{len(found):,} hours, {PEOPLE:,} people"


def check_same(connection: duckdb.DuckDBPyConnection, job: str) -> str:
    """Whatever the format, a view shows the same rows, with the same types."""
    described = connection.execute(f'DESCRIBE "{job}"').fetchall()
    expected = connection.execute('DESCRIBE "hourly"').fetchall()
    require([row[:2] for row in described] == [row[:2] for row in expected], f"columns are {described}")
    # One direction is enough: each has every hour once.
    surplus = connection.execute(f'SELECT count(*) FROM (FROM "{job}" EXCEPT FROM "hourly")').fetchone()
    require(surplus == (0,), f"{surplus[0]} rows are not in those of hourly")
    return f"{len(described)} columns"


def check_view(found: list[dict[str, object]], key: Callable[[dict[str, object]], Key], expected: dict) -> str:
    require(len(found) == len(expected), f"{len(found)} rows, expected {len(expected)}")
    for row in found:
        for name, value in expected[key(row)].items():
            require(near(row[name], value), f"{key(row)}: {name} is {row[name]}, expected {value}")
    require(sum(row["buckets"] for row in found) == HOURS, "buckets do not add up")
    require(sum(row["passing_by"] or 0 for row in found) == PEOPLE, "people do not add up")
    return f"{len(found):,} rows"


def check_views(connection: duckdb.DuckDBPyConnection, job: str, rows: list[Row]) -> str:
    view = f"{job}_"
    checked = []

    def check(name: str, key_of_view: Callable[[dict[str, object]], Key], key_of_row: Callable[[Row], Key]) -> None:
        found = dictionaries(connection, f'SELECT * FROM "{view}{name}"')
        checked.append(f"{name} {check_view(found, key_of_view, grouped(rows, key_of_row))}")

    for unit, period in PERIODS.items():
        check(f"by_{unit}", lambda row: (row["stream"], row[unit]), lambda row: (row["stream"], period(row["day"])))
    check("by_hour", lambda row: (row["stream"], (str(row["local_hour"]), row["utc_offset"])),
          lambda row: (row["stream"], (row["local_start"].replace("T", " "), row["utc_offset"])))
    check("by_stream", lambda row: (row["stream"], None), lambda row: (row["stream"], None))
    check("all_by_day", lambda row: ("", row["day"]), lambda row: ("", row["day"]))
    check("by_tag_side", lambda row: (row["tag_side"], row["day"]), lambda row: (TAG, row["day"]))
    check("hour_of_week", lambda row: (row["stream"], (row["weekday"], row["hour_of_day"])),
          lambda row: (row["stream"], (row["day"].isoweekday(), row["local"].hour)))
    weeks = dictionaries(connection, f'SELECT DISTINCT week, iso_week FROM "{view}by_week"')
    require(all(row["week"].strftime("%G-W%V") == row["iso_week"] for row in weeks), f"weeks are {weeks}")
    return ", ".join(checked)


def check_missing(connection: duckdb.DuckDBPyConnection, job: str, truth: dict[tuple[str, int], int]) -> str:
    expected = set()
    for stream in {stream for stream, _ in truth}:
        starts = [start for other, start in truth if other == stream]
        expected |= {(stream, start) for start in range(min(starts), max(starts), 3600)} - truth.keys()
    found = connection.execute(f'SELECT stream, epoch(bucket_start)::BIGINT FROM "{job}_missing"').fetchall()
    require(set(found) == expected and len(found) == len(expected), f"{len(found)} are missing, expected {len(expected)}")
    wrong = connection.execute(
        f"SELECT count(*) FROM \"{job}_missing\" WHERE local_start IS DISTINCT FROM timezone('Australia/Melbourne', bucket_start)"
    ).fetchone()
    require(wrong == (0,), f"{wrong[0]} local times")
    rows = connection.execute(f'SELECT sum("rows")::BIGINT FROM "{job}_files"').fetchone()
    require(rows == (HOURS,), f"manifests tell of {rows[0]} rows")
    return f"{len(found):,} hours without a row"


def check_rollups(connection: duckdb.DuckDBPyConnection) -> str:
    pairs = [("hourly", unit, f"hourly_by_{unit}", "stream") for unit in PERIODS]
    pairs += [("excel", "week", "excel_by_week", "stream")]
    checked = 0
    for job, unit, view, key in pairs:
        same = " AND ".join(f"made.{name} IS NOT DISTINCT FROM view.{name}" for name in COUNTS)
        close = " AND ".join(f"coalesce(abs(made.{name} - view.{name}) <= 1e-9 * view.{name}, view.{name} IS NULL)" for name in MEANS)
        wrong = connection.execute(f"""
            SELECT count(*), count(*) FILTER (NOT coalesce({same} AND {close} AND buckets_present = buckets, false))
            FROM (SELECT * FROM "{job}_rollup_{unit}" WHERE buckets_present > 0) AS made
            FULL JOIN "{view}" AS view ON made.{key} = view.{key} AND made.local_date = view.{unit}
        """).fetchone()
        require(wrong[0] > 0 and wrong[1] == 0, f"{wrong[1]} of {wrong[0]} rows of {job}_rollup_{unit} differ")
        checked += wrong[0]
    by_side = connection.execute('SELECT sum(passing_by)::BIGINT, any_value(tag_side) FROM "hourly_rollup_month_by_side"')
    require(by_side.fetchone() == (PEOPLE, TAG), "the roll-up by a tag")
    return f"{checked:,} rows"


def check_queries(connection: duckdb.DuckDBPyConnection, kit: Path) -> str:
    statements = connection.extract_statements((kit / "queries.sql").read_text())
    counts = []
    for statement in statements:
        rows = connection.execute(statement).fetchall()
        require(rows, f"nothing: {statement.query[-200:]}")
        counts.append(len(rows))
    require(len(counts) == 10, f"{len(counts)} queries")
    return f"{len(counts)} queries, rows {counts}"


def load(kit: Path, name: str):
    specification = importlib.util.spec_from_file_location(name, kit / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def check_script(kit: Path, name: str) -> str:
    """As it is, in a process of its own."""
    script = [sys.executable, "-W", "error", str(kit / f"{name}.py")]
    ran = subprocess.run(script, capture_output=True, text=True, check=False)
    require(ran.returncode == 0, ran.stderr[-500:])
    said = ran.stdout.splitlines()[-1]
    require(said == f"{HOURS} rows, {PEOPLE} people passed by", said)
    return f"{len(ran.stdout.splitlines())} lines"


def check_frame(kit: Path, name: str, job: str, rows: list[Row]) -> str:
    module = load(kit, name)
    read = module.read(job=job)
    table = module.daily(read)
    if name == "pandas_example":
        tags, offsets = set(read["tag_side"]), set(read["utc_offset"])
        # None is what the other reader gives for what is not known.
        found = [{key: None if pandas.isna(value) else value for key, value in row.items()}
                 for row in table.reset_index().to_dict("records")]
        for row in found:
            row["day"] = row["day"].date()
    else:
        tags, offsets, found = set(read["tag_side"]), set(read["utc_offset"]), table.to_dicts()
    require(tags == {TAG} and offsets == {"+10:00", "+11:00"}, f"{tags} {offsets}")
    expected = grouped(rows, lambda row: (row["stream"], row["day"]))
    require(len(found) == len(expected), f"{len(found)} days, expected {len(expected)}")
    for row in found:
        for column in (*COUNTS, *MEANS):
            value = expected[row["stream"], row["day"]][column]
            require(near(row[column], value), f"{row['stream']} {row['day']}: {column} is {row[column]}, expected {value}")
    return f"{len(found):,} days"


def check_excel_in_pandas(data: Path, rows: list[Row]) -> str:
    """As somebody reads such a file who was told of its profile and nothing else."""
    files = sorted((data / "excel").glob("stream=*/month=*/data.csv"))
    frames = [pandas.read_csv(file, sep=";", decimal=",", encoding="utf-8-sig", parse_dates=["local_start"]) for file in files]
    frame = pandas.concat([part.dropna(axis="columns", how="all") for part in frames])
    require((len(frame), frame["passing_by"].sum()) == (HOURS, PEOPLE), "other totals")
    require(str(frame["stop_time_seconds"].dtype) == "float64", "seconds are no numbers")
    require(str(frame["local_start"].dtype).startswith("datetime64"), "local_start is no time")
    seconds = math.fsum(row["stop_time_seconds"] or 0 for row in rows)
    require(math.isclose(math.fsum(frame["stop_time_seconds"].dropna()), seconds, rel_tol=1e-12), "other seconds")
    require(set(frame["tag_side"]) == {f"'{TAG}"}, "a formula")
    return f"{len(files)} files"


def check_excel_in_duckdb(data: Path, rows: list[Row]) -> str:
    folder = str(data / "excel").replace("[", "[[]").replace("'", "''")
    connection = duckdb.connect()
    connection.execute(
        f"CREATE VIEW excel AS FROM read_csv('{folder}/stream=*/month=*/data.csv', delim = ';', decimal_separator = ',', "
        "hive_partitioning = false, types = {'stop_time_seconds': 'DOUBLE', 'interested': 'BIGINT'})"
    )
    kinds = {row[0]: row[1] for row in connection.execute("DESCRIBE excel").fetchall()}
    found = [kinds[name] for name in ("stream", "local_start", "bucket_start", "passing_by")]
    require(found == ["VARCHAR", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "BIGINT"], f"types are {found}")
    totals = connection.execute("SELECT count(*), sum(passing_by)::BIGINT, fsum(stop_time_seconds) FROM excel").fetchone()
    seconds = math.fsum(row["stop_time_seconds"] or 0 for row in rows)
    require(totals[:2] == (HOURS, PEOPLE) and math.isclose(totals[2], seconds, rel_tol=1e-12), f"totals are {totals}")
    return f"{totals[0]:,} hours, {totals[1]:,} people"


def check_dbt(kit: Path, rows: list[Row]) -> str:
    connection = duckdb.connect(str(kit / "dbt" / "audience-dbt.duckdb"), read_only=True)
    found = dictionaries(connection, "SELECT * FROM audience_daily")
    expected = grouped(rows, lambda row: (row["stream"], row["day"]))
    names = ("buckets", "passing_by", "interested", *MEANS)
    expected = {key: {name: sums[name] for name in names} for key, sums in expected.items()}
    return check_view(found, lambda row: (row["stream"], row["day"]), expected)


def check_dictionary(connection: duckdb.DuckDBPyConnection, kit: Path) -> str:
    with (kit / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    for files, view in (("jobs", "hourly"), ("roll-ups", "hourly_rollup_week")):
        described = [entry["column"] for entry in entries if entry["files"] == files]
        columns = [row[0] for row in connection.execute(f'DESCRIBE "{view}"').fetchall()]
        require(described == columns, f"{files} are described as {described}, and have {columns}")
    return f"{len(entries)} columns"


def read_truth(file: Path) -> dict[tuple[str, int], int]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return {
            (row["stream"], int(datetime.fromisoformat(row["hour_start"]).timestamp())): int(row["passing_by"])
            for row in csv.DictReader(lines)
        }


def main() -> int:
    arguments = argparse.ArgumentParser(description="checks the files of a kit")
    for option in ("--truth", "--kit", "--data"):
        arguments.add_argument(option, type=Path, required=True)
    options = arguments.parse_args()
    kit, data, truth, rows = options.kit, options.data, read_truth(options.truth), read_rows(options.data)
    connection = connect(kit)
    checks: list[tuple[str, Callable[[], str]]] = [("dictionary", partial(check_dictionary, connection, kit))]
    for job in JOBS:
        checks += [
            (f"{job} in DuckDB, every hour", partial(check_rows, connection, job, truth)),
            (f"{job} in DuckDB, as in Parquet", partial(check_same, connection, job)),
            (f"{job} in pandas", partial(check_frame, kit, "pandas_example", job, rows)),
            (f"{job} in Polars", partial(check_frame, kit, "polars_example", job, rows)),
        ]
    checks += [
        ("pandas_example.py", partial(check_script, kit, "pandas_example")),
        ("polars_example.py", partial(check_script, kit, "polars_example")),
        # Those of the other jobs are made alike of rows that are the same.
        ("what is missing", partial(check_missing, connection, JOBS[0], truth)),
        ("views", partial(check_views, connection, JOBS[-1], rows)),
        ("roll-ups", partial(check_rollups, connection)),
        ("queries", partial(check_queries, connection, kit)),
        ("excel-eu in pandas alone", partial(check_excel_in_pandas, data, rows)),
        ("excel-eu in DuckDB alone", partial(check_excel_in_duckdb, data, rows)),
        ("dbt", partial(check_dbt, kit, rows)),
    ]
    failed = 0
    for name, check in checks:
        began = time.monotonic()
        try:
            print(f"ok     {name}: {check()} ({time.monotonic() - began:.1f} s)")
        # Whatever a tool raises, the kit does not run in it.
        except Exception as error:
            failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {' '.join(str(error).split())}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
