"""Whether what lies in deploy/ fits the program: see run, which calls it."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import manifests
import metrics as metrics_of
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/audience-exporter.rules.yml"
RULE_TESTS = DEPLOY / "prometheus/audience-exporter.rules.test.yml"
DASHBOARD = DEPLOY / "grafana/audience-exporter.json"


def run(*command):
    """What a command that fails said, as a list of one."""
    done = subprocess.run(command, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"]


def check_rules(metrics, promtool):
    found = run(promtool, "check", "rules", RULES) + run(promtool, "test", "rules", RULE_TESTS)
    tests = RULE_TESTS.read_text()
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            name, texts = rule["alert"], rule["annotations"].values()
            found += [f"{name}: {problem}" for problem in metrics_of.problems(rule["expr"], metrics, texts)]
            if f'alertname="{name}"' not in tests:
                found.append(f"no test in which {name} fires")
            if set(rule["annotations"]) != {"summary", "description"} or "severity" not in rule["labels"]:
                found.append(f"{name} lacks a summary, a description or a severity")
    return found


def queries(dashboard):
    """Every query of the dashboard with its legend and the title of its panel."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"], target["legendFormat"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            yield variable["name"], selector, "{{" + label + "}}"


def without_variables(expression):
    return expression.replace("$__rate_interval", "5m").replace("$instance", ".+").replace("$job", ".+")


def check_dashboard(metrics, promtool):
    dashboard, found, records = json.loads(DASHBOARD.read_text()), [], []
    for title, expression, legend in queries(dashboard):
        found += [f"{title}: {problem}" for problem in metrics_of.problems(expression, metrics, [legend])]
        records.append({"record": f"query:{len(records)}", "expr": without_variables(expression)})
    # Nothing else here parses the language of queries.
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": records}]}, file)
        file.flush()
        found += run(promtool, "check", "rules", file.name)
    return found + check_panels(dashboard["panels"])


def check_panels(panels):
    """Numbers that are taken once, the variable as data source, and no two panels in one place."""
    found, taken = [], {}
    if len({panel["id"] for panel in panels}) != len(panels):
        found.append("two panels have the same id")
    for panel in panels:
        title, place = panel["title"], panel["gridPos"]
        if panel["type"] != "row" and panel["datasource"]["uid"] != "${datasource}":
            found.append(f"{title}: another data source than the variable")
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken or x >= 24:
                    found.append(f"{title} lies over {taken.get((x, y), 'the edge')}")
                taken[x, y] = title
    return sorted(set(found))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--promtool", required=True)
    arguments.add_argument("--program", required=True, type=Path)
    arguments.add_argument("--metrics", required=True, type=Path, help="what the daemon answered at /metrics")
    arguments = arguments.parse_args()
    metrics = metrics_of.Metrics(arguments.metrics.read_text())
    found = metrics_of.lint(metrics, arguments.promtool)
    found += check_rules(metrics, arguments.promtool)
    found += check_dashboard(metrics, arguments.promtool)
    found += manifests.problems(DEPLOY / "kubernetes", arguments.program)
    for problem in found:
        print(problem, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
