"""`trading-mcp data import`: candles from a file, all of them or none."""

import argparse
import asyncio
from typing import Any

from trading_mcp.cli.data_words import counted, print_gaps, print_json, span_json
from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time
from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.spans import Hole
from trading_mcp.services.history.importing import Imported


def import_data(arguments: argparse.Namespace) -> int:
    """Import a file."""
    from trading_mcp.app.history import candle_archive, candles_from, system_clock
    from trading_mcp.services.history.importing import take_in
    from trading_mcp.services.history.wanted import named

    archive = candle_archive(configuration(arguments))
    series = named(arguments.exchange, arguments.pair, arguments.interval)
    candles = candles_from(
        arguments.file,
        arguments.interval,
        columns=_columns(arguments.column),
        times=arguments.times,
        now=system_clock().now(),
    )
    imported = asyncio.run(
        take_in(archive, series, candles, replace=arguments.replace, gaps=arguments.fill_gaps)
    )
    if arguments.json:
        print_json(_json(series, imported))
    else:
        _print(series, imported)
    return 0


def _columns(given: list[str]) -> dict[str, str]:
    chosen = dict(text.partition("=")[::2] for text in given)
    if wrong := [text for text in given if "=" not in text]:
        raise InvalidParameter(f"--column: expected FIELD=HEADER, got {wrong[0][:40]!r}")
    return chosen


def _json(series: tuple[str, str, str], imported: Imported) -> dict[str, Any]:
    exchange, symbol, interval = series
    return {
        "exchange": exchange,
        "pair": symbol,
        "interval": interval,
        **span_json(imported.span, interval),
        "candles": imported.candles,
        "new": imported.candles - imported.known - imported.replaced,
        "replaced": imported.replaced,
        "filled": imported.filled,
        "gaps": [span_json(gap, interval) for gap in imported.gaps],
    }


def _print(series: tuple[str, str, str], imported: Imported) -> None:
    last = imported.span.end - interval_ms(series[2])
    print(
        f"{' '.join(series)}: {counted(imported.candles, 'candle')} from "
        f"{day_and_time(imported.span.start)} to {day_and_time(last)}, of which "
        f"{imported.candles - imported.known - imported.replaced:,} new, "
        f"{imported.replaced:,} replaced, {imported.known:,} stored before"
    )
    if imported.filled:
        print(f"{counted(imported.filled, 'flat candle')} made for gaps")
    if imported.gaps:
        print(f"{counted(len(imported.gaps), 'gap')} in the file; `data download` may fill them:")
        print_gaps([Hole(gap, False) for gap in imported.gaps], series[2])
