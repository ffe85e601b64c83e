"""What strategies think of candles: their wishes now and shortly before, and what those say."""

from collections.abc import Iterator, Sequence

import msgspec

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.signals import Signal, Wish
from trading_mcp.engine.evaluator import Fault
from trading_mcp.engine.session import Session
from trading_mcp.indicators.consensus import Direction, Vote
from trading_mcp.risk.sizing import widened
from trading_mcp.rules import exits
from trading_mcp.services.views import number, on_tick
from trading_mcp.strategy.base import ENGINE_WINDOW, Strategy


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's wishes: at the last candle, and the newest within those looked back on."""

    strategy: str
    now: Signal
    recent: Signal | None
    candles_ago: int | None

    @property
    def side(self) -> Direction:
        """What its newest wish is to enter; "neutral" for none, or to leave."""
        match action_of(self.recent):
            case "enter_long":
                return "long"
            case "enter_short":
                return "short"
            case _:
                return "neutral"

    def votes(self, weight: float = 1.0) -> Iterator[Vote]:
        """Yield its vote, if it has one."""
        if self.recent is not None and self.side != "neutral":
            yield Vote(self.side, self.recent.strength, weight)


class Opinions(msgspec.Struct, frozen=True):
    """Opinions by strategy, in the order of names, and why the other strategies have none."""

    given: list[Opinion]
    faults: dict[str, str]


def action_of(signal: Signal | None) -> Wish | None:
    """Return what is wished for: of leaving one side and entering the other, the entry."""
    return signal.wishes[-1] if signal is not None and signal.wishes else None


def candles_needed(strategies: Sequence[Strategy], look_back: int) -> int:
    """Return how many candles opinions take: each is formed on as many as the engine shows."""
    return _window(strategies) + look_back - 1


async def opinions(
    session: Session,
    strategies: Sequence[Strategy],
    market: Market,
    candles: Candles,
    look_back: int,
) -> Opinions:
    """Ask each of *strategies* at the last *look_back* of *candles*, one by one as in trading."""
    window, length = _window(strategies), len(candles)
    ends = range(max(length - look_back, 0) + 1, length + 1)
    views = [(market.key, candles[max(end - window, 0) : end]) for end in ends]
    answers = await session.decider.wishes_on(list(strategies), views)
    given, faults = [], {}
    for strategy in sorted(strategies, key=lambda one: one.name):
        answer = answers[strategy.name]
        if isinstance(answer, Fault):
            faults[strategy.name] = answer.reason
        elif not answer:
            faults[strategy.name] = too_few(strategy, market, length)
        else:
            given.append(_opinion(answer))
    return Opinions(given, faults)


def exits_of(session: Session, market: Market, plan: ExitPlan, entry: Signal) -> ExitPlan:
    """Return *plan* as wide as the engine would make it for *entry*."""
    standing = session.core.standings.standing(market.key, session.clock.now())
    return widened(plan, standing, entry)


def level_at(market: Market, side: int, price: float, percent: float) -> float:
    """Return the price *percent* in favour of *side* from *price*, on the market's tick."""
    return number(on_tick(market, exits.level(side, price, percent)))


def unheard(session: Session) -> dict[str, str]:
    """Return why some active strategies are not asked: a new one is checked first."""
    return dict.fromkeys(session.roster.unproven(), "is still being checked: ask again shortly")


def too_few(strategy: Strategy, market: Market, available: int) -> str:
    """Return why a strategy was not asked at all."""
    return f"{market.symbol} has {available} of the {strategy.warmup} candles it needs"


def _opinion(answer: list[Signal]) -> Opinion:
    wished = [n for n, signal in enumerate(answer) if signal.wishes]
    return Opinion(
        strategy=answer[-1].strategy,
        now=answer[-1],
        recent=answer[wished[-1]] if wished else None,
        candles_ago=len(answer) - 1 - wished[-1] if wished else None,
    )


def _window(strategies: Sequence[Strategy]) -> int:
    return max([ENGINE_WINDOW, *(strategy.warmup for strategy in strategies)])
