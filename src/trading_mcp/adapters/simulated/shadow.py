"""Paper trading: an account of our own that shadows a real exchange, put together."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.following import Follower
from trading_mcp.adapters.simulated.ledger import LedgerEntry
from trading_mcp.adapters.simulated.recalling import Recall, Recaller
from trading_mcp.adapters.simulated.records import Records, load
from trading_mcp.adapters.simulated.rules import REAL, Rules
from trading_mcp.adapters.simulated.shadow_venue import ShadowVenue, Sleep
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import exact
from trading_mcp.ports import Checkpoint, Clock, Journal, Quotes, Tape


async def open_shadow(
    exchange: str,
    markets: Sequence[Market],
    *,
    quotes: Quotes,
    tape: Tape,
    clock: Clock,
    journal: Journal[LedgerEntry],
    balance: Decimal | float,
    latency_ms: float,
    currency: str = "USDT",
    recall: Recall | None = None,
    rules: Rules = REAL,
    sleep: Sleep = asyncio.sleep,
    checkpoint: Checkpoint = lambda step: None,
) -> ShadowVenue:
    """Open the account that *journal* holds, or a new one with *balance* of *currency*.

    It trades at *exchange*'s own *markets*, by its fees, grids and minimums. What they did to
    resting orders and positions meanwhile is worked out, as far as *recall* tells of it: by the
    minute, the one in which the account was last seen left out.
    """
    state, seq = load(journal, markets)
    known = state.listed | {market.symbol: market for market in markets}
    account = Account(exchange, list(known.values()), state, rules=rules)
    records, follower = Records(journal, seq), Follower(account, quotes, tape)
    if seq == 0:
        await records.keep(account.deposit(currency, exact(balance), clock.now()), state)
    venue = ShadowVenue(
        account,
        records,
        follower,
        Recaller(recall, clock, account.exposed),
        listed={market.symbol for market in markets},
        quotes=quotes,
        clock=clock,
        latency=latency_ms / 1000,
        sleep=sleep,
        checkpoint=checkpoint,
    )
    await venue.advance(clock.now())
    return venue
