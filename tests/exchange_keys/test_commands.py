"""`trading-mcp exchange-keys`, typed and piped; no output and no file has a secret."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trading_mcp.adapters.ccxt.key_file import KeyFile
from trading_mcp.adapters.ccxt.keys import Keys


def lines(keys: Keys) -> str:
    return f"{keys.api_key}\n{keys.secret}\n{keys.passphrase}\n"


def test_keys_are_set_listed_and_removed(run, path: Path, keys: Keys, passphrase: str) -> None:
    made = run("set", "kucoin", typed=lines(keys))
    kept = KeyFile(path).keys("kucoin", passphrase)
    listed = run("list")
    removed = run("remove", "kucoin")
    empty = run("list")

    assert (made[0], removed[0]) == (0, 0)
    assert kept == keys
    assert listed[1].splitlines()[1].startswith("kucoin    20")
    assert empty[1] == "EXCHANGE  SET\n"


def test_a_person_is_asked_without_echo(
    run, at_a_terminal, path: Path, keys: Keys, monkeypatch
) -> None:
    monkeypatch.delenv("TRADING_MCP_KEYS_PASSPHRASE")
    chosen = "a new horse battery"
    asked = at_a_terminal(chosen, chosen, keys.api_key, keys.secret, keys.passphrase)

    code, _, error = run("set", "kucoin")

    assert (code, error) == (0, "")
    assert KeyFile(path).keys("kucoin", chosen) == keys
    assert len(asked) == 5


def test_a_passphrase_that_is_mistyped_makes_no_file(
    run, at_a_terminal, path: Path, monkeypatch
) -> None:
    monkeypatch.delenv("TRADING_MCP_KEYS_PASSPHRASE")
    at_a_terminal("a new horse battery", "a new house battery")

    code, _, error = run("set", "kucoin")

    assert (code, "the two passphrases differ" in error) == (2, True)
    assert not path.exists()


@pytest.mark.parametrize(
    ("chosen", "told"),
    [("short", "has 5 characters; 12"), ("super-secret-passphrase", "anybody tries first")],
)
def test_a_weak_passphrase_makes_no_file(
    run, path: Path, keys: Keys, monkeypatch, chosen: str, told: str
) -> None:
    monkeypatch.setenv("TRADING_MCP_KEYS_PASSPHRASE", chosen)

    code, _, error = run("set", "kucoin", typed=lines(keys))

    assert (code, told in error) == (2, True)
    assert not path.exists()


def test_rotating_takes_the_new_passphrase_from_a_line(
    run, file: KeyFile, keys: Keys, monkeypatch
) -> None:
    code, _, _ = run("rotate", typed="another horse battery\n")

    assert code == 0
    assert file.keys("kucoin", "another horse battery") == keys


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (["set", "KuCoin"], "", "NAME: expected the name of a section"),
        (["set", "sim"], "", "NAME: expected the name of a section"),
        (["set", "kucoin"], "\n\n\n", "kucoin: the API key is empty"),
        (["set", "kucoin"], "your-api-key\nb\nc\n", "kucoin: the API key is a sample"),
        (["remove", "kraken"], "", "has no keys of kraken"),
        (["rotate"], "short\n", "the passphrase has 5 characters"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    run, words: list[str], typed: str, told: str
) -> None:
    code, out, error = run(*words, typed=typed)

    assert (code, out) == (2, "")
    assert told in error


def test_it_is_said_when_something_else_comes_first(run, keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[exchanges.kucoin]\napi_key = "env:K"\nsecret = "env:S"\n[exchanges.kraken]\n'
    )

    in_environment = run("set", "kucoin", typed=lines(keys))
    for_nothing = run("set", "kraken", typed=lines(keys))

    assert "names environment variables, which come first" in in_environment[1]
    assert 'exchanges.kraken.mode is "paper", which uses no keys' in for_nothing[1]


CANARY = {
    "api_key": "CANARY1a9f8e7d6c5b4a39",
    "secret": "CANARY2b-9f8e-7d6c-5b4a-3928170f6e5d",
    "passphrase": "CANARY3c9f8e7d",
    "file": "CANARY4d staple horse",
    "next": "CANARY5e staple horse",
}
WORKS = [
    (["set", "kucoin"], [CANARY["api_key"], CANARY["secret"], CANARY["passphrase"]], "file"),
    (["list"], [], "file"),
    (["rotate"], [CANARY["next"]], "file"),
]
FAILS = [
    (["set", "kucoin"], [CANARY["api_key"], CANARY["api_key"], ""], "next"),
    (["set", "kucoin"], [CANARY["api_key"], CANARY["secret"] + "\x1b", ""], "next"),
    (["set", "kucoin"], [CANARY["api_key"], CANARY["secret"], ""], "file"),
    (["set", CANARY["secret"]], [CANARY["api_key"]], "next"),
    (["rotate"], [CANARY["file"][:8]], "next"),
]


@pytest.mark.slow
def test_no_output_and_no_file_has_a_secret(tmp_path: Path) -> None:
    outputs = []
    for words, typed, passphrase in [*WORKS, *FAILS]:
        done = command(tmp_path, words, "\n".join([*typed, ""]), CANARY[passphrase])
        assert (done.returncode == 0) == ((words, typed, passphrase) in WORKS), done.stderr
        outputs.append(done.stdout + done.stderr)

    assert [text for text in outputs if "CANARY" in text] == []
    assert [path for path, content in files(tmp_path) if b"CANARY" in content] == []


def command(
    folder: Path, words: list[str], typed: str, passphrase: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-X", "dev", "-m", "trading_mcp", "exchange-keys", *words],
        input=typed,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "TRADING_MCP_KEYS_PASSPHRASE": passphrase},
        timeout=60,
        check=False,
    )


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def test_keys_without_the_passphrase_they_need_replace_none(
    run, path: Path, keys: Keys, passphrase: str
) -> None:
    run("set", "kucoin", typed=lines(keys))

    code, _, error = run("set", "kucoin", typed="key-of-somebody\nsecret-of-somebody\n")

    assert (code, "nothing was changed" in error) == (2, True)
    assert KeyFile(path).keys("kucoin", passphrase) == keys
