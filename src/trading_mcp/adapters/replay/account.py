"""The books of an account that trades in the past: what its fills have left of each currency."""

from collections.abc import Mapping
from decimal import Decimal

from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill


class Account:
    """Cash, coins and perpetuals. It lends what it is asked for: the risk gate is the judge."""

    def __init__(self, markets: Mapping[str, Market], currency: str, capital: Decimal):
        self._markets = markets
        self._held = {currency: capital}
        self._perpetuals: dict[str, tuple[Decimal, Decimal]] = {}
        self._leverages: dict[str, int] = {}
        self.fills: list[Fill] = []

    def book(self, fill: Fill, leverage: int) -> None:
        """Take in a fill."""
        market = self._markets[fill.symbol]
        signed = fill.amount if fill.side == "buy" else -fill.amount
        self.fills.append(fill)
        self._leverages[fill.symbol] = leverage
        self._add(fill.fee_currency, -fill.fee)
        if market.type == "spot":
            self._add(market.base, signed)
            self._add(market.quote, -EXACT.multiply(signed, fill.price))
        else:
            self._net(market, signed, fill.price)

    def balances(self) -> list[Balance]:
        """Return each currency; of the quote of perpetuals the wallet, as exchanges show it."""
        return [
            Balance(currency=name, total=amount, free=amount) for name, amount in self._held.items()
        ]

    def holdings(self) -> list[Holding]:
        """Return the perpetual positions."""
        return [
            Holding(
                symbol=symbol,
                amount=size,
                entry_price=EXACT.divide(cost, size),
                leverage=self._leverages[symbol],
            )
            for symbol, (size, cost) in self._perpetuals.items()
        ]

    def _net(self, market: Market, signed: Decimal, price: Decimal) -> None:
        """Enlarge a position, or reduce it and book the profit: the engine never turns one over."""
        size, cost = self._perpetuals.pop(market.symbol, (ZERO, ZERO))
        left, value = size + signed, EXACT.multiply(signed, price)
        if size * signed >= 0:
            self._perpetuals[market.symbol] = left, cost + value
            return
        share = EXACT.divide(EXACT.multiply(cost, -signed), size)
        self._add(market.quote, -(value + share))
        if left:
            self._perpetuals[market.symbol] = left, cost - share

    def _add(self, currency: str, amount: Decimal) -> None:
        self._held[currency] = self._held.get(currency, ZERO) + amount
