"""Real minutes from exchanges are imported as they are."""

import os
from pathlib import Path

import polars as pl
import pytest

from trading_mcp.adapters.parquet.archive import ParquetCandleArchive
from trading_mcp.app.history import candles_from
from trading_mcp.services.history.importing import take_in

BESIDE = Path(__file__).parents[3] / "shared" / "real"
FOLDER = Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE)) / "market" / "ohlcv"
FILES = sorted(FOLDER.glob("*_1m_*.parquet"))
LATER = 1_800_000_000_000


@pytest.mark.skipif(not FILES, reason=f"no real data in {FOLDER}; TRADING_MCP_REAL_DATA names it")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_real_minutes_are_stored_as_they_are(path: Path, tmp_path: Path) -> None:
    truth, archive = pl.read_parquet(path), ParquetCandleArchive(tmp_path)
    if "open" not in truth.columns:
        pytest.skip("bid and ask, no candles")

    candles = candles_from(path, "1m", columns={}, times=None, now=LATER)
    done = await take_in(archive, ("real", "A-B", "1m"), candles, replace=False, gaps="skip")

    stored = await archive.read("real", "A-B", "1m", start=0, end=LATER)
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(stored, name).tolist() == truth.sort("timestamp")[name].to_list()
    missing = sum(gap.length for gap in done.gaps) // 60_000
    assert len(stored) + missing == done.span.length // 60_000
