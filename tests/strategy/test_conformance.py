"""An honest strategy passes; each way of cheating is found out, and the finding says which."""

import time
from typing import Annotated, ClassVar

import msgspec
import numpy as np
import pytest

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.indicators.series import crosses_above, crosses_below, ema, sma
from trading_mcp.indicators.warmup import ema_warmup
from trading_mcp.sdk import signals
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.conformance import assert_conforms, check_strategy


class CrossingParams(Params, frozen=True, kw_only=True):
    period: Annotated[int, msgspec.Meta(ge=2, le=200)] = 20


class Honest(Strategy):
    """Long when the close crosses above its average: what every cheat below starts from."""

    name = "crossing"
    params_type = CrossingParams
    params: CrossingParams

    @property
    def warmup(self) -> int:
        return self.params.period + 1

    def signals(self, candles: Candles) -> Signals:
        return self.crossings(candles, sma(candles.close, self.params.period))

    def crossings(self, candles: Candles, average: np.ndarray) -> Signals:
        rises = crosses_above(candles.close, average)
        falls = crosses_below(candles.close, average)
        return signals(
            len(candles),
            enter_long=rises,
            exit_long=falls,
            enter_short=falls,
            exit_short=rises,
            strength=0.6,
            direction=self.params.direction,
        )


class Settled(Honest):
    """An average that remembers long needs as long a warm-up."""

    @property
    def warmup(self) -> int:
        return ema_warmup(200)

    def signals(self, candles: Candles) -> Signals:
        return self.crossings(candles, ema(candles.close, 200))


class Silent(Honest):
    def signals(self, candles: Candles) -> Signals:
        return signals(len(candles))


@pytest.mark.parametrize("honest", [Honest, Settled, Silent])
def test_an_honest_strategy_passes(honest: type[Strategy]) -> None:
    report = check_strategy(honest)
    assert report.findings == ()
    assert report.passed
    assert report.strategy == "crossing"
    assert 0 < report.milliseconds < 100
    assert_conforms(honest)


def test_a_report_is_the_same_each_time() -> None:
    findings = {check_strategy(WaitsForTheNextCandle).findings for _ in range(2)}
    assert len(findings) == 1


# Looking ahead.


