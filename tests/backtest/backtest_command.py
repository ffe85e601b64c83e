"""Typing `trading-mcp backtest` on a file of candles."""

from pathlib import Path

import polars as pl

from trading_mcp.cli import main
from trading_mcp.strategy.sample_markets import walk

RSI = ["--strategy", "rsi_scalping", "--params", '{"rsi_period": 14}', "--direction", "long"]
ALL_IN = ["--capital", "100", "--size-percent", "100", "--fee-percent", "0.1"]
NO_SLIP = ["--slippage-percent", "0"]


def written(folder: Path, candles=None, name="candles.parquet", drop=(), **changed) -> Path:
    candles = walk(3_000) if candles is None else candles
    columns = {"timestamp": candles.time} | {
        n: getattr(candles, n) for n in ("open", "high", "low", "close", "volume")
    }
    frame = pl.DataFrame({n: c for n, c in columns.items() if n not in drop})
    for column, (row, value) in changed.items():
        frame[row, column] = value
    frame.write_parquet(folder / name)
    return folder / name


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["backtest", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err
