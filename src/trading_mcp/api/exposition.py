"""Measurements as Prometheus reads them."""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from trading_mcp.services.shapes.monitoring import Export, Family, Sample

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(families: Iterable[Family]) -> str:
    """Return *families*, and what the process itself uses, as text."""
    from prometheus_client import generate_latest

    return text(families) + generate_latest(_process()).decode()


def text(families: Iterable[Family]) -> str:
    """Return *families* as text."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class Given(Collector):
        """Tells the families as they are."""

        def collect(self) -> Iterator["Metric"]:
            """Yield them."""
            return map(_metric, families)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Given())
    return generate_latest(registry).decode()


def exported(found: Export) -> str:
    """Return a period's figures as text; what is not known is left out."""
    return text(
        Family(
            name=f"trading_mcp_export_{name}",
            meaning=f"{name} of {found.period} so far",
            kind="gauge",
            samples=[Sample(value=value, labels={"period": found.period})],
        )
        for name, value in found.metrics.items()
        if value is not None
    )


@cache
def _process() -> "CollectorRegistry":
    """Return what the process uses of the machine: processor, memory, open files."""
    import prometheus_client as library

    registry = library.CollectorRegistry()
    for collector in (library.ProcessCollector, library.PlatformCollector, library.GCCollector):
        collector(registry=registry)
    return registry


def _metric(family: Family) -> "Metric":
    from prometheus_client.core import Metric

    # The library adds `_total` to a counter's name where it writes it.
    name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
    metric = Metric(name, family.meaning, family.kind)
    for sample in family.samples:
        if family.kind != "histogram":
            metric.add_sample(family.name, sample.labels, sample.value)
            continue
        for bound, count in sample.buckets:
            labels = {**sample.labels, "le": "+Inf" if bound == math.inf else f"{bound:.10g}"}
            metric.add_sample(f"{name}_bucket", labels, count)
        metric.add_sample(f"{name}_count", sample.labels, sample.buckets[-1][1])
        metric.add_sample(f"{name}_sum", sample.labels, sample.value)
    return metric