class WaitsForTheNextCandle(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        rises, falls = np.roll(answer.enter_long, -1), np.roll(answer.exit_long, -1)
        return Signals(rises, falls, falls, rises, answer.strength)


class EntersOnlyWhatWins(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        wins = np.append(np.diff(candles.close) > 0, False)
        return signals(len(candles), enter_long=answer.enter_long & wins)


class ComparesWithTheWholeMean(Honest):
    def signals(self, candles: Candles) -> Signals:
        return self.crossings(candles, np.full(len(candles), candles.close.mean()))


class SmoothsBothWays(Honest):
    def signals(self, candles: Candles) -> Signals:
        if len(candles) < 5:
            return signals(len(candles))
        return self.crossings(candles, np.convolve(candles.close, np.ones(5) / 5, "same"))


# Needing more than is shown.


class RemembersLongerThanItSays(Honest):
    def signals(self, candles: Candles) -> Signals:
        return self.crossings(candles, ema(candles.close, 400))


class ComparesWithTheBeginning(Honest):
    def signals(self, candles: Candles) -> Signals:
        return self.crossings(candles, np.full(len(candles), candles.close[0]))


class TradesOnRoundingErrors(Honest):
    def signals(self, candles: Candles) -> Signals:
        total = np.cumsum(candles.close)
        average = np.append(np.full(5, np.nan), (total[5:] - total[:-5]) / 5)[: len(candles)]
        above = candles.close > average
        rises = np.append(False, above[1:] & ~above[:-1])
        return signals(len(candles), enter_long=rises, direction=self.params.direction)


# Remembering, and touching what is not theirs.


class ThrowsDice(Honest):
    dice: ClassVar = np.random.default_rng()

    def signals(self, candles: Candles) -> Signals:
        return signals(len(candles), exit_long=self.dice.random(len(candles)) < 0.5)


class CountsItsCalls(Honest):
    calls = 0

    def signals(self, candles: Candles) -> Signals:
        self.calls += 1
        return super().signals(candles) if self.calls < 3 else signals(len(candles))


class RemembersTheWildest(Honest):
    wildest = 0.0

    def signals(self, candles: Candles) -> Signals:
        self.wildest = max(self.wildest, float(np.ptp(candles.close)))
        return signals(len(candles), exit_long=np.full(len(candles), self.wildest > 50))


class TalksToItsOtherSelves(Honest):
    born: ClassVar[list[int]] = []

    def __init__(self, params: Params):
        super().__init__(params)
        self.born.append(1)
        self.age = len(self.born)

    def signals(self, candles: Candles) -> Signals:
        return signals(len(candles), exit_long=np.full(len(candles), self.age % 2 == 0))


class ReusesItsColumns(Honest):
    buffer: ClassVar = np.zeros(100_000, dtype=np.bool_)

    def signals(self, candles: Candles) -> Signals:
        self.buffer[: len(candles)] = super().signals(candles).exit_long
        return signals(len(candles), exit_long=self.buffer[: len(candles)])


class WritesIntoTheCandles(Honest):
    def signals(self, candles: Candles) -> Signals:
        candles.close[0] = 1
        return super().signals(candles)


class ForcesTheCandlesOpen(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        candles.volume.flags.writeable = True
        candles.volume[:] = 0
        return answer


class SwapsAColumn(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        candles.open = candles.close
        return answer


class TunesItself(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        self.params = msgspec.structs.replace(self.params, period=self.params.period + 1)
        return answer


class TunesItselfInPlace(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        msgspec.structs.force_setattr(self.params, "take_profit_pct", 9.0)
        return answer


# Rubbish.


class AnswersNothing(Honest):
    def signals(self, candles: Candles) -> Signals:
        return None  # type: ignore[return-value]


class ForgetsTheFirstCandle(Honest):
    def signals(self, candles: Candles) -> Signals:
        return super().signals(candles[1:])


class IsUnsureHowSure(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        return answer.replaced(strength=sma(candles.close, 20) * 0)


class GoesBothWays(Honest):
    def signals(self, candles: Candles) -> Signals:
        answer = super().signals(candles)
        return answer.replaced(enter_short=answer.enter_long)


class StumblesOverHoles(Honest):
    def signals(self, candles: Candles) -> Signals:
        return signals(len(candles), exit_long=np.full(len(candles), bool(int(candles.close[-1]))))


class DividesByTheRange(Honest):
    def signals(self, candles: Candles) -> Signals:
        1 / float(np.ptp(candles.close))
        return super().signals(candles)


class NeedsAFewCandles(Honest):
    def signals(self, candles: Candles) -> Signals:
        candles.close[100]
        return super().signals(candles)


class EntersWithoutAPrice(Honest):
    def signals(self, candles: Candles) -> Signals:
        every_tenth = np.arange(len(candles)) % 10 == 0
        wanted = every_tenth & (self.params.direction != "short")
        return signals(len(candles), enter_long=wanted)


class MindsNoDirection(Honest):
    def crossings(self, candles: Candles, average: np.ndarray) -> Signals:
        return signals(len(candles), enter_short=crosses_below(candles.close, average))


class TakesItsTime(Honest):
    def signals(self, candles: Candles) -> Signals:
        time.sleep(0.12)
        return super().signals(candles)


class WarmsUpForever(Honest):
    warmup = 10_001  # type: ignore[assignment]


class WarmsUpInFractions(Honest):
    warmup = 20.5  # type: ignore[assignment]


class CannotBeMade(Honest):
    def __init__(self, params: Params):
        raise LookupError("no key")


@pytest.mark.parametrize(
    ("cheat", "finding"),
    [
        (WaitsForTheNextCandle, "looks ahead: on a calm market, "),
        (EntersOnlyWhatWins, "looks ahead: on a wild market, enter_long"),
        (ComparesWithTheWholeMean, "looks ahead: "),
        (SmoothsBothWays, "looks ahead: "),
        (RemembersLongerThanItSays, "is not the same from the last 500 candles"),
        (ComparesWithTheBeginning, "is not the same from the last 500 candles"),
        (TradesOnRoundingErrors, "on a market with few prices, row "),
        (ThrowsDice, "is not deterministic: for the same candles, exit_long of row "),
        (CountsItsCalls, "remembers other candles that it was shown: enter_long of row "),
        (RemembersTheWildest, "remembers other candles that it was shown: exit_long of row 0"),
        (TalksToItsOtherSelves, "instances share state: exit_long of row 0 differs"),
        (ReusesItsColumns, "writes over an answer it has given: exit_long of row "),
        (WritesIntoTheCandles, "ValueError: assignment destination is read-only"),
        (ForcesTheCandlesOpen, "changes the candles it is shown: volume"),
        (SwapsAColumn, "changes the candles it is shown: open"),
        (TunesItself, "changes its parameters"),
        (TunesItselfInPlace, "changes its parameters"),
        (AnswersNothing, "signals returned NoneType; expected Signals"),
        (ForgetsTheFirstCandle, "enter_long has shape ("),
        (IsUnsureHowSure, "strength is nan at row 0; expected 0 to 1"),
        (GoesBothWays, "enter_long and enter_short are both set at row "),
        (StumblesOverHoles, "on a market of nothing but NaN: ValueError: cannot convert"),
        (DividesByTheRange, "on a market that never moves: ZeroDivisionError"),
        (NeedsAFewCandles, "on a single candle: IndexError"),
        (EntersWithoutAPrice, "on a market with holes (NaN): enters at row 250"),
        (MindsNoDirection, "on a calm market: sets enter_short although direction is long"),
        (TakesItsTime, "ms for 500 candles; expected 100 ms at most"),
        (WarmsUpForever, "warmup is 10001; expected an int from 0 to 10000"),
        (WarmsUpInFractions, "warmup is 20.5; expected an int from 0 to 10000"),
        (CannotBeMade, "raised LookupError: no key"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_cheat_is_found_out(cheat: type[Strategy], finding: str) -> None:
    report = check_strategy(cheat)
    assert finding in "\n".join(report.findings)
    with pytest.raises(AssertionError, match=f"^{cheat.__name__} does not conform:\n- "):
        assert_conforms(cheat)


def test_a_class_that_cannot_even_be_read_is_a_finding() -> None:
    assert check_strategy(Strategy).findings[0].startswith("name is None; expected")


def test_other_parameters_can_be_tried_than_the_defaults() -> None:
    class HonestUpTo50(Honest):
        def signals(self, candles: Candles) -> Signals:
            return None if self.params.period > 50 else super().signals(candles)  # type: ignore[return-value]

    assert check_strategy(HonestUpTo50).passed
    assert not check_strategy(HonestUpTo50, CrossingParams(period=51)).passed
