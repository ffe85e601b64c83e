"""What the account can afford: its wallets, what orders and positions tie up, what is free."""

from collections.abc import Iterable
from decimal import Decimal

from trading_mcp.adapters.simulated.ledger import State, VenueOrder
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, down_to

Markets = dict[str, Market]
Take = tuple[Decimal, Decimal]
"""An amount (base) and its price (quote per base)."""

# Margins are rounded to 1e-12: that must not keep the last step of an order from being paid for.
_DUST = Decimal("1e-9")


def wallet(state: State, markets: Markets, currency: str) -> Decimal:
    """Return the whole balance of *currency*: cash, and the signed cost of open positions."""
    stakes = [s for s in state.stakes.values() if markets[s.symbol].quote == currency]
    return total(
        [state.cash.get(currency, ZERO), *(EXACT.multiply(s.sign, s.cost) for s in stakes)]
    )


def free(state: State, markets: Markets, currency: str, *, besides: str = "") -> Decimal:
    """Return what of *currency* nothing holds; the order *besides* counts as holding nothing."""
    held = [
        need(state, markets[order.symbol], order, [(order.remaining, _reserve_price(order))])
        for order in state.orders.values()
        if order.client_id != besides and currency_of(markets[order.symbol], order) == currency
    ]
    margins = [s.margin for s in state.stakes.values() if markets[s.symbol].quote == currency]
    return EXACT.subtract(wallet(state, markets, currency), total([*held, *margins]))


def currency_of(market: Market, order: VenueOrder) -> str:
    """Return the currency that the order ties up."""
    return market.base if market.type == "spot" and order.side == "sell" else market.quote


def need(state: State, market: Market, order: VenueOrder, takes: list[Take]) -> Decimal:
    """Return what must be free, in the order's `currency_of`, for it to trade *takes*."""
    if market.type == "spot" and order.side == "sell":
        return total(amount for amount, _ in takes)
    value = total(EXACT.multiply(*take) for take in takes)
    fee = EXACT.multiply(value, market.taker_fee)
    if market.type == "spot":
        return EXACT.add(value, fee)
    opening = _beyond(takes, closable(state, order))
    if order.reduce_only or not opening:
        return ZERO
    margin = EXACT.divide(opening, Decimal(order.leverage))
    return total([margin, fee, _leverage_call(state.stakes.get(order.symbol), order)])


def affordable(
    state: State, market: Market, order: VenueOrder, take: Take, spare: Decimal
) -> Decimal:
    """Return how much of *take* the order can pay for with *spare*, on the market's step."""
    amount, price = take
    if market.type == "perpetual":
        return _affordable_contracts(state, market, order, take, EXACT.add(spare, _DUST))
    if order.side == "sell":
        return min(amount, max(spare, ZERO))
    return _most(amount, EXACT.multiply(price, 1 + market.taker_fee), spare, market.step)


def closable(state: State, order: VenueOrder) -> Decimal:
    """Return how much of a perpetual position the order could close, in base."""
    stake = state.stakes.get(order.symbol)
    return stake.size if stake and stake.sign != order.sign else ZERO


def total(values: Iterable[Decimal]) -> Decimal:
    """Add up, exactly."""
    whole = ZERO
    for value in values:
        whole = EXACT.add(whole, value)
    return whole


def _reserve_price(order: VenueOrder) -> Decimal:
    # A market order has no price, but it never rests either.
    return order.price or order.stop_price or ZERO


def _beyond(takes: list[Take], closing: Decimal) -> Decimal:
    """Return the value of what is left of *takes* once *closing* has been traded."""
    value = ZERO
    for amount, price in takes:
        opening = max(amount - closing, ZERO)
        closing = max(closing - amount, ZERO)
        value = EXACT.add(value, EXACT.multiply(opening, price))
    return value


def _leverage_call(stake: Stake | None, order: VenueOrder) -> Decimal:
    """Return the margin that the position there is would need more at the order's leverage."""
    if stake is None or stake.sign != order.sign:
        return ZERO
    return max(EXACT.subtract(stake.margin_at(order.leverage), stake.margin), ZERO)


def _affordable_contracts(
    state: State, market: Market, order: VenueOrder, take: Take, spare: Decimal
) -> Decimal:
    amount, price = take
    stake, closing = state.stakes.get(order.symbol), min(amount, closable(state, order))
    if stake and closing:
        spare = EXACT.add(spare, _released(stake, market, closing, price))
        if spare < 0:
            return ZERO
    if order.reduce_only:
        return closing
    rate = EXACT.add(EXACT.divide(Decimal(1), Decimal(order.leverage)), market.taker_fee)
    spare = EXACT.subtract(spare, _leverage_call(stake, order))
    return closing + _most(amount - closing, EXACT.multiply(price, rate), spare, market.step)


def _most(wanted: Decimal, each: Decimal, spare: Decimal, step: Decimal) -> Decimal:
    """Return how many of *wanted*, at *each* apiece, *spare* pays for."""
    # Asked first, because a quotient may be rounded to just under a whole number of steps.
    if EXACT.multiply(wanted, each) <= spare:
        return wanted
    return down_to(max(EXACT.divide(spare, each), ZERO), step)


def _released(stake: Stake, market: Market, closing: Decimal, price: Decimal) -> Decimal:
    """Return what closing a part of the position adds to what is free."""
    kept = stake.smaller(closing).margin if closing < stake.size else ZERO
    fee = EXACT.multiply(EXACT.multiply(closing, price), market.taker_fee)
    gain = EXACT.add(stake.margin, stake.profit(closing, price))
    return EXACT.subtract(gain, EXACT.add(kept, fee))
