"""A signed request goes where it was meant to go, or nowhere."""

import pytest
from accounts import KEYS
from aiohttp import web

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.live import open_venue
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.testkit.kucoin import loopback_kucoin


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with loopback_kucoin() as kucoin:

        async def elsewhere(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": kucoin.base_url + request.path})

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", elsewhere)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        section = ExchangeSettings(
            mode="live", base_url=f"http://127.0.0.1:{runner.addresses[0][1]}"
        )
        with pytest.raises(AskFailed, match="redirects"):
            await open_venue("kucoin", section, KEYS, clock=SystemClock())
        await runner.cleanup()
        assert kucoin.ledger()["requests"] == {}
