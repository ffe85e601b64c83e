"""What the tests of live accounts share."""

import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, Literal

import msgspec

from trading_mcp.adapters.ccxt.allowance import Pool
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.live import open_venue
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.venue import CcxtVenue
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.ports import Clock
from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin
from trading_mcp.testkit.kucoin.slips import ByHand

PRICES = {
    "BTC-USDT": 50_000.0,
    "BTC-USDT-PERP": 50_000.0,
    "ETH-USDT": 2_500.0,
    "ETH-USDT-PERP": 2_500.0,
}
SYMBOLS = ("BTC-USDT", "ETH-USDT", "BTC-USDT-PERP", "ETH-USDT-PERP")
KEYS = Keys(api_key="loopback-key", secret="loopback-secret", passphrase="loopback-passphrase")


class Joined(msgspec.Struct, frozen=True):
    """An account, the exchange behind it, and the market that the test trades."""

    venue: CcxtVenue
    kucoin: Loopback
    symbol: str

    def by_hand(self, kind: Literal["market", "limit"], price: float | None = None) -> str:
        """Let somebody buy a little at the exchange itself; return the order's id there."""
        asked = ByHand(symbol=self.symbol, side="buy", type=kind, amount=0.002, price=price)
        return self.kucoin.place(asked)

    def requests(self, part: str) -> int:
        """Return how many requests came whose method and path hold *part*."""
        counts = self.kucoin.ledger()["requests"].items()
        return sum(count for name, count in counts if part in name)


class Plenty(Budget):
    """A budget that does not hear of bans, so that a storm of failures takes no time."""

    def heard(self, *_: Any) -> None:
        """Pay no attention."""


def plenty() -> Budget:
    """Return a budget that never makes a test wait."""
    pool = Pool(weight=1e9, window_s=1.0)
    return Plenty({"all": pool}, lambda *_: "all", exchange="kucoin", monotonic=time.monotonic)


@contextlib.asynccontextmanager
async def joined(
    kind: MarketType = "spot",
    *,
    hf: bool = False,
    section: dict[str, Any] | None = None,
    clock: Clock | None = None,
    budget: Budget | None = None,
    **settings: Any,
) -> AsyncIterator[Joined]:
    """Run a loopback KuCoin whose prices stand still, and join its account."""
    told = {"prices": PRICES, "manual": True, "symbols": SYMBOLS, "tick_ms": 20, **settings}
    async with loopback_kucoin(LoopbackSettings(hf=hf, **told)) as kucoin:
        told_ours = ExchangeSettings(mode="live", base_url=kucoin.base_url, **section or {})
        venue = await open_venue(
            "kucoin", told_ours, KEYS, clock=clock or SystemClock(), budget=budget or plenty()
        )
        venue._asker.client.timeout_on_exit = 0
        try:
            yield Joined(venue, kucoin, "BTC-USDT" if kind == "spot" else "BTC-USDT-PERP")
        finally:
            await venue.close()


def order(symbol: str, kind: str = "market", n: int = 1, **changes: Any) -> ApprovedOrder:
    """Return an order for a little bitcoin: a limit below the price, a stop above it, to buy."""
    fields: dict[str, Any] = {
        "id": f"ord_{n:03}",
        "client_id": f"ord_{n:03}-ab12",
        "exchange": "kucoin",
        "symbol": symbol,
        "side": "buy",
        "type": kind,
        "amount": Decimal("0.002"),
        "price": Decimal("45000") if kind == "limit" else None,
        "stop_price": Decimal("55000") if kind == "stop" else None,
        "reduce_only": False,
        "leverage": 1 if symbol == "BTC-USDT" else 5,
    }
    return ApprovedOrder(**fields | changes)  # not through the gate: nothing is at stake
