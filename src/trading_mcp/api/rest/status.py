"""1. System status and health."""

from trading_mcp.api.rest.answers import Data
from trading_mcp.api.rest.routing import Call, question
from trading_mcp.services.shapes.status import Health, Metrics, Status

SECTION = "System Status & Health"


@question("/api/v1/scalping/status", "bot_status", SECTION)
async def status(request: Call) -> Data[Status]:
    """Get the current system status."""
    return Data(data=await request.ask())


@question("/api/v1/scalping/metrics", "get_metrics", SECTION)
async def metrics(request: Call) -> Data[Metrics]:
    """Get results and speed."""
    return Data(data=await request.ask())


@question("/api/v1/scalping/health", "get_health", SECTION)
async def health(request: Call) -> Data[Health]:
    """Ask whether the engine is well."""
    return Data(data=await request.ask())


ROUTES = [status, metrics, health]
