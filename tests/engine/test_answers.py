"""How long the answers to requests with an idempotency key are remembered."""

from trading_mcp.domain.entries import Answered
from trading_mcp.engine.state import ANSWERS, MOST_ANSWERS, State

DAY_MS = 86_400_000


def answered(state: State, count: int, at: int, key: str) -> None:
    for number in range(count):
        state.apply(
            Answered(
                at=at,
                principal="somebody",
                key=f"{key}-{number}",
                operation="submit_market_order",
                request="digest",
                answer={},
            )
        )


def test_an_answer_is_known_for_a_day_however_many_others_come():
    state = State()
    answered(state, 1, at=1_000, key="first")
    answered(state, ANSWERS + 100, at=1_000 + DAY_MS, key="others")
    assert "somebody:first-0" in state.answers


def test_after_a_day_an_answer_makes_room_for_newer_ones():
    state = State()
    answered(state, 1, at=1_000, key="first")
    answered(state, ANSWERS, at=1_001 + DAY_MS, key="others")
    assert "somebody:first-0" not in state.answers
    assert len(state.answers) == ANSWERS


def test_there_is_an_end_to_what_is_remembered():
    state = State()
    answered(state, MOST_ANSWERS + 1, at=1_000, key="all")
    assert len(state.answers) == MOST_ANSWERS
    assert "somebody:all-0" not in state.answers
