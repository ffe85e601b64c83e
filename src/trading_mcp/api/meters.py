"""What goes through the faces, counted: requests by route, tool calls by tool."""

from collections import Counter
from collections.abc import Callable

from trading_mcp.api.asgi import Scope
from trading_mcp.engine.histogram import Histogram
from trading_mcp.services.counts import counted
from trading_mcp.services.gauges import durations
from trading_mcp.services.shapes.monitoring import Family, Sample

EVERY = 2
"""A bound for every second doubling: there are many routes."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
NO_ROUTE = "none"


class Meters:
    """Counts since the server started. Labels are of our making, so that there are few."""

    def __init__(self) -> None:
        self.subscribers: Callable[[], int] = lambda: 0
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._took: dict[tuple[str, str], Histogram] = {}
        self._calls: Counter[tuple[str, ...]] = Counter()

    def begin(self) -> None:
        """Forget the calls so far: they were the server's own, to warm up."""
        self._calls.clear()

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that has been answered with *status*, or a WebSocket that has ended."""
        asked = scope.get("method", "WEBSOCKET")
        method = asked if asked in METHODS else "other"
        # Not its path: paths have ids in them, and whoever asks makes them up.
        route = "/ws" if scope["type"] == "websocket" else scope.get("path_template", NO_ROUTE)
        self._requests[method, route, str(status)] += 1
        if scope["type"] != "websocket":
            self._took.setdefault((method, route), Histogram()).record(max(seconds, 0.0) * 1000)

    def called(self, tool: str, result: str) -> None:
        """Count a tool's call: *result* is "ok" or the code of its error."""
        self._calls[tool, result] += 1

    def families(self) -> list[Family]:
        """Return what has been counted."""
        took = [
            durations(found, {"method": method, "route": route}, EVERY)
            for (method, route), found in sorted(self._took.items())
        ]
        return [
            counted(
                "trading_mcp_http_requests_total",
                "Requests answered since the server started",
                ("method", "route", "status"),
                self._requests,
            ),
            Family(
                name="trading_mcp_http_request_duration_seconds",
                meaning="How long requests took to be answered",
                kind="histogram",
                samples=took,
            ),
            counted(
                "trading_mcp_mcp_calls_total",
                "Tool calls over MCP since the server started",
                ("tool", "result"),
                self._calls,
            ),
            Family(
                name="trading_mcp_websocket_subscribers",
                meaning="Open WebSocket connections",
                kind="gauge",
                samples=[Sample(value=float(self.subscribers()))],
            ),
        ]
