"""The dashboard and the alert rules name metrics and labels that the processes show, and so does the README."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from api.chat.chat_metrics import ChatMetrics
from api.metrics import Metrics, ModelMetrics
from api.product_metrics import ProductMetrics
from deployments.worker.worker_metrics import WorkerMetrics
from tasks.records.product_figures import DayOfBuilds, StoredFigures

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT / "deployments" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in PANELS for target in panel.get("targets", ())
]
OF_PROMETHEUS = {"up": {"job", "instance"}}
OF_SCRAPES = {"instance", "job"}
"""Labels that every series gets."""


def shown() -> Iterator[tuple[str, set[str]]]:
    """Each name under which a process shows a metric, with its labels."""
    for metrics in (Metrics(), ChatMetrics()):
        for metric in vars(metrics).values():
            if isinstance(metric, Counter | Gauge | Histogram):
                labels, name = set(metric._labelnames), metric._name
                match metric:
                    case Counter():
                        yield f"{name}_total", labels
                    case Histogram():
                        yield from ((f"{name}_{part}", labels | extra) for part, extra in (("bucket", {"le"}),))
                    case _:
                        yield name, labels
    product = ProductMetrics()
    product.day = DayOfBuilds(**dict.fromkeys(DayOfBuilds.model_fields, 0))
    product.stored = StoredFigures(**dict.fromkeys(StoredFigures.model_fields, 0))
    for collector in (ModelMetrics(), product, WorkerMetrics()):
        for family in collector.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, set(getattr(family, "_labelnames", ()))


SHOWN = dict(shown())


def named(expression: str) -> list[tuple[str, set[str]]]:
    """Metrics of an expression, each with the labels that select its series."""
    found = re.findall(r"\b(widget_builder_\w+|up)\b(?:\{([^}]*)\})?", expression)
    return [(name, set(re.findall(r"(\w+)\s*[=!]~?", selector))) for name, selector in found]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_metrics_and_labels_that_exist(expression: str) -> None:
    """A renamed metric would leave an alert silent for ever."""
    known = SHOWN | OF_PROMETHEUS
    metrics = named(expression)
    assert metrics
    assert {name for name, _ in metrics} <= set(known)
    for name, labels in metrics:
        assert labels <= known[name] | OF_SCRAPES
    grouped = {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in re.findall(r"\w+", by)}
    assert grouped <= set().union(*(known[name] for name, _ in metrics))
    assert expression.count("(") == expression.count(")")


def test_replicas_are_not_added_up_where_each_shows_the_whole() -> None:
    """Two API processes show the same builds."""
    product = ProductMetrics()
    product.day = DayOfBuilds(**dict.fromkeys(DayOfBuilds.model_fields, 0))
    product.stored = StoredFigures(**dict.fromkeys(StoredFigures.model_fields, 0))
    whole = {family.name for family in product.collect()} | {"widget_builder_widgets", "widget_builder_builds"}
    assert len(whole) > 10
    for expression in EXPRESSIONS:
        for name, _ in named(expression):
            if name in whole:
                assert re.search(rf"max (?:by \([^)]*\) )?\({name}\b|max\({name}\b", expression), expression


def test_an_alert_says_what_happens_and_what_to_do() -> None:
    """With a severity to route it by; each name once."""
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names) > 10
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}
        labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"]))))
        assert labels <= grouped | OF_SCRAPES


def test_panels_have_their_own_places_and_numbers() -> None:
    """None lies over another; legends use labels of their expression."""
    cells = [
        (x, y)
        for panel in PANELS
        for place in (panel["gridPos"],)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        for target in panel.get("targets", ()):
            grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= grouped | OF_SCRAPES


def test_the_readme_lists_every_metric() -> None:
    """Those that exist, and no others."""
    table = (ROOT / "deployments" / "README.md").read_text().partition("### Metrics")[2].partition("###")[0]
    listed = re.findall(
        r"`(\w+)(?:\{[^}]*\})?`", "\n".join(line.split("|")[1] for line in table.splitlines() if "|" in line)
    )
    names = {name.removeprefix("widget_builder_").removesuffix("_bucket") for name in SHOWN}
    assert set(listed) == names
