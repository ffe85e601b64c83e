"""The portfolio: what an exchange's account holds, is worth, and has earned."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import QUOTE, asset_key
from trading_mcp.domain.errors import ExchangeError, InvalidParameter
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.engine.ids import order_id_of
from trading_mcp.engine.session import Session
from trading_mcp.engine.state import FOUNDING
from trading_mcp.portfolio.book import wallet_of
from trading_mcp.ports import History
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.lookup import provenance_of_all
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import OfExchange
from trading_mcp.services.shapes.portfolio import (
    AssetView,
    BalanceRequest,
    Balances,
    Pnl,
    PnlPeriod,
    PnlRequest,
    Portfolio,
    TradeHistory,
    TradeHistoryRequest,
)
from trading_mcp.services.views import iso, number, symbol_from, trade_view

NO_ROUTE = "the reference names no route for it"
PERIODS: dict[PnlPeriod, str] = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "all": FOUNDING,
}
CENTS = Decimal("1e-8")
"""What is left of rounding entry prices is less than this, and no profit."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the trade history ended: its last fill."""

    exchange: str
    symbol: str
    trade_id: str


class PortfolioService:
    """What may be asked about the account."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("portfolio", mcp_only=NO_ROUTE)
    async def get_portfolio(self, request: OfExchange, caller: Caller) -> Portfolio:
        """Return what an exchange's account holds and is worth: free and tied quote currency,
        each currency, unrealized profit. For entries and stops use get_positions, for profit by
        period get_pnl."""
        name = self._session.exchange(request.exchange).name
        assets = self._assets(name)
        futures = number(self._session.core.standings.unrealized(name, "perpetual"))
        [quote] = [asset for asset in assets if asset.currency == QUOTE]
        coins = _sum(asset.value_usd for asset in assets if asset is not quote)
        total = _sum((quote.available, quote.in_orders, coins, futures))
        return Portfolio(
            **provenance_of_all(self._session, name, self._session.clock.now()),
            total_value_usd=total,
            available_balance=quote.available,
            in_orders=quote.in_orders,
            coins_value=coins,
            futures_pnl=futures,
            unrealized_pnl=number(self._session.core.standings.unrealized(name)),
            assets=assets,
        )

    @operation("portfolio", mcp_only=NO_ROUTE)
    async def get_balance(self, request: BalanceRequest, caller: Caller) -> Balances:
        """Return the balance of one currency, or of all that are held: in all, available, in
        orders. Use it to see what an order can spend; for the account's worth use
        get_portfolio."""
        name = self._session.exchange(request.exchange).name
        if request.currency is None:
            found = self._assets(name)
        else:
            found = [self._asset(name, self._known(name, request.currency.upper()))]
        told = provenance_of_all(self._session, name, self._session.clock.now())
        return Balances(**told, balances=found, count=len(found))

    @operation("portfolio", mcp_only=NO_ROUTE)
    async def get_pnl(self, request: PnlRequest, caller: Caller) -> Pnl:
        """Return profit and loss of the present UTC day, week or month, or of all time: closed
        and open positions, fees, funding, win rate, return. Use it to review results; for single
        positions use get_positions."""
        session, name = self._session, self._session.exchange(request.exchange).name
        period = PERIODS[request.period]
        now, earned = session.core.account(name), session.core.earnings(period, name)
        if now is None or earned is None:
            raise ExchangeError(
                f"The value of the account at {name} is not known yet: a held market has no price",
                hint="Ask again in a second; bot_status says which market data is missing.",
            )
        start = now.worth.equity - earned.net
        return Pnl(
            **provenance_of_all(session, name, session.clock.now()),
            period=request.period,
            start=iso(session.state.periods[period].start),
            starting_equity=number(start),
            equity=number(now.worth.equity),
            net_pnl=number(earned.net),
            return_percent=float(earned.net / start * 100) if start > 0 else None,
            realized_pnl=number(earned.realized),
            open_pnl_change=number(earned.open_change),
            other_change=number(earned.other if abs(earned.other) >= CENTS else ZERO),
            unrealized_pnl=number(session.core.standings.unrealized(name)),
            fees=number(earned.fees),
            funding=number(earned.funding),
            trades=earned.trades,
            win_rate=earned.win_rate,
        )

    @operation("portfolio", mcp_only=NO_ROUTE)
    async def get_trade_history(self, request: TradeHistoryRequest, caller: Caller) -> TradeHistory:
        """List our fills, newest first, of one exchange or pair if named, with price, size and
        fee. Pass next_cursor as cursor for the next page. For whole orders use
        get_order_history."""
        last = place(request.cursor, Place)
        fills = await self._history.fills(
            limit=request.limit + 1,
            exchange=self._session.exchange(request.exchange).name if request.exchange else None,
            symbol=symbol_from(request.pair, request.market_type) if request.pair else None,
            before=(last.exchange, last.symbol, last.trade_id) if last else None,
        )
        page = fills[: request.limit]
        orders = {fill.client_id: order_id_of(fill.client_id) for fill in page}
        found = {o.id: o for o in await self._history.orders_called(set(orders.values()))}
        return TradeHistory(
            trades=[trade_view(fill, found[orders[fill.client_id]]) for fill in page],
            count=len(page),
            next_cursor=cursor(_place(page[-1])) if len(fills) > len(page) else None,
        )

    def _assets(self, exchange: str) -> list[AssetView]:
        held = {QUOTE}
        for asset, amount in self._session.state.cash.items():
            owner, _, name = asset.partition(":")
            is_perpetual = asset in self._session.core.markets
            if owner == exchange and not is_perpetual and amount != 0:
                held.add(name)
        return [self._asset(exchange, name) for name in sorted(held, key=_quote_first)]

    def _known(self, exchange: str, currency: str) -> str:
        """Return *currency* if a market of *exchange* trades in it. Raises InvalidParameter."""
        markets = self._session.core.markets.values()
        known = {c for m in markets if m.exchange == exchange for c in (m.base, m.quote)}
        if currency not in known:
            raise InvalidParameter(
                f"currency: no market of {exchange} trades {currency[:20]!r}; "
                f"traded: {', '.join(sorted(known)[:20])}",
                field="currency",
            )
        return currency

    def _asset(self, exchange: str, currency: str) -> AssetView:
        standings = self._session.core.standings
        asset = asset_key(exchange, currency)
        balance = self._session.state.cash.get(asset, ZERO)
        if currency == QUOTE:
            balance = wallet_of(balance, self._entered(exchange))
            available = standings.free_quote(exchange, QUOTE)
        else:
            working = standings.orders_in(market_key(exchange, f"{currency}-{QUOTE}"))
            available = balance - sum((o.remaining for o in working if o.side == "sell"), ZERO)
        worth = standings.worth(asset, balance)
        return AssetView(
            currency=currency,
            balance=number(balance),
            available=number(available),
            in_orders=number(balance - available),
            value_usd=number(worth) if worth is not None else None,
        )

    def _entered(self, exchange: str) -> Decimal:
        """Return the signed entry value of an exchange's open perpetuals, in quote."""
        markets = self._session.core.markets
        held = self._session.state.positions.values()
        return sum(
            (
                position.sign * position.open_value
                for position in held
                if position.exchange == exchange and markets[position.market].type == "perpetual"
            ),
            ZERO,
        )


def _quote_first(currency: str) -> tuple[bool, str]:
    return currency != QUOTE, currency


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum; None when a part is not known."""
    found = list(parts)
    return None if None in found else sum(part for part in found if part is not None)


def _place(fill: Fill) -> Place:
    return Place(fill.exchange, fill.symbol, fill.trade_id)
