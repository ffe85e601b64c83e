"""A real account, opened: the key is checked, the clocks are compared, the markets are known."""

from typing import Any

from trading_mcp.adapters.ccxt.asking import Asker
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.evidence import AskFailed, make_followable
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.kucoin.account import KucoinAccount
from trading_mcp.adapters.ccxt.kucoin.codes import CLOCK_IS_WRONG
from trading_mcp.adapters.ccxt.kucoin.permissions import check_key
from trading_mcp.adapters.ccxt.kucoin.questions import Questions
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.markets import listed_markets
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.timekeeping import Timekeeper
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.adapters.ccxt.venue import CcxtVenue
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import KeysRefused
from trading_mcp.ports import Clock

LIVE = frozenset({"kucoin"})
"""Exchanges whose codes are known well enough to tell a refused order from a lost one."""


async def open_venue(
    name: str,
    settings: ExchangeSettings,
    keys: Keys,
    *,
    clock: Clock,
    budget: Budget | None = None,
    loaded: Any = None,
) -> CcxtVenue:
    """Return the account of section *name* that *keys* belong to.

    *budget* is what all of the account's clients share; without one, ccxt paces this one alone.
    *loaded*: another client of that exchange, whose markets need not be asked for again.

    Raises:
        NotOffered: live trading is not offered on that exchange.
        KeysRefused: the key is wrong, or may do more than trade.
        AskFailed: the exchange did not answer; nothing may be traded.
    """
    kind = settings.kind or name
    if kind not in LIVE:
        raise NotOffered(
            f"live trading on {kind[:40]}: only paper is offered there yet; "
            f'set exchanges.{name}.mode = "paper"'
        )
    client = new_client(name, settings, keys)
    try:
        return await _opened(name, settings, client, clock, budget, loaded)
    except BaseException:
        await client.close()
        raise


async def _opened(
    name: str,
    settings: ExchangeSettings,
    client: Any,
    clock: Clock,
    budget: Budget | None,
    loaded: Any,
) -> CcxtVenue:
    _harden(client)
    if budget is not None:
        budget.govern(client)
    asker = Asker(client)
    keeper = Timekeeper(asker, clock, CLOCK_IS_WRONG)
    await keeper.start()
    try:
        questions = Questions(asker)
        await check_key(questions, name, settings)
        await _load_markets(asker, loaded)
        await _check_is_classic(asker)
        listed = listed_markets(name, client, settings, traits_of(client.id))
        room = Room(client, questions, listed, keeper.now)
        side = KucoinAccount(room, hf=bool(client.options.get("hf")))
    except BaseException:
        keeper.stop()
        raise
    return CcxtVenue(side, asker, listed, keeper, budget)


async def _load_markets(asker: Asker, loaded: Any) -> None:
    if loaded is None:
        await asker.call("query", asker.client.load_markets)
        return
    asker.client.set_markets_from_exchange(loaded)
    # Which wallet trades spot is the account's own: ccxt asks with the markets else.
    await asker.call("query", asker.client.load_migration_status)


def _harden(client: Any) -> None:
    make_followable(client)
    # An order is sent once: whether it is sent again is decided by asking, never by ccxt.
    client.options["maxRetriesOnFailure"] = 0
    if client.options.get("hf", None) is not None:
        raise AskFailed("the kind of spot account must be asked, not assumed", sent=0)


async def _check_is_classic(asker: Asker) -> None:
    if await asker.call("query", asker.client.is_uta_enabled):
        raise KeysRefused("the key is of a unified account; only classic ones are known here")
