"""Combinations that are chosen by what came of those before, by Optuna."""

from collections.abc import Sequence
from typing import Any, Literal

from trading_mcp.backtest.search.objectives import Objective, Scores
from trading_mcp.backtest.search.spaces import Choices, Combination, Space, Stretch

Direction = Literal["minimize", "maximize"]


class Guide:
    """Asks Optuna for combinations, and tells it what came of them.

    What it is told, and in which order, is all it goes by: the same seed and the same results give
    the same combinations.
    """

    def __init__(self, method: str, space: Space, objectives: Sequence[Objective], seed: int):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._failed = optuna.trial.TrialState.FAIL
        directions: list[Direction] = [
            "minimize" if one.is_cost else "maximize" for one in objectives
        ]
        self._study = optuna.create_study(sampler=_sampler(method, seed), directions=directions)

    def ask(self, count: int) -> list[tuple[Any, Combination]]:
        """Return *count* combinations, each with what it is told about by."""
        return [self._asked() for _ in range(count)]

    def tell(self, trial: Any, scores: Scores | None) -> None:
        """Tell what came of one; None, or a missing score: it was no good."""
        known = [score for score in scores or () if score is not None]
        if scores and len(known) == len(scores):
            self._study.tell(trial, known)
        else:
            self._study.tell(trial, state=self._failed)

    def _asked(self) -> tuple[Any, Combination]:
        trial = self._study.ask()
        return trial, self._space.fixed | {
            name: _suggested(trial, name, axis) for name, axis in self._space.axes.items()
        }


def _sampler(method: str, seed: int) -> Any:
    import optuna

    if method == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=32)
    # Several are asked for before any is told: the sampler is to keep them apart.
    return optuna.samplers.TPESampler(seed=seed, constant_liar=True, multivariate=False)


def _suggested(trial: Any, name: str, axis: Choices | Stretch) -> Any:
    if isinstance(axis, Stretch):
        return trial.suggest_float(name, axis.low, axis.high)
    if _is_scale(axis):
        # By place, so that neighbours are known to be neighbours, however far apart they are.
        return axis.values[trial.suggest_int(name, 0, len(axis.values) - 1)]
    return axis.values[trial.suggest_categorical(name, list(range(len(axis.values))))]


def _is_scale(axis: Choices) -> bool:
    numbers = [v for v in axis.values if isinstance(v, int | float) and not isinstance(v, bool)]
    return len(numbers) == len(axis.values) and sorted(numbers) == numbers
