"""All that a live server imports: loaded once, where the servers are forked from."""

import importlib

MODULES = (
    "anyio._backends._asyncio",
    "ccxt.pro",
    "fastmcp.client",
    "fastmcp.server.middleware.dereference",
    "fastmcp.server.sessions",
    "griffe",
    "litestar.middleware.response_cache",
    "litestar.plugins.attrs",
    "litestar.plugins.pydantic",
    "polars",
    "pydantic.v1",
    "talib",
    "trading_mcp.api.server",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvloop",
    "trading_mcp.app",
    "trading_mcp.app.engine",
    "trading_mcp.app.exchanges",
    "trading_mcp.app.faces",
    "trading_mcp.api.application",
    "trading_mcp.cli",
    "trading_mcp.cli.serve",
)

for name in MODULES:
    importlib.import_module(name)
