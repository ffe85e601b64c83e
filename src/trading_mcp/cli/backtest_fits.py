"""Arguments of a backtest that do not fit together: refused, and never left unused in silence."""

import argparse
from collections.abc import Sequence

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import PERPETUAL_SUFFIX, symbol_of

_OF_FILES = ("finer", "funding", "market_type")
_SIMULATED = "sim"


def must_fit(arguments: argparse.Namespace) -> None:
    """Raise InvalidParameter if one argument makes nothing of another."""
    symbols = symbols_of(arguments)
    if arguments.exchange is None:
        _file_fits(arguments, symbols)
    else:
        _markets_fit(arguments, symbols)


def symbols_of(arguments: argparse.Namespace) -> Sequence[str]:
    """Return the markets that are named. Raises InvalidParameter."""
    try:
        # A file's market may have any name.
        named = arguments.pair or []
        symbols = named if arguments.exchange is None else [symbol_of(pair) for pair in named]
    except ValueError as error:
        raise InvalidParameter(f"--pair: {error}") from None
    if twice := sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}):
        raise InvalidParameter(f"--pair: {', '.join(twice)} is named twice")
    return symbols


def _file_fits(arguments: argparse.Namespace, symbols: Sequence[str]) -> None:
    if len(symbols) > 1:
        raise InvalidParameter(
            f"--pair: a file holds one market, got {len(symbols)}. Several trade on one account "
            "from the store: `trading-mcp data import` puts files there"
        )
    if arguments.funding is not None and arguments.market_type == "spot":
        raise InvalidParameter(
            "--funding: a spot market has none; expected --market-type perpetual"
        )
    if arguments.leverage > 1 and arguments.market_type != "perpetual":
        raise InvalidParameter(
            f"--leverage {arguments.leverage}: of a file it needs --market-type perpetual, whose "
            "positions can be liquidated; spot is paid for in full"
        )


def _markets_fit(arguments: argparse.Namespace, symbols: Sequence[str]) -> None:
    unused = [*_OF_FILES, *(("tick", "step") if arguments.exchange == _SIMULATED else ())]
    for name in unused:
        if getattr(arguments, name) is not None:
            raise InvalidParameter(
                f"--{name.replace('_', '-')}: {arguments.exchange} has its own, or none; it is for "
                "--candles FILE"
            )
    spot = [symbol for symbol in symbols if not symbol.endswith(PERPETUAL_SUFFIX)]
    if arguments.leverage > 1 and spot:
        raise InvalidParameter(
            f"--leverage {arguments.leverage}: {', '.join(spot)} is spot, which is paid for in "
            f"full; perpetuals end in {PERPETUAL_SUFFIX}"
        )
