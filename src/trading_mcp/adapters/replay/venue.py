"""The replayed exchange as a venue: a market order meets what the backtest says it meets."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal

from trading_mcp.adapters.replay.account import Account
from trading_mcp.adapters.replay.past import Past
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import OrderReport, VenueRefused, VenueReport
from trading_mcp.ports import Clock


class ReplayVenue:
    """One account that trades in the past, in whole orders and at once.

    An order is filled at the level that it answers, or where the next candle opens, and pays
    slippage, half of the spread and the taker fee. *opens* is that price for each symbol.
    """

    def __init__(
        self, pasts: Mapping[str, Past], opens: Mapping[str, float], clock: Clock, capital: Decimal
    ):
        self._pasts, self._opens, self._clock = pasts, opens, clock
        markets = {symbol: past.market for symbol, past in pasts.items()}
        (currency,) = {market.quote for market in markets.values()}
        self._account = Account(markets, currency, capital)
        self._orders: dict[str, OrderReport] = {}
        self._unread: asyncio.Queue[VenueReport] = asyncio.Queue()

    @property
    def is_heard(self) -> bool:
        """Whether all that has happened has been taken in."""
        return self._unread.empty()

    async def submit(self, order: ApprovedOrder) -> str:
        """Fill a market order. Raises VenueRefused for one that would have to wait."""
        if order.type != "market":
            raise VenueRefused("not_replayed", f"no {order.type} orders in a replay of candles")
        fill = self._fill(order)
        self._account.book(fill, order.leverage)
        report = OrderReport(
            exchange=order.exchange,
            symbol=order.symbol,
            client_id=order.client_id,
            venue_id=fill.trade_id,
            status="filled",
            filled=fill.amount,
            at=fill.at,
        )
        self._orders[order.client_id] = report
        self._unread.put_nowait(fill)
        return report.venue_id

    def _fill(self, order: ApprovedOrder) -> Fill:
        past, level = self._pasts[order.symbol], order.expected_price
        meets = self._opens[order.symbol] if level is None else float(level)
        price = past.paid(1 if order.side == "buy" else -1, meets)
        value = EXACT.multiply(order.amount, price)
        return Fill(
            exchange=order.exchange,
            symbol=order.symbol,
            trade_id=f"t{len(self._account.fills) + 1}",
            client_id=order.client_id,
            side=order.side,
            amount=order.amount,
            price=price,
            fee=EXACT.multiply(value, past.market.taker_fee),
            fee_currency=past.market.quote,
            at=self._clock.now(),
        )

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Do nothing: whatever was accepted has been filled."""

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Return the order, or None if it was never accepted."""
        return self._orders.get(client_id)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return nothing: no order waits."""
        return ()

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Return all fills of one order."""
        return [fill for fill in self._account.fills if fill.client_id == client_id]

    async def fills_since(self, since: int) -> Sequence[Fill]:
        """Return all fills of the account since *since* (UTC ms), oldest first."""
        return [fill for fill in self._account.fills if fill.at >= since]

    async def balances(self) -> Sequence[Balance]:
        """Return what the account holds."""
        return self._account.balances()

    async def holdings(self) -> Sequence[Holding]:
        """Return the perpetual positions."""
        return self._account.holdings()

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return nothing: neither funding nor liquidation is replayed."""
        return ()

    async def reports(self) -> AsyncIterator[VenueReport]:
        """Yield fills as they happen."""
        while True:
            yield await self._unread.get()

    async def hold_deadline(self, seconds: float | None) -> None:
        """Raise NotOffered: nothing rests here."""
        raise NotOffered("a switch that cancels orders when nothing is heard")
