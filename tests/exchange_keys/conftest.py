"""Key files that are quick to open, and the command in front of them."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.ccxt.key_file import FILE, KeyFile
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.sealing import SALT_BYTES, Derivation
from trading_mcp.cli import main

KEYS = Keys(
    api_key="5c2db93503aa674c74a31734",
    secret="a12b0e3f-1111-4a11-9d63-c5a4f7b9e001",
    passphrase="hunter2-of-kucoin",
)
PASSPHRASE = "correct horse battery"


class Typed(io.StringIO):
    """Standard input, which may be a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


def quick() -> Derivation:
    return Derivation(salt=os.urandom(SALT_BYTES), passes=1, memory_kib=32, lanes=1)


@pytest.fixture
def keys() -> Keys:
    return KEYS


@pytest.fixture
def passphrase() -> str:
    return PASSPHRASE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def file(path: Path) -> KeyFile:
    """A key file with the keys of kucoin, set at 1000."""
    made = KeyFile(path, derived=quick)
    made.put("kucoin", KEYS, PASSPHRASE, 1000)
    return made


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs `exchange-keys` on the test's data directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADING_MCP_KEYS_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("TRADING_MCP_KEYS_PASSPHRASE_FILE", raising=False)

    def running(*words: str, typed: Any = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Typed(typed))
        code = main(["exchange-keys", *words, "--data-dir", str(tmp_path)])
        return (code, *capsys.readouterr())

    return running


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A function that lets a person type, and returns what they were asked."""

    def sitting(*answers: str) -> list[str]:
        asked, left = [], iter(answers)

        def answer(prompt: str) -> str:
            asked.append(prompt)
            return next(left)

        monkeypatch.setattr("getpass.getpass", answer)
        monkeypatch.setattr(Typed, "terminal", True)
        return asked

    return sitting
