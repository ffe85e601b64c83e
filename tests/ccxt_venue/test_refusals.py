"""Which of KuCoin's codes prove that an order was not accepted: each is decided on purpose."""

import json
import os
from pathlib import Path

import pytest

from trading_mcp.adapters.ccxt.evidence import Answer, AskFailed
from trading_mcp.adapters.ccxt.kucoin.codes import REFUSALS, UNCERTAIN, is_gone, is_unknown_order
from trading_mcp.adapters.ccxt.refusals import NOT_SENT, refusal
from trading_mcp.domain.reports import MARKET_CLOSED

MESSAGES_THAT_PROVE_NOTHING = {
    # Of money that moves, and of lists: no order is answered so.
    "The withdrawal amount is below the minimum requirement.",
    "Unsuccessful! Exceeded the max. funds out-transfer limit",
    "not in the given range!",
    "recAccountType not in the given range",
    "pageSize should not greater than 500",
    "Exceeded the access frequency",
    "require more permission",
    "Position does not exist",
    # Of orders that are asked for.
    "Order not exist or not allow to be cancelled",
    "The order does not exist.",
    "order not exist",
    "order not exist.",
    "order_not_exist",
    "order_not_exist_or_not_allow_to_cancel",
}


def recorded() -> dict[str, str]:
    """Return every code and message that was recorded, with the exception ccxt makes of it."""
    beside = Path(__file__).parents[2].parent / "shared" / "real"
    folder = Path(os.environ.get("TRADING_MCP_REAL_DATA", beside))
    file = folder / "wire" / "kucoin" / "error_codes.json"
    if not file.exists():
        pytest.skip(f"no recordings at {folder}: set TRADING_MCP_REAL_DATA")
    tables = json.loads(file.read_text())["tables"]
    return {
        code: kind
        for table in tables.values()
        for part in table.values()
        for code, kind in part.items()
    }


def failed(code: str, message: str = "", *, status: int = 200, sent: int = 1) -> AskFailed:
    return AskFailed("", sent=sent, answer=Answer(status, code, message))


def test_every_recorded_code_is_decided_on_purpose() -> None:
    for word in recorded():
        decided = (word in REFUSALS.codes) + (word in UNCERTAIN)
        decided += (word in REFUSALS.words) + (word in MESSAGES_THAT_PROVE_NOTHING)
        assert decided == 1, word


def test_nothing_is_both_certain_and_uncertain() -> None:
    assert not REFUSALS.codes.keys() & UNCERTAIN


@pytest.mark.parametrize(
    "code",
    [
        "408000",
        "500000",
        "429000",
        "429",
        "200002",
        "126044",
        "126033",
        "300000",
        "400100",
        "999999",
        "",
    ],
)
def test_what_may_have_been_accepted_is_not_refused(code: str) -> None:
    assert refusal(failed(code, "clientOid duplicate"), REFUSALS) is None


@pytest.mark.parametrize("code", ["200004", "230003", "300003", "210021", "260100", "126013"])
def test_no_money_is_a_refusal(code: str) -> None:
    refused = refusal(failed(code, "Balance insufficient!"), REFUSALS)
    assert refused is not None
    assert refused.code == "insufficient_balance"
    assert refused.message == f"{code}: Balance insufficient!"


@pytest.mark.parametrize("code", ["200001", "300002", "400600", "600203", "126007", "126009"])
def test_a_market_that_stands_still_is_called_closed(code: str) -> None:
    refused = refusal(failed(code), REFUSALS)
    assert refused is not None
    assert refused.code == MARKET_CLOSED


def test_a_code_that_says_anything_counts_only_with_its_words() -> None:
    said = refusal(failed("400100", "Order size below the minimum requirement."), REFUSALS)
    assert said is not None
    assert said.code == "below_minimum"
    duplicate = failed("400100", "validation.createOrder.clientOidDuplicated")
    assert refusal(duplicate, REFUSALS) is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_exchange_proves_nothing_whatever_it_says(status: int) -> None:
    assert refusal(failed("200004", status=status), REFUSALS) is None


def test_a_second_request_proves_nothing_about_the_first() -> None:
    assert refusal(failed("200004", sent=2), REFUSALS) is None


def test_what_has_not_left_is_refused() -> None:
    refused = refusal(AskFailed("no such market", sent=0), REFUSALS)
    assert refused is not None
    assert refused.code == NOT_SENT


def test_no_answer_is_not_a_refusal() -> None:
    assert refusal(AskFailed("RequestTimeout", sent=1), REFUSALS) is None


@pytest.mark.parametrize(
    ("code", "message", "unknown"),
    [
        ("400100", "order not exist.", True),
        ("400100", "order_not_exist", True),
        ("400100", "The order does not exist.", True),
        ("100001", "error.getOrder.orderNotExist", True),
        ("100001", "There are invalid parameters", False),
        ("400100", "Parameter Error", False),
        ("400100", "order_not_exist_or_not_allow_to_cancel", False),
        ("429000", "order not exist.", False),
        ("500000", "order not exist.", False),
    ],
)
def test_an_order_is_unknown_only_if_kucoin_says_so(code: str, message: str, unknown: bool) -> None:
    assert is_unknown_order(code, message) == unknown


@pytest.mark.parametrize(
    ("code", "message", "gone"),
    [
        ("400100", "order_not_exist_or_not_allow_to_cancel", True),
        ("100004", "Order is in not cancelable state", True),
        ("400100", "The order cannot be canceled.", True),
        ("200002", "Order cancel for this pair suspended", False),
        ("429000", "Too Many Requests", False),
    ],
)
def test_a_cancel_that_was_not_done_is_told_from_one_that_was_not_needed(
    code: str, message: str, gone: bool
) -> None:
    assert is_gone(code, message) == gone
