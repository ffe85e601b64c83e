"""`trading-mcp data list` and `check`: what the candle store has, and whether it is sound."""

import argparse
import asyncio
from typing import Any

from trading_mcp.cli.data_words import (
    counted,
    gap_json,
    missing,
    print_gaps,
    print_json,
    size,
)
from trading_mcp.cli.settings import configuration
from trading_mcp.cli.tables import day_and_time, print_table
from trading_mcp.domain.stored import FileReport, Inspected, Stored
from trading_mcp.domain.times import iso


def list_data(arguments: argparse.Namespace) -> int:
    """Print what is stored of each market and interval."""
    from trading_mcp.app.history import candle_archive

    config = configuration(arguments)
    stored = asyncio.run(candle_archive(config).stored())
    if arguments.json:
        print_json([_stored_json(row) for row in stored])
    elif stored:
        _print_stored(stored)
    else:
        print(f"No candles are stored in {config.storage.data_dir}.")
    return 0


def check_data(arguments: argparse.Namespace) -> int:
    """Print what is wrong; 1 if a file is broken. Gaps break nothing."""
    from trading_mcp.app.history import candle_archive

    config = configuration(arguments)
    inspected = asyncio.run(candle_archive(config).inspect())
    broken = sum(bool(file.findings) for series in inspected for file in series.files)
    if arguments.json:
        print_json({"broken_files": broken, "series": [_inspected_json(one) for one in inspected]})
    else:
        for series in inspected:
            _print_inspected(series)
        files = sum(len(series.files) for series in inspected)
        verdict = f"{broken} broken" if broken else "none broken"
        print(f"{counted(files, 'file')} read, {verdict}.")
    return 1 if broken else 0


def _stored_json(row: Stored) -> dict[str, Any]:
    unknown = [hole for hole in row.holes if not hole.answered]
    return {
        "exchange": row.exchange,
        "pair": row.symbol,
        "interval": row.interval,
        "from": None if row.first is None else iso(row.first),
        "to": None if row.last is None else iso(row.last),
        "candles": row.candles,
        "gaps": len(row.holes),
        "missing": missing(row.holes, row.interval),
        "not_traded": missing(row.holes, row.interval) - missing(unknown, row.interval),
        "bytes": row.size_bytes,
        "damaged": list(row.damaged),
    }


def _print_stored(stored: "list[Stored] | Any") -> None:
    headings = ("EXCHANGE", "PAIR", "INTERVAL", "FROM", "TO", "CANDLES", "GAPS", "MISSING", "SIZE")
    rows = [
        (
            row.exchange,
            row.symbol,
            row.interval,
            day_and_time(row.first, "-"),
            day_and_time(row.last, "-"),
            f"{row.candles:,}",
            f"{len(row.holes):,}",
            f"{missing(row.holes, row.interval):,}",
            size(row.size_bytes),
        )
        for row in stored
    ]
    print_table([headings, *rows])
    for file in (file for row in stored for file in row.damaged):
        print(f"{file} cannot be read; `trading-mcp data check` says why.")


def _inspected_json(series: Inspected) -> dict[str, Any]:
    return {
        "exchange": series.exchange,
        "pair": series.symbol,
        "interval": series.interval,
        "files": [_file_json(file) for file in series.files],
        "gaps": [gap_json(hole, series.interval) for hole in series.holes],
    }


def _file_json(file: FileReport) -> dict[str, Any]:
    findings = [
        {"what": found.what, "count": found.count, "times": [iso(at) for at in found.times]}
        for found in file.findings
    ]
    return {"path": file.path, "candles": file.candles, "findings": findings}


def _print_inspected(series: Inspected) -> None:
    gaps = f"{counted(len(series.holes), 'gap')} of {missing(series.holes, series.interval):,}"
    candles = sum(file.candles for file in series.files)
    print(
        f"{series.exchange} {series.symbol} {series.interval}: {counted(candles, 'candle')} in "
        f"{counted(len(series.files), 'file')}, {gaps} missing"
    )
    for file in series.files:
        for found in file.findings:
            print(f"  BROKEN  {file.path}: {_finding(found.what, found.count, found.times)}")
    print_gaps(series.holes, series.interval, "  gap  ")


def _finding(what: str, count: int, times: tuple[int, ...]) -> str:
    if not count:
        return what
    more = ", ..." if count > len(times) else ""
    return f"{counted(count, 'candle')}, each {what} ({', '.join(map(iso, times))}{more})"
