#!/usr/bin/python3
"""Reads what GET /metrics answers with the parser of Prometheus' own client, and looks closer.

usage: metrics.py prometheus|openmetrics FILE

Prints a line for each sample, its name and labels in the order of their names, and its value.
Fails for what the parser does not take, and for what it lets pass: a family or a sample that
is there twice, a histogram that goes down or does not end in its count.
"""

import sys

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

READERS = {
    "prometheus": prometheus.text_string_to_metric_families,
    "openmetrics": openmetrics.text_string_to_metric_families,
}


def histogram_check(family):
    """Buckets of one set of labels rise, and the last is +Inf and equals the count."""
    sets = {}
    for sample in family.samples:
        labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
        of = sets.setdefault(labels, {"buckets": [], "count": None, "sum": None})
        if sample.name.endswith("_bucket"):
            of["buckets"].append((float(sample.labels["le"]), sample.value))
        else:
            of[sample.name.rsplit("_", 1)[1]] = sample.value
    for labels, of in sets.items():
        values = [value for _, value in of["buckets"]]
        bounds = [bound for bound, _ in of["buckets"]]
        assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), (labels, bounds)
        assert values == sorted(values) and values[-1] == of["count"], (labels, of)
        assert of["sum"] >= 0, (labels, of)


def main():
    kind, path = sys.argv[1:]
    with open(path, encoding="utf-8", newline="") as file:
        families = list(READERS[kind](file.read()))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a family twice"
    seen = set()
    for family in families:
        assert family.documentation and family.type != "unknown", family.name
        if family.type == "histogram":
            histogram_check(family)
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            line = f"{sample.name}{{{labels}}}"
            assert line not in seen, line
            seen.add(line)
            print(line, f"{sample.value:.10g}")


main()
