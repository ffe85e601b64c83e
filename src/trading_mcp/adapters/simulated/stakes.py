"""One netted perpetual position: what it cost, and what it ties up."""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, down_to, up_to

_PICO = Decimal("1e-12")


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position with its own margin; *sign* is 1 for long and -1 for short.

    *size* is in base. *cost* is what it was entered for, in quote: a sum, because an average that
    is rounded at each fill would drift. *drained* is what funding has taken out of the margin.
    """

    symbol: str
    sign: int
    size: Decimal
    cost: Decimal
    leverage: int
    drained: Decimal = ZERO

    @property
    def entry_price(self) -> Decimal:
        """The average entry price, in quote per base."""
        return EXACT.divide(self.cost, self.size)

    @property
    def margin(self) -> Decimal:
        """All that can be lost with it, in quote."""
        return self.margin_at(self.leverage)

    def margin_at(self, leverage: int) -> Decimal:
        """Return the margin it would need at *leverage*."""
        return _pico(EXACT.divide(self.cost, Decimal(leverage))) - self.drained

    def profit(self, amount: Decimal, price: Decimal) -> Decimal:
        """Return what closing *amount* at *price* would earn, before fees, in quote."""
        gain = EXACT.subtract(EXACT.multiply(amount, price), self._share(self.cost, amount))
        return EXACT.multiply(self.sign, gain)

    def larger(self, amount: Decimal, price: Decimal, leverage: int) -> "Stake":
        """Return the position after *amount* more at *price*."""
        cost = EXACT.add(self.cost, EXACT.multiply(amount, price))
        return replace(self, size=self.size + amount, cost=cost, leverage=leverage)

    def smaller(self, amount: Decimal) -> "Stake":
        """Return the position without *amount*, which must be less than its size."""
        return replace(
            self,
            size=self.size - amount,
            cost=EXACT.subtract(self.cost, self._share(self.cost, amount)),
            drained=EXACT.subtract(self.drained, self._share(self.drained, amount)),
        )

    def liquidation_price(self, market: Market) -> Decimal | None:
        """Return the mark at which margin and loss leave only the maintenance margin."""
        kept = 1 - self.sign * market.maintenance_margin
        price = self._covered(market, EXACT.multiply(self.size, kept))
        return price if price > 0 else None

    def bankruptcy_price(self, market: Market) -> Decimal:
        """Return the last price on the tick at which the margin still covers the loss."""
        return self._covered(market, self.size)

    def _covered(self, market: Market, size: Decimal) -> Decimal:
        lost = EXACT.multiply(self.sign, self.margin)
        price = EXACT.divide(EXACT.subtract(self.cost, lost), size)
        return up_to(price, market.tick) if self.sign > 0 else down_to(price, market.tick)

    def _share(self, value: Decimal, amount: Decimal) -> Decimal:
        if amount == self.size:
            return value
        return _pico(EXACT.divide(EXACT.multiply(value, amount), self.size))


def after(
    stake: Stake | None, symbol: str, sign: int, amount: Decimal, price: Decimal, leverage: int
) -> Stake | None:
    """Return what a fill of *amount* at *price* in direction *sign* makes of a position."""
    if stake is None:
        cost = EXACT.multiply(amount, price)
        return Stake(symbol=symbol, sign=sign, size=amount, cost=cost, leverage=leverage)
    if sign == stake.sign:
        return stake.larger(amount, price, leverage)
    if amount < stake.size:
        return stake.smaller(amount)
    if amount == stake.size:
        return None
    return after(None, symbol, sign, amount - stake.size, price, leverage)


def _pico(value: Decimal) -> Decimal:
    return value.quantize(_PICO, context=EXACT)
