"""Logs: lines of JSON or text, with no secrets in them."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import structlog
from trading_mcp.api.logging import configure_logging

configure_logging({format!r}, "info")
log = structlog.get_logger("test")
structlog.contextvars.bind_contextvars(request_id="r1")
log.info("order_placed", amount=1, api_key="hidden-1", nested={{"Password": "hidden-2"}})
log.info("request", path="/x\\x1b]0;owned\\x07\\u202e", inside=[{{"token": "hidden-5"}}])
log.debug("unheard")
logging.getLogger("somebody").warning("watch %s", "out")
logging.getLogger("httpx").info("unheard")
logging.getLogger("ccxt").debug("unheard")
password = "hidden-3"
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed", signature="hidden-4")
"""


def logged(format: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(format=format)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


def test_json_lines_are_facts() -> None:
    [ours, _, theirs, failure] = map(json.loads, logged("json").splitlines())

    assert (ours["event"], ours["level"], ours["amount"]) == ("order_placed", "info", 1)
    assert ours["request_id"] == "r1"
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == (
        "watch out",
        "warning",
        "somebody",
    )
    assert "ZeroDivisionError" in failure["exception"]


@pytest.mark.parametrize("format", ["json", "console"])
def test_secrets_are_hidden(format: str) -> None:
    text = logged(format)

    assert "order_placed" in text
    assert "ZeroDivisionError" in text
    assert "hidden-" not in text
    assert "unheard" not in text


@pytest.mark.parametrize("format", ["json", "console"])
def test_what_a_caller_writes_does_not_steer_the_terminal(format: str) -> None:
    line = next(line for line in logged(format).splitlines() if "/x" in line)

    assert line.isprintable()
    assert "u001b]0;owned" in line
