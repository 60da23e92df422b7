#!/usr/bin/env python3
"""Looks at the page of a daemon on a bad day, and at a report."""

import argparse
import json
import pathlib
import time
import urllib.request

import numbers_shown
import pictures
import report
import stage
import views


def overview(address):
    with urllib.request.urlopen(f"{address}/api/overview") as answer:
        return json.load(answer)


def wait_for_exports(address):
    """Until every series has ended a run, well or not."""
    deadline = time.monotonic() + 120
    while True:
        series = overview(address)["series"]
        if all(one["state"] != "never_run" for one in series):
            return
        assert time.monotonic() < deadline, [one for one in series if one["state"] == "never_run"]
        time.sleep(0.5)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--address", required=True)
    arguments.add_argument("--locked", required=True, help="an address that wants a token")
    arguments.add_argument("--token", required=True)
    arguments.add_argument("--folder", required=True, type=pathlib.Path, help="configuration and files of the daemon")
    arguments.add_argument("--program", required=True)
    arguments.add_argument("--pictures", required=True, type=pathlib.Path)
    arguments.add_argument("--only-for-the-readme", action="store_true", help="check nothing")
    asked = arguments.parse_args()
    asked.pictures.mkdir(parents=True, exist_ok=True)
    wait_for_exports(asked.address)
    with stage.browser() as browser:
        at = stage.Stage(browser, asked.address)
        if asked.only_for_the_readme:
            return pictures.take_small(at, asked.pictures)
        for name, check in [
            ("every control of the fleet does what it says", views.fleet),
            ("calendars are walked by mouse and keyboard", views.calendar),
            ("every control of the audience does what it says", views.audience),
            ("runs are told", views.runs),
            ("figures, tables, calendars and CSV files are what DuckDB counts", numbers_shown.check),
        ]:
            check(at, asked.folder)
            print(f"ok     {name}")
        views.locked(at, asked.locked, asked.token)
        print("ok     without the token there is a page, and no figure")
        views.unanswered(at)
        print("ok     where nobody answers, what was known stays, and that is told")
        count = pictures.take(at, asked.pictures)
        print(f"ok     {count} pictures in {asked.pictures}: every view at three widths, light and dark, fit for everybody")
        pages = report.check(browser, asked)
        print(f"ok     a report opens without any network, with the same figures; printed it has {pages} pages of A4")


main()
