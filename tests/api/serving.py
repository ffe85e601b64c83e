"""A program that serves made-up operations on free ports until a signal. It prints where."""

import asyncio
import json

from api_fakes import Fakes

from trading_mcp.api.application import build_app
from trading_mcp.api.logging import configure_logging
from trading_mcp.api.server import bind, serve


async def main() -> None:
    fakes = Fakes()

    async def never() -> None:
        await asyncio.Event().wait()

    fakes.answers["get_metrics"] = never
    context = fakes.context()
    sockets = bind(context.settings)
    await serve(
        build_app(context),
        context.settings,
        sockets,
        on_ready=lambda urls: print(json.dumps(urls), flush=True),
    )
    print("stopped", flush=True)


configure_logging("json", "info")
asyncio.run(main())
