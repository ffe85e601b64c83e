"""Named columns in one file, as they are. Imports polars."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write *columns*, all of one length, to *path*."""
    # Not compressed hard: it is written once and read by every worker.
    pl.DataFrame(dict(columns)).write_parquet(path, compression="lz4", statistics=False)


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns at *path*."""
    frame = pl.read_parquet(path)
    # One after the other and contiguous, as the loop wants them.
    return {name: np.ascontiguousarray(frame[name].to_numpy()) for name in frame.columns}
