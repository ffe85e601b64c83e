"""The loopback KuCoin as a process of its own."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.testkit.arguments import add_arguments
from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.names import Listing
from trading_mcp.testkit.kucoin.server import loopback_kucoin
from trading_mcp.testkit.kucoin.settings import LoopbackSettings

READY = "kucoin.json"
"""The file in --data-dir that holds the address, if no other is named."""


class SettingRefused(Exception):
    """A setting can't be used; the message names it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m trading_mcp.testkit.kucoin")
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except SettingRefused as error:
        parser.error(str(error))


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    settings = settings_of(arguments.port, arguments.set)
    ready = arguments.ready_file
    if ready is None and arguments.data_dir is not None:
        ready = arguments.data_dir / READY
    asyncio.run(_serve(settings, ready))
    return 0


def settings_of(port: int, overrides: Sequence[str]) -> LoopbackSettings:
    """Return the settings that the command line means; raise SettingRefused."""
    tree: dict[str, Any] = {"port": port}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise SettingRefused(f"expected KEY=VALUE, got {override!r}")
        _put(tree, key.strip().split("."), _value(value))
    try:
        settings = msgspec.convert(tree, LoopbackSettings)
        listing = Listing(settings.symbols)
        for name in settings.prices:
            listing.symbol(name)
    except ValueError as error:  # a validation error is one too
        raise SettingRefused(str(error)) from None
    return settings


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


async def _serve(settings: LoopbackSettings, ready: Path | None) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with loopback_kucoin(settings) as loopback:
        told = _told(loopback)
        if ready is not None:
            _write_whole(ready, json.dumps(told) + "\n")
        print(json.dumps(told), flush=True)
        stopping = asyncio.create_task(stopped.wait())
        # A market that stands still because something broke is no exchange: that ends it too.
        await asyncio.wait({stopping, loopback.ticking}, return_when=asyncio.FIRST_COMPLETED)


def _told(loopback: Loopback) -> dict[str, Any]:
    settings = loopback.settings
    return {
        "base_url": loopback.base_url,
        "control": f"{loopback.base_url}/_loopback/",
        "api_key": settings.api_key,
        "secret": settings.secret,
        "passphrase": settings.passphrase,
        "pid": os.getpid(),
    }


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)
