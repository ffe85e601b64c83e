"""What has happened since the server started, counted as it is heard of."""

from collections import Counter
from collections.abc import Callable, Mapping

from trading_mcp.domain import entries as e
from trading_mcp.engine.facts import MetricsMeasured
from trading_mcp.engine.upkeep import TICK_S
from trading_mcp.services.shapes.monitoring import Family, Sample

Labels = tuple[str, ...]


class Counts:
    """A listener of the hub. *monotonic* tells seconds that only ever grow."""

    def __init__(self, monotonic: Callable[[], float]):
        self._monotonic = monotonic
        self._fills: Counter[Labels] = Counter()
        self._refused: Counter[Labels] = Counter()
        self._alerts: Counter[Labels] = Counter()
        self._ticked_at: float | None = None
        self._late_s = 0.0

    def hear(self, fact: object) -> None:
        """Count *fact*, if it is one that counts."""
        match fact:
            case e.FillBooked(order=order):
                self._fills[order.owner, order.side] += 1
            case e.OrderRefused(rule=rule):
                self._refused[(rule,)] += 1
            case e.AlertRaised(alert=alert):
                self._alerts[alert.trigger, alert.severity] += 1
            case MetricsMeasured():
                self._tick()
            case _:
                pass

    def families(self) -> list[Family]:
        """Return what has been counted."""
        return [
            counted(
                "trading_mcp_fills_total",
                "Trades of ours since the server started",
                ("strategy", "side"),
                self._fills,
            ),
            counted(
                "trading_mcp_orders_refused_total",
                "Orders that the risk gate refused since the server started",
                ("rule",),
                self._refused,
            ),
            counted(
                "trading_mcp_alerts_total",
                "Alerts raised since the server started",
                ("trigger", "severity"),
                self._alerts,
            ),
            Family(
                name="trading_mcp_tick_delay_seconds",
                meaning="How much later than due the engine's last tick came: how busy the loop is",
                kind="gauge",
                samples=[Sample(value=self._late_s)],
            ),
        ]

    def _tick(self) -> None:
        now = self._monotonic()
        if self._ticked_at is not None:
            self._late_s = max(0.0, now - self._ticked_at - TICK_S)
        self._ticked_at = now


def counted(name: str, meaning: str, labels: Labels, found: Mapping[Labels, float]) -> Family:
    """Return *found*, by the values of its *labels*, as a counter."""
    samples = [
        Sample(value=float(value), labels=dict(zip(labels, key, strict=True)))
        for key, value in sorted(found.items())
    ]
    return Family(name=name, meaning=meaning, kind="counter", samples=samples)
