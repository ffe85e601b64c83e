"""The real engine on real ccxt, real SQLite and a KuCoin in the same process."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from torture.journals import Journal, read_journal
from torture.two_ledgers import TwoLedgers

from trading_mcp.adapters.ccxt import allowance
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.kucoin.account import KucoinAccount
from trading_mcp.app import exchanges
from trading_mcp.app.engine import running
from trading_mcp.config import load
from trading_mcp.domain.errors import TradingError
from trading_mcp.domain.orders import Order, OrderIntent
from trading_mcp.engine import flight, upkeep
from trading_mcp.engine.session import Session
from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin

PRICES = {
    "BTC-USDT": 50_000.0,
    "BTC-USDT-PERP": 50_000.0,
    "ETH-USDT": 2_500.0,
    "ETH-USDT-PERP": 2_500.0,
}
ROOMY = {
    "risk.max_position_size_usd": 100_000,
    "risk.max_total_exposure_usd": 100_000,
    "risk.max_open_positions": 1_000,
    "risk.max_orders_per_minute": 100_000,
    "risk.max_daily_loss_usd": 100_000,
    "risk.max_consecutive_losses": 1_000,
    "risk.max_leverage": 10,
    "risk.max_price_deviation_percent": 50,
    "exchanges.sim.enabled": False,
    "exchanges.kucoin.mode": "live",
    "exchanges.kucoin.max_exposure_usd": 1_000_000,
    "exchanges.kucoin.api_key": "env:LOOPBACK_KEY",
    "exchanges.kucoin.secret": "env:LOOPBACK_SECRET",
    "exchanges.kucoin.passphrase": "env:LOOPBACK_PASSPHRASE",
    "scalping.exchange": "kucoin",
    "scalping.pairs": [],
    "scalping.stale_after_ms": 600_000,
    "alerts.allow_private_targets": True,
}
KEYS = {
    "LOOPBACK_KEY": "loopback-key",
    "LOOPBACK_SECRET": "loopback-secret",
    "LOOPBACK_PASSPHRASE": "loopback-passphrase",
}
PATIENCE_S = 40.0


class Trading(msgspec.Struct, frozen=True):
    """A running engine, the exchange it trades on, and where its journal is."""

    session: Session
    kucoin: Loopback
    directory: Path

    def compared(self) -> TwoLedgers:
        """Return both ledgers as they are now."""
        return TwoLedgers(read_journal(self.directory), self.kucoin.ledger())

    async def agree(self) -> Journal:
        """Wait until both ledgers are equal; fail at once over what must never be."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            await self.session.ledger.flushed()
            both = self.compared()
            assert both.wrong() == []
            if not (different := both.different()):
                return both.ours
            assert time.monotonic() < deadline, different
            await asyncio.sleep(0.1)

    async def until_let_through(self) -> None:
        """Wait until the exchange's "too many" is over: meanwhile no order is sent."""
        venue: Any = self.session.exchanges["kucoin"].venue
        await asyncio.sleep(venue._budget.banned_s + 0.05)

    async def submit(self, **fields: Any) -> Order:
        """Submit an order by hand, as the services do; it passes the gate."""
        result = await self.session.submit(wish(**fields), within=5)
        assert isinstance(result, Order), result
        return result

    async def tried(self, **fields: Any) -> Order | None:
        """Submit an order by hand; None if it is refused, or could not be sent."""
        with contextlib.suppress(TradingError):
            result = await self.session.submit(wish(**fields), within=3)
            return result if isinstance(result, Order) else None
        return None


@contextlib.asynccontextmanager
async def trading(
    directory: Path, market: str, /, *, ours: Any = None, **settings: Any
) -> AsyncIterator[Trading]:
    """Run an engine on a loopback KuCoin whose prices stand still, and follow *market* there.

    *ours* are settings of the engine, by their names, *settings* those of the exchange.
    """
    async with (
        loopback(**settings) as kucoin,
        engine_on(kucoin, directory, market, ours=ours) as one,
    ):
        yield one


def loopback(**settings: Any) -> contextlib.AbstractAsyncContextManager[Loopback]:
    """Run a KuCoin whose prices stand still."""
    told = {"prices": PRICES, "manual": True, "symbols": tuple(PRICES), "tick_ms": 100, **settings}
    return loopback_kucoin(LoopbackSettings(**told))


@contextlib.asynccontextmanager
async def engine_on(
    kucoin: Loopback, directory: Path, market: str, /, *, ours: Any = None
) -> AsyncIterator[Trading]:
    """Run an engine on *kucoin*, with what an earlier one left in *directory*."""
    chosen = {**ROOMY, "exchanges.kucoin.base_url": kucoin.base_url, **(ours or {})}
    chosen["storage.data_dir"] = str(directory)
    overrides = [f"{name}={written(value)}" for name, value in chosen.items()]
    async with running(load(None, overrides)) as server:
        await server.session.watch(f"kucoin:{market}")
        yield Trading(server.session, kucoin, directory)


def hurry(monkeypatch: pytest.MonkeyPatch, *, may_ask_much: bool = True) -> None:
    """Let what is measured in seconds be measured in tenths: the exchange here is quick."""
    monkeypatch.setattr(KucoinAccount, "fence_ms", 1_000)
    monkeypatch.setattr(flight, "ASK_EVERY_S", 0.5)
    monkeypatch.setattr(flight, "APART_S", 0.3)
    monkeypatch.setattr(allowance, "_BAN_S", 0.2)
    if may_ask_much:
        monkeypatch.setattr(exchanges, "new_budget", lambda name, *_: plenty(name))
        monkeypatch.setattr(upkeep, "AGREE_EVERY_S", 1.0)
        monkeypatch.setattr(upkeep, "AGREE_APART_S", 0.3)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def plenty(name: str) -> Budget:
    """Return a budget that keeps nobody waiting, but heeds the exchange's "too many"."""
    pools = {"": allowance.Pool(weight=1e9, window_s=1.0)}
    return Budget(pools, lambda *_: "", exchange=name, monotonic=time.monotonic)


HURRIED = {"scalping.settle_fence_ms": 0, "scalping.order_timeout_ms": 1_500}


def wish(market: str, side: str = "buy", **fields: Any) -> OrderIntent:
    """Return an order by hand."""
    kind = "stop" if "stop_price" in fields else "limit" if "price" in fields else "market"
    told = {"amount": Decimal("0.002"), "owner": "manual", "principal": "test", "reason": "manual"}
    return OrderIntent(market=f"kucoin:{market}", side=side, type=kind, **{**told, **fields})  # type: ignore[arg-type]


def written(value: Any) -> str:
    """Return a setting's value as `--set` takes it."""
    return msgspec.json.encode(value).decode()
