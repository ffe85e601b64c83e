"""Data sets on disk, so that only their path has to travel: written once, read by each worker."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from numpy.typing import NDArray

from trading_mcp.backtest.histories import Settlements
from trading_mcp.backtest.terms import Ground
from trading_mcp.domain.candles import Candles

if TYPE_CHECKING:
    from trading_mcp.backtest.runs import Data

_INDEX = "markets.json"
_COLUMNS = ("time", "open", "high", "low", "close", "volume")


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A market of the set; its files are named by its place."""

    market: str
    interval: int
    ground: Ground
    has_finer: bool
    has_settlements: bool


def write_dataset(folder: Path, data: "Sequence[Data]") -> None:
    """Write *data* into *folder*, which is made; the index goes last."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, market in enumerate(data):
        _write(folder, place, market)
    (folder / _INDEX).write_bytes(msgspec.json.encode([_listed(market) for market in data]))


def read_dataset(path: str) -> "tuple[Data, ...]":
    """Return what was written to *path*, to the bit."""
    folder = Path(path)
    listed = msgspec.json.decode((folder / _INDEX).read_bytes(), type=list[_Listed])
    return tuple(_read(folder, place, market) for place, market in enumerate(listed))


def _listed(market: "Data") -> _Listed:
    return _Listed(
        market=market.market,
        interval=market.interval,
        ground=market.ground,
        has_finer=market.finer is not None,
        has_settlements=market.settlements is not None,
    )


def _write(folder: Path, place: int, market: "Data") -> None:
    from trading_mcp.adapters.parquet.columns import write_columns

    write_columns(folder / f"{place}.parquet", _columns(market.candles))
    if market.finer is not None:
        write_columns(folder / f"{place}-finer.parquet", _columns(market.finer))
    if market.settlements is not None:
        settled = {"time": market.settlements.time, "rate": market.settlements.rate}
        write_columns(folder / f"{place}-funding.parquet", settled)


def _read(folder: Path, place: int, listed: _Listed) -> "Data":
    from trading_mcp.adapters.parquet.columns import read_columns
    from trading_mcp.backtest.runs import Data

    finer = settlements = None
    if listed.has_finer:
        finer = _candles(read_columns(folder / f"{place}-finer.parquet"))
    if listed.has_settlements:
        settled = read_columns(folder / f"{place}-funding.parquet")
        settlements = Settlements(settled["time"], settled["rate"])
    return Data(
        market=listed.market,
        interval=listed.interval,
        candles=_candles(read_columns(folder / f"{place}.parquet")),
        ground=listed.ground,
        finer=finer,
        settlements=settlements,
    )


def _columns(candles: Candles) -> dict[str, NDArray[Any]]:
    return {name: getattr(candles, name) for name in _COLUMNS}


def _candles(columns: Mapping[str, NDArray[Any]]) -> Candles:
    return Candles(*(columns[name] for name in _COLUMNS))
