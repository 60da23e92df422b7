"""What the page shows, read out of it, beside what DuckDB counts in the published files."""

import csv
import math
from datetime import date, timedelta

import duckdb

from stage import figure, settle

# What the page calls them, and what they are in the files.
COUNTS = {
    "passing_by": "sum(passing_by)",
    "interested": "sum(interested)",
    "gender_female": "sum(gender_female)",
    "gender_male": "sum(gender_male)",
    "gender_unknown": "sum(gender_unknown)",
    "age_senior": "sum(category_senior_female) + sum(category_senior_male)",
    "age_young": "sum(category_young_female) + sum(category_young_male)",
}
MEANS = ["stop_time_seconds", "attention_time_seconds"]


def same(shown, counted, what):
    if shown is None or counted is None:
        assert shown is None and counted is None, f"{what}: shown {shown}, counted {counted}"
    else:
        assert math.isclose(shown, float(counted), rel_tol=1e-9), f"{what}: shown {shown}, counted {counted}"


def sums(where):
    counts = ", ".join(COUNTS.values())
    means = ", ".join(
        f"sum({name} * interested) filter ({name} is not null and interested > 0)"
        f" / nullif(sum(interested) filter ({name} is not null), 0)"
        for name in MEANS
    )
    return f"select count(*), {counts}, {means} from rows where {where}"


def check(at, folder):
    files = duckdb.connect()
    files.execute("set timezone = 'Europe/Paris'")
    # Wall clocks as they stand in the files: what the page calls a day is what the files do.
    files.execute(f"create table hourly as from read_parquet('{folder}/data/hourly/*/*/*.parquet', hive_partitioning = true)")
    files.execute(f"create table daily as from read_csv('{folder}/data/daily/*/*/*.csv', hive_partitioning = true)")
    today = date.today()
    last_october = date(today.year if today.month > 10 else today.year - 1, 10, 31)
    change = last_october - timedelta(days=(last_october.weekday() + 1) % 7)
    while (today - change).days > 380:
        change += timedelta(days=28)
    tables = {"hourly": "hourly", "daily": "daily"}
    ranges = [(change - timedelta(days=2), change + timedelta(days=2)), (change, change + timedelta(days=27))]
    questions = [("stream=lobby", "stream = 'lobby'"), ("stream=shop-window", "stream = 'shop-window'"), ("tag=zone:entrance", "tag_zone = 'entrance'"), ("", "true")]
    for job, table in tables.items():
        files.execute(f"create or replace view rows as from {table}")
        for first, last in ranges:
            for query, who in questions:
                where = f"{who} and local_start::timestamp >= '{first}' and local_start::timestamp < '{last + timedelta(days=1)}'"
                route = f"#/audience?job={job}&range=custom&from={first}&until={last}&{query}"
                with at.page(route) as page:
                    of_range(page, files, where, route)
    files.execute("create or replace view rows as from hourly")
    with at.page(f"#/audience?job=hourly&stream=escalator&range=custom&from={change}&until={change}&res=bucket") as page:
        of_points(page, files, f"stream = 'escalator' and local_start::timestamp::date = '{change}'")
        of_week(page, files, f"stream = 'escalator' and local_start::timestamp::date = '{change}'")
    stream, year = files.execute(
        "select stream, year(local_start::timestamp) from rows group by stream, local_start::timestamp::date, 2"
        " having count(*) between 1 and 22 order by min(bucket_start) limit 1"
    ).fetchone()
    with at.page(f"#/stream/hourly/{stream}?year={year}") as page:
        of_calendar(page, files, stream, year)


def of_range(page, files, where, what):
    settle(page)
    exported, *counted = files.execute(sums(where)).fetchone()
    assert exported > 0, what
    same(figure(page, "exported"), exported, f"{what}: exported")
    for name, value in zip([*COUNTS, *MEANS], counted):
        same(figure(page, name), value, f"{what}: {name}")
    people = dict(zip(COUNTS, counted))
    known = people["gender_female"] + people["gender_male"] + people["gender_unknown"]
    same(figure(page, "gender_unknown_share"), people["gender_unknown"] / known, f"{what}: share of unknown")
    nobody_knows = people["interested"] - people["age_senior"] - people["age_young"]
    same(figure(page, "age_unknown"), nobody_knows, f"{what}: of no age")
    same(figure(page, "interest_rate"), people["interested"] / people["passing_by"], f"{what}: interested of passing by")


def opened(page, summary):
    """The cells of the table behind a figure, by column, and the CSV file that is saved of it."""
    behind = page.locator(".behind").filter(has=page.locator("summary", has_text=summary)).first
    behind.locator("summary").click()
    table = [
        {cell.get_attribute("data-column"): cell.get_attribute("data-value") for cell in row.locator("td").all()}
        for row in behind.locator("tbody tr").all()
    ]
    with page.expect_download() as download:
        behind.locator("[data-csv]").click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        saved = list(csv.DictReader(file))
    return table, saved


def of_points(page, files, where):
    table, saved = opened(page, "people over time")
    assert len(table) == len(saved) == 25, "the day has an hour twice"
    counted = dict(
        files.execute(f"select strftime(bucket_start at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ'), passing_by from rows where {where}").fetchall()
    )
    for shown, row in zip(table, saved):
        for name, value in row.items():
            assert name not in shown or shown[name] == value, (name, shown, row)
        start = row["start"]
        expected = counted.get(start)
        assert row["passing_by"] == ("" if expected is None else str(expected)), (start, row["passing_by"], expected)


def of_week(page, files, where):
    table, _ = opened(page, "when they come")
    counted = files.execute(
        f"select isodow(local_start::timestamp), hour(local_start::timestamp), avg(passing_by), count(passing_by) from rows where {where} group by all"
    ).fetchall()
    told = {}
    for row in table:
        if row["passing_by_mean"]:
            told[(row["weekday"], int(row["hour"]))] = float(row["passing_by_mean"])
    assert len(told) == len(counted), (told, counted)
    for weekday, hour, mean, _ in counted:
        name = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][weekday - 1]
        found = next(value for (day, at), value in told.items() if at == hour and name.startswith(str(day)[:3]))
        same(found, mean, f"{name} {hour}")


def of_calendar(page, files, stream, year):
    table, _ = opened(page, "of every day")
    counted = dict(
        files.execute("select strftime(local_start::timestamp, '%Y-%m-%d'), count(*) from rows where stream = ? and year(local_start::timestamp) = ? group by all", [stream, year]).fetchall()
    )
    assert any(int(row["missing"]) > 0 for row in table), "the stream has missing hours"
    for row in table:
        there = int(row["final"]) + int(row["provisional"]) + int(row.get("vanished") or 0)
        assert there == counted.get(row["date"], 0), (row, counted.get(row["date"]))
