"""One server at a time works in a data directory, and the others find it there."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trading_mcp.adapters.data_directory import (
    DataDirectoryInUse,
    DataDirectoryLock,
    running_server,
)

SERVER = """
import sys, time
from pathlib import Path
from trading_mcp.adapters.data_directory import DataDirectoryLock
lock = DataDirectoryLock(Path(sys.argv[1]))
lock.announce(gateway="http://127.0.0.1:9090", rest="http://127.0.0.1:8081", mcp=None)
del lock
print("ready", flush=True)
sys.stdin.read()
"""
OTHER_COMMAND = """
import json, sys
from pathlib import Path
from trading_mcp.adapters.data_directory import running_server
print(json.dumps(running_server(Path(sys.argv[1]))))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds the directory."""
    command = [sys.executable, "-c", SERVER, str(tmp_path / "data")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_the_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    lock = DataDirectoryLock(tmp_path / "new" / "data")

    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "data" / "server.lock").stat().st_mode) == 0o600
    lock.release()


def test_a_second_server_is_refused_and_told_what_to_do(
    tmp_path: Path, server: "subprocess.Popen[bytes]"
) -> None:
    with pytest.raises(DataDirectoryInUse) as refused:
        DataDirectoryLock(tmp_path / "data")

    for part in (str(tmp_path / "data"), str(server.pid), "http://127.0.0.1:9090", "--data-dir"):
        assert part in str(refused.value)


def test_a_second_server_is_refused_before_the_first_is_ready(tmp_path: Path) -> None:
    lock = DataDirectoryLock(tmp_path)

    with pytest.raises(DataDirectoryInUse, match=f"{os.getpid()} .gateway: not known yet"):
        DataDirectoryLock(tmp_path)
    lock.release()


def test_a_killed_server_lets_go(tmp_path: Path, server: "subprocess.Popen[bytes]") -> None:
    server.kill()
    server.wait()

    assert running_server(tmp_path / "data") is None
    DataDirectoryLock(tmp_path / "data").release()


def test_the_running_server_is_found_from_another_process(tmp_path: Path) -> None:
    lock = DataDirectoryLock(tmp_path)
    lock.announce(gateway="http://127.0.0.1:9090", mcp="http://127.0.0.1:10600")

    command = [sys.executable, "-c", OTHER_COMMAND, str(tmp_path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert found == running_server(tmp_path)
    assert found == {
        "pid": os.getpid(),
        "gateway": "http://127.0.0.1:9090",
        "rest": None,
        "mcp": "http://127.0.0.1:10600",
    }
    lock.release()
    assert running_server(tmp_path) is None


def test_looking_does_not_take_the_directory_over(tmp_path: Path) -> None:
    assert running_server(tmp_path / "not there") is None
    DataDirectoryLock(tmp_path).release()
    assert running_server(tmp_path) is None

    DataDirectoryLock(tmp_path).release()


def test_an_announcement_replaces_the_one_before_it(tmp_path: Path) -> None:
    lock = DataDirectoryLock(tmp_path)
    lock.announce(gateway="http://" + "a" * 200)
    lock.announce(gateway="http://b")

    assert (running_server(tmp_path) or {})["gateway"] == "http://b"
    lock.release()


def test_finding_the_server_needs_no_heavy_import() -> None:
    command = "import sys, trading_mcp.adapters.data_directory; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)

    assert not {"numpy", "polars", "sqlite3", "asyncio"} & set(loaded.stdout.decode().split())
