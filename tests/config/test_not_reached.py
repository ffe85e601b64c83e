"""An exchange that does not answer is no fault of the configuration, and ends a start otherwise."""

import argparse

import pytest

from trading_mcp import cli
from trading_mcp.app.telling import told_of
from trading_mcp.config import ConfigError, NotReached


@pytest.mark.parametrize(("error", "code"), [(NotReached("silent"), 75), (ConfigError("odd"), 2)])
def test_a_start_that_may_be_tried_again_has_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(cli, "_serve", fail)

    assert cli.main(["serve"]) == code


def test_what_an_exchange_s_error_says_is_told_without_addresses() -> None:
    error = ConnectionError("kucoin GET https://api.kucoin.com/api/v1/timestamp?a=1 Cannot connect")

    assert told_of(error) == "ConnectionError: kucoin Cannot connect"
