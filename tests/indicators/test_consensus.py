"""What many voices agree on does not depend on their order, nor on which way is up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.candles import INTERVALS
from trading_mcp.indicators.consensus import Consensus, Vote, consensus, timeframe_weight

OPPOSITE = {"long": "short", "short": "long", "neutral": "neutral"}
votes = st.lists(
    st.builds(
        Vote,
        st.sampled_from(["long", "short", "neutral"]),
        st.floats(0, 1),
        st.floats(1, 5),
    ),
    max_size=10,
)


def test_the_greater_pull_wins_and_what_opposes_it_costs_confidence() -> None:
    found = consensus([Vote("long", 0.8, 1), Vote("long", 0.5, 2), Vote("short", 0.9, 1)])
    assert found == Consensus("long", pytest.approx(0.6), pytest.approx(0.45))


def test_who_is_neutral_costs_confidence_but_no_strength() -> None:
    found = consensus([Vote("short", 0.8), Vote("neutral", 0.0)])
    assert found == Consensus("short", 0.8, 0.4)


def test_one_sure_voice_outweighs_two_that_are_hardly_sure() -> None:
    found = consensus([Vote("long", 0.9), Vote("short", 0.2), Vote("short", 0.2)])
    assert found.direction == "long"


@pytest.mark.parametrize(
    "given_votes",
    [[], [Vote("neutral", 0.0)], [Vote("long", 0.5), Vote("short", 0.5)], [Vote("long", 0.0)]],
)
def test_nobody_and_a_tie_are_neutral(given_votes: list[Vote]) -> None:
    assert consensus(given_votes) == Consensus("neutral", 0.0, 0.0)


@given(votes)
def test_strength_and_confidence_are_shares(given_votes: list[Vote]) -> None:
    found = consensus(given_votes)
    assert 0 <= found.confidence <= found.strength <= 1
    assert (found.direction == "neutral") == (found.strength == 0)


@given(votes, st.randoms())
def test_the_order_of_votes_does_not_matter(given_votes: list[Vote], dice) -> None:
    shuffled = given_votes.copy()
    dice.shuffle(shuffled)
    assert consensus(shuffled) == consensus(given_votes)


@given(votes)
def test_mirrored_votes_give_the_mirrored_answer(given_votes: list[Vote]) -> None:
    found = consensus(given_votes)
    mirrored = consensus(Vote(OPPOSITE[v.direction], v.strength, v.weight) for v in given_votes)
    assert mirrored == Consensus(OPPOSITE[found.direction], found.strength, found.confidence)


@given(votes, st.floats(1, 5))
def test_one_more_voice_for_a_side_never_turns_it_away(given_votes, weight: float) -> None:
    found = consensus(given_votes)
    if found.direction != "neutral":
        joined = consensus([*given_votes, Vote(found.direction, 1.0, weight)])
        assert joined.direction == found.direction
        assert joined.confidence >= found.confidence - 1e-9


def test_longer_timeframes_weigh_more_by_one_for_each_tenfold() -> None:
    weights = [timeframe_weight(interval) for interval in INTERVALS]
    assert weights == sorted(set(weights))
    assert weights[0] == 1
    assert timeframe_weight("5m") * 2 == pytest.approx(timeframe_weight("30m") + 0.92, abs=0.01)
    assert timeframe_weight("1d") == pytest.approx(4.16, abs=0.01)
