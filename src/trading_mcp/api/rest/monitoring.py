"""Monitoring: figures to export, and measurements for Prometheus."""

import asyncio
import csv
import importlib
import io
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Body

from trading_mcp.api.access import open_to
from trading_mcp.api.context import ApiContext
from trading_mcp.api.exposition import CONTENT_TYPE, exported, exposition
from trading_mcp.api.rest.answers import Data
from trading_mcp.api.rest.routing import REFUSALS, Call, command
from trading_mcp.services.shapes.monitoring import Export, ExportFormat, ExportRequest

SECTION = "Monitoring"
MEDIA_TYPE = CONTENT_TYPE.partition("; charset")[0]
"""Litestar adds the charset."""
CONTENT_TYPES: dict[ExportFormat, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "prometheus": CONTENT_TYPE,
}


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A period's figures so far. *text* has them as CSV or as Prometheus reads them."""

    period: str
    start: str
    metrics: dict[str, float | None]
    format: ExportFormat
    content_type: str
    text: str


@command("POST", "/api/v1/monitoring/metrics/export", "export_metrics", SECTION)
async def export(
    request: Call, data: Annotated[ExportRequest | None, Body()] = None
) -> Data[Exported]:
    """Export figures of the present day, week or month."""
    asked = data or ExportRequest()
    found: Export = await request.pass_on(asked)
    return Data(
        data=Exported(
            period=found.period,
            start=found.start,
            metrics=found.metrics,
            format=asked.format,
            content_type=CONTENT_TYPES[asked.format],
            text=await _written(found, asked.format),
        )
    )


@get(
    "/metrics",
    operation_id="get_measurements",
    opt={"operation": "get_measurements", **open_to("read")},
    tags=[SECTION],
    responses=REFUSALS,
    media_type=MEDIA_TYPE,
)
async def metrics(request: Call) -> Response[str]:
    """Get everything that is measured, for Prometheus."""
    context: ApiContext = request.app.state.context
    found = await request.ask()
    await _imported()
    told = exposition([*found.families, *context.meters.families()])
    return Response(told, media_type=MEDIA_TYPE)


async def _written(found: Export, form: ExportFormat) -> str:
    match form:
        case "csv":
            return _csv(found)
        case "prometheus":
            await _imported()
            return exported(found)
        case "json":
            return ""


def _csv(found: Export) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["period", "metric", "value"])
    table.writerows([found.period, name, value] for name, value in found.metrics.items())
    return text.getvalue()


async def _imported() -> None:
    # The library takes a tenth of a second, once: not at the start, and not in the loop.
    await asyncio.to_thread(importlib.import_module, "prometheus_client")


ROUTES = [export, metrics]
