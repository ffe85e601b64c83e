"""Proof that a strategy answers live as it does over its whole past, and never with rubbish."""

from msgspec import Struct

from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.declaration import objections
from trading_mcp.strategy.trials import ROUNDS, Subject, Trial


class Report(Struct, frozen=True, kw_only=True):
    """What was found wrong (nothing: it conforms), and how long one live answer takes."""

    strategy: str
    findings: tuple[str, ...]
    milliseconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def check_strategy(cls: type[Strategy], params: Params | None = None) -> Report:
    """Try *cls* with *params* (its defaults) on made-up markets, the same ones each time."""
    name = str(getattr(cls, "name", cls.__name__))
    findings = objections(cls)
    if findings:
        return Report(strategy=name, findings=tuple(findings))
    subject = Subject(cls, cls.params_type() if params is None else params)
    for trials in ROUNDS:
        findings += [finding for trial in trials for finding in _tried(trial, subject)]
        if findings:
            # What fails one round would only fail the next in more words.
            break
    return Report(strategy=name, findings=tuple(findings), milliseconds=subject.milliseconds)


def assert_conforms(cls: type[Strategy], params: Params | None = None) -> None:
    """Raise an AssertionError that lists what `check_strategy` finds, if it finds anything."""
    report = check_strategy(cls, params)
    if not report.passed:
        raise AssertionError("\n- ".join([f"{cls.__name__} does not conform:", *report.findings]))


def _tried(trial: Trial, subject: Subject) -> list[str]:
    try:
        return list(trial(subject))
    except Exception as error:  # a strategy may raise anything at all
        return [f"raised {type(error).__name__}: {error}"]
