"""What KuCoin's accounts hold: both wallets in one, and the perpetual positions."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.questions import Raw, objects
from trading_mcp.adapters.ccxt.kucoin.reading import number, text
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.markets import Listed, from_contracts
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.numbers import ZERO, exact


async def spot_balances(room: Room, account_type: str) -> list[Balance]:
    """Return the spot trading account: *account_type* is "trade" or "trade_hf"."""
    raws = objects(await room.questions.ask("privateGetAccounts", type=account_type))
    return [
        Balance(
            currency=room.coin(text(raw, "currency")),
            total=number(raw, "balance"),
            free=number(raw, "available"),
        )
        for raw in raws
    ]


async def futures_balances(room: Room) -> list[Balance]:
    """Return the futures wallets, without what open positions have earned so far."""
    found: list[Balance] = []
    for currency in sorted({m.market.quote for m in _perpetuals(room)}):
        raw = await room.questions.ask("futuresPrivateGetAccountOverview", currency=currency)
        if raw:
            found.append(_wallet(raw, currency))
    return found


def together(balances: Iterable[Balance]) -> list[Balance]:
    """Return one balance per currency: the account is one, whichever wallet the money is in."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    free: dict[str, Decimal] = defaultdict(Decimal)
    for balance in balances:
        total[balance.currency] += balance.total
        free[balance.currency] += balance.free
    return [Balance(currency=c, total=total[c], free=free[c]) for c in sorted(total)]


async def positions(room: Room) -> list[Holding]:
    """Return the open perpetual positions."""
    raws = objects(await room.questions.ask("futuresPrivateGetPositions"))
    found: dict[str, Holding] = {}
    for raw in raws:
        listed = room.market_of(raw, "perpetual")
        if listed is None or not number(raw, "currentQty"):
            continue
        if listed.market.symbol in found:
            raise AskFailed("the account holds both sides at once; set KuCoin to one-way mode")
        found[listed.market.symbol] = _holding(raw, listed)
    return list(found.values())


def _perpetuals(room: Room) -> list[Listed]:
    return [listed for listed in room.listed.values() if listed.market.type == "perpetual"]


def _wallet(raw: Raw, currency: str) -> Balance:
    total = exact(text(raw, "accountEquity")) - number(raw, "unrealisedPNL")
    free = min(max(exact(text(raw, "availableBalance")), ZERO), total)
    return Balance(currency=currency, total=total, free=free)


def _holding(raw: Raw, listed: Listed) -> Holding:
    # Margin that was added or paid since makes it a fraction.
    leverage = number(raw, "leverage") or number(raw, "realLeverage")
    return Holding(
        symbol=listed.market.symbol,
        amount=from_contracts(listed, text(raw, "currentQty")),
        entry_price=exact(text(raw, "avgEntryPrice")),
        leverage=max(round(leverage), 1),
        liquidation_price=number(raw, "liquidationPrice") or None,
    )
