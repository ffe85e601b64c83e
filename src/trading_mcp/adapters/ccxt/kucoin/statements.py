"""What moved KuCoin's accounts besides trades: funding, liquidations, transfers."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from trading_mcp.adapters.ccxt.kucoin.futures import FuturesTrades
from trading_mcp.adapters.ccxt.kucoin.questions import Raw, objects
from trading_mcp.adapters.ccxt.kucoin.reading import milliseconds, number, text
from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.adapters.ccxt.kucoin.windows import LEDGER_MS, windows
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.reports import FundingPaid, Liquidated, Transferred

_PAGE = 500
_BATCH = 100
_LINES = 50
_TRADES = frozenset(
    {
        "exchange",
        "trade exchange",
        "spot exchange",
        "margin exchange",
        "kcs pay fees",
        "deduction fees",
        "returned fees",
        "refunded fees",
    }
)
"""Lines that fills tell of, fees included."""
_PROFITS = frozenset({"realisedpnl", "funding", "fundingfee", "funding fee"})
"""Lines of the futures account that trades and funding tell of."""
_OUTWARD = frozenset({"TransferOut", "Withdrawal"})


async def spot_transfers(room: Room, since: int, until: int, *, hf: bool) -> list[Transferred]:
    """Return what came to the spot trading account, or left it, otherwise than by trades."""
    account = "TRADE_HF" if hf else "TRADE"
    return [
        _spot_transfer(room, line)
        async for line in _spot_lines(room, since, until, hf=hf)
        if line.get("accountType") == account and not _is_trade(line)
    ]


async def futures_lines(room: Room, since: int, until: int) -> list[Raw]:
    """Return the futures account's statement."""
    found: list[Raw] = []
    for start, end in windows(since, until, LEDGER_MS):
        found += [line async for line in _futures_lines(room, start, end)]
    return found


def futures_transfers(room: Room, lines: list[Raw]) -> list[Transferred]:
    """Return the lines that are neither profit nor funding."""
    return [
        _futures_transfer(room, line)
        for line in lines
        if not _is_profit(line) and line.get("status") == "Completed"
    ]


async def fundings(room: Room, lines: list[Raw], since: int, until: int) -> list[FundingPaid]:
    """Return the funding of every market that *lines* show a profit or loss of."""
    names = {str(line.get("remark")) for line in lines if _is_profit(line)}
    found: list[FundingPaid] = []
    for listed in room.listed.values():
        if listed.market.type == "perpetual" and room.wire_id(listed) in names:
            found += [paid async for paid in _fundings(room, listed, since, until)]
    return found


async def liquidations(trades: FuturesTrades, since: int, until: int) -> list[Liquidated]:
    """Return what the exchange closed by force."""
    forced = await trades.forced(since, until)
    return [
        Liquidated(
            exchange=trade.fill.exchange,
            symbol=trade.fill.symbol,
            trade_id=trade.fill.trade_id,
            amount=trade.fill.amount,
            price=trade.fill.price,
            fee=trade.fill.fee,
            at=trade.fill.at,
        )
        for trade, _ in forced
    ]


async def _spot_lines(room: Room, since: int, until: int, *, hf: bool) -> AsyncIterator[Raw]:
    ask = room.questions
    for start, end in windows(since, until, LEDGER_MS):
        if hf:
            lines = ask.batches(
                "privateGetHfAccountsLedgers", size=_BATCH, startAt=start, endAt=end
            )
        else:
            lines = ask.pages("privateGetAccountsLedgers", size=_PAGE, startAt=start, endAt=end)
        async for line in lines:
            yield line


async def _futures_lines(room: Room, start: int, end: int) -> AsyncIterator[Raw]:
    offset: dict[str, Any] = {}
    while True:
        data = await room.questions.ask(
            "futuresPrivateGetTransactionHistory",
            startAt=start,
            endAt=end,
            maxCount=_LINES,
            **offset,
        )
        lines = objects(data.get("dataList"))
        for line in lines:
            yield line
        if not data.get("hasMore") or not lines:
            return
        offset = {"offset": lines[-1].get("offset"), "forward": True}


async def _fundings(
    room: Room, listed: Listed, since: int, until: int
) -> AsyncIterator[FundingPaid]:
    for start, end in windows(since, until, LEDGER_MS):
        data = await room.questions.ask(
            "futuresPrivateGetFundingHistory",
            symbol=room.wire_id(listed),
            startAt=start,
            endAt=end,
            maxCount=_BATCH,
        )
        for raw in objects(data.get("dataList")):
            yield _funding(raw, listed)


def _spot_transfer(room: Room, line: Raw) -> Transferred:
    amount = abs(exact(text(line, "amount")))
    return Transferred(
        exchange=_exchange(room),
        transfer_id=f"spot-{text(line, 'id')}",
        currency=room.coin(text(line, "currency")),
        amount=amount if line.get("direction") == "in" else -amount,
        kind=text(line, "bizType"),
        at=milliseconds(line.get("createdAt")),
    )


def _futures_transfer(room: Room, line: Raw) -> Transferred:
    return Transferred(
        exchange=_exchange(room),
        transfer_id=f"futures-{text(line, 'offset')}",
        currency=room.coin(text(line, "currency")),
        amount=_signed(line),
        kind=text(line, "type"),
        at=milliseconds(line.get("time")),
    )


def _signed(line: Raw) -> Decimal:
    amount = exact(text(line, "amount"))
    return -abs(amount) if line.get("type") in _OUTWARD else amount


def _funding(raw: Raw, listed: Listed) -> FundingPaid:
    return FundingPaid(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        funding_id=text(raw, "id"),
        rate=float(number(raw, "fundingRate")),
        amount=exact(text(raw, "funding")),
        at=milliseconds(raw.get("timePoint")),
    )


def _is_trade(line: Raw) -> bool:
    return str(line.get("bizType") or "").lower().replace("_", " ") in _TRADES


def _is_profit(line: Raw) -> bool:
    return str(line.get("type") or "").lower().replace("_", " ") in _PROFITS


def _exchange(room: Room) -> str:
    return next(iter(room.listed.values())).market.exchange
