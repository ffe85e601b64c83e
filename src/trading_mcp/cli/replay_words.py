"""What came of a replay beside the backtest: as JSON, and for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from trading_mcp.app.replaying import Sides, Traded
from trading_mcp.backtest.parity import Difference, Trade
from trading_mcp.backtest.terms import Terms
from trading_mcp.cli.data_words import counted
from trading_mcp.cli.tables import print_table
from trading_mcp.domain.times import iso
from trading_mcp.strategy.base import Strategy

_SHOWN = 20
"""Trades, and differences, that people are shown; --json has all."""


def replay_json(
    strategy: Strategy, found: Any, terms: Terms, markets: Sequence[Traded], sides: Sides
) -> dict[str, Any]:
    """Return everything that both sides came to."""
    first = markets[0].data
    candles, before = first.candles, sides.before
    return {
        "strategy": strategy.name,
        "params": msgspec.to_builtins(strategy.params),
        "pairs": [one.market.symbol for one in markets],
        "interval": found.interval,
        "from": iso(int(candles.time[before])),
        "to": iso(int(candles.time[-1]) + first.interval),
        "candles": sum(len(one.data.candles) - before for one in markets),
        "warmup_candles": before,
        "terms": msgspec.to_builtins(terms),
        "same": not sides.differences,
        "differences": [_difference(one) for one in sides.differences],
        "backtest": _figures(sides.run),
        "engine": _figures(sides.played),
        "trades": [_told(trade) for trade in sides.played if not trade.is_held],
        "held": [_told(trade) for trade in sides.played if trade.is_held],
        "metrics": msgspec.to_builtins(sides.metrics),
        "notes": list(_notes(found)),
    }


def print_replay(told: Mapping[str, Any]) -> None:
    """Print the engine's trades, both sides' figures, and where they part."""
    print(f"{told['strategy']} on {', '.join(told['pairs'])} {told['interval']}, ", end="")
    print(f"{told['from']} to {told['to']}, {counted(told['candles'], 'candle')}")
    print(f"after {counted(told['warmup_candles'], 'candle')} to warm up\n")
    rows = [*told["trades"], *told["held"]]
    if rows:
        print_table([_HEADS, *map(_row, rows[:_SHOWN])])
        if len(rows) > _SHOWN:
            print(f"... {len(rows) - _SHOWN:,} more: --json has them")
        print()
    ours, theirs = told["backtest"], told["engine"]
    print_table([("", "BACKTEST", "ENGINE"), *_beside(ours, theirs)])
    for note in told["notes"]:
        print(f"\n{note}")
    print(f"\n{_verdict(told)}")


def _verdict(told: Mapping[str, Any]) -> str:
    found = told["differences"]
    if not found:
        return "The same trades, one by one: the backtest is what the engine does."
    lines = [f"THEY PART in {counted(len(found), 'trade')}:", *map(_parting, found[:_SHOWN])]
    if len(found) > _SHOWN:
        lines.append(f"  ... {len(found) - _SHOWN:,} more: --json has them")
    return "\n".join([*lines, "docs/replay.md says where they may, and what that means."])


def _parting(one: Mapping[str, Any]) -> str:
    ran, played = one["backtest"], one["engine"]
    known = ran or played
    where = f"  {known['pair']} {known['side']} from {known['entry_time']}: "
    if ran is None or played is None:
        return f"{where}only the {'engine' if ran is None else 'backtest'} has it"
    return where + "; ".join(
        f"{name} {ran[name]} in the backtest, {played[name]} in the engine"
        for name in one["fields"]
    )


_HEADS = ("PAIR", "SIDE", "AMOUNT", "ENTRY", "AT", "EXIT", "AT", "LEFT BY", "PNL")


def _row(trade: Mapping[str, Any]) -> tuple[str, ...]:
    begun = (
        trade["pair"],
        trade["side"],
        f"{trade['amount']:g}",
        _short(trade["entry_time"]),
        f"{trade['entry_price']:g}",
    )
    if trade["exit_time"] is None:
        return (*begun, "held", "", "", "")
    ended = (_short(trade["exit_time"]), f"{trade['exit_price']:g}", trade["reason"])
    return (*begun, *ended, f"{trade['pnl']:,.4f}")


def _short(time: str) -> str:
    return time[:16].replace("T", " ")


def _beside(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, form in _FIGURES.items():
        yield name.replace("_", " "), form.format(ours[name]), form.format(theirs[name])


_FIGURES = {"trades": "{:,}", "won": "{:,}", "profit": "{:,.4f}", "fees": "{:,.4f}", "held": "{:,}"}


def _figures(trades: Sequence[Trade]) -> dict[str, Any]:
    """Return sums over trades that have ended: what the engine holds at the end it goes on with."""
    ended = [trade for trade in trades if not trade.is_held]
    return {
        "trades": len(ended),
        "won": sum(trade.pnl > 0 for trade in ended),
        "profit": sum(trade.pnl for trade in ended),
        "fees": sum(trade.fees for trade in ended),
        "held": len(trades) - len(ended),
    }


def _difference(one: Difference) -> dict[str, Any]:
    sides = (one.backtest, one.engine)
    ran, played = (None if side is None else _told(side) for side in sides)
    return {"backtest": ran, "engine": played, "fields": [_TOLD[name] for name in one.fields]}


def _told(trade: Trade) -> dict[str, Any]:
    has_ended = not trade.is_held
    return {
        "pair": trade.market,
        "side": "long" if trade.side > 0 else "short",
        "amount": trade.amount,
        "entry_time": iso(trade.entry_at),
        "entry_price": trade.entry_price,
        "exit_time": iso(trade.exit_at) if has_ended else None,
        "exit_price": trade.exit_price if has_ended else None,
        "reason": trade.reason if has_ended else "held",
        "pnl": trade.pnl,
        "fees": trade.fees,
    }


_TOLD = {name: name for name in Trade.__struct_fields__} | {
    "market": "pair",
    "entry_at": "entry_time",
    "exit_at": "exit_time",
}


def _notes(found: Any) -> Iterator[str]:
    if any(data.settlements is not None for data in found.data):
        yield "Funding is left out on both sides: a replay has none."
    if any(data.ground.can_short and not data.ground.is_margined for data in found.data):
        yield "Taken for a perpetual, which can be sold short: --market-type spot says otherwise."
    for market, flaws in found.repairs.items():
        yield f"{market}: taken in spite of {'; '.join(map(str, flaws))}."
