"""What becomes of a perpetual position at a settlement: funding, or its end by force."""

from decimal import Decimal

from trading_mcp.adapters.simulated.ledger import ForcedOut, Funded
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.reports import FundingPaid, Liquidated

_FUNDING_GRID = Decimal("1e-8")


def funded(
    exchange: str, stake: Stake, rate: float, mark: Decimal, spare: Decimal, at: int
) -> Funded:
    """Return the funding of *stake* at *rate*, a fraction; *spare* is what is free beside it."""
    value = EXACT.multiply(EXACT.multiply(stake.size, mark), -stake.sign)
    due = EXACT.multiply(value, exact(rate)).quantize(_FUNDING_GRID, context=EXACT)
    # It may eat up the position's own margin, but nothing that others depend on.
    amount = max(due, EXACT.minus(EXACT.add(spare, stake.margin)))
    paid = FundingPaid(
        exchange=exchange,
        symbol=stake.symbol,
        funding_id=f"{stake.symbol}-{at}",
        rate=rate,
        amount=amount,
        at=at,
    )
    return Funded(at=at, paid=paid, drained=max(EXACT.minus(EXACT.add(amount, spare)), ZERO))


def forced_out(
    exchange: str, market: Market, stake: Stake, reached: Decimal, trade_id: str, at: int
) -> ForcedOut:
    """Return the end of a position whose margin is nearly gone at the price *reached*.

    What is left of the margin is the fee; beyond it nothing can be lost.
    """
    worst = stake.bankruptcy_price(market)
    price = max(reached, worst) if stake.sign > 0 else min(reached, worst)
    report = Liquidated(
        exchange=exchange,
        symbol=stake.symbol,
        trade_id=trade_id,
        amount=stake.size,
        price=price,
        fee=EXACT.add(stake.margin, stake.profit(stake.size, price)),
        at=at,
    )
    return ForcedOut(at=at, report=report)
