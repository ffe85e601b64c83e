"""`trading-mcp users` and `trading-mcp keys`, also while a server runs."""

import io
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from access_members import PASSWORD, SECRET, Members, SetClock
from api_fakes import Fakes
from api_running import in_process

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.sqlite.access import SqliteAccessStore
from trading_mcp.cli import main

PATH = "/api/v1/scalping/status"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A function that runs a command on the test's data directory."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = main([*words, "--data-dir", str(tmp_path)])
        return (code, *capsys.readouterr())

    return run


def register(tmp_path: Path) -> Members:
    clock = SystemClock()
    store = SqliteAccessStore(tmp_path / "access.sqlite", wall=clock.wall)
    return Members(store, clock, secret=SECRET)  # type: ignore[arg-type]  # a clock is a clock


def test_a_user_is_added_listed_and_removed(command, tmp_path: Path) -> None:
    added = command("users", "add", "ada", "--scopes", "trade,read", typed=f"{PASSWORD}\n")
    listed = command("users", "list")
    removed = command("users", "remove", "ada")
    gone = command("users", "list")

    assert added == (0, "ada may now log in, with the scopes read, trade.\n", "")
    assert "ada   read,trade  20" in listed[1]
    assert removed[0] == 0
    assert "ada" not in gone[1]
    assert (tmp_path / "access.sqlite").stat().st_mode & 0o777 == 0o600
    assert PASSWORD.encode() not in (tmp_path / "access.sqlite").read_bytes()


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (["users", "add", "ada"], "short\n", "The password has 5 characters; 12 to 1024"),
        (["users", "add", "ada"], "", "The password has 0 characters"),
        (["users", "add", "a b"], PASSWORD, "'a b': a name has up to 64 letters"),
        (["users", "add", "ada", "--scopes", "root"], PASSWORD, "root: no such scope"),
        (["users", "remove", "eve"], "", "eve: there is no such user"),
        (["users", "password", "eve"], PASSWORD, "eve: there is no such user"),
        (["keys", "create", "bot", "--scopes", "all"], "", "all: no such scope"),
        (["keys", "revoke", "0123"], "", "0123: no key has this id"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    command, words: list[str], typed: str, told: str
) -> None:
    code, out, error = command(*words, typed=typed)

    assert (code, out) == (2, "")
    assert error.startswith(f"trading-mcp: {told}")


def test_a_user_is_not_added_twice(command) -> None:
    command("users", "add", "ada", typed=PASSWORD)

    code, _, error = command("users", "add", "ada", typed=PASSWORD)

    assert (code, "there is such a user already" in error) == (2, True)


def test_a_key_is_shown_once_and_kept_as_a_digest(command, tmp_path: Path) -> None:
    _, whole, about = command("keys", "create", "bot", "--scopes", "trade", "--expires", "12h")
    _, listed, _ = command("keys", "list")
    prefix, id, secret = whole.strip().split("_")

    assert (prefix, len(id), len(secret)) == ("tmcp", 16, 64)
    assert f"id {id}; scopes trade; expires 20" in about
    assert id in listed
    assert secret not in listed
    assert secret.encode() not in (tmp_path / "access.sqlite").read_bytes()


@pytest.mark.parametrize("time", ["0d", "90", "-1d", "1y", "forever", "999999d"])
def test_an_end_that_is_none_is_refused(command, time: str) -> None:
    with pytest.raises(SystemExit) as refused:
        command("keys", "create", "bot", "--expires", time)

    assert refused.value.code == 2


async def test_a_running_server_sees_at_once_what_the_command_line_does(
    tmp_path: Path,
) -> None:
    members, fakes = register(tmp_path), Fakes()
    fakes.behind = {"access": members.access, "login_required": True}
    async with in_process(fakes) as client:
        key = other_process(tmp_path, "keys", "create", "bot").strip()
        made = await client.get(PATH, headers={"X-API-Key": key})
        other_process(tmp_path, "keys", "revoke", key.split("_")[1])
        revoked = await client.get(PATH, headers={"X-API-Key": key})
    await members.access.close()
    members.store.close()

    assert (made.status_code, revoked.status_code) == (200, 401)


def other_process(data_dir: Path, *words: str) -> str:
    command = [sys.executable, "-m", "trading_mcp", *words, "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


async def test_a_server_that_knows_nobody_says_how_to_change_that(
    client: httpx.AsyncClient, members: Members
) -> None:
    assert members.access.is_empty
    members.key()
    assert not members.access.is_empty


def test_a_register_of_a_newer_version_is_not_touched(
    tmp_path: Path, command, clock: SetClock
) -> None:
    import sqlite3

    command("users", "add", "ada", typed=PASSWORD)
    with sqlite3.connect(tmp_path / "access.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    code, _, error = command("users", "list")

    assert code == 2
    assert "a newer version changed it" in error


def test_a_damaged_register_is_refused(tmp_path: Path, command) -> None:
    (tmp_path / "access.sqlite").write_bytes(b"not a database" * 100)

    code, _, error = command("keys", "list")

    assert code == 2
    assert "access.sqlite" in error


def test_help_names_no_password(command, capsys: pytest.CaptureFixture[str]) -> None:
    """A password among the arguments would stand in the shell's history and the process list."""
    with pytest.raises(SystemExit):
        main(["users", "add", "--help"])

    assert "--password" not in capsys.readouterr().out
