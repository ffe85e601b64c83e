"""What an account earned between two moments, split so that the parts add up to the whole."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Booked, Worth
from trading_mcp.domain.numbers import ZERO


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account, or several together, at some moment."""

    worth: Worth = Worth()
    booked: Booked = Booked()


class Earnings(msgspec.Struct, frozen=True, kw_only=True):
    """What a period brought so far, in quote; deposits and withdrawals are not in it.

        net = realized + open_change + other

    *realized* is the whole profit of the positions that closed, *open_change* how much more the
    open ones have earned than those that were open at the start; both after fees and funding.
    *other* is what happened outside positions: the price of coins that belong to none. *fees* and
    *funding* tell of all that is in it.
    """

    net: Decimal
    realized: Decimal
    open_change: Decimal
    other: Decimal
    fees: Decimal
    funding: Decimal
    trades: int
    wins: int

    @property
    def win_rate(self) -> float:
        """Winners among the positions that closed, in percent; 0 without any."""
        return 100.0 * self.wins / self.trades if self.trades else 0.0


def together(accounts: Iterable[Account]) -> Account:
    """Return several accounts as one."""
    found = tuple(accounts)
    return Account(
        worth=Worth(
            equity=sum((a.worth.equity for a in found), ZERO),
            open_pnl=sum((a.worth.open_pnl for a in found), ZERO),
        ),
        booked=Booked(
            realized=sum((a.booked.realized for a in found), ZERO),
            fees=sum((a.booked.fees for a in found), ZERO),
            funding=sum((a.booked.funding for a in found), ZERO),
            trades=sum(a.booked.trades for a in found),
            wins=sum(a.booked.wins for a in found),
        ),
    )


def between(then: Account, now: Account) -> Earnings:
    """Return what was earned from *then* to *now*; then's equity has moved with deposits since."""
    net = now.worth.equity - then.worth.equity
    realized = now.booked.realized - then.booked.realized
    open_change = now.worth.open_pnl - then.worth.open_pnl
    return Earnings(
        net=net,
        realized=realized,
        open_change=open_change,
        other=net - realized - open_change,
        fees=now.booked.fees - then.booked.fees,
        funding=now.booked.funding - then.booked.funding,
        trades=now.booked.trades - then.booked.trades,
        wins=now.booked.wins - then.booked.wins,
    )
