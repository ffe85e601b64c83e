"""What may be held against the way in which a result was come by."""

from collections.abc import Iterator

from trading_mcp.backtest.honesty.evidence import Evidence, Finding, graded


def luck_explains_it(evidence: Evidence) -> Iterator[Finding]:
    deflated = evidence.deflated
    if deflated is None or evidence.metrics.total_pnl <= 0:
        return
    if grade := graded(100.0 * deflated.probability, 95, 50):
        yield Finding(
            code="luck_explains_it",
            severity=grade[0],
            measured=100.0 * deflated.probability,
            threshold=grade[1],
            unit="percent",
            meaning=f"The deflated Sharpe ratio: how likely there is an edge at all, after "
            f"{_attempts(deflated.trials)} on these candles. The best of so many without any edge "
            f"is expected to show a yearly Sharpe ratio of {deflated.benchmark:.2f}; this one has "
            f"{deflated.sharpe:.2f} over {deflated.days:,} days.",
            advice="Test it on candles that nobody has looked at yet, and try fewer things.",
        )


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count:,} attempts"


def in_sample_only(evidence: Evidence) -> Iterator[Finding]:
    trials = evidence.deflated.trials if evidence.deflated else 1
    if evidence.walk is None:
        yield Finding(
            code="in_sample_only",
            severity="warning" if trials > 1 else "info",
            measured=0.0,
            threshold=1.0,
            unit="tests out of sample",
            meaning=f"The result is of the candles on which {_attempts(trials)} "
            f"{'was' if trials == 1 else 'were'} made: there is no test on others.",
            advice="Walk forward: search on one part of the past, and look at the next.",
        )


def overfit(evidence: Evidence) -> Iterator[Finding]:
    walk = evidence.walk
    if walk is None or walk.kept is None:
        return
    if grade := graded(100.0 * walk.kept, 50, 0):
        yield Finding(
            code="overfit",
            severity=grade[0],
            measured=100.0 * walk.kept,
            threshold=grade[1],
            unit="percent of the Sharpe ratio",
            meaning="What was found in the searches is not there in the tests: the parameters fit "
            "the noise of the past.",
            advice="Search fewer parameters over longer times, or drop the idea.",
        )


def lone_peak(evidence: Evidence) -> Iterator[Finding]:
    plateau = evidence.plateau
    if plateau is None or plateau.flatness is None:
        return
    if grade := graded(100.0 * plateau.flatness, 60, 20):
        yield Finding(
            code="lone_peak",
            severity=grade[0],
            measured=100.0 * plateau.flatness,
            threshold=grade[1],
            unit="percent of the best score",
            meaning=f"What is one step away from the best parameters ({len(plateau.neighbours)} "
            "tried) scores far less on average: a small change ruins the result.",
            advice="Take parameters from the middle of a plateau, even if they score less.",
        )


def parameters_at_the_edge(evidence: Evidence) -> Iterator[Finding]:
    plateau = evidence.plateau
    if plateau is not None and plateau.at_edge:
        yield Finding(
            code="parameters_at_the_edge",
            severity="warning",
            measured=len(plateau.at_edge),
            threshold=0.0,
            unit="parameters",
            meaning=f"The best value of {', '.join(plateau.at_edge)} is the lowest or highest that "
            "was tried: the true best may lie beyond, or there is none.",
            advice="Widen the range, and see whether the score falls again.",
        )
