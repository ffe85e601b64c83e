"""`trading-mcp data download`: fetches what the store lacks, and tells what is missing still."""

import argparse
import asyncio
import signal
import sys
from typing import Any

from trading_mcp.cli.data_words import (
    counted,
    gap_json,
    missing,
    print_gaps,
    print_json,
    span_json,
)
from trading_mcp.cli.progress import Progress
from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time
from trading_mcp.config import Config
from trading_mcp.domain.spans import Hole
from trading_mcp.domain.times import iso
from trading_mcp.services.history.download import Downloaded

_INTERRUPTED, _TERMINATED = 130, 143


def download(arguments: argparse.Namespace) -> int:
    """Download; 1 if something could not be fetched."""
    from trading_mcp.api.logging import configure_logging
    from trading_mcp.app.history import system_clock

    config = configuration(arguments)
    configure_logging(config.logging.format, "error")
    name = f"{arguments.exchange} {arguments.pair} {arguments.interval}"
    progress = Progress(name, quiet=arguments.quiet, monotonic=system_clock().monotonic)
    try:
        result = asyncio.run(_downloaded(arguments, config, progress))
    except (KeyboardInterrupt, asyncio.CancelledError) as end:
        progress.end()
        kept = counted(progress.kept, "candle")
        print(f"Interrupted; {kept} kept. The same command goes on from there.", file=sys.stderr)
        return _INTERRUPTED if isinstance(end, KeyboardInterrupt) else _TERMINATED
    if arguments.json:
        print_json(_json(result))
    else:
        _print(result)
    return 1 if result.failures else 0


async def _downloaded(
    arguments: argparse.Namespace, config: Config, progress: Progress
) -> Downloaded:
    from trading_mcp.app.history import candle_archive, past_candles, system_clock
    from trading_mcp.services.history.download import Download
    from trading_mcp.services.history.wanted import named, wanted
    from trading_mcp.services.views import milliseconds

    _end_in_order()
    clock, archive = system_clock(), candle_archive(config)
    since, until = (
        milliseconds(text, f"--{field}") if (text := getattr(arguments, field)) else None
        for field in ("since", "until")
    )
    series = named(arguments.exchange, arguments.pair, arguments.interval)
    what = await wanted(archive, clock, series, since=since, until=until)
    try:
        async with past_candles(config, *series[:2], clock) as past:
            return await Download(what, past, archive, clock=clock, tell=progress.tell).run()
    finally:
        progress.end()


def _end_in_order() -> None:
    """Let SIGTERM end it as Ctrl-C does: what was fetched is written first."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _json(result: Downloaded) -> dict[str, Any]:
    wanted = result.wanted
    return {
        "exchange": wanted.exchange,
        "pair": wanted.symbol,
        "interval": wanted.interval,
        "from": iso(wanted.span.start),
        "to": iso(wanted.span.end),
        "fetched": result.fetched,
        "first_candle": None if result.begins_at is None else iso(result.begins_at),
        "gaps": [gap_json(hole, wanted.interval) for hole in result.holes],
        "not_fetched": [
            {**span_json(failure.span, wanted.interval), "reason": failure.reason}
            for failure in result.failures
        ],
    }


def _print(result: Downloaded) -> None:
    wanted, interval = result.wanted, result.wanted.interval
    start, end = day_and_time(wanted.span.start), day_and_time(wanted.span.end)
    print(f"{wanted.exchange} {wanted.symbol} {interval}, {start} to {end}")
    print(f"  fetched      {counted(result.fetched, 'candle')}")
    before, inner = _parted(result)
    untraded = [hole for hole in inner if hole.answered]
    unknown = [hole for hole in inner if not hole.answered]
    if before is not None:
        print(f"  begins       {day_and_time(before.span.end)}: the exchange has none before")
    if untraded:
        print(f"  not traded   {_amount(untraded, interval)}")
    if unknown:
        print(f"  not known    {_amount(unknown, interval)}")
    print_gaps(inner, interval, "    ")
    for reason in dict.fromkeys(failure.reason for failure in result.failures):
        print(f"  could not be fetched: {reason}; the same command tries again")


def _parted(result: Downloaded) -> tuple[Hole | None, tuple[Hole, ...]]:
    """Return the time before the market's first candle, and the other gaps."""
    first = result.holes[0] if result.holes else None
    if first and first.answered and first.span.end == result.begins_at:
        return first, result.holes[1:]
    return None, result.holes


def _amount(holes: list[Hole], interval: str) -> str:
    return f"{counted(missing(holes, interval), 'candle')} in {counted(len(holes), 'gap')}"
