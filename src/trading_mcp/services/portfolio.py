"""The portfolio: what an exchange's account holds and is worth."""

from decimal import Decimal

from trading_mcp.domain.accounts import asset_key
from trading_mcp.domain.markets import market_key
from trading_mcp.domain.numbers import ZERO
from trading_mcp.engine.session import Session
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import OfExchange
from trading_mcp.services.shapes.portfolio import AssetView, Portfolio
from trading_mcp.services.views import iso, number

QUOTE = "USDT"


class PortfolioService:
    """What may be asked about the account."""

    def __init__(self, session: Session):
        self._session = session

    @operation("portfolio")
    async def get_portfolio(self, request: OfExchange, caller: Caller) -> Portfolio:
        """Return what an exchange's account holds: its worth, free and tied quote currency, and
        each currency's balance. For open positions with entry and stops use get_positions."""
        name = self._session.exchange(request.exchange).name
        standings = self._session.core.standings
        assets = [self._asset(name, currency) for currency in self._currencies(name)]
        unrealized = self._unrealized(name)
        return Portfolio(
            exchange=name,
            total_value_usd=sum(a.value_usd for a in assets) + number(unrealized),
            available_balance=number(standings.free_quote(name, QUOTE)),
            in_orders=sum(a.in_orders for a in assets if a.currency == QUOTE),
            unrealized_pnl=number(unrealized),
            assets=assets,
            timestamp=iso(self._session.clock.now()),
        )

    def _currencies(self, exchange: str) -> list[str]:
        held = []
        for asset, amount in self._session.state.cash.items():
            owner, _, name = asset.partition(":")
            is_perpetual = asset in self._session.core.markets
            if owner == exchange and not is_perpetual and (amount != 0 or name == QUOTE):
                held.append(name)
        return held

    def _asset(self, exchange: str, currency: str) -> AssetView:
        cash = self._session.state.cash.get(asset_key(exchange, currency), ZERO)
        standings = self._session.core.standings
        if currency == QUOTE:
            balance = cash + self._entry_value(exchange)
            available = standings.free_quote(exchange, QUOTE)
            price = Decimal(1)
        else:
            balance = cash
            key = market_key(exchange, f"{currency}-{QUOTE}")
            selling = (o.remaining for o in standings.orders_in(key) if o.side == "sell")
            available = cash - sum(selling, ZERO)
            price = standings.marks.get(key, ZERO)
        return AssetView(
            currency=currency,
            balance=number(balance),
            available=number(available),
            in_orders=number(balance - available),
            value_usd=number(balance * price),
        )

    def _entry_value(self, exchange: str) -> Decimal:
        """Return the signed entry value of open perpetuals: paid for in our books, not theirs."""
        markets = self._session.core.markets
        return sum(
            (
                position.sign * position.open_value
                for position in self._session.state.positions.values()
                if position.exchange == exchange and markets[position.market].type == "perpetual"
            ),
            ZERO,
        )

    def _unrealized(self, exchange: str) -> Decimal:
        core = self._session.core
        return sum(
            (
                position.unrealized_pnl(
                    core.standings.marks.get(position.market, position.entry_price)
                )
                for position in self._session.state.positions.values()
                if position.exchange == exchange
                and core.markets[position.market].type == "perpetual"
            ),
            ZERO,
        )
