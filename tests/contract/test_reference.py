"""The reference as this project has it: as many of each as the API reference lists."""

from typing import get_args

from contract_reference import AUTH, ERRORS, EVENTS, MODELS, ROUTES, TOOLS

from trading_mcp.domain.errors import BY_CODE
from trading_mcp.services.announcements import CHANNELS
from trading_mcp.services.operations import Toolset


def test_it_lists_as_much_as_the_reference() -> None:
    found = [len(table) for table in (ROUTES, TOOLS, EVENTS, MODELS, ERRORS)]

    assert found == [44, 52, 5, 8, 15]
    assert len({(route["method"], route["path"]) for route in ROUTES}) == 44
    assert len({tool["name"] for tool in TOOLS}) == 52


def test_it_lists_as_many_tools_of_each_kind() -> None:
    kinds = [tool["toolset"] for tool in TOOLS]
    counted = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    assert counted == {
        "market": 10,
        "analysis": 9,
        "orders": 9,
        "portfolio": 5,
        "risk": 5,
        "scalping": 8,
        "new": 6,
    }
    assert counted.keys() - set(get_args(Toolset)) == {"new"}


def test_nothing_waits_for_another_issue() -> None:
    assert not [row for row in (*ROUTES, *TOOLS) if "from" in row]


def test_the_servers_words_are_the_references() -> None:
    assert BY_CODE.keys() == ERRORS.keys()
    assert set(CHANNELS) == {event["channel"] for event in EVENTS} | {"jobs"}
    assert AUTH["login"]["path"] == "/api/v1/auth/login"
