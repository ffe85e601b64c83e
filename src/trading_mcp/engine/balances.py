"""Balances compared with the exchange's: what differs is booked, told, and halts its markets."""

from decimal import Decimal

from trading_mcp.domain.accounts import asset_key
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Order
from trading_mcp.engine.core import Core
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.ledger import Ledger
from trading_mcp.portfolio.book import booked_of

NEGLIGIBLE = Decimal("1e-8")
OPENING = "opening balance"


class Differences:
    """What one exchange's balances differ from ours by, and whether that has been seen twice.

    A trade may lie between the two views: only a difference that is the same the next time counts.
    Nothing is compared while an order's outcome is open.
    """

    def __init__(self, core: Core, ledger: Ledger, exchange: Exchange):
        self._core, self._ledger, self._exchange = core, ledger, exchange
        self._seen: dict[str, Decimal] = {}

    async def compare(self, *, founding: bool) -> bool:
        """Compare now; say whether to look again at once. Raises what the exchange raises.

        That is when something differs for the first time and nothing of ours works: then others'
        trades and transfers alone may lie between, and are to be asked for first.
        """
        state = self._core.state
        if any(o.status in ("approved", "unknown") or not o.rests for o in self._working()):
            return False
        seq, quiet = state.seq, not self._working()
        theirs, slack = await _their_balances(self._exchange)
        if state.seq != seq and not founding:
            return False
        ours = _ours(self._core, self._exchange)
        for asset in sorted({*theirs, *ours}):
            total = theirs.get(asset, ZERO)
            if founding:
                self._book(asset, total, f"{OPENING}: {asset}")
            else:
                self._compare(asset, total, slack.get(asset, NEGLIGIBLE))
        return quiet and bool(self._seen)

    def _working(self) -> list[Order]:
        orders = self._core.state.orders.values()
        return [order for order in orders if order.exchange == self._exchange.name]

    def _compare(self, asset: str, total: Decimal, slack: Decimal) -> None:
        ours = self._core.state.cash.get(asset, ZERO)
        difference = total - ours
        before = self._seen.pop(asset, None)
        if abs(difference) <= slack:
            self._ledger.write(self._core.on_agreed(asset))
            return
        if before != difference:
            self._seen[asset] = difference
            return
        name = asset.partition(":")[2]
        why = (
            f"correction {self._core.state.seq}: {self._exchange.name} has {total} {name}, "
            f"we had {ours}"
        )
        self._book(asset, total, why)
        told = (
            f"{self._exchange.name} holds {total:f} {name}, our books had {ours:f}, and no "
            "trade or transfer explains the difference"
        )
        self._ledger.write(self._core.on_mismatch(asset, difference, told))

    def _book(self, asset: str, total: Decimal, why: str) -> None:
        exchange, _, name = asset.partition(":")
        self._ledger.write(self._core.on_balance(exchange, name, total, why))


def is_founding(core: Core, exchange: Exchange) -> bool:
    """Say whether this account's books are only being opened."""
    return exchange.name not in core.state.joined and not _ours(core, exchange)


def _ours(core: Core, exchange: Exchange) -> dict[str, Decimal]:
    prefix = asset_key(exchange.name, "")
    return {asset: held for asset, held in core.state.cash.items() if asset.startswith(prefix)}


async def _their_balances(exchange: Exchange) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return the exchange's balances as we count them: perpetuals paid for like coins.

    With them, for each quote of a perpetual that is held, how exact that can be: the exchange
    tells its entry price on the tick.
    """
    balances = await exchange.venue.balances()
    theirs = {asset_key(exchange.name, b.currency): b.total for b in balances}
    slack: dict[str, Decimal] = {}
    markets = {m.key: m for m in await exchange.data.markets()}
    for holding in await exchange.venue.holdings():
        market = markets[market_key(exchange.name, holding.symbol)]
        quote = asset_key(exchange.name, market.quote)
        theirs[asset_key(exchange.name, holding.symbol)] = holding.amount
        entered = EXACT.multiply(holding.amount, holding.entry_price)
        theirs[quote] = booked_of(theirs.get(quote, ZERO), entered)
        inexact = EXACT.multiply(abs(holding.amount), market.tick)
        slack[quote] = slack.get(quote, NEGLIGIBLE) + inexact
    return theirs, slack
