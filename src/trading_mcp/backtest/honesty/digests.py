"""What tells one past, one strategy's code and one attempt from any other."""

import hashlib
import inspect
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from trading_mcp import __version__
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.trials import Trial
from trading_mcp.strategy.base import Params, Strategy

_COLUMNS = ("time", "open", "high", "low", "close", "volume")


def source_digest(cls: type[Strategy]) -> str:
    """Return the digest of all Python files of the package that *cls* is from.

    The indicators that it asks belong to it, so this program's and TA-Lib's version count too.

    Raises:
        InvalidParameter: there is no file.
    """
    said = hashlib.sha256(f"{cls.name} {__version__} {version('TA-Lib')}".encode())
    for name, content in _sources(cls):
        said.update(f"\n{name} {len(content)}\n".encode())
        said.update(content)
    return said.hexdigest()


def data_digest(data: Sequence[Data]) -> str:
    """Return the digest of everything that is run over: candles, finer ones and settlements."""
    said = hashlib.sha256()
    for market in data:
        said.update(msgspec.json.encode([market.market, market.interval, market.ground]))
        for column in _columns(market):
            said.update(f"\n{len(column)}\n".encode())
            said.update(np.ascontiguousarray(column).data)
    return said.hexdigest()


def attempt_digest(source: str, params: Params, terms: Terms) -> str:
    """Return the digest of a strategy's code (`source_digest`) with its parameters and terms."""
    told = [source, msgspec.to_builtins(params), msgspec.to_builtins(terms)]
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The candles that attempts are made on, as the ledger knows them."""

    data: str
    market: str
    start: int
    end: int

    def trial(self, strategy: str, digest: str, sharpe: float | None) -> Trial:
        """Return the attempt of that *digest* on these candles."""
        return Trial(
            data=self.data,
            market=self.market,
            start=self.start,
            end=self.end,
            strategy=strategy,
            digest=digest,
            sharpe=sharpe,
        )


def past_of(data: Sequence[Data], source: str) -> Past:
    """Return what *data* is known by; *source* is where it came from: an exchange, or a file."""
    times = [market.candles.time for market in data if len(market.candles)]
    return Past(
        data=data_digest(data),
        market=f"{source} {' '.join(sorted(market.market for market in data))}",
        start=min(int(time[0]) for time in times),
        end=max(int(time[-1]) for time in times) + data[0].interval,
    )


def _columns(data: Data) -> Iterator[NDArray[Any]]:
    for candles in (data.candles, data.finer):
        if candles is not None:
            yield from (getattr(candles, name) for name in _COLUMNS)
    if data.settlements is not None:
        yield from (data.settlements.time, data.settlements.rate)


def _sources(cls: type[Strategy]) -> Iterable[tuple[str, bytes]]:
    try:
        file = inspect.getfile(cls)
    except (OSError, TypeError):
        raise InvalidParameter(f"{cls.name}: it has no file that could be proven") from None
    path, depth = Path(file), cls.__module__.count(".")
    if path.name != "__init__.py" and not depth:
        return [(path.name, path.read_bytes())]
    root = path.parents[depth if path.name == "__init__.py" else depth - 1]
    return [(f"{p.relative_to(root)}", p.read_bytes()) for p in sorted(root.rglob("*.py"))]
