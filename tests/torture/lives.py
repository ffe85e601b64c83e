"""One exchange, one data directory, and servers that are killed on them one after the other."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from torture.eager import install
from torture.journals import Journal, read_journal
from torture.nursery import Child, Nursery
from torture.storms import LATEST_S, calm, storm
from torture.traders import PRICES, Desk, Keeper, move_prices
from torture.two_ledgers import TwoLedgers
from trading_mcp.adapters.ccxt.kucoin.account import KucoinAccount
from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin

READY_WITHIN_S = 120.0
AGREED_WITHIN_S = 300.0
LOOK_EVERY_S = 0.5
MOST_ORDERS, MOMENT_S, FLOWS_AT_MOST_S = 12, 0.5, 20.0
"""A server is killed after so many more orders at most, or when none have come for so long."""
ENVIRONMENT = {
    "KUCOIN_KEY": "loopback-key",
    "KUCOIN_SECRET": "loopback-secret",
    "KUCOIN_PASSPHRASE": "loopback-passphrase",
}
CONFIG = """
[exchanges.sim]
enabled = false
[exchanges.kucoin]
mode = "live"
base_url = "{base_url}"
max_exposure_usd = 5000.0
api_key = "env:KUCOIN_KEY"
secret = "env:KUCOIN_SECRET"
passphrase = "env:KUCOIN_PASSPHRASE"
[scalping]
exchange = "kucoin"
pairs = ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP", "ETH-USDT-PERP"]
stale_after_ms = 60000
[strategies]
enabled = ["eager"]
[strategies.settings.eager]
weight = 0.3
[risk]
max_position_size_usd = 500.0
max_total_exposure_usd = 3000.0
max_open_positions = 50
max_daily_loss_usd = 9000.0
max_consecutive_losses = 1000
max_orders_per_minute = 10000
max_daily_drawdown_percent = 90.0
max_weekly_drawdown_percent = 90.0
max_monthly_drawdown_percent = 90.0
[storage]
data_dir = "{data_dir}"
"""


class Wrong(Exception):
    """The two ledgers show something that must not be; the message says what."""


class Void(Exception):
    """This machine was too slow for what was to be shown; the message says how."""


class Record(msgspec.Struct, kw_only=True):
    """What happened in one life, or in many."""

    kills: int = 0
    orders: int = 0
    trades: int = 0
    once_unknown: int = 0
    ready_s: list[float] = []
    agreed_s: list[float] = []
    failures: list[str] = []
    void: list[str] = []

    def add(self, other: "Record") -> None:
        """Add another record to this one."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Life:
    """What is killed *kills* times, by a seed."""

    def __init__(self, seed: int, folder: Path, nursery: Nursery, *, kills: int):
        self._seed, self._folder, self._nursery = seed, folder, nursery
        self._random, self._kills = Random(seed), kills
        self._data, self._starts = folder / "data", 0
        self.record = Record()
        self._plugins = install(folder / "plugins")

    async def live(self) -> Record:
        """Live through all kills; what goes wrong ends it, and is in the record."""
        hf = self._seed % 2 == 0
        told = {"prices": PRICES, "manual": True, "symbols": tuple(PRICES), "tick_ms": 250}
        async with loopback_kucoin(LoopbackSettings(seed=self._seed, hf=hf, **told)) as kucoin:
            text = CONFIG.format(base_url=kucoin.base_url, data_dir=self._data)
            (self._folder / "config.toml").write_text(text)
            try:
                await self._lived(kucoin)
            except Void as void:
                self.record.void.append(f"seed {self._seed}: {void}")
                self._count(read_journal(self._data))
            except Wrong as wrong:
                where = f"seed {self._seed}, kill {self.record.kills}, {self._folder}"
                self.record.failures.append(f"{where}: {wrong}")
                _keep(self._folder / "exchange.json", kucoin)
        return self.record

    async def _lived(self, kucoin: Loopback) -> None:
        desks = [Desk(f"mcp{n}", self._seed, kucoin) for n in range(2)]
        clients = [*desks, Keeper(self._seed, kucoin)]
        while self.record.kills < self._kills:
            with self._server() as child:
                if not await self._dies_young(child):
                    await self._dies_trading(kucoin, child, clients)
        calm(kucoin)
        await self._afterwards(kucoin)

    async def _dies_trading(self, kucoin: Loopback, child: Child, clients: list[Any]) -> None:
        """Wait until it has recovered, in a storm or not; kill it while orders flow."""
        urls, begun = await self._ready(child), asyncio.Event()
        await asyncio.sleep(self._random.choice([0, self._random.uniform(0, 3)]))
        flow = [asyncio.create_task(client.trade(urls, begun)) for client in clients]
        try:
            calm(kucoin)
            await self._agreed(kucoin, child)
            storm(kucoin, self._seed * 1000 + self._starts)
            flow.append(asyncio.create_task(move_prices(kucoin, self._starts)))
            begun.set()
            await self._some_orders(kucoin)
            self._kill(child)
        finally:
            await _ended(*flow)
        self._check(kucoin)

    async def _some_orders(self, kucoin: Loopback) -> None:
        """Wait until a few more orders have been asked for, and a moment longer."""
        asked = kucoin.exchange.register.asked
        wanted = sum(asked.values()) + self._random.randint(0, MOST_ORDERS)
        with contextlib.suppress(TimeoutError):
            await kucoin.until(lambda: sum(asked.values()) >= wanted, FLOWS_AT_MOST_S)
        await asyncio.sleep(self._random.uniform(0, MOMENT_S))

    async def _dies_young(self, child: Child) -> bool:
        """Kill some while they start or recover."""
        if self._starts == 1 or self._random.random() > 0.2:
            return False
        await asyncio.sleep(self._random.uniform(0.2, 3))
        self._kill(child)
        return True

    async def _afterwards(self, kucoin: Loopback) -> None:
        """See that nothing arrives after all that was still on its way."""
        with self._server() as child:
            await self._ready(child)
            await asyncio.sleep(LATEST_S)
            self._count(await self._agreed(kucoin, child))

    def _count(self, journal: Journal) -> None:
        self.record.orders = len(journal.orders)
        self.record.trades = len(journal.fills)
        self.record.once_unknown = len(journal.once_unknown)

    @contextlib.contextmanager
    def _server(self) -> Iterator[Child]:
        self._starts += 1
        ready = self._folder / f"ready-{self._starts}"
        places = ["--config", str(self._folder / "config.toml"), "--ready-file", str(ready)]
        ports = ["--port", "0", "--rest-port", "0", "--mcp-port", "0"]
        child = self._nursery.bear(
            ["serve", *places, *ports],
            ENVIRONMENT,
            self._folder / "server.log",
            plugins=self._plugins,
        )
        try:
            yield child
        finally:
            child.kill()

    async def _ready(self, child: Child) -> dict[str, str]:
        file = self._folder / f"ready-{self._starts}"
        while not file.exists():
            if not child.is_alive:
                raise Wrong("the server did not start")
            if time.monotonic() - child.born_at > READY_WITHIN_S:
                raise Wrong(f"not ready in {READY_WITHIN_S} s")
            await asyncio.sleep(0.02)
        self.record.ready_s.append(time.monotonic() - child.born_at)
        told: dict[str, str] = json.loads(file.read_text())
        return told

    async def _agreed(self, kucoin: Loopback, child: Child) -> Journal:
        began = time.monotonic()
        while True:
            both = self._check(kucoin)
            if not (different := both.different()):
                self.record.agreed_s.append(time.monotonic() - child.born_at)
                return both.ours
            if time.monotonic() - began > AGREED_WITHIN_S:
                raise Wrong(f"not equal in {AGREED_WITHIN_S} s: {'; '.join(different)}")
            if not child.is_alive:
                raise Wrong("the server ended by itself")
            await asyncio.sleep(LOOK_EVERY_S)

    def _check(self, kucoin: Loopback) -> TwoLedgers:
        # Theirs last: the exchange may be ahead of us, never behind.
        ours = read_journal(self._data)
        both = TwoLedgers(ours, kucoin.ledger())
        if wrong := both.wrong():
            late = both.too_late(KucoinAccount.fence_ms)
            raise (Void if late else Wrong)("; ".join([*wrong, *late]))
        return both

    def _kill(self, child: Child) -> None:
        child.kill()
        self.record.kills += 1


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _keep(file: Path, kucoin: Loopback) -> None:
    file.write_text(json.dumps(kucoin.ledger(), indent=1))
