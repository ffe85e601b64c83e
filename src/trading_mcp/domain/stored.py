"""What the candle store says of itself."""

import msgspec

from trading_mcp.domain.spans import Hole


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The stored candles of one market and interval.

    *first* and *last* are opening times (UTC ms), None if no candle can be read; *holes* are
    those between them. *damaged* names the files that can't be read.
    """

    exchange: str
    symbol: str
    interval: str
    first: int | None
    last: int | None
    candles: int
    holes: tuple[Hole, ...]
    size_bytes: int
    damaged: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """What is wrong in a file: *count* candles, the first of which open at *times* (UTC ms).

    A finding about the file as a whole has neither.
    """

    what: str
    count: int = 0
    times: tuple[int, ...] = ()


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the store, read from end to end; without findings it is sound."""

    path: str
    candles: int
    findings: tuple[Finding, ...]


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one market and interval, and the holes between their readable candles."""

    exchange: str
    symbol: str
    interval: str
    files: tuple[FileReport, ...]
    holes: tuple[Hole, ...]
