"""Monitoring: figures for people and for Prometheus."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.services.operations import Request

ExportFormat = Literal["json", "csv", "prometheus"]
ExportPeriod = Literal["daily", "weekly", "monthly"]


class ExportRequest(Request, frozen=True, kw_only=True):
    """Which figures (left out: all) of the present UTC day, week or month, in which form."""

    format: ExportFormat = "json"
    period: ExportPeriod = "daily"
    metrics: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=40)]],
            Meta(min_length=1, max_length=100),
        ]
        | None
    ) = None


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A period's figures so far: its name (2025-11-16, 2025-W46, 2025-11), its start, the figures.

    A figure is null while it cannot be known.
    """

    period: str
    start: str
    metrics: dict[str, float | None]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a family. A histogram has *buckets* (bound, how many did not exceed it), and
    its sum as its value."""

    value: float
    labels: dict[str, str] = {}
    buckets: list[tuple[float, int]] = []


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured under one name. A counter only grows, unless the server starts anew."""

    name: str
    meaning: str
    kind: Literal["gauge", "counter", "histogram"]
    samples: list[Sample]


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is measured, at this instant."""

    families: list[Family]
