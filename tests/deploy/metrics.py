"""The text that the daemon answers at /metrics: read with the official parsers, and judged by promtool."""

import re
import subprocess

from prometheus_client import parser as plain
from prometheus_client.openmetrics import parser as open_metrics

# What Prometheus adds to a sample by itself, and to that of a histogram. Our label `job` arrives under another name.
EVERYWHERE = {"instance", "exported_job", "le", "job"}


class Metrics:
    """Every sample's name with its labels, as Prometheus knows them."""

    def __init__(self, text):
        is_open = text.rstrip().endswith("# EOF")
        parse = open_metrics.text_string_to_metric_families if is_open else plain.text_string_to_metric_families
        self.labels = {"up": {"instance", "job"}}
        for family in parse(text):
            for sample in family.samples:
                names = {"exported_job" if name == "job" else name for name in sample.labels}
                self.labels.setdefault(sample.name, {"instance"}).update(names)
        self.as_plain = as_plain(text) if is_open else text


def as_plain(text):
    """OpenMetrics in the older format, which promtool reads: there the family of a counter has its suffix too."""
    counters = set(re.findall(r"^# TYPE (\S+) counter$", text, re.MULTILINE))
    lines = []
    for line in text.splitlines():
        word = line.split(" ")
        if line == "# EOF" or line.startswith("# UNIT "):
            continue
        if line.startswith("# ") and word[2] in counters:
            word[2] += "_total"
        lines.append(" ".join(word))
    return "\n".join(lines) + "\n"


def lint(metrics, promtool):
    """What promtool finds to complain about."""
    done = subprocess.run([promtool, "check", "metrics"], input=metrics.as_plain, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()


def problems(expression, metrics, texts=()):
    """What an expression names that is not there; `texts` are templates about its result."""
    found = []
    selectors = re.findall(r"\b(audience_exporter_\w+|up)\s*(?:\{([^}]*)\})?(?![\w(])", expression)
    known = set()
    for name, matchers in selectors:
        if name not in metrics.labels:
            found.append(f"there is no metric {name}")
            continue
        known |= metrics.labels[name]
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            if label not in metrics.labels[name]:
                found.append(f"{name} has no label {label}")
    for clause in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression):
        unknown = {label.strip() for label in clause.split(",")} - known - {"le"}
        found += [f"no label {label} in {expression}" for label in unknown]
    for text in texts:
        for label in re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text):
            if label not in known | EVERYWHERE:
                found.append(f"no label {label} for {text!r}")
    if not selectors:
        found.append(f"no metric in {expression}")
    return found
