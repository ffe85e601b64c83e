"""An exchange whose past, holes and failures are written down, and a store on disk."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trading_mcp.adapters.parquet.archive import ParquetCandleArchive
from trading_mcp.domain.candles import Candle, Candles, interval_ms
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import DAY_MS, MINUTE_MS
from trading_mcp.services.history.download import Download, Downloaded
from trading_mcp.services.history.events import Event
from trading_mcp.services.history.wanted import Wanted

JANUARY = 1767225600000  # 2026-01-01, UTC ms
FEBRUARY = 1769904000000
SERIES = ("kucoin", "BTC-USDT", "1m")


def candle(opened_at: int) -> Candle:
    price = 100.0 + opened_at // MINUTE_MS % 1000
    return Candle(opened_at, price, price + 1.5, price - 1.0, price + 0.5, 12.25)


class StandstillClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: int):
        self.at = now

    def now(self) -> int:
        return self.at

    wall = now

    def monotonic(self) -> float:
        return self.at / 1000


class ScriptedExchange:
    """Market data with candles at *times*, no more than *most* to an answer.

    *script* says of each question what happens to it; when it has run out, all goes well. With
    *counts* the newest *limit* candles are given, however old; else those of the last *limit*
    minutes, as KuCoin does.
    """

    def __init__(self, times: Iterable[int], clock: StandstillClock):
        self.times = np.array(sorted(times), dtype=np.int64)
        self.clock = clock
        self.most, self.counts = 1500, False
        self.script: list[Callable[[Candles], Candles]] = []
        self.asked: list[tuple[str, Span]] = []

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        step = interval_ms(interval)
        assert end is not None
        assert end % step == 0 or interval == "1d"
        if symbol != "BTC-USDT":
            raise ValueError(f"unknown market {symbol}")
        self.asked.append((interval, Span(end - limit * step, end)))
        answer = self._answer(interval, step, limit, end)
        return self.script.pop(0)(answer) if self.script else answer

    def _answer(self, interval: str, step: int, limit: int, end: int) -> Candles:
        times = np.unique(self.times // step * step)
        times = times[(times < end) & (times + step <= self.clock.now())]
        if not self.counts:
            times = times[times >= end - limit * step]
        return Candles.of([candle(int(t)) for t in times[-min(limit, self.most) :]])

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a download needs no {name}")


class Place:
    """One exchange, one store, and what downloads between them tell."""

    def __init__(self, folder: Path, times: Iterable[int], now: int):
        self.folder, self.clock = folder, StandstillClock(now)
        self.exchange = ScriptedExchange(times, self.clock)
        self.archive = ParquetCandleArchive(folder)
        self.told: list[Event] = []
        self.slept: list[float] = []

    def download(self, start: int, end: int) -> Download:
        exchange, symbol, interval = SERIES
        return Download(
            Wanted(exchange=exchange, symbol=symbol, interval=interval, span=Span(start, end)),
            self.exchange,
            self.archive,
            clock=self.clock,
            tell=self.told.append,
            sleep=self._sleep,
        )

    async def run(self, start: int, end: int) -> Downloaded:
        return await self.download(start, end).run()

    async def kept(self) -> list[int]:
        return (await self.archive.read(*SERIES, start=0, end=2**60)).time.tolist()

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Place]:
    """A function that makes a place where the exchange has candles at these times."""

    def making(times: Sequence[int], now: int = FEBRUARY + DAY_MS) -> Place:
        return Place(tmp_path / "candles", times, now)

    return making


@pytest.fixture
def minutes() -> Callable[..., list[int]]:
    """A function that gives *count* minutes from *start*."""

    def counting(count: int, start: int = JANUARY, without: Iterable[int] = ()) -> list[int]:
        left_out = set(without)
        return [start + n * MINUTE_MS for n in range(count) if n not in left_out]

    return counting
