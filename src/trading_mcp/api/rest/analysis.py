"""Technical analysis over several timeframes."""

from typing import Annotated

from litestar.params import Body

from trading_mcp.api.rest.answers import Data
from trading_mcp.api.rest.routing import Call, command
from trading_mcp.services.shapes.analysis import TimeframesAnswer, TimeframesRequest

SECTION = "Technical Analysis"


@command("POST", "/api/v1/analysis/multi-timeframe", "analyze_multi_timeframe", SECTION)
async def multi_timeframe(
    request: Call, data: Annotated[TimeframesRequest, Body()]
) -> Data[TimeframesAnswer]:
    """Compare a market's indicators on several timeframes."""
    return Data(data=await request.pass_on(data))


ROUTES = [multi_timeframe]
