"""The text that the daemon answers at /metrics: read with the official parsers, and judged by promtool."""

import re
import subprocess

from prometheus_client import parser as plain
from prometheus_client.openmetrics import parser as open_metrics

# What Prometheus adds to a sample by itself, and to that of a histogram. Our label `job` arrives under another name.
EVERYWHERE = {"instance", "exported_job", "le", "job"}


# What the names of a family's samples end in, where they are not its own.
ENDINGS = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "info": ["_info"]}


class Metrics:
    """Every sample's name with its labels, as Prometheus knows them. A family without samples has names, and no labels that
    could be known: every name is there from the first answer on."""

    def __init__(self, text):
        is_open = text.rstrip().endswith("# EOF")
        parse = open_metrics.text_string_to_metric_families if is_open else plain.text_string_to_metric_families
        self.labels = {"up": {"instance", "job"}}
        self.without_samples = set()
        for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE):
            endings = ENDINGS.get(kind, [""]) if is_open or kind == "histogram" else [""]
            self.without_samples |= {name + ending for ending in endings}
        for family in parse(text):
            for sample in family.samples:
                names = {"exported_job" if name == "job" else name for name in sample.labels}
                self.labels.setdefault(sample.name, {"instance"}).update(names)
        self.without_samples -= set(self.labels)
        self.as_plain = as_plain(text) if is_open else text


def as_plain(text):
    """OpenMetrics in the older format, which promtool reads: there a counter's family has its suffix too."""
    suffixes = dict(re.findall(r"^# TYPE (\S+) (counter|info)$", text, re.MULTILINE))
    lines = []
    for line in text.splitlines():
        word = line.split(" ")
        if line == "# EOF" or line.startswith("# UNIT "):
            continue
        if line.startswith("# ") and word[2] in suffixes:
            word[2] += ENDINGS[suffixes[word[2]]][0]
        lines.append(re.sub(r"^(# TYPE \S+) info$", r"\1 gauge", " ".join(word)))
    return "\n".join(lines) + "\n"


def lint(metrics, promtool):
    """What promtool finds to complain about."""
    done = subprocess.run([promtool, "check", "metrics"], input=metrics.as_plain, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()


def problems(expression, metrics, texts=()):
    """What an expression names that is not there; `texts` are templates about its result."""
    found = []
    selectors = re.findall(r"\b(audience_exporter_\w+|up)\s*(?:\{([^}]*)\})?(?![\w(])", expression)
    if any(name in metrics.without_samples for name, _ in selectors):
        return []
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
