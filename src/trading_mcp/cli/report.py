"""`trading-mcp report`: a result as a page that needs nothing but a browser."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter


def report(arguments: argparse.Namespace) -> int:
    """Write the page, and say where and how large."""
    result = _result(arguments.result)
    out = arguments.out or arguments.result.with_suffix(".html")
    print(write_page(out, result, _candles(arguments.candles, result)))
    return 0


def write_page(path: Path, result: Any, candles: Mapping[str, Candles]) -> str:
    """Write the page of *result* to *path*; return what to say of it. Raises InvalidParameter."""
    from trading_mcp.backtest.report.page import page

    content = page(result, candles).encode()
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidParameter(f"{path} cannot be written: {error.strerror}") from None
    return f"{path}: {len(content) / 1e6:.1f} MB, to be opened in a browser; it loads nothing."


def must_be_writable(path: Path | None) -> None:
    """Raise InvalidParameter if no page can be written to *path*, before all the work for it."""
    if path is None:
        return
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InvalidParameter(f"--html: there is no folder {folder}")
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise InvalidParameter(f"--html: {path} cannot be written")


def _result(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise InvalidParameter(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise InvalidParameter(f"{path} is no JSON: {error}") from None


def _candles(path: Path | None, result: Any) -> Mapping[str, Candles]:
    if path is None:
        return {}
    from trading_mcp.adapters.parquet.given import read_candles
    from trading_mcp.backtest.report.told import read

    pairs = read(result).pairs
    if len(pairs) != 1:
        raise InvalidParameter("--candles: a file has one pair, and the result has several")
    return {pairs[0]: read_candles(path)}
