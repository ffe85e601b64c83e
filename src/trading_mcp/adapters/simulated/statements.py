"""The account's books in the words that every exchange answers with."""

from collections.abc import Iterable, Sequence

from trading_mcp.adapters.simulated.ledger import (
    Accepted,
    Deposited,
    Ended,
    ForcedOut,
    Funded,
    LedgerEntry,
    Listed,
    Passed,
    State,
    Traded,
    Triggered,
    VenueOrder,
)
from trading_mcp.adapters.simulated.margins import Markets, free, wallet
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import (
    FundingPaid,
    Liquidated,
    OrderReport,
    OrderTerms,
    VenueReport,
)


def balances(state: State, markets: Markets) -> list[Balance]:
    """Return every currency that the account has had."""
    return [
        Balance(
            currency=currency,
            total=wallet(state, markets, currency),
            free=max(free(state, markets, currency), ZERO),
        )
        for currency in state.cash
    ]


def holdings(state: State, markets: Markets) -> list[Holding]:
    """Return the perpetual positions."""
    return [
        Holding(
            symbol=stake.symbol,
            amount=stake.sign * stake.size,
            entry_price=stake.entry_price,
            leverage=stake.leverage,
            liquidation_price=stake.liquidation_price(markets[stake.symbol]),
        )
        for stake in state.stakes.values()
    ]


def order_report(exchange: str, order: VenueOrder) -> OrderReport:
    """Return what the exchange says about *order*."""
    return OrderReport(
        exchange=exchange,
        symbol=order.symbol,
        client_id=order.client_id,
        venue_id=order.venue_id,
        status=order.status,
        filled=order.filled,
        at=order.updated_at,
        reason=order.reason,
        terms=OrderTerms(
            side=order.side,
            type=order.type,
            amount=order.amount,
            price=order.price,
            stop_price=order.stop_price,
            reduce_only=order.reduce_only,
        ),
    )


def fills_since(state: State, since: int) -> Sequence[Fill]:
    """Return all fills since *since* (UTC ms) of the orders that are remembered, oldest first."""
    orders = (*state.ended.values(), *state.orders.values())
    fills = (fill for order in orders for fill in order.fills if fill.at >= since)
    return sorted(fills, key=lambda fill: fill.at)


def account_reports(state: State, since: int) -> Sequence[VenueReport]:
    """Return the fundings and liquidations since *since* (UTC ms), oldest first."""
    reports: list[FundingPaid | Liquidated] = [*state.fundings, *state.liquidations]
    return sorted((r for r in reports if r.at >= since), key=lambda report: report.at)


def reports_of(exchange: str, state: State, entries: Iterable[LedgerEntry]) -> list[VenueReport]:
    """Return what *entries*, which *state* contains already, tell the account's owner."""
    reports: list[VenueReport] = []
    for entry in entries:
        match entry:
            case Accepted():
                reports.append(order_report(exchange, entry.order))
            case Traded():
                reports.append(entry.fill)
            case Ended():
                ended = state.order(entry.client_id)
                reports += [order_report(exchange, ended)] if ended else []
            case Funded():
                reports.append(entry.paid)
            case ForcedOut():
                reports.append(entry.report)
            case Deposited() | Triggered() | Passed() | Listed():
                pass
    return reports
