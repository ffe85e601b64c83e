"""What is offered around a price: sizes that stay for five seconds and move with the price."""

import numpy as np

from trading_mcp.adapters.simulated.catalog import Coin
from trading_mcp.adapters.simulated.noise import SHARE, Floats, Ints, bits, die, key_of
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import Level, OrderBook

BUCKET_MS = 5000
"""How long the sizes of a book stay as they are."""
_GAP = 0.00002
_NEAR = 0.001
_MOST_LEVELS = 500


class Depth:
    """The order books of one market."""

    def __init__(self, seed: int, coin: Coin, market: Market):
        self._coin, self._symbol = coin, market.symbol
        self._lots = round(1 / market.step)
        self._key = key_of(seed, market.symbol, "depth")

    def book(self, at: int, touch: tuple[int, int], depth: int) -> OrderBook:
        """Return *depth* levels behind the best bid and ask (*touch*, in ticks)."""
        bid, ask = touch
        gap = max(1, round(bid * _GAP))
        levels = np.arange(min(depth, _MOST_LEVELS, bid // gap), dtype=np.int64)
        size = self._usual_size(bid, gap)
        bids = self._levels(bid - levels * gap, self._sizes(at, 0, levels) * size)
        asks = self._levels(ask + levels * gap, self._sizes(at, 1, levels) * size)
        return OrderBook(symbol=self._symbol, at=at, bids=bids, asks=asks)

    def _usual_size(self, price: int, gap: int) -> float:
        levels_nearby = max(1.0, price * _NEAR / gap)
        return self._coin.depth / levels_nearby / (price / self._coin.ticks) * self._lots

    def _sizes(self, at: int, side: int, levels: Ints) -> Floats:
        place = (at // BUCKET_MS * 2 + side) * _MOST_LEVELS + levels
        return SHARE[die(bits(self._key, place), 0)]

    def _levels(self, ticks: Ints, lots: Floats) -> tuple[Level, ...]:
        prices = (ticks / self._coin.ticks).tolist()
        amounts = (np.maximum(np.rint(lots), 1.0) / self._lots).tolist()
        return tuple(map(Level, prices, amounts))
